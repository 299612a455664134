"""Query parameters of wrong type, out of range, too many, repeated (rest-v2.md 1.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from angarium.actions.base import Action
from tests.badinput.requests import (
    BY_NAME,
    good,
    good_with_parameter,
    handler,
    named,
    parameters,
    part,
)
from tests.badinput.wire import Answer
from tests.badinput.world import World

NO_INTEGERS: Final = [
    "abc",
    "1.5",
    "300.0",
    "1e3",
    "0x10",
    "1_0",
    "true",
    "null",
    "NaN",
    "Infinity",
    "-Infinity",
    "-",
    "%2B",
    "--1",
    "%201",
    "1%20",
    "1%0A",
    "%00",
    "1%00",
    "%FF",
    "%D9%A1",
    "%EF%BC%91",
    "\u00e9",
    "[1]",
    "1,2",
    "%25",
    "%",
    "%ZZ",
    "a" * 10_000,
]
NO_BOOLEANS: Final = [
    "None",
    "TRUE",
    "FALSE",
    "2",
    "-1",
    "nope",
    "tru",
    "true%0A",
    "true,true",
    "%00",
    "%FF",
    "null",
    "1.0",
    "Yes",
    "a" * 10_000,
]
TOO_LARGE: Final = [2**31, 2**63 - 1, 2**63, 2**64, 10**30, 10**3000]
ODD_TEXTS: Final = [
    "%00",
    "%FF",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "%25",
    "%",
    "%27%20OR%201=1--",
    "\u00e9",
    "a" * 10_000,
    "-1",
    "0",
    "1e999",
    "99999999999999999999999999",
    "_",
    "[%22a%22]",
    "%0A",
    "+",
    ".*",
]


def refused(answer: Answer, title: str, name: str) -> None:
    assert (answer.status, answer.title) == (400, title), answer
    assert name in answer.description
    assert len(answer.description) < 200


@pytest.mark.parametrize("pair", parameters("integer"), ids=named)
def test_what_is_no_integer_is_refused(world: World, pair: tuple[Action, str]) -> None:
    action, name = pair
    before = world.fingerprint()
    for text in NO_INTEGERS:
        refused(good_with_parameter(action, name, text).send(world), "Invalid parameter", name)
    assert world.fingerprint() == before


@pytest.mark.parametrize("pair", parameters("integer"), ids=named)
def test_an_integer_out_of_range_is_refused(world: World, pair: tuple[Action, str]) -> None:
    action, name = pair
    schema = part(action, "query")["properties"][name]
    before = world.fingerprint()
    numbers = [schema["minimum"] - 1, schema["maximum"] + 1, -1, *TOO_LARGE]
    for number in [*numbers, *(-large for large in TOO_LARGE)]:
        answer = good_with_parameter(action, name, str(number)).send(world)
        refused(answer, "Invalid API request", name)
    assert world.fingerprint() == before


@pytest.mark.parametrize("pair", parameters("integer"), ids=named)
def test_every_spelling_of_an_integer_in_range_is_accepted(
    world: World, pair: tuple[Action, str]
) -> None:
    action, name = pair
    schema = part(action, "query")["properties"][name]
    for text in (str(schema["minimum"]), str(schema["maximum"]), "007", "%2B1", "%31"):
        assert good_with_parameter(action, name, text).send(world).status < 300, text


@pytest.mark.parametrize("pair", parameters("boolean"), ids=named)
def test_what_is_no_boolean_is_refused(world: World, pair: tuple[Action, str]) -> None:
    action, name = pair
    before = world.fingerprint()
    for text in NO_BOOLEANS:
        refused(good_with_parameter(action, name, text).send(world), "Invalid parameter", name)
    assert world.fingerprint() == before


@pytest.mark.parametrize("pair", parameters("boolean"), ids=named)
def test_every_spelling_of_a_boolean_is_accepted(world: World, pair: tuple[Action, str]) -> None:
    for text in [*"tyfn10", "true", "True", "yes", "on", "false", "False", "no", "off"]:
        assert good_with_parameter(*pair, text).send(world).status == 200, text


@pytest.mark.parametrize("pair", parameters("array"), ids=named)
def test_a_list_of_the_wrong_length_is_refused(world: World, pair: tuple[Action, str]) -> None:
    action, name = pair
    schema = part(action, "query")["properties"][name]
    before = world.fingerprint()
    wrong = [",", ",,,,", "%2C"] if schema.get("minItems") else []
    if "maxItems" in schema:
        too_many = [f"id-{number}" for number in range(schema["maxItems"] + 1)]
        wrong += [",".join(too_many), f"&{name}=".join(too_many), ",".join(["same"] * 2000)]
    for text in wrong:
        answer = good_with_parameter(action, name, text).send(world)
        refused(answer, "Invalid API request", name)
    assert world.fingerprint() == before


@pytest.mark.parametrize("pair", parameters("array"), ids=named)
def test_odd_ids_in_a_list_are_unknown_ones(world: World, pair: tuple[Action, str]) -> None:
    before = world.fingerprint()
    for text in [*ODD_TEXTS, "a%20b", "a=b", "-,-,-"]:
        answer = good_with_parameter(*pair, text).send(world)
        assert answer.status == (204 if pair[0].http.method == "DELETE" else 404), text
    assert world.fingerprint() == before


@pytest.mark.parametrize("pair", parameters("string"), ids=named)
def test_any_text_is_a_string(world: World, pair: tuple[Action, str]) -> None:
    action, name = pair
    before = world.fingerprint()
    for text in ODD_TEXTS:
        answer = good_with_parameter(action, name, text).send(world)
        if (handler(action), name) == ("message_delete", "claim_id"):
            assert (answer.status, answer.title) == (400, "Unable to delete"), text
        else:
            assert answer.status == 200, text
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "pair", [*parameters("integer"), *parameters("boolean"), *parameters("string")], ids=named
)
def test_the_last_of_several_values_counts(world: World, pair: tuple[Action, str]) -> None:
    action, name = pair
    if (action.name, name) == ("message_delete", "claim_id"):
        request = good_with_parameter(action, name, f"unknown&claim_id={world.ids['claim_id']}")
        answer = replace(request, path={"message_id": claimed_message(world)}).send(world)
        assert answer.status == 204
        return
    request = good_with_parameter(action, name)
    alone = request.send(world)
    again = World(world.kernel, world.application)
    repeated = replace(request, query=f"{name}=@&{request.query}").send(again)
    assert repeated.status == alone.status
    empty = replace(request, query=f"{request.query}&{name}=")
    assert empty.send(World(world.kernel, world.application)).status == alone.status


def claimed_message(world: World) -> str:
    path = f"/v2/queues/plums/claims/{world.ids['claim_id']}"
    reference: str = world.send("GET", path).document["messages"][0]["href"]
    return reference.partition("?")[0].rpartition("/")[2]


def test_a_filter_can_be_anything_and_shows_in_the_link(world: World) -> None:
    for text in ODD_TEXTS:
        answer = world.send("GET", "/v2/queues", query=f"team=billing&{text}={text}")
        assert answer.status == 200, text
    answer = world.send("GET", "/v2/queues", query="team=%FF&team=billing&filters=1&filters=")
    assert answer.document["queues"] == []
    answer = world.send("GET", "/v2/queues", query="team=%FF&team=billing&detailed=1")
    [queue] = answer.document["queues"]
    assert queue["name"] == "plums"
    [link] = answer.document["links"]
    assert link["href"] == "/v2/queues?team=billing&detailed=true&marker=plums"


@pytest.mark.parametrize("query", ["", "ids=&pop=", "ids=a&pop=1", "claim_ids=a", "Pop=1"])
def test_a_deletion_of_nothing_or_of_two_kinds_is_refused(world: World, query: str) -> None:
    before = world.fingerprint()
    answer = replace(good(BY_NAME["message_delete_many"]), query=query).send(world)
    refused(answer, "Invalid API request", "ids")
    assert "pop" in answer.description
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "query", ["&" * 10_000, "a=1&" * 5000, "=", "?", "a" * 50_000, "%", "\xff=\xfe", "limit"]
)
def test_strange_queries_mean_nothing(world: World, query: str) -> None:
    path = f"/v2/queues/{world.ids['queue_name']}/messages"
    assert len(world.send("GET", path, query=query).document["messages"]) == 0
    assert world.send("GET", path, query=f"{query}&echo=1").document["messages"]
