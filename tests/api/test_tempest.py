"""What the integration tests of OpenStack and its Python client rely on (``rest-v2.md`` 16)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, claim, last_segment, ok, post, refused
from tests.servers import TestClock

MESSAGE_MEMBERS = {"href", "id", "ttl", "age", "body", "checksum", "claim_id", "claim_count"}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v2/queues/q/messages", "echo=None"),
        ("/v2/queues/q/messages", "include_claimed=None"),
        ("/v2/queues", "detailed=None"),
    ],
)
def test_none_is_no_boolean(api: Api, path: str, query: str) -> None:
    refused(api.call("GET", f"{path}?{query}"), 400, "Invalid parameter")


def test_booleans_in_the_way_of_python(api: Api, queue: str) -> None:
    post(api, queue, 1)
    assert len(ok(api.message_list(queue, echo=True), 200)["messages"]) == 1
    assert ok(api.message_list(queue, echo=False), 200)["messages"] == []


def test_a_blank_pop(api: Api, queue: str) -> None:
    refused(api.call("DELETE", f"/v2/queues/{queue}/messages?pop=%20"), 400, "Invalid parameter")


def test_negative_ids(api: Api, queue: str) -> None:
    post(api, queue, 1)
    refused(api.message_get_many(queue, ["-1"]), 404, "Not found")
    ok(api.message_delete_many(queue, ids=f"-{uuid.uuid4()}"), 204)


@pytest.mark.parametrize("body", [{}, {"ttl": 300}, {"grace": 400}])
def test_claims_with_half_a_body(api: Api, queue: str, body: dict[str, int]) -> None:
    post(api, queue, 1)
    ok(api.claim_create(queue, body), 201)


def test_claims_with_an_unknown_parameter(api: Api, queue: str) -> None:
    post(api, queue, 1)
    ok(api.claim_create(queue, {}, Test="5"), 201)


def test_renewals(api: Api, queue: str) -> None:
    post(api, queue, 1)
    claim_id, _ = claim(api, queue)
    ok(api.claim_update(queue, claim_id, {}), 204)
    ok(api.queue_delete(queue), 204)
    refused(api.claim_update(queue, claim_id, {"ttl": 300, "grace": 400}), 404, "Not found")


def test_deleting_with_and_without_a_claim(api: Api, queue: str) -> None:
    [message_id] = post(api, queue, 1)
    refused(api.message_delete(queue, message_id, "123"), 400, "Unable to delete")
    claim(api, queue)
    refused(api.message_delete(queue, message_id), 403, "Unable to delete")


def test_dead_letters(api: Api, queue: str, clock: TestClock) -> None:
    metadata = {
        "_max_claim_count": 2,
        "_dead_letter_queue": f"{queue}-dead",
        "_dead_letter_queue_messages_ttl": 7799,
    }
    ok(api.queue_create(queue, metadata), 201)
    post(api, queue, 1, ttl=300)
    for status in (201, 201, 204):
        ok(api.claim_create(queue, {"ttl": 60, "grace": 60}), status)
        clock.advance(65)
    [message] = ok(api.message_list(f"{queue}-dead", echo=True), 200)["messages"]
    assert message["ttl"] == 7799


def test_queues(api: Api, queue: str) -> None:
    assert api.queue_create(queue).raw == b""
    ok(api.queue_delete(queue), 204)
    ok(api.queue_delete(queue), 204)
    ok(api.queue_get(queue), 200)


def test_statistics(api: Api, queue: str) -> None:
    ok(api.queue_create(queue), 201)
    assert set(ok(api.queue_get_stats(queue), 200)["messages"]) == {"free", "claimed", "total"}
    post(api, queue, 1)
    statistics = ok(api.queue_get_stats(queue), 200)["messages"]
    for end in ("oldest", "newest"):
        assert set(statistics[end]) == {"href", "age", "created"}
        datetime.fromisoformat(statistics[end]["created"])


def test_purge(api: Api, queue: str) -> None:
    post(api, queue, 1, 2)
    ok(api.queue_purge(queue, {"resource_types": ["messages", "subscriptions"]}), 204)
    assert ok(api.message_list(queue, echo=True), 200) == {"messages": [], "links": []}


def test_lists_as_repeated_parameters(api: Api, queue: str) -> None:
    ids = post(api, queue, *range(3))
    target = f"/v2/queues/{queue}/messages?" + "&".join(f"ids={it}" for it in ids)
    assert bodies(ok(api.call("GET", target), 200)["messages"]) == [0, 1, 2]


def test_null_members_in_claims(api: Api, queue: str) -> None:
    post(api, queue, 1)
    answer = api.claim_create(queue, {"ttl": None, "grace": None})
    claim_id = last_segment(ok(answer, 201) and answer.headers["location"])
    ok(api.claim_update(queue, claim_id, {"ttl": None, "grace": None}), 204)


def test_share_with_microseconds_and_without_zone(features: Api, queue: str) -> None:
    expires = "2999-01-02T03:04:05.678901"
    body = {"paths": ["messages"], "methods": ["GET"], "expires": expires}
    assert ok(features.queue_share(queue, body), 200)["expires"] == "2999-01-02T03:04:05"


def test_the_claim_id_is_what_follows_the_last_equals_sign(api: Api, queue: str) -> None:
    post(api, queue, 1, 2)
    answer = api.claim_create(queue)
    for document in ok(answer, 201)["messages"]:
        assert document["href"].split("=")[-1] == last_segment(answer.headers["location"])


def test_message_documents_hold_nothing_unknown(features: Api, queue: str) -> None:
    [message_id] = post(features, queue, {"a": 1})
    documents: list[dict[str, Any]] = [ok(features.message_get(queue, message_id), 200)]
    documents += ok(features.message_list(queue, echo=True), 200)["messages"]
    documents += ok(features.message_get_many(queue, [message_id]), 200)["messages"]
    claim_id, claimed = claim(features, queue)
    documents += claimed
    held = ok(features.claim_get(queue, claim_id), 200)
    assert {"age", "ttl", "messages"} <= set(held)
    documents += held["messages"]
    ok(features.claim_delete(queue, claim_id), 204)
    documents += ok(features.message_delete_many(queue, pop=1), 200)["messages"]
    assert len(documents) == 6
    for document in documents:
        assert set(document) <= MESSAGE_MEMBERS


def test_at_most_one_link_and_it_is_a_path(api: Api, queue: str) -> None:
    post(api, queue, *range(3))
    for answer in (api.queue_list(), api.message_list(queue, echo=True)):
        [link] = ok(answer, 200)["links"]
        parts = urlsplit(link["href"])
        assert (parts.scheme, parts.netloc) == ("", "")
        assert parts.path.startswith("/v2/")
