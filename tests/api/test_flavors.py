"""Flavors (``rest-v2.md`` 11)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, follow, messages, ok, post, refused

OFFERED = ["FIFO", "CLAIMS", "DURABILITY", "AOD"]
"""What an SQLite file with its defaults does, in the order of the contract."""


@pytest.fixture
def flavor() -> str:
    """A flavor that no other test uses."""
    return f"flavor-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def pools(pooled: Api, tmp_path: Path) -> list[str]:
    """Three pools, which no queue gets that has no flavor."""
    base = f"pool-{uuid.uuid4().hex[:12]}"
    names = [f"{base}-{number}" for number in range(3)]
    for name in names:
        body = {"uri": f"sqlite:///{tmp_path}/{name}.db", "weight": 1, "flavor": f"spare-{name}"}
        ok(pooled.pool_create(name, body), 201)
    return names


def patch(op: str, key: str, value: Any = None) -> list[dict[str, Any]]:
    return [{"op": op, "path": f"/metadata/{key}", "value": value}]


def test_the_life_of_a_flavor(pooled: Api, flavor: str, pools: list[str]) -> None:
    first, second, third = pools
    answer = pooled.flavor_create(flavor, {"pool_list": [first, second], "capabilities": {"a": 1}})
    ok(answer, 201)
    assert answer.headers["location"] == f"/v2/flavors/{flavor}"
    assert answer.body is None
    shown = {
        "name": flavor,
        "href": f"/v2/flavors/{flavor}",
        "pool_list": [first, second],
        "capabilities": OFFERED,
    }
    assert ok(pooled.flavor_get(flavor), 200) == shown
    assert ok(pooled.pool_get(first), 200)["flavor"] == flavor
    updated = pooled.flavor_update(flavor, {"pool_list": [second, third], "unknown": 1})
    assert ok(updated, 200) == {**shown, "pool_list": [second, third]}
    assert ok(pooled.pool_get(first), 200)["flavor"] is None
    ok(pooled.pool_update(first, {"flavor": f"spare-{first}"}), 200)
    ok(pooled.flavor_create(flavor, {"pool_list": [second]}), 201)
    assert ok(pooled.pool_get(third), 200)["flavor"] is None
    ok(pooled.pool_update(third, {"flavor": f"spare-{third}"}), 200)
    ok(pooled.flavor_delete(flavor), 204)
    ok(pooled.flavor_delete(flavor), 204)
    assert ok(pooled.pool_get(second), 200)["flavor"] is None
    ok(pooled.pool_update(second, {"flavor": f"spare-{second}"}), 200)
    refused(pooled.flavor_get(flavor), 404, "Not found")


def test_flavors_are_listed_by_name_in_their_project(
    pooled: Api, flavor: str, pools: list[str]
) -> None:
    names = [f"{flavor}-{number}" for number in range(3)]
    for name, pool in zip(reversed(names), pools, strict=True):
        ok(pooled.flavor_create(name, {"pool_list": [pool]}), 201)
    page = ok(pooled.flavor_list(limit=2), 200)
    assert page == {
        "flavors": [
            {"name": names[0], "href": f"/v2/flavors/{names[0]}", "pool_list": [pools[2]]},
            {"name": names[1], "href": f"/v2/flavors/{names[1]}", "pool_list": [pools[1]]},
        ],
        "links": [{"rel": "next", "href": f"/v2/flavors?limit=2&marker={names[1]}"}],
    }
    detailed = ok(pooled.flavor_list(detailed="true"), 200)["flavors"]
    assert [it["capabilities"] for it in detailed] == [OFFERED] * 3
    assert [it["name"] for it in follow(pooled, pooled.flavor_list(limit=1), "flavors")] == names
    stranger = Api(pooled.server, headers={"X-Roles": "admin"})
    assert ok(stranger.flavor_list(), 200) == {"flavors": [], "links": []}
    refused(stranger.flavor_get(names[0]), 404, "Not found")


def test_a_flavor_without_pools_is_shown_without_a_list_of_them(
    pooled: Api, flavor: str, pools: list[str]
) -> None:
    ok(pooled.flavor_create(flavor, {"pool_list": [pools[0]]}), 201)
    ok(pooled.pool_update(pools[0], {"flavor": f"spare-{pools[0]}"}), 200)
    [item] = ok(pooled.flavor_list(), 200)["flavors"]
    assert item == {"name": flavor, "href": f"/v2/flavors/{flavor}"}
    shown = ok(pooled.flavor_get(flavor), 200)
    assert (shown["pool_list"], shown["capabilities"]) == ([], [])


BAD_SHAPES: list[Any] = [
    b"{",
    b"",
    [],
    {},
    {"pool_list": None},
    {"pool_list": "p"},
    {"pool_list": [1]},
    {"pool_list": [None]},
    {"pool_list": {"a": 1}},
]


def test_bad_bodies(pooled: Api, flavor: str) -> None:
    for body in BAD_SHAPES:
        refused(pooled.flavor_create(flavor, body), 400, "Invalid request body")
        refused(pooled.flavor_update(flavor, body), 400, "Invalid request body")
    refused(pooled.flavor_get(flavor), 404, "Not found")


def test_more_bad_bodies(pooled: Api, flavor: str, pools: list[str]) -> None:
    for more in ({"unknown": 1}, {"capabilities": []}, {"capabilities": None}):
        body = {"pool_list": pools[:1], **more}
        refused(pooled.flavor_create(flavor, body), 400, "Invalid request body")
    refused(pooled.flavor_create(flavor, {"pool_list": []}), 400, "Unable to create")
    refused(pooled.flavor_update(flavor, {"pool_list": []}), 400, "Unable to create")
    refused(pooled.flavor_update(flavor, {"pool_list": pools}), 404, "Not found")
    refused(pooled.flavor_create("", {"pool_list": pools}), 400, "Invalid API request")


def test_a_missing_pool_is_named_in_exactly_these_words(
    pooled: Api, flavor: str, pools: list[str]
) -> None:
    answer = pooled.flavor_create(flavor, {"pool_list": [pools[0], "rack-9"]})
    ok(answer, 400)
    assert answer.body == {
        "title": "Unable to create",
        "description": f"Flavor {flavor} could not be created, error:Pool rack-9 does not exist",
    }
    nameless = ok(pooled.flavor_create(flavor, {"pool_list": [""]}), 400)["description"]
    assert nameless == f"Flavor {flavor} could not be created, error:Pool  does not exist"
    assert ok(pooled.pool_get(pools[0]), 200)["flavor"] == f"spare-{pools[0]}"
    refused(pooled.flavor_get(flavor), 404, "Not found")
    ok(pooled.flavor_create(flavor, {"pool_list": [pools[0]]}), 201)
    refused(pooled.flavor_update(flavor, {"pool_list": ["rack-9"]}), 400, "updatefail")
    assert ok(pooled.flavor_get(flavor), 200)["pool_list"] == [pools[0]]


def test_everybody_reads_and_administrators_write(
    pooled: Api, flavor: str, pools: list[str]
) -> None:
    ok(pooled.flavor_create(flavor, {"pool_list": pools[:1]}), 201)
    reader = Api(pooled.server, pooled.project)
    assert ok(reader.flavor_get(flavor), 200)["pool_list"] == pools[:1]
    assert len(ok(reader.flavor_list(), 200)["flavors"]) == 1
    refused(reader.flavor_create(flavor, b"{"), 403, "Not authorized")
    refused(reader.flavor_update(flavor, {"pool_list": pools}), 403, "Not authorized")
    refused(reader.flavor_delete(flavor), 403, "Not authorized")


# --- Effect on queues (11.6) ----------------------------------------------------------------------


def test_queues_with_flavors(pooled: Api, flavor: str, pools: list[str], queue: str) -> None:
    other = f"{flavor}-other"
    ok(pooled.flavor_create(flavor, {"pool_list": pools[:1]}), 201)
    ok(pooled.flavor_create(other, {"pool_list": pools[1:2]}), 201)
    ok(pooled.queue_create(queue, {"_flavor": flavor}), 201)
    assert ok(pooled.queue_get(queue), 200)["_flavor"] == flavor
    assert pooled.queue_create(queue, {"_flavor": other}).status == 204
    assert ok(pooled.queue_get(queue), 200)["_flavor"] == flavor
    post(pooled, queue, "a")
    moved = patch("replace", "_flavor", other)
    refused(pooled.queue_update(queue, moved), 409, "Resource conflict")
    assert bodies(messages(pooled, queue)) == ["a"]
    ok(pooled.queue_purge(queue, {"resource_types": ["messages"]}), 204)
    assert ok(pooled.queue_update(queue, moved), 200)["_flavor"] == other
    post(pooled, queue, "b")
    assert bodies(messages(pooled, queue)) == ["b"]


def test_unknown_flavors(pooled: Api, flavor: str, pools: list[str], queue: str) -> None:
    ok(pooled.flavor_create(flavor, {"pool_list": pools[:1]}), 201)
    for unknown in ("unknown", ""):
        answer = pooled.queue_create(queue, {"_flavor": unknown})
        refused(answer, 400, "Invalid API request")
    ok(pooled.queue_create(queue, {"_flavor": flavor}), 201)
    refused(pooled.queue_update(queue, patch("replace", "_flavor", "unknown")), 404, "Not found")
    for bad in (1, True, [], {}):
        refused(pooled.queue_create(queue, {"_flavor": bad}), 400, "Invalid API request")


def test_no_pool_is_available(pooled: Api, flavor: str, pools: list[str], queue: str) -> None:
    ok(pooled.flavor_create(flavor, {"pool_list": pools[:1]}), 201)
    ok(pooled.pool_update(pools[0], {"weight": 0}), 200)
    answer = pooled.queue_create(queue, {"_flavor": flavor})
    refused(answer, 503, "Service temporarily unavailable")
    assert "retry-after" in answer.headers
