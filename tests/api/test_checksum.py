"""Checksums of messages (``rest-v2.md`` 7.1)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests import stores
from tests.api.client import Api
from tests.api.helpers import claim, last_segment, ok, post

# Bodies as they are sent, and the text that the checksum covers.
VECTORS = [
    (b'{"invoice":7731,"customer":"Zo\xc3\xab"}', '{"invoice": 7731, "customer": "Zo\\u00eb"}'),
    (b'{"z": 1,   "a": [1,2 ,{}]}', '{"z": 1, "a": [1, 2, {}]}'),
    (b'"text"', '"text"'),
    ('"\U0001f680\u00ff\u2028"'.encode(), '"\\ud83d\\ude80\\u00ff\\u2028"'),
    (b'"a\\/b\\u0041\\n\\u0000"', '"a/bA\\n\\u0000"'),
    (b"5", "5"),
    (b"9223372036854775807", "9223372036854775807"),
    (b"true", "true"),
    (b'""', '""'),
    (b"[]", "[]"),
    (b"{}", "{}"),
    (b"false", "false"),
    (b"0", "0"),
]


def posted(api: Api, queue: str, body: bytes) -> str:
    document = b'{"messages": [{"body": ' + body + b"}]}"
    answer = api.call("POST", f"/v2/queues/{queue}/messages", document)
    return last_segment(ok(answer, 201)["resources"][0])


@pytest.mark.parametrize(("body", "text"), VECTORS)
def test_the_checksum_covers_the_body_in_one_spelling(
    features: Api, queue: str, body: bytes, text: str
) -> None:
    message_id = posted(features, queue, body)
    expected = "MD5:" + hashlib.md5(text.encode()).hexdigest()
    assert ok(features.message_get(queue, message_id), 200)["checksum"] == expected


def test_the_worked_example(features: Api, queue: str) -> None:
    body = '{"invoice": 7731, "customer": "Zoë"}'.encode()
    message_id = posted(features, queue, body)
    document = ok(features.message_get(queue, message_id), 200)
    assert document["checksum"] == "MD5:0b60b6c95d1d2d5a47de22be00ebcca4"


def test_it_is_present_everywhere(features: Api, queue: str) -> None:
    [message_id] = post(features, queue, "text")
    checksum = "MD5:" + hashlib.md5(b'"text"').hexdigest()
    found: list[dict[str, Any]] = [ok(features.message_get(queue, message_id), 200)]
    found += ok(features.message_list(queue, echo="true"), 200)["messages"]
    found += ok(features.message_get_many(queue, [message_id]), 200)["messages"]
    claim_id, claimed = claim(features, queue)
    found += claimed
    found += ok(features.claim_get(queue, claim_id), 200)["messages"]
    ok(features.claim_delete(queue, claim_id), 204)
    found += ok(features.message_delete_many(queue, pop=1), 200)["messages"]
    assert [document["checksum"] for document in found] == [checksum] * 6


def test_a_null_body_has_none(features: Api, queue: str) -> None:
    [message_id] = post(features, queue, None)
    assert "checksum" not in ok(features.message_get(queue, message_id), 200)


@pytest.mark.parametrize("store", stores.STORES, indirect=True, scope="session")
def test_there_is_none_unless_it_was_enabled_at_posting_time(
    api: Api, features: Api, queue: str
) -> None:
    """Both servers serve one store."""
    reader = features.at(api.server)
    [without] = post(reader, queue, "text")
    [with_checksum] = post(features, queue, "text")
    for client in (reader, features):
        assert "checksum" not in ok(client.message_get(queue, without), 200)
        assert "checksum" in ok(client.message_get(queue, with_checksum), 200)


def test_a_dead_letter_keeps_it(features: Api, queue: str) -> None:
    dead = f"{queue}-dead"
    ok(features.queue_create(queue, {"_max_claim_count": 1, "_dead_letter_queue": dead}), 201)
    [message_id] = post(features, queue, "text")
    before = ok(features.message_get(queue, message_id), 200)["checksum"]
    claim_id, _ = claim(features, queue)
    ok(features.claim_delete(queue, claim_id), 204)
    ok(features.claim_create(queue), 204)
    assert ok(features.message_get(dead, message_id), 200)["checksum"] == before
