"""The requests that the other modules spoil are good ones: a refusal is due to what they spoil."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium.actions.base import Action
from tests.badinput.requests import (
    ACTIONS,
    good,
    good_with_parameter,
    handler,
    named,
    parameters,
    schema_of,
)
from tests.badinput.world import World

EVERY_PARAMETER = [
    pair for kind in ("integer", "boolean", "string", "array") for pair in parameters(kind)
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_good_request_is_accepted(world: World, action: Action) -> None:
    answer = good(action).send(world)
    # The example of an id in a query is one of a message that does not exist.
    expected = {404} if handler(action) == "message_get_many" else range(200, 301)
    assert answer.status in expected, answer


@pytest.mark.parametrize("pair", EVERY_PARAMETER, ids=named)
def test_a_good_parameter_is_accepted(world: World, pair: tuple[Action, str]) -> None:
    action, name = pair
    answer = good_with_parameter(action, name).send(world)
    if (handler(action), name) == ("message_delete", "claim_id"):
        assert (answer.status, answer.title) == (400, "Unable to delete")  # no such claim
    else:
        assert answer.status in (200, 201, 204, 404), answer


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_parameters_that_nobody_knows_change_nothing(world: World, action: Action) -> None:
    if schema_of(action).open_query:
        answer = replace(good(action), query="unknown=1").send(world)
        assert answer.document == {f"{action.kind}s": [], "links": []}
        return
    plain = good(action).send(World(world.kernel, world.application))
    request = good(action)
    query = "&".join(filter(None, [request.query, "unknown=%00", "Limit=x", "=1", "&&"]))
    assert replace(request, query=query).send(world).status == plain.status
