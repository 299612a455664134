"""What schemas cannot say of pools: uris and options that no driver can use (rest-v2.md 10)."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any, Final

import pytest

from angarium.actions.base import Action
from tests.badinput.requests import BY_NAME, good
from tests.badinput.world import TAGGED_POOL, World

BAD_URIS: Final = [
    "",
    " ",
    "\0",
    "rack",
    "://",
    "sqlite:",
    "sqlite://",
    "sqlite:///",
    "sqlite:///\0",
    "sqlite:////dev/null/rack.db",
    " sqlite:////tmp/rack.db",
    "file:///etc/passwd",
    "http://127.0.0.1/",
    "memory://",
    "memory://a b",
    "memory://a/b",
    "memory://rack?unknown=1",
    "postgresql://127.0.0.1:1/rack",
    "postgresql://127.0.0.1:ten/rack",
    "postgresql://127.0.0.1:1/rack?unknown=1",
    "postgresql://a:b@c:d@e/f",
    "redis://",
    "redis://[::",
    "redis://127.0.0.1:1",
    "redis://127.0.0.1:0",
    "redis://127.0.0.1:65536",
    "redis://127.0.0.1:ten",
    "redis://127.0.0.1:1/rack",
    "redis://127.0.0.1:1?unknown=1",
    "redis-cluster://127.0.0.1:1",
    "é" * 255,
]
BAD_OPTIONS: Final[list[dict[str, Any]]] = [
    {"unknown": [1], "limit": "x"},
    {"": 1},
    {"\0": None},
    {"uri": "sqlite:////tmp/rack.db"},
    {"durability": None},
    {"durability": "x"},
    {"durability": 0},
    {"pool_size": 0},
    {"pool_size": -(2**63)},
    {"pool_size": 1.5},
    {"pool_size": True},
    {"pool_size": []},
    {"pool_size": {"": {}}},
    {"pool_size": 1, "deep": json.loads("[" * 150 + "]" * 150)},
]
WRITING: Final = pytest.mark.parametrize(
    "action",
    [BY_NAME["pool_create"], BY_NAME["pool_update"]],
    ids=lambda action: action.name,
)


@WRITING
def test_a_uri_that_leads_to_no_store_is_refused_and_named(world: World, action: Action) -> None:
    before = world.fingerprint()
    for uri in BAD_URIS:
        answer = good(action).with_value(("uri",), uri).send(world)
        assert (answer.status, answer.title) == (400, "Invalid request body"), uri
        assert "uri" in answer.description
    assert world.fingerprint() == before


@WRITING
def test_options_that_a_driver_cannot_use_are_refused_and_named(
    world: World, action: Action
) -> None:
    uri = f"sqlite:////dev/null/{uuid.uuid4().hex}.db"  # which is not even tried
    before = world.fingerprint()
    for options in BAD_OPTIONS:
        request = good(action).with_value(("uri",), uri)
        answer = request.with_value(("options",), options).send(world)
        assert (answer.status, answer.title) == (400, "Invalid request body"), options
        assert "option" in answer.description
    assert world.fingerprint() == before


@WRITING
def test_no_secret_of_a_uri_is_in_a_refusal(world: World, action: Action) -> None:
    for uri in ("postgresql://rack:pa55word@127.0.0.1:1/x", "redis://:pa55word@127.0.0.1:ten"):
        answer = good(action).with_value(("uri",), uri).send(world)
        assert answer.status == 400
        assert "pa55word" not in str(answer.document)


@WRITING
def test_the_uri_of_another_pool_is_a_conflict(world: World, action: Action) -> None:
    before = world.fingerprint()
    answer = good(action).with_value(("uri",), f"memory://{TAGGED_POOL}").send(world)
    assert (answer.status, answer.title) == (409, "Resource conflict")
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    ("name", "title"), [("flavor_create", "Unable to create"), ("flavor_update", "updatefail")]
)
def test_a_flavor_of_pools_that_do_not_exist_changes_nothing(
    world: World, name: str, title: str
) -> None:
    before, request = world.fingerprint(), good(BY_NAME[name])
    for absent in ("", " ", "\0", "Shelf", "shelf\n", "../shelf", "é", "😀" * 64, "a" * 500):
        answer = replace(request, body={"pool_list": [TAGGED_POOL, absent, absent]}).send(world)
        assert (answer.status, answer.title) == (400, title), absent
        assert f"error:Pool {absent} does not exist" in answer.description
    assert world.fingerprint() == before


def test_what_a_flavor_could_do_is_not_read(world: World) -> None:
    before = world.fingerprint()
    for capabilities in ({"": None}, {"FIFO": "no", "\0": [1]}, {"a": {"b": [[]]}}):
        request = good(BY_NAME["flavor_create"]).with_value(("capabilities",), capabilities)
        assert request.send(world).status == 201
    assert world.fingerprint() == before
