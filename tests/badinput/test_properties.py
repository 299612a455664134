"""Requests made by machine from the schemas: good ones, spoilt ones, and pure noise.

Whatever is sent, the answer is one that the contract knows for the action; what the schema refuses
is refused, and then nothing has changed. ``ANGARIUM_TEST_FULL=1`` tries many more.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angarium.actions.base import Action
from angarium.kernel import Kernel
from angarium.validation.validators import Reference
from tests.badinput.requests import ACTIONS, BY_NAME, Request, good, members, part, schema_of
from tests.badinput.strategies import JSON, TEXT, documents, spoilt
from tests.badinput.wire import Answer
from tests.badinput.world import World

_EXAMPLES: Final = 150 if os.environ.get("ANGARIUM_TEST_FULL", "") not in ("", "0") else 15

ANSWERS: Final[dict[str, set[int]]] = {
    "list_versions": {300},
    "get_home_doc": {200},
    "ping_node": {204},
    "ping_process": {204},
    "check_node_health": {200},
    "queue_list": {200},
    "queue_create": {201, 204},
    "queue_get": {200},
    "queue_update": {200, 404, 409},
    "queue_delete": {204},
    "queue_get_stats": {200},
    "queue_purge": {204},
    "queue_share": {200},
    "message_post": {201},
    "message_list": {200},
    "message_get_many": {200, 404},
    "message_get": {200, 404},
    "message_delete": {204, 403},
    "message_delete_many": {204, 200},
    "claim_create": {201, 204},
    "claim_get": {200, 404},
    "claim_update": {204, 404},
    "claim_delete": {204},
    "subscription_create": {201, 409},
    "subscription_list": {200},
    "subscription_get": {200, 404},
    "subscription_update": {204, 404, 409},
    "subscription_delete": {204},
    "subscription_confirm": {204, 404},
    "pool_list": {200},
    "pool_create": {201, 409},
    "pool_get": {200, 404},
    "pool_update": {200, 404},
    "pool_delete": {204, 403},
    "flavor_list": {200},
    "flavor_create": {201},
    "flavor_get": {200, 404},
    "flavor_update": {200, 404},
    "flavor_delete": {204},
    "topic_list": {200},
    "topic_create": {201, 204},
    "topic_get": {200},
    "topic_update": {200, 404, 409},
    "topic_delete": {204},
    "topic_get_stats": {200},
    "topic_purge": {204},
    "topic_message_post": {201},
    "topic_message_list": {200},
    "topic_message_get_many": {200, 404},
    "topic_message_get": {200, 404},
    "topic_message_delete": {204},
    "topic_message_delete_many": {204, 200},
    "topic_subscription_create": {201, 409},
    "topic_subscription_list": {200},
    "topic_subscription_get": {200, 404},
    "topic_subscription_update": {204, 404, 409},
    "topic_subscription_delete": {204},
    "topic_subscription_confirm": {204, 404},
}
"""What each action answers beside 400 once its headers are right (rest-v2.md 18)."""

BEYOND_SCHEMA: Final = {
    "queue_create",
    "queue_update",
    "queue_share",
    "pool_create",
    "pool_update",
    "flavor_create",
    "flavor_update",
    "subscription_create",
    "subscription_update",
    "topic_create",
    "topic_update",
    "topic_subscription_create",
    "topic_subscription_update",
}
"""Actions with rules for bodies that their schemas cannot say."""

SEGMENTS: Final = TEXT | st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
QUERY_TEXTS: Final = st.one_of(
    TEXT,
    st.integers().map(str),
    st.sampled_from(["true", "off", "1", "20", "10", "None", "a,b", ",", "%00", "%FF"]),
)

MODEST: Final = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
EVERY_ACTION: Final = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
EVERY_BODY: Final = pytest.mark.parametrize(
    "action",
    [action for action in ACTIONS if schema_of(action).takes_body],
    ids=lambda action: action.name,
)


def judge(action: Action, answer: Answer, is_valid: bool | None = None) -> None:
    """Hold an answer to the contract.

    :param is_valid: whether the schema accepts the request; None if it was not asked.
    """
    assert answer.status in ANSWERS[action.name] | {400}, answer
    if is_valid is False:
        assert answer.status == 400, answer
    if is_valid and action.name not in BEYOND_SCHEMA:
        assert answer.status != 400, answer


def send(world: World, request: Request, raw: bytes | None = None) -> Answer:
    """Send a request; if it is refused, nothing may have changed."""
    before = world.fingerprint()
    answer = request.send(world, raw=raw)
    if answer.status in range(400, 500):
        assert world.fingerprint() == before, answer
    return answer


def body_is_valid(action: Action, body: Any) -> bool:
    return bool(Reference(dict(part(action, "body"))).is_valid(body))


def test_every_action_has_its_answers() -> None:
    assert set(ANSWERS) == set(BY_NAME)


@EVERY_BODY
def test_documents_of_the_schema(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)

    @MODEST
    @given(documents(part(action, "body")))
    def check(body: Any) -> None:
        judge(action, send(world, replace(good(action), body=body)), is_valid=True)

    check()


@EVERY_BODY
def test_spoilt_documents(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)

    @MODEST
    @given(spoilt(good(action).body))
    def check(body: Any) -> None:
        answer = send(world, replace(good(action), body=body))
        judge(action, answer, body_is_valid(action, body))

    check()


@EVERY_BODY
def test_spoilt_bytes(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)
    document = json.dumps(good(action).body).encode()

    @MODEST
    @given(st.integers(0, len(document)), st.integers(0, 8), st.binary(max_size=8))
    def check(start: int, length: int, new: bytes) -> None:
        raw = document[:start] + new + document[start + length :]
        judge(action, send(world, good(action), raw))

    check()


@EVERY_ACTION
def test_noise_as_a_body(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)

    @MODEST
    @given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
    def check(raw: bytes) -> None:
        judge(action, send(world, good(action), raw))

    check()


@EVERY_ACTION
def test_any_query(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)
    known = list(members(part(action, "query")))
    names = st.sampled_from(known) | TEXT if known else TEXT

    @MODEST
    @given(st.lists(st.tuples(names, QUERY_TEXTS), max_size=6))
    def check(pairs: list[tuple[str, str]]) -> None:
        answer = send(world, replace(good(action), query=urlencode(pairs)))
        allowed = ANSWERS[action.name] | {400}
        if action.http.path.endswith("/messages"):
            allowed = allowed | {200, 404}  # the query chooses between two actions
        assert answer.status in allowed, (pairs, answer)

    check()


@EVERY_ACTION
def test_any_raw_query(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)

    @MODEST
    @given(st.text(st.characters(max_codepoint=255), max_size=100))
    def check(query: str) -> None:
        answer = send(world, replace(good(action), query=query))
        assert answer.status in ANSWERS[action.name] | {400, 200, 404}, (query, answer)

    check()


@EVERY_ACTION
def test_any_path(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)
    names = list(part(action, "path").get("properties", {}))

    @MODEST
    @given(st.fixed_dictionaries(dict.fromkeys(names, SEGMENTS)))
    def check(path: dict[str, str]) -> None:
        encoded = {name: quote(text, safe="") for name, text in path.items()}
        answer = send(world, replace(good(action), path=encoded))
        # An encoded slash is a slash, and then this may be another route.
        assert answer.status in ANSWERS[action.name] | {400, 404, 405}, (path, answer)

    check()


@EVERY_ACTION
def test_any_headers(service: tuple[Kernel, Any], action: Action) -> None:
    world = World(*service)
    names = ["Client-ID", "X-Project-Id", "Accept", "Content-Type", "X-Roles", "URL-Signature"]
    values = st.none() | st.binary(max_size=60) | TEXT
    headers = st.dictionaries(st.sampled_from(names), values, max_size=3)

    @MODEST
    @given(headers)
    def check(found: dict[str, str | bytes | None]) -> None:
        request = good(action)
        answer = send(world, replace(request, headers={**request.headers, **found}))
        allowed = ANSWERS[action.name] | {400, 403, 404, 406, 415}
        assert answer.status in allowed, (found, answer)

    check()
