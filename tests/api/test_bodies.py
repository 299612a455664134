"""Request bodies: parsing, containers, numbers, sizes, chunks (``rest-v2.md`` 1.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.client import PATCH_TYPE, Api
from tests.api.helpers import bodies, claim, exists, messages, ok, post, refused

OPERATIONS = {
    "queue_create": ("PUT", "/v2/queues/{queue}"),
    "queue_update": ("PATCH", "/v2/queues/{queue}"),
    "queue_purge": ("POST", "/v2/queues/{queue}/purge"),
    "queue_share": ("POST", "/v2/queues/{queue}/share"),
    "message_post": ("POST", "/v2/queues/{queue}/messages"),
    "claim_create": ("POST", "/v2/queues/{queue}/claims"),
    "claim_update": ("PATCH", "/v2/queues/{queue}/claims/c"),
}

UNPARSABLE = {
    "truncated": b'{"messages": [',
    "no JSON": b"hello",
    "trailing text": b"{} {}",
    "single quotes": b"{'a': 1}",
    "blank": b"   ",
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a string": b'"text"',
    "a number": b"5",
    "a boolean": b"true",
    "null": b"null",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "-Infinity": b'{"a": [-Infinity]}',
    "an overflow": b'{"a": 1e400}',
    "2^63": b'{"a": 9223372036854775808}',
    "-2^63-1": b'{"a": {"b": [-9223372036854775809]}}',
    "a thousand digits": b'{"a": ' + b"9" * 1000 + b"}",
    "five thousand digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a lone surrogate": b'{"a": "\\ud800"}',
    "deep arrays": b'{"a": ' + b"[" * 20000 + b"]" * 20000 + b"}",
    "deep objects": b'{"a":' * 9000 + b"1" + b"}" * 9000,
    "deep and open": b"[" * 50000,
}


def send(api: Api, queue: str, operation: str, body: bytes | Iterator[bytes]) -> tuple[int, str]:
    method, path = OPERATIONS[operation]
    headers = {"Content-Type": PATCH_TYPE} if operation == "queue_update" else None
    answer = api.call(method, path.format(queue=queue), body, headers)
    return answer.status, answer.title or ""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_unparsable_bodies(api: Api, queue: str, operation: str) -> None:
    for name, body in UNPARSABLE.items():
        assert send(api, queue, operation, body) == (400, "Invalid request body"), name
        assert send(api, queue, operation, iter([body])) == (400, "Invalid request body"), name
    assert not exists(api, queue)


@pytest.mark.parametrize(
    ("operation", "body", "title"),
    [
        ("queue_create", b"[]", "Invalid request body"),
        ("queue_update", b"{}", "Invalid request body"),
        ("queue_purge", b"[]", "Invalid"),
        ("queue_share", b"[]", "Invalid request body"),
        ("message_post", b"[]", "Invalid API request"),
        ("claim_create", b"[]", "Invalid"),
        ("claim_update", b"[]", "Invalid request body"),
    ],
)
def test_the_wrong_container(api: Api, queue: str, operation: str, body: bytes, title: str) -> None:
    status, found = send(api, queue, operation, body)
    assert status == 400
    assert found.startswith(title)
    assert not exists(api, queue)


@pytest.mark.parametrize(
    "operation", ["queue_update", "queue_share", "message_post", "claim_update"]
)
def test_a_body_that_is_needed(api: Api, queue: str, operation: str) -> None:
    method, path = OPERATIONS[operation]
    headers = {"Content-Type": PATCH_TYPE}
    for body in (None, b"", iter([b"x"][:0])):
        if body is None:
            answer = api.call(method, path.format(queue=queue), headers=headers)
        else:
            answer = api.call(method, path.format(queue=queue), body, headers)
        refused(answer, 400, "Invalid request body")
    assert not exists(api, queue)


@pytest.mark.parametrize(
    ("operation", "status"), [("queue_create", 201), ("queue_purge", 204), ("claim_create", 204)]
)
def test_a_body_that_is_optional(api: Api, queue: str, operation: str, status: int) -> None:
    method, path = OPERATIONS[operation]
    ok(api.call(method, path.format(queue=queue)), status)
    ok(api.queue_delete(queue), 204)
    ok(api.call(method, path.format(queue=queue), b""), status)


INTEGER_FIELDS = [
    ("queue_create", '{{"_default_message_ttl": {}}}', "Invalid API request"),
    ("queue_create", '{{"_max_claim_count": {}}}', "Invalid API request"),
    ("queue_create", '{{"_default_message_delay": {}}}', "Invalid API request"),
    ("message_post", '{{"messages": [{{"body": 1, "ttl": {}}}]}}', "Invalid request body"),
    ("claim_create", '{{"ttl": {}}}', "Invalid request body"),
    ("claim_create", '{{"grace": {}}}', "Invalid request body"),
    ("claim_update", '{{"ttl": {}}}', "Invalid request body"),
    ("claim_update", '{{"grace": {}}}', "Invalid request body"),
]


@pytest.mark.parametrize(("operation", "template", "title"), INTEGER_FIELDS)
@pytest.mark.parametrize("value", ["300.0", "3e2", "true", '"300"', "[300]", '{"a": 300}', '""'])
def test_only_integers_are_integers(
    api: Api, queue: str, operation: str, template: str, title: str, value: str
) -> None:
    assert send(api, queue, operation, template.format(value).encode()) == (400, title)
    assert not exists(api, queue)


JSON_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**53 + 1,
    0.1,
    -1.5e-300,
    1e308,
    5e-324,
    1.0,
    "",
    "plain",
    "Zoë, 日本語, עברית, \U0001f680",
    'quotes " and \\ backslash / slash',
    "\u0000\u0001\u001f\u007f\u2028\ufeff\uffff",
    [],
    {},
    [None, [[]], {"": None}],
    {"a.b": {"$c": 1, "": [], " ": "é", "__proto__": {"x": 1}, "constructor": None}},
    {"z": 1, "a": 2, "m": [{"deep": [{"er": [1, [2, [3]]]}]}]},
    {"_id": 1, "body": {"body": {"ttl": 60}}, "messages": [1]},
    "x" * 10000,
]


def test_every_json_value_comes_back_equal_in_every_way_of_reading(api: Api, queue: str) -> None:
    ids = post(api, queue, *JSON_VALUES)

    def same(documents: list[dict[str, object]]) -> None:
        found = bodies(documents)
        assert json.dumps(found) == json.dumps(JSON_VALUES)

    first, second = messages(api, queue), None
    page = ok(api.message_list(queue, echo="true", limit=20), 200)
    second = ok(api.call("GET", page["links"][0]["href"]), 200)["messages"]
    same(first + second)
    many = [ok(api.message_get_many(queue, part), 200) for part in (ids[:20], ids[20:])]
    same([message for answer in many for message in answer["messages"]])
    same([ok(api.message_get(queue, identifier), 200) for identifier in ids])
    claims = [claim(api, queue, limit=20), claim(api, queue, limit=20)]
    same([message for _, claimed in claims for message in claimed])
    queried = [ok(api.claim_get(queue, claim_id), 200)["messages"] for claim_id, _ in claims]
    same([message for claimed in queried for message in claimed])
    for claim_id, _ in claims:
        ok(api.claim_delete(queue, claim_id), 204)
    popped = [ok(api.message_delete_many(queue, pop=20), 200)["messages"] for _ in range(2)]
    same([message for page in popped for message in page])


def test_metadata_comes_back_equal(api: Api, queue: str) -> None:
    metadata = {f"key {index}": value for index, value in enumerate(JSON_VALUES)}
    metadata |= {"": 1, "a.b": 2, "$c": 3, "_private": 4, "日本": 5, "_Max_claim_count": "x"}
    ok(api.queue_create(queue, metadata), 201)
    shown = ok(api.queue_get(queue), 200)
    assert {key: shown[key] for key in metadata} == metadata


def test_text_is_sent_as_raw_utf8(api: Api, queue: str) -> None:
    [message] = post(api, queue, "Zoë 日本")
    assert "Zoë 日本".encode() in api.message_get(queue, message).raw


def test_a_body_where_none_is_needed_is_ignored(api: Api, queue: str) -> None:
    post(api, queue, "here")
    target = f"/v2/queues/{queue}"
    for body in (b"{", b"5", b"x" * 70000):
        ok(api.call("GET", target, body), 200)
        ok(api.call("GET", f"{target}/messages", body), 200)
        ok(api.call("DELETE", f"{target}/messages?ids=x", body), 204)
        ok(api.call("DELETE", f"{target}/claims/x", body), 204)
        ok(api.call("GET", "/v2/ping", body), 204)
    ok(api.call("DELETE", target, b"["), 204)
    assert not exists(api, queue)


def padded(document: bytes, size: int) -> bytes:
    """The document with white space behind it, so that it has this size."""
    return document + b" " * (size - len(document))


SIZES = [
    ("queue_create", b'{"a": 1}', 65536, 201, "Invalid API request"),
    ("queue_update", b"[]", 65536, 404, "Invalid request body"),
    ("queue_purge", b'{"resource_types": []}', 65536, 204, "Invalid API request"),
    ("queue_share", b'{"paths": 5}', 65536, 400, "Invalid API request"),
    ("message_post", b'{"messages": [{"body": 1}]}', 262144, 201, "Invalid API request"),
    ("claim_create", b"{}", 65536, 204, "Invalid API request"),
    ("claim_update", b"{}", 65536, 404, "Invalid API request"),
]


@pytest.mark.parametrize(("operation", "document", "limit", "status", "title"), SIZES)
def test_exactly_the_limit_is_allowed_and_one_more_byte_is_400(
    api: Api, queue: str, operation: str, document: bytes, limit: int, status: int, title: str
) -> None:
    for body in (padded(document, limit + 1), padded(b"{", limit + 1)):
        assert send(api, queue, operation, body) == (400, title)
        assert send(api, queue, operation, iter([body[:1000], body[1000:]])) == (400, title)
    assert not exists(api, queue)
    assert send(api, queue, operation, padded(document, limit))[0] == status


@pytest.mark.parametrize(
    ("operation", "document", "limit", "status", "title"),
    [
        ("queue_create", b'{"a": 1}', 400, 201, "Invalid API request"),
        ("message_post", b'{"messages": [{"body": 1}]}', 600, 201, "Invalid API request"),
        ("claim_create", b"{}", 400, 204, "Invalid API request"),
    ],
)
def test_size_limits_come_from_the_options(
    limited: Api, queue: str, operation: str, document: bytes, limit: int, status: int, title: str
) -> None:
    assert send(limited, queue, operation, padded(document, limit + 1)) == (400, title)
    assert send(limited, queue, operation, padded(document, limit))[0] == status


def test_a_chunked_body_is_a_body_like_any_other(api: Api, queue: str) -> None:
    document = json.dumps({"messages": [{"body": "in pieces"}]}).encode()
    pieces = iter([document[index : index + 1] for index in range(len(document))])
    ok(api.call("POST", f"/v2/queues/{queue}/messages", pieces), 201)
    assert bodies(messages(api, queue)) == ["in pieces"]
    ok(api.call("PUT", f"/v2/queues/{queue}-2", iter([b'{"a"', b": 1}"])), 201)
    assert ok(api.queue_get(f"{queue}-2"), 200)["a"] == 1


def test_unknown_members(api: Api, queue: str) -> None:
    """Dropped in messages and claims, kept in metadata, refused in share."""
    post_body = {"messages": [{"body": 1, "id": "mine", "age": 5, "_": None}], "partial": True}
    ok(api.call("POST", f"/v2/queues/{queue}/messages", post_body), 201)
    [message] = messages(api, queue)
    assert set(message) == {"id", "href", "ttl", "age", "body"}
    assert message["id"] != "mine"
    ok(api.claim_create(queue, {"ttl": 60, "grace": 60, "limit": 0, "x": []}), 201)
    ok(api.queue_create(f"{queue}-2", {"anything": {"at": "all"}}), 201)
    assert ok(api.queue_get(f"{queue}-2"), 200)["anything"] == {"at": "all"}
