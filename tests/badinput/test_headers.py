"""Headers that are missing, malformed or in disagreement with the rest (rest-v2.md 1.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from angarium.actions.base import Action
from tests.badinput.requests import ACTIONS, BY_NAME, Request, good, schema_of
from tests.badinput.wire import CLIENT_ID, Answer
from tests.badinput.world import World

Value = str | bytes | None

NEEDING_HEADERS = [action for action in ACTIONS if action.http.path != "/"]
WITH_NAME = [action for action in NEEDING_HEADERS if f"{{{action.kind}_name}}" in action.http.path]

BAD_CLIENT_IDS: list[str | bytes] = [
    "",
    " ",
    "x",
    "30387f00-39fc-11ea-81a4-5254006b8ac",
    "30387f00-39fc-11ea-81a4-5254006b8ac22",
    "30387f00-39fc-11ea-81a4-5254006b8acg",
    f"{CLIENT_ID},{CLIENT_ID}",
    f"{CLIENT_ID}\0",
    "null",
    "0",
    "é" * 36,
    b"\xff" * 36,
    b"\xed\xa0\x80",
    "1" * 100_000,
    "{",
    "urn:uuid:",
]
GOOD_CLIENT_IDS = [
    CLIENT_ID,
    CLIENT_ID.upper(),
    CLIENT_ID.replace("-", ""),
    f"{{{CLIENT_ID}}}",
    f"urn:uuid:{CLIENT_ID}",
    "00000000-0000-0000-0000-000000000000",
]
ODD_PROJECTS: list[str | bytes] = [
    " ",
    "a b",
    "'; DROP TABLE queues; --",
    "%00",
    "\0",
    "😀" * 256,
    b"\xff\xfe",
    "a/b?c=d",
    "a" * 256,
    "\x7f\x1b",
]

BAD_HEADERS: list[tuple[str, Value, str]] = [
    ("Client-ID", None, "Missing header value"),
    *(("Client-ID", value, "Wrong UUID value") for value in BAD_CLIENT_IDS),
    ("X-Project-Id", None, "Project-Id Missing"),
    ("X-Project-Id", "", "Empty project header not allowed"),
]
NOT_JSON: list[str | bytes] = [
    "text/html",
    "application/xml, text/*",
    "application/json;q=0",
    "application/json;q=0, */*",
    "application/*;q=0.0",
    "*/*;q=0",
    "application/jsonp",
    "json",
    ";;;",
    ",",
    "application/json;q=much",
    "a" * 10_000,
    b"\xff\xfe",
    "*",
    "*/json",
]
BAD_LENGTHS = ["-1", "+1", "1.0", "1e3", "0x10", "ten", " ", "1,1", "\u0661", "1" * 400, "\0"]
TOO_LONG_PROJECTS: list[str | bytes] = [
    "a" * 257,
    "é" * 257,
    "😀" * 257,
    b"\xff" * 257,
    "a" * 10**5,
]


def refused(request: Request, world: World, title: str, *named: str, **how: Any) -> Answer:
    """The answer to a request that must be refused with this title."""
    answer = request.send(world, **how)
    assert answer.status >= 400, (request, how, answer)
    if request.action.http.method != "HEAD":
        assert answer.title == title, (request, how, answer)
        assert all(name in answer.description for name in named), (request, how, answer)
    return answer


@pytest.mark.parametrize("action", NEEDING_HEADERS, ids=lambda action: action.name)
def test_a_bad_header_is_refused(world: World, action: Action) -> None:
    before, request = world.fingerprint(), good(action)
    for field, value, title in BAD_HEADERS:
        spoilt = replace(request, headers={**request.headers, field: value})
        assert refused(spoilt, world, title, field).status == 400
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", WITH_NAME, ids=lambda action: action.name)
def test_a_project_that_is_too_long_is_refused_below_a_name(world: World, action: Action) -> None:
    for project in TOO_LONG_PROJECTS:
        request = good(action)
        headers = {**request.headers, "X-Project-Id": project}
        answer = replace(request, headers=headers).send(world)
        assert (answer.status, answer.title) == (400, f"Invalid {action.kind} identification")
        assert "X-Project-Id" in answer.description


def test_no_flavor_is_stored_for_a_project_that_is_too_long(world: World) -> None:
    before = world.fingerprint()
    for project in TOO_LONG_PROJECTS:
        request = replace(good(BY_NAME["flavor_create"]), headers={"X-Project-Id": project})
        assert refused(request, world, "Invalid API request", "X-Project-Id").status == 400
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", NEEDING_HEADERS, ids=lambda action: action.name)
def test_any_other_project_is_one(world: World, action: Action) -> None:
    before = world.of_project()
    for project in ODD_PROJECTS:
        request = good(action)
        headers = {**request.headers, "X-Project-Id": project}
        assert replace(request, headers=headers).send(world).status not in (400, 403), project
    assert world.of_project() == before


@pytest.mark.parametrize("client_id", GOOD_CLIENT_IDS)
def test_every_spelling_of_a_uuid_names_a_client(world: World, client_id: str) -> None:
    answer = world.send("GET", "/v2/queues", {"Client-ID": client_id})
    assert answer.status == 200


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_client_that_takes_no_json_gets_nothing_done(world: World, action: Action) -> None:
    before, request = world.fingerprint(), good(action)
    for accept in NOT_JSON:
        spoilt = replace(request, headers={**request.headers, "Accept": accept})
        assert refused(spoilt, world, "406 Not Acceptable", "application/json").status == 406
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "accept",
    [
        "",
        " ",
        "*/*",
        "application/json",
        "APPLICATION/JSON",
        "application/*",
        "text/html, application/json;q=0.1",
        "application/json; charset=utf-8",
        "text/html;q=0.9,*/*;q=0.001",
        "application/json;q=1,application/json;q=0;v=2",
    ],
)
def test_a_client_that_takes_json_too_is_served(world: World, accept: str) -> None:
    assert world.send("GET", "/v2/queues", {"Accept": accept}).status == 200


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_form_is_refused_wherever_a_body_is_declared(world: World, action: Action) -> None:
    before = world.fingerprint()
    for form in ("application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded"):
        request = replace(good(action), headers={"Content-Type": form})
        for how in ({"raw": b"messages=1"}, {"raw": b"a=1", "chunked": True}):
            assert refused(request, world, "Invalid Content-Type", "JSON", **how).status == 400
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "multipart/form-data",
        "application/xml; charset=latin-1",
        b"\xff\0",
        "x" * 9999,
    ],
)
def test_other_media_types_are_read_as_json_or_answered_415(
    world: World, action: Action, content_type: str | bytes
) -> None:
    before = world.fingerprint()
    answer = replace(good(action), headers={"Content-Type": content_type}).send(world)
    if schema_of(action).media_type is None:
        assert answer.status in (200, 201, 204, 300, 404), answer
        return
    assert answer.status == 415
    assert str(schema_of(action).media_type) in answer.description
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_content_length_that_is_no_number_of_bytes_is_refused(
    world: World, action: Action
) -> None:
    before, request = world.fingerprint(), good(action)
    for length in BAD_LENGTHS:
        answer = refused(request, world, "Invalid header value", "Content-Length", length=length)
        assert answer.status == 400
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"URL-Signature": "0" * 64},
        {"URL-Signature": "é"},
        {"URL-Signature": b"\xff"},
        {"URL-Signature": "0" * 64, "URL-Expires": "never", "URL-Methods": "GET"},
        {
            "URL-Signature": "0" * 64,
            "URL-Expires": "2099-01-01T00:00:00",
            "URL-Methods": "GET",
            "URL-Paths": "/v2/queues",
        },
        {"URL-Signature": "0" * 64, "URL-Expires": "\0", "URL-Paths": ",,,/v2/queues"},
        {"URL-Signature": "0" * 64, "URL-Expires": "9" * 9999, "URL-Paths": "/v2/queues"},
    ],
)
def test_a_bad_signature_is_a_bare_404(world: World, headers: dict[str, Value]) -> None:
    answer = world.send("GET", "/v2/queues", headers)
    assert (answer.status, answer.document) == (404, {"title": "404 Not Found"})


@pytest.mark.parametrize(
    "headers",
    [
        {"EXTRA-SPEC": "messaging-project-id"},
        {"X-Roles": b"\xff, admin,,"},
        {"X-Roles": "a" * 10_000},
        {"X-User-Id": "\0"},
        {"Origin": "null"},
        {"Origin": b"\xff"},
        {"X-Openstack-Request-Id": "req-not-a-uuid"},
        {"Host": "a..b"},
        {"Host": "x" * 300},
        {"Host": "under_score:8888"},
        {"Host": ""},
        {"Cookie": "\0=\xff"},
        {"Authorization": "Basic \xff"},
        {"X-Forwarded-Host": "'\"<>"},
    ],
)
def test_headers_without_meaning_here_change_nothing(
    world: World, headers: dict[str, Value]
) -> None:
    assert world.send("GET", "/v2/queues", headers).status == 200
