"""Messages that are no requests, and what is answered (``websocket-v2.md`` 2, 3, 6 and 8)."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest

from tests.websocket.client import Client, connected

UNREADABLE = {"action": None, "body": {}, "headers": {}, "api": "v2"}

TEXTS = [
    "",
    "{",
    "{'a': 1}",
    "nonsense",
    '{"action": NaN}',
    '{"action": 1e400}',
    '{"action": Infinity}',
    '{"action": 9223372036854775808}',
    '{"action": "\\ud800"}',
    "[" * 100_000,
    '{"a":' * 300 + "1" + "}" * 300,
]
BINARIES = [
    b"",
    b"\xc1",
    b"\x81\xa1a",
    b"\x91\x01\x01",
    b"\x81\xa1a\xff\xff",
    msgpack.packb({"action": b"queue_list"}),
    msgpack.packb({"action": msgpack.ExtType(5, b"x")}),
    msgpack.packb({"action": msgpack.Timestamp(1, 2)}),
    msgpack.packb({1: "action"}),
    msgpack.packb({b"action": "queue_list"}),
    msgpack.packb({"action": 2**63}),
    msgpack.packb({"action": float("nan")}),
    msgpack.packb({"action": [float("-inf")]}),
    b"\x81\xa1a\xa2\xff\xfe",
    b"\x91" * 300 + b"\xc0",
    b"\x91" * 100_000 + b"\xc0",
    b"\xdd\xff\xff\xff\xff",
]


@pytest.fixture
def talker(port: int) -> Any:
    with connected(port) as connection:
        yield Client(connection)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_undecodable_text(talker: Client, text: str) -> None:
    reply = talker.send_raw(text)
    assert reply.request == UNREADABLE
    body = reply.ok(400)
    assert set(body) == {"error"}
    assert body["error"].startswith("Can't decode text (JSON)")
    talker.ask("queue_list").ok(200)


@pytest.mark.parametrize("raw", BINARIES, ids=range(len(BINARIES)))
def test_undecodable_binary(talker: Client, raw: bytes) -> None:
    reply = talker.send_raw(raw)
    assert reply.request == UNREADABLE
    body = reply.ok(400)
    assert set(body) == {"error"}
    assert body["error"].startswith("Can't decode binary (MessagePack)")
    talker.ask("queue_list").ok(200)


@pytest.mark.parametrize("document", [[], 5, "text", None, True, [{"action": "queue_list"}]])
def test_no_map(client: Client, document: Any) -> None:
    reply = client.send(document)
    assert reply.request == UNREADABLE
    assert reply.ok(400)["error"].startswith("Unexpected body type. Expected dict")


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        ("no_such", "no_such"),
        ("queue_update", "queue_update"),
        ("queue_share", "queue_share"),
        ("pool_get_detail", "pool_get_detail"),
        ("list_versions", "list_versions"),
        ("subscription_update", "subscription_update"),
        ("", ""),
        (None, "None"),
        (5, "5"),
        (["queue_list"], "['queue_list']"),
        ({}, "{}"),
        (True, "True"),
    ],
)
def test_no_valid_action(client: Client, action: Any, shown: str) -> None:
    reply = client.send({"action": action, "headers": {"a": 1}, "body": [2]})
    assert reply.ok(400) == {"error": f"{shown} is not a valid action"}
    assert reply.request == {"action": action, "headers": {"a": 1}, "body": [2], "api": "v2"}


def test_a_missing_action_prints_as_none(client: Client) -> None:
    reply = client.send({})
    assert reply.ok(400) == {"error": "None is not a valid action"}
    assert reply.request == UNREADABLE


CLIENT = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-ID": "p"}
POST = {"queue_name": "q", "messages": [{"body": 1}]}


def of(action: str, **body: Any) -> dict[str, Any]:
    """A message with valid headers."""
    return {"action": action, "headers": CLIENT, "body": body}


def with_headers(**headers: Any) -> dict[str, Any]:
    """A message with these headers beside the valid ones, underscores standing for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"action": "queue_list", "headers": {**CLIENT, **named}}


