"""Bodies that are no document of the right kind, whatever is in them (rest-v2.md 1.4)."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import pytest

from angarium.actions.base import Action
from tests.badinput.requests import (
    ACTIONS,
    BY_NAME,
    LIMITS,
    good,
    handler,
    in_scope,
    is_about_subscriptions,
    part,
    schema_of,
)
from tests.badinput.wire import Answer
from tests.badinput.world import ABSENT, World

WITH_BODY: Final = [action for action in ACTIONS if schema_of(action).takes_body]
WITHOUT_BODY: Final = [action for action in ACTIONS if not schema_of(action).takes_body]
NEEDING_BODY: Final = [action for action in WITH_BODY if schema_of(action).body_required]

UNPARSABLE: Final[dict[str, bytes]] = {
    "white space": b"  \r\n\t",
    "no JSON": b"messages",
    "single quotes": b"{'messages': []}",
    "an open object": b'{"messages": [',
    "a trailing comma": b'{"messages": [],}',
    "two documents": b"{}{}",
    "something after it": b"[] ]",
    "a comment": b"{} // comment",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32-le"),
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "an encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "an overlong encoding": b'{"a": "\xc0\x80"}',
    "a NUL": b"\0",
    "a NUL at the end": b"{}\0",
    "a control character": b'{"a": "\x01"}',
    "half a surrogate pair": rb'{"a": "\ud800"}',
    "half a surrogate pair as a key": rb'{"\udc00": 1}',
    "half a surrogate pair in a list": rb'[{"\udc00": 1}]',
    "a broken escape": rb'{"a": "\u12"}',
    "an unknown escape": rb'{"a": "\x41"}',
    "a leading zero": b'{"a": 01}',
    "a plus sign": b'{"a": +1}',
    "a hexadecimal number": b'{"a": 0x10}',
    "a bare point": b'{"a": 1.}',
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "deep arrays that never end": b"[" * 50_000,
    "just too deep": b"[" * 201 + b"]" * 201,
    "a string": b'"messages"',
    "a number": b"1",
    "a huge number": b"1" * 10_000,
    "a number with a huge exponent": b"1e999999999",
    "true": b"true",
    "null": b"null",
    "not a number": b"NaN",
    "not a number in it": b'{"a": [NaN]}',
    "infinity in it": b'{"a": {"b": Infinity}}',
    "minus infinity in it": b"[-Infinity]",
    "an integer past 64 bits": b'{"a": 9223372036854775808}',
    "an integer past 64 bits below": b'{"a": -9223372036854775809}',
    "an integer of many digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a number past doubles": b'{"a": 1e400}',
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0",
    "a form": b"messages=%5B%5D",
    "XML": b"<messages/>",
    "multipart": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
}


def refused(answer: Answer, title: str) -> None:
    assert (answer.status, answer.title) == (400, title), answer
    assert "body" in answer.description.lower() or "'confirmed'" in answer.description


def fits(action: Action, raw: bytes) -> bool:
    return len(raw) <= schema_of(action).max_body


@pytest.mark.parametrize("action", WITH_BODY, ids=lambda action: action.name)
def test_a_body_that_cannot_be_parsed_is_refused(world: World, action: Action) -> None:
    before, request = world.fingerprint(), good(action)
    for about, raw in UNPARSABLE.items():
        answer = request.send(world, raw=raw)
        assert answer.status == 400, about
        if fits(action, raw):
            assert answer.title == "Invalid request body", about
            assert "body" in answer.description, about
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", WITH_BODY, ids=lambda action: action.name)
def test_the_same_creates_no_queue(world: World, action: Action) -> None:
    before = world.fingerprint()
    request = replace(good(action), path=in_scope(action, ABSENT))
    for about, raw in UNPARSABLE.items():
        assert request.send(world, raw=raw).status == 400, about
        assert request.send(world, raw=raw, chunked=True).status == 400, about
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", WITHOUT_BODY, ids=lambda action: action.name)
def test_a_body_where_none_is_needed_is_ignored(world: World, action: Action) -> None:
    expected = good(action).send(World(world.kernel, world.application)).status
    is_once = action.http.method == "DELETE"  # which needs a project of its own each time
    for about, raw in islice(UNPARSABLE.items(), 0, None, 6 if is_once else 1):
        fresh = World(world.kernel, world.application) if is_once else world
        assert good(action).send(fresh, raw=raw).status == expected, about


@pytest.mark.parametrize("action", NEEDING_BODY, ids=lambda action: action.name)
def test_a_body_that_is_needed_and_missing_is_refused(world: World, action: Action) -> None:
    before, request = world.fingerprint(), good(action)
    title = "Invalid API request" if is_about_subscriptions(action) else "Invalid request body"
    for how in ({"raw": b""}, {"raw": b"", "chunked": True}, {"raw": b"{}", "length": "0"}):
        refused(request.send(world, **how), title)
    nothing = replace(request, body=good(WITHOUT_BODY[0]).body)
    refused(nothing.send(world), title)
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "action",
    [action for action in WITH_BODY if action not in NEEDING_BODY],
    ids=lambda action: action.name,
)
def test_an_optional_body_may_be_empty(world: World, action: Action) -> None:
    for how in ({"raw": b""}, {"raw": b"", "chunked": True}, {"raw": b"{", "length": "0"}):
        assert good(action).send(world, **how).status in (201, 204), how


@pytest.mark.parametrize("action", WITH_BODY, ids=lambda action: action.name)
def test_the_other_container_is_refused(world: World, action: Action) -> None:
    before = world.fingerprint()
    is_array = part(action, "body")["type"] == "array"
    others: list[Any] = [{}, {"op": "add"}] if is_array else [[], [{}], [1], [[]], ["messages"]]
    titles = {
        "message_post": "Invalid API request",
        "queue_purge": "Invalid API request",
        "subscription_create": "Invalid API request",
        "subscription_update": "Invalid API request",
        "subscription_confirm": "Unable to confirm subscription",
    }
    for other in others:
        answer = replace(good(action), body=other).send(world)
        assert answer.status == 400, answer
        expected = titles.get(handler(action), "Invalid request body")
        if handler(action) != "queue_purge":
            assert answer.title == expected
        is_update = handler(action) == "subscription_update"
        assert ("Subscriptions" if is_update else "body") in answer.description
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", WITH_BODY, ids=lambda action: action.name)
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_past_its_limit_is_refused_and_one_at_it_is_read(
    world: World, action: Action, chunked: bool
) -> None:
    before, request = world.fingerprint(), good(action)
    limit = schema_of(action).max_body
    assert limit == (
        LIMITS.max_messages_post_size
        if handler(action) == "message_post"
        else LIMITS.max_queue_metadata
    )
    document = json.dumps(request.body).encode()
    for spare in (1, 1000, 10 * limit):
        answer = request.send(world, raw=document.ljust(limit + spare), chunked=chunked)
        is_patch = handler(action) == "queue_update"
        refused(answer, "Invalid request body" if is_patch else "Invalid API request")
        assert str(limit) in answer.description
    garbage = request.send(world, raw=b"\xff" * (limit + 1), chunked=chunked)
    assert str(limit) in garbage.description
    assert world.fingerprint() == before
    exact = request.send(world, raw=document.ljust(limit), chunked=chunked)
    assert exact.status in (200, 201, 204)


def test_the_limit_of_a_queue_counts_before_the_body_is_parsed(world: World) -> None:
    small = b'{"_max_messages_post_size": 100}'
    assert world.send("PUT", "/v2/queues/small", body=small).status == 201
    before = world.fingerprint()
    request = replace(good(BY_NAME["message_post"]), path={"queue_name": "small"})
    document = json.dumps(request.body).encode()
    for raw in (document.ljust(101), b"\xff" * 101, b"[" * 100_000):
        for chunked in (False, True):
            answer = request.send(world, raw=raw, chunked=chunked)
            refused(answer, "Invalid API request")
            assert "100" in answer.description
    assert world.fingerprint() == before
    assert request.send(world, raw=document.ljust(100)).status == 201


@pytest.mark.parametrize("action", WITH_BODY, ids=lambda action: action.name)
def test_a_body_shorter_than_declared_is_refused(world: World, action: Action) -> None:
    before, request = world.fingerprint(), good(action)
    document = json.dumps(request.body).encode()
    for missing in (1, 10, 10_000):
        length = str(len(document) + missing)
        answer = request.send(world, raw=document, length=length)
        refused(answer, "Invalid request body")
        assert f"{len(document)} of {length}" in answer.description
    refused(request.send(world, raw=b"", length="5"), "Invalid request body")
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", WITH_BODY, ids=lambda action: action.name)
def test_what_follows_the_declared_length_is_not_read(world: World, action: Action) -> None:
    request = good(action)
    document = json.dumps(request.body).encode()
    answer = request.send(world, raw=document + b"}{\xff", length=str(len(document)))
    assert answer.status in (200, 201, 204)
    before = world.fingerprint()
    cut = request.send(world, raw=document, length=str(len(document) - 1))
    refused(cut, "Invalid request body")
    assert world.fingerprint() == before


def test_of_duplicate_members_the_last_one_counts(world: World) -> None:
    raw = b'{"messages": 1, "messages": [{"body": 1, "body": 2, "ttl": 0, "ttl": 60}]}'
    path = f"/v2/queues/{ABSENT}"
    assert world.send("POST", f"{path}/messages", body=raw).status == 201
    [message] = world.send("GET", f"{path}/messages", query="echo=1").document["messages"]
    assert (message["body"], message["ttl"]) == (2, 60)


def test_odd_documents_come_back_as_they_were(world: World) -> None:
    odd: list[Any] = [
        None,
        "\0\x7f\u2028\ufeff",
        "😀" * 1000,
        {"": {"": [[], {}]}},
        {"$a": {"a.b": 1}, "\0": 0, "__proto__": None},
        [-(2**63), 2**63 - 1, 5e-324, 1.7976931348623157e308, -0.0],
        json.loads("[" * 190 + "]" * 190),
    ]
    path = f"/v2/queues/{ABSENT}/messages"
    raw = json.dumps({"messages": [{"body": body} for body in odd]}).encode()
    assert world.send("POST", path, body=raw).status == 201
    found = world.send("GET", path, query="echo=1&limit=20").document["messages"]
    assert [json.dumps(message["body"]) for message in found] == [json.dumps(body) for body in odd]


def test_odd_metadata_comes_back_as_it_was_wherever_it_is_shown(world: World) -> None:
    odd = {"\0": "\0", "": [], "a.b": {"$c": -0.0}, "deep": json.loads("[" * 190 + "]" * 190)}
    path = f"/v2/queues/{ABSENT}"
    assert world.send("PUT", path, body=json.dumps(odd).encode()).status == 201
    shown = world.send("GET", path).document
    assert {key: shown[key] for key in odd} == odd
    listed = world.send("GET", "/v2/queues", query=f"detailed=1&name={ABSENT}").document
    assert listed["queues"][0]["metadata"] == shown


class BrokenConnection(io.RawIOBase):
    """What a server hands over when the client goes away: a beginning, then an error."""

    def __init__(self, beginning: bytes) -> None:
        self._pieces = [beginning]

    def read(self, size: int = -1) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        raise ConnectionResetError


@pytest.mark.parametrize("beginning", [b"", b'{"messages": [{"body": 1}]'])
def test_a_client_that_goes_away_is_no_failure_of_the_service(
    world: World, beginning: bytes
) -> None:
    path = f"/v2/queues/{ABSENT}/messages"
    before = world.fingerprint()
    for how in ({"length": "1000"}, {"chunked": True}):
        answer = world.send("POST", path, stream=BrokenConnection(beginning), **how)
        refused(answer, "Invalid request body")
    assert world.fingerprint() == before
