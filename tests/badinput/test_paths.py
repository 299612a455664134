"""Names and ids in paths, percent-encoded as clients may (rest-v2.md 1.1, 1.3 and 1.11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import unquote

import pytest

from angarium.actions.base import Action
from tests.badinput.requests import ACTIONS, BY_NAME, good, in_scope, part
from tests.badinput.world import World

BAD_NAMES: Final = [
    "",
    "a" * 65,
    "a" * 5000,
    "a%20b",
    "plums%0A",
    "%0Aplums",
    "plums%0D%0A",
    "plums%00",
    "%00",
    "%FF",
    "%C3%A9",
    "%C3",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "%25",
    "a%3Fb",
    "a%23b",
    "a%3Bb",
    "a:b",
    "a,b",
    "a=b",
    "a+b",
    "~a",
    "*",
    "{queue_name}",
    "%5C",
    "'%20OR%201=1",
    "%D9%A1",
    "\u00e9",
]
ODD_IDS: Final = [
    "unknown",
    "-",
    "%20",
    "%00",
    "%FF",
    "%0A",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "a" * 10_000,
    "'--",
    "%25s",
    "{message_id}",
    "-1",
    "0",
    "null",
    "..",
    "a,b",
    "a=b",
    "99999999-9999-9999-9999-999999999999",
]
NO_PATHS: Final = [
    "//",
    "///v2/queues",
    "//v2/queues",
    "/v2",
    "/v2//",
    "/v2/queues//",
    "/v2//queues",
    "/v2/queues/plums/",
    "/v2/queues/plums//",
    "/v2/queues/plums//messages",
    "/v2/queues/plums/messages//",
    "/v2/queues/plums/messages/a/b",
    "/v2/queues/plums%2Fmessages%2Fa%2Fb",
    "/v2/queues/plums/claims/a/",
    "/v2/queues/plums/message",
    "/v2/queues/plums/Messages",
    "/V2/queues",
    "/v2/queues%00",
    "/v2/queues%0A",
    "/v2/queues%FF",
    "/v2/queues%20",
    "/v2/queues;a=1",
    "/v1/queues",
    "/v1.1/queues",
    "/v3/queues",
    "/v2/topic",
    "/v2/topics/plums/",
    "/v2/topics/plums//messages",
    "/v2/topics/plums/claims",
    "/v2/topics/plums/claims/a",
    "/v2/topics/plums/share",
    "/v1.1/topics",
    "/v2/pool",
    "/v2/pools//",
    "/v2/pools/rack/",
    "/v2/pools/rack/queues",
    "/v2/Pools",
    "/v1.1/pools",
    "/v2/flavor",
    "/v2/flavors/durable/",
    "/v2/flavors/durable%2Fpools",
    "/v1.1/flavors",
    "/v2/ping/",
    "/v2/health/",
    "/%00",
    "/%FF%FE",
    "/..",
    "/v2/../v2/queues",
    "/v2/./queues",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/static/app.py",
    "/favicon.ico",
    f"/{'a/' * 5000}",
    f"/{'%F0%9F%98%80' * 1000}",
    "*",
]
OTHER_METHODS: Final = ["BREW", "get", "PROPFIND", "TRACE", "CONNECT", "a" * 1000, "-"]
NAMED = [action for action in ACTIONS if f"{{{action.kind}_name}}" in action.http.path]
IDS = [
    (action, name)
    for action in ACTIONS
    for name in part(action, "path").get("properties", {})
    if not name.endswith("_name")
]
FREELY_NAMED = [action for action in ACTIONS if action not in NAMED and in_scope(action, "")]
ODD_NAMES: Final = [
    name
    for name in dict.fromkeys([*ODD_IDS, *BAD_NAMES, "a" * 255, "%F0%9F%98%80" * 255])
    if 0 < len(unquote(name)) <= 255 and "\ufffd" not in unquote(name)
]
UNDECODABLE: Final = ["%FF", "%C3", "a%80", "%ED%A0%80", "%C0%80", "\ufffd"]


@pytest.mark.parametrize("action", NAMED, ids=lambda action: action.name)
def test_a_bad_name_is_refused(world: World, action: Action) -> None:
    before = world.fingerprint()
    for name in BAD_NAMES:
        answer = replace(good(action), path=in_scope(action, name)).send(world)
        assert (answer.status, answer.title) == (400, f"Invalid {action.kind} identification"), name
        assert f"{action.kind}_name" in answer.description
        assert len(answer.description) < 200
    assert world.fingerprint() == before


@pytest.mark.parametrize("name", ["a", "a" * 64, "A.b_c-9", ".", "..", "-", "_", "...", "0", "%61"])
def test_every_name_of_permitted_characters_is_one(world: World, name: str) -> None:
    answer = replace(good(BY_NAME["queue_create"]), path={"queue_name": name}).send(world)
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/queues/{name.replace('%61', 'a')}"


@pytest.mark.parametrize(("action", "name"), IDS, ids=lambda value: getattr(value, "name", value))
def test_an_odd_id_is_an_unknown_one(world: World, action: Action, name: str) -> None:
    before = world.fingerprint()
    for odd in ["", *ODD_IDS]:
        answer = replace(good(action), path={name: odd}).send(world)
        if action.http.method == "DELETE":
            assert answer.status == 204, odd
        else:
            assert (answer.status, answer.title) == (404, "Not found"), odd
    assert world.fingerprint() == before


@pytest.mark.parametrize(("action", "name"), IDS, ids=lambda value: getattr(value, "name", value))
def test_an_id_of_another_queue_is_an_unknown_one(world: World, action: Action, name: str) -> None:
    before = world.fingerprint()
    for queue in ("prunes", "quinces"):
        answer = replace(good(action), path=in_scope(action, queue)).send(world)
        assert answer.status == (204 if action.http.method == "DELETE" else 404)
    assert world.fingerprint() == before


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
def test_a_path_that_is_none_of_the_api_is_a_bare_404(world: World, method: str) -> None:
    for path in NO_PATHS:
        answer = world.send(method, path, {"Client-ID": None, "X-Project-Id": None}, body=b"{")
        assert (answer.status, answer.document) == (404, {"title": "404 Not Found"}), path


@pytest.mark.parametrize("action", FREELY_NAMED, ids=lambda action: action.name)
def test_a_name_that_is_no_text_is_refused(world: World, action: Action) -> None:
    before = world.fingerprint()
    for name in UNDECODABLE:
        answer = replace(good(action), path=in_scope(action, name)).send(world)
        assert (answer.status, answer.title) == (400, "Invalid API request"), name
        assert next(iter(in_scope(action, ""))) in answer.description
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", FREELY_NAMED, ids=lambda action: action.name)
def test_a_name_that_is_empty_or_too_long_names_nothing(world: World, action: Action) -> None:
    before = world.fingerprint()
    for name in ("", "a" * 256, "a" * 100_000, "%F0%9F%98%80" * 256):
        answer = replace(good(action), path=in_scope(action, name)).send(world)
        assert answer.status == {"PUT": 400, "DELETE": 204}.get(action.http.method, 404), answer
        if action.http.method == "PUT":
            assert answer.title == "Invalid API request"
            assert next(iter(in_scope(action, ""))) in answer.description
    assert world.fingerprint() == before


@pytest.mark.parametrize("action", FREELY_NAMED, ids=lambda action: action.name)
def test_any_other_name_is_one(world: World, action: Action) -> None:
    before = world.of_project()
    for name in ODD_NAMES:
        answer = replace(good(action), path=in_scope(action, name)).send(world)
        if action.http.method != "PUT":
            assert answer.status == (204 if action.http.method == "DELETE" else 404), name
        elif answer.status != 409:  # the uri of a pool is one that another pool has
            assert answer.status == 201, name
            assert world.send("GET", answer.headers["location"]).status == 200
            assert world.send("DELETE", answer.headers["location"]).status == 204
    assert world.of_project() == before


def test_an_encoded_slash_changes_the_route(world: World) -> None:
    assert world.send("GET", "/v2/queues/plums%2Fstats").document["messages"]["total"] == 3


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_other_methods_are_refused_on_every_route(world: World, action: Action) -> None:
    path = action.http.path.format(**world.names(action.kind))
    for method in OTHER_METHODS:
        answer = world.send(method, path)
        assert (answer.status, answer.document) == (405, {"title": "405 Method Not Allowed"})
        allowed = answer.headers["allow"].split(", ")
        assert allowed[-1] == "OPTIONS"
        assert action.http.method in allowed