VIOLATIONS: list[tuple[dict[str, Any], str]] = [
    ({"action": "queue_list"}, "headers"),
    ({"action": "queue_list", "headers": None}, "headers"),
    ({"action": "queue_list", "headers": []}, "headers"),
    ({"action": "queue_list", "headers": {}}, "Client-ID"),
    ({"action": "queue_list", "headers": {"Client-ID": "x"}}, "X-Project-ID"),
    ({"action": "queue_list", "headers": {"client-id": "x", "X-Project-ID": "p"}}, "Client-ID"),
    (with_headers(X_Project_ID=""), "X-Project-ID"),
    (with_headers(X_Project_ID=5), "X-Project-ID"),
    (with_headers(Client_ID=5), "Client-ID"),
    (with_headers(Accept=1), "Accept"),
    (with_headers(Date=None), "Date"),
    (with_headers(URL_Methods="GET"), "URL-Methods"),
    (with_headers(URL_Paths=[1]), "URL-Paths"),
    (with_headers(URL_Signature=1), "URL-Signature"),
    ({"action": "queue_list", "headers": CLIENT, "body": None}, "body"),
    ({"action": "queue_list", "headers": CLIENT, "body": []}, "body"),
    (of("queue_list", limit="5"), "limit"),
    (of("queue_list", limit=5.0), "limit"),
    (of("queue_list", limit=True), "limit"),
    (of("queue_list", limit=None), "limit"),
    (of("queue_list", detailed="true"), "detailed"),
    (of("queue_list", detailed=1), "detailed"),
    (of("queue_list", marker=1), "marker"),
    ({"action": "queue_create", "headers": CLIENT}, "body"),
    (of("queue_create"), "queue_name"),
    (of("queue_create", queue_name=5), "queue_name"),
    (of("queue_create", queue_name="q", metadata=[]), "metadata"),
    (of("message_post", queue_name="q"), "messages"),
    (of("message_post", queue_name="q", messages={}), "messages"),
    (of("message_post", queue_name="q", messages=None), "messages"),
    (of("message_list", queue_name="q", echo=1), "echo"),
    (of("message_get", queue_name="q"), "message_id"),
    (of("message_get_many", queue_name="q"), "message_ids"),
    (of("message_delete_many", queue_name="q", message_ids="a"), "message_ids"),
    (of("message_delete_many", queue_name="q", pop="1"), "pop"),
    (of("claim_create", queue_name="q", ttl=None), "ttl"),
    (of("claim_create", queue_name="q", grace=None), "grace"),
    (of("claim_get", queue_name="q"), "claim_id"),
    ({"action": "authenticate", "headers": {"X-Project-ID": "p"}}, "X-Auth-Token"),
    ({"action": "authenticate", "headers": {"X-Auth-Token": "t"}}, "X-Project-ID"),
    ({"action": "ping_node"}, "headers"),
    ({"action": "pool_list", "headers": CLIENT}, "body"),
    (of("pool_create", weight=1), "pool_name"),
]


@pytest.mark.parametrize(("message", "named"), VIOLATIONS, ids=range(len(VIOLATIONS)))
def test_a_violation_of_the_schema(client: Client, message: dict[str, Any], named: str) -> None:
    error = client.send(message).ok(400)["error"]
    assert error.startswith("Schema validation failed. ")
    assert named in error


CLAIM = {"queue_name": "q", "claim_id": "c"}
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("message_post", {**POST, "messages": []}, "messages"),
    ("message_post", {**POST, "messages": [{"body": 1, "ttl": 5}]}, "ttl"),
    ("message_post", {**POST, "queue_name": "a b"}, "queue_name"),
    ("message_post", {**POST, "queue_name": "q\n"}, "queue_name"),
    ("queue_list", {"limit": 0}, "limit"),
    ("queue_list", {"limit": 21}, "limit"),
    ("queue_create", {"queue_name": "q" * 65}, "queue_name"),
    ("queue_create", {"queue_name": "q", "metadata": {"_max_claim_count": -1}}, "_max_claim_count"),
    ("queue_create", {"queue_name": "q", "metadata": {"a": "x" * 65536}}, "65536"),
    ("queue_get", {"queue_name": ""}, "queue_name"),
    ("message_list", {"queue_name": "q", "limit": 21}, "limit"),
    ("message_get_many", {"queue_name": "q", "message_ids": []}, "message_ids"),
    ("message_get_many", {"queue_name": "q", "message_ids": ["a"] * 21}, "message_ids"),
    ("message_delete_many", {"queue_name": "q"}, "message_ids and pop"),
    ("message_delete_many", {"queue_name": "q", "pop": 0}, "pop"),
    ("message_delete_many", {"queue_name": "q", "pop": 1, "message_ids": ["a"]}, "message_ids"),
    ("claim_create", {"queue_name": "q", "ttl": 59}, "ttl"),
    ("claim_create", {"queue_name": "q", "grace": 59}, "grace"),
    ("claim_create", {"queue_name": "q", "limit": 21}, "limit"),
    ("claim_update", {**CLAIM, "ttl": 1}, "ttl"),
    ("message_post", {**POST, "messages": [{"body": "x" * 262144}]}, "262144"),
]


