"""Every field of every body: wrong types, bounds, missing, unknown, numbers that overflow."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.badinput.requests import (
    BodyField,
    body_fields,
    changed,
    handler,
    in_scope,
    inner_schema,
    is_about_subscriptions,
    members,
)
from tests.badinput.wire import Answer
from tests.badinput.world import ABSENT, DELAYED, World

VALUES: Final[list[Any]] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    59,
    2**31,
    2**63 - 1,
    -(2**63),
    1.5,
    1.0,
    300.0,
    -0.0,
    1e308,
    "",
    " ",
    "60",
    "true",
    "null",
    "a" * 65,
    "a" * 5000,
    "é",
    "\0",
    "a\n",
    "😀",
    "../x",
    [],
    [None],
    [[]],
    [1, "a"],
    ["a"] * 1000,
    {},
    {"a": 1},
    {"body": None},
    {"": {"": {}}},
    json.loads("[" * 100 + "]" * 100),
]

NUMBERS_THAT_CANNOT_BE_USED: Final = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "9223372036854775808",
    "-9223372036854775809",
    "1" + "0" * 5000,
    "[[1e999]]",
    '{"a": [1, NaN]}',
]
TEXTS_THAT_ARE_NO_VALUE: Final = [
    "undefined",
    "'a'",
    "01",
    "+1",
    "1.",
    ".5",
    "0x10",
    "tru",
    '"open',
    '"\\ud800"',
    '"\\uDFFF\\uD800"',
    '"\x00"',
    '"\n"',
    "[" * 20_000 + "]" * 20_000,
    '{"a":' * 10_000 + "1" + "}" * 10_000,
    "1 2",
    "]",
    "}",
]
_MARK: Final = "@the value@"

FIELDS: Final = list(body_fields())
MEMBERS: Final = [each for each in FIELDS if each.place and isinstance(each.place[-1], str)]
OBJECTS: Final = [
    each
    for each in FIELDS
    if each.own_schema.get("type") in ("object", ["object", "null"]) and members(each.own_schema)
]


def candidates(schema: Any) -> list[Any]:
    """The values to try: all those above, and those beside the bounds."""
    bounds = []
    if "minimum" in schema:
        bounds += [schema["minimum"], schema["minimum"] - 1, float(schema["minimum"])]
    if "maximum" in schema:
        bounds += [schema["maximum"], schema["maximum"] + 1, float(schema["maximum"])]
    return [*VALUES, *bounds]


def refused(answer: Answer, field: BodyField, value: object = None) -> None:
    assert answer.status == 400, (field, value, answer)
    notes = field.own_schema.get("x-errors", {}).values()
    titles = {"Invalid request body", "Invalid API request", *(it.get("title") for it in notes)}
    assert answer.title in titles, (field, value, answer)
    whole = ["body", "[", "Subscriptions", *members(field.own_schema)]
    names = [field.shown_name] if field.place else whole
    assert any(name in answer.description for name in names), (field, value, answer)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_a_value_that_the_schema_does_not_accept_is_refused_and_named(
    world: World, field: BodyField
) -> None:
    before, bad = world.fingerprint(), 0
    for value in candidates(field.own_schema):
        if field.accepts(value):
            continue
        bad += 1
        request = field.request.with_value(field.place, value)
        refused(request.send(world), field, value)
        if DELAYED not in field.request.path.values():
            elsewhere = replace(request, path=in_scope(request.action, ABSENT))
            refused(elsewhere.send(world), field, value)
    assert world.fingerprint() == before
    has_rules = set(field.own_schema) & {"type", "enum"}
    assert bad >= 20 if has_rules else bad == 0, "the schema takes nearly everything"


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_an_integer_is_written_as_one(world: World, field: BodyField) -> None:
    kinds = field.own_schema.get("type", [])
    if "integer" not in ([kinds] if isinstance(kinds, str) else kinds):
        return
    before = world.fingerprint()
    for value in (True, False, 300.0, 60.0, 1e2, "300", [300], 300.5):
        assert not field.accepts(value)
        answer = field.request.with_value(field.place, value).send(world)
        refused(answer, field, value)
        action = field.request.action
        is_invalid = handler(action) == "queue_create" or is_about_subscriptions(action)
        assert answer.title == ("Invalid API request" if is_invalid else "Invalid request body")
    assert world.fingerprint() == before


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_a_number_that_cannot_be_used_is_refused_and_named(world: World, field: BodyField) -> None:
    before = world.fingerprint()
    for text in NUMBERS_THAT_CANNOT_BE_USED:
        answer = field.request.send(world, raw=with_text(field, text))
        assert answer.title == "Invalid request body", (field, text, answer)
        refused(answer, field, text)
    assert world.fingerprint() == before


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_what_is_no_json_value_is_refused(world: World, field: BodyField) -> None:
    before = world.fingerprint()
    is_member = bool(field.place) and isinstance(field.place[-1], str)
    for text in [*TEXTS_THAT_ARE_NO_VALUE, *([""] if is_member else [])]:
        answer = field.request.send(world, raw=with_text(field, text))
        assert (answer.status, answer.title) == (400, "Invalid request body"), (field, text, answer)
        assert "body" in answer.description
    latin = json.dumps(changed(field.request.body, field.place, "\u00e9"), ensure_ascii=False)
    answer = field.request.send(world, raw=latin.encode("latin-1"))
    assert "UTF-8" in answer.description
    assert world.fingerprint() == before


def with_text(field: BodyField, text: str) -> bytes:
    """The body with a text, JSON or not, in the place of the field."""
    marked = json.dumps(changed(field.request.body, field.place, _MARK))
    return marked.replace(json.dumps(_MARK), text).encode()


@pytest.mark.parametrize("field", MEMBERS, ids=str)
def test_a_member_that_is_missing_is_named_or_not_needed(world: World, field: BodyField) -> None:
    parent = inner_schema(field.schema, field.place[:-1])
    before = world.fingerprint()
    answer = field.request.without(field.place).send(world)
    is_needed = field.place[-1] in parent.get("required", ()) or (
        (handler(field.request.action), field.place[-1])
        in {("queue_update", "value"), ("subscription_create", "subscriber")}
    )
    if is_needed:
        refused(answer, field)
        assert world.fingerprint() == before
    else:
        assert answer.status in (200, 201, 204), answer


@pytest.mark.parametrize("field", OBJECTS, ids=str)
def test_unknown_members_are_dropped_kept_or_named(world: World, field: BodyField) -> None:
    unknown = {"unknown": [1], "limit": "x", "queue_name": 7, "ids": {}, "\0": None, "body_size": 0}
    inner: Any = field.request.body
    for step in field.place:
        inner = inner[step]
    request = field.request.with_value(field.place, {**unknown, **inner})
    before = world.fingerprint()
    answer = request.send(world)
    if field.own_schema.get("additionalProperties", True) is False:
        notes = field.own_schema.get("x-errors", {})
        note = {"title": "Invalid API request"} | notes.get("*", {})
        note |= notes.get("additionalProperties", {})
        assert (answer.status, answer.title) == (400, note["title"])
        assert "unknown" in answer.description
        assert world.fingerprint() == before
        return
    assert answer.status in (200, 201, 204), answer
    if handler(field.request.action) == "queue_create" and not field.place:
        path = f"/v2/{request.action.kind}s/{ABSENT}"
        created = replace(request, path=in_scope(request.action, ABSENT)).send(world)
        assert created.status == 201
        shown = world.send("GET", path).document
        assert {key: shown[key] for key in unknown} == unknown


def test_every_declared_member_is_among_the_fields() -> None:
    places = {(str(each.request.action.name), each.place) for each in FIELDS}
    for field in FIELDS:
        for name in members(field.own_schema):
            assert (field.request.action.name, (*field.place, name)) in places


@pytest.mark.parametrize(
    "expires",
    [
        "",
        "20990101",
        "4102444800",
        "tomorrow",
        "2020-01-01T00:00:00",
        "2099-13-01T00:00:00",
        "2099-01-01T00:00:00\0",
        "2099-01-01T00:00:00+99:00",
        "9999-12-31T23:59:59-23:59",
        "0000-00-00",
        "9" * 10_000,
        "\u0662099-01-01",
    ],
)
def test_an_expiry_that_is_no_time_in_the_future_is_refused(world: World, expires: str) -> None:
    [field] = [each for each in FIELDS if each.place == ("expires",)]
    answer = field.request.with_value(field.place, expires).send(world)
    refused(answer, field, expires)
    assert answer.title == "Invalid API request"


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "add", "path": "/metadata/_dead_letter_queue", "value": "plums"}],
        [{"op": "add", "path": "/metadata/_default_message_ttl", "value": 59}],
        [{"op": "add", "path": "/metadata/_default_message_ttl", "value": 60.0}],
        [{"op": "replace", "path": "/metadata/_max_claim_count", "value": True}],
        [{"op": "add", "path": "/metadata/_enable_encrypt_messages", "value": True}],
        [{"op": "add", "path": "/metadata/_retry_policy", "value": {"maximum_delay": 12}}],
        [
            {"op": "add", "path": "/metadata/fine", "value": 1},
            {"op": "add", "path": "/metadata/_flavor", "value": 1},
        ],
    ],
)
def test_a_patch_whose_result_is_wrong_changes_nothing(
    world: World, patch: list[dict[str, Any]]
) -> None:
    [field] = [each for each in FIELDS if str(each) == "queue_update."]
    before = world.fingerprint()
    answer = replace(field.request, body=patch).send(world)
    assert (answer.status, answer.title) == (400, "Invalid request body")
    assert patch[-1]["path"].rpartition("/")[2] in answer.description
    assert world.fingerprint() == before


def test_a_patch_whose_result_is_too_large_changes_nothing(world: World) -> None:
    [field] = [each for each in FIELDS if str(each) == "queue_update."]
    half = [{"op": "add", "path": "/metadata/one", "value": "x" * 40_000}]
    assert replace(field.request, body=half).send(world).status == 200
    before = world.fingerprint()
    half[0]["path"] = "/metadata/two"
    answer = replace(field.request, body=half).send(world)
    assert (answer.status, answer.title) == (400, "Invalid request body")
    assert "65536" in answer.description
    assert world.fingerprint() == before