@pytest.mark.parametrize(("action", "body", "named"), REFUSALS, ids=range(len(REFUSALS)))
def test_a_refusal_by_the_action(
    client: Client, action: str, body: dict[str, Any], named: str
) -> None:
    answered = client.ask(action, **body).ok(400)
    assert set(answered) == {"exception", "error"}
    assert isinstance(answered["error"], str)
    assert named in answered["exception"]


WRONG_TYPES: list[tuple[Any, str]] = [
    ([1], "messages[0]"),
    ([None], "messages[0]"),
    ([{}], "body"),
    ([{"body": 1, "ttl": "60"}], "messages[0].ttl"),
    ([{"body": 1}, {"body": 1, "ttl": 60.0}], "messages[1].ttl"),
    ([{"body": 1, "ttl": None}], "messages[0].ttl"),
]


@pytest.mark.parametrize(("messages", "named"), WRONG_TYPES)
def test_a_wrong_type_inside_a_message(client: Client, messages: Any, named: str) -> None:
    answered = client.ask("message_post", queue_name="q", messages=messages).ok(400)
    assert answered["error"] is None
    assert answered["exception"].startswith("Bad request. ")
    assert named in answered["exception"]


@pytest.mark.parametrize("action", ["message_post", "message_list"])
def test_two_actions_check_the_form_of_the_client_id(client: Client, action: str) -> None:
    client.headers["Client-ID"] = "no uuid"
    body = POST if action == "message_post" else {"queue_name": "q"}
    assert "Client-ID" in client.ask(action, **body).ok(400)["exception"]


def test_other_actions_take_any_client_id(client: Client) -> None:
    client.headers["Client-ID"] = ""
    client.ask("queue_list").ok(200)
    client.ask("queue_create", queue_name="q").ok(201)
    client.ask("claim_create", queue_name="q").ok(204)


def test_a_long_project(client: Client) -> None:
    client.headers["X-Project-ID"] = "p" * 257
    client.ask("queue_get", queue_name="q").ok(400)
    client.ask("queue_list").ok(200)


def test_the_size_of_a_post_is_that_of_its_compact_json(client: Client, queue: str) -> None:
    metadata = {"_max_messages_post_size": 100}
    client.ask("queue_create", queue_name=queue, metadata=metadata).ok(201)
    shell = len(json.dumps([{"body": ""}], separators=(",", ":")))
    fitting = "ü" * ((100 - shell) // 2)
    rest = "x" * (100 - shell - len(fitting.encode()))
    exact = [{"body": fitting + rest}]
    client.ask("message_post", queue_name=queue, messages=exact).ok(201)
    larger = [{"body": f"{fitting}{rest}x"}]
    client.ask("message_post", queue_name=queue, messages=larger).ok(400)


def test_secrets_are_not_echoed(client: Client) -> None:
    secrets = {"X-Auth-Token": "gAAAAsecret", "URL-Signature": "s3cr3t", "other": {"a": [1]}}
    reply = client.ask("queue_list", {**client.headers, **secrets})
    shown = reply.request["headers"]
    assert "gAAAAsecret" not in json.dumps(reply.raw)
    assert "s3cr3t" not in json.dumps(reply.raw)
    assert shown["other"] == {"a": [1]}
    assert set(shown) == {*client.headers, *secrets}


NOT_HERE: list[tuple[str, dict[str, Any] | None]] = [
    ("check_node_health", None),
    ("pool_list", {"pool_name": "p", "limit": 1, "marker": "a"}),
    ("pool_create", {"pool_name": "p", "weight": 1, "uri": "x", "options": {}}),
    ("pool_update", {"pool_name": "p"}),
    ("pool_get", {"pool_name": "p", "detailed": True}),
    ("pool_delete", {"pool_name": "p"}),
    ("flavor_list", {"flavor_name": "f"}),
    ("flavor_create", {"flavor_name": "f", "pool_name": "p", "capabilities": {}}),
    ("flavor_update", {"flavor_name": "f"}),
    ("flavor_get", {"flavor_name": "f"}),
    ("flavor_delete", {"flavor_name": "f"}),
]


@pytest.mark.parametrize(("action", "body"), NOT_HERE)
def test_valid_names_that_this_service_does_without(
    client: Client, action: str, body: dict[str, Any] | None
) -> None:
    if body is None:
        reply = client.send({"action": action, "headers": {}})
    else:
        reply = client.ask(action, **body)
    assert set(reply.ok(501)) == {"error"}
