"""Pools (``rest-v2.md`` 10)."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, follow, messages, ok, post, refused

INVALID = "Invalid request body"
UNREACHABLE = "postgresql://angarium:pa55word@127.0.0.1:1/none"


@pytest.fixture
def tag() -> str:
    """A flavor that no other test uses."""
    return f"flavor-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def uri(tmp_path: Path) -> Callable[[], str]:
    """Makes uris of stores that are ready to be pools."""
    return lambda: f"sqlite:///{tmp_path}/{uuid.uuid4().hex}.db"


def name() -> str:
    return f"pool-{uuid.uuid4().hex[:12]}"


def snapshot(api: Api) -> list[dict[str, Any]]:
    return follow(api, api.pool_list(detailed="true"), "pools")


def test_the_life_of_a_pool(pooled: Api, tag: str, uri: Callable[[], str]) -> None:
    pool, where = name(), uri()
    body = {"uri": where, "weight": 40, "flavor": tag, "options": {}}
    answer = pooled.pool_create(pool, body)
    ok(answer, 201)
    assert answer.headers["location"] == f"/v2/pools/{pool}"
    assert answer.body is None
    shown = {"name": pool, "href": f"/v2/pools/{pool}", "uri": where, "weight": 40, "flavor": tag}
    assert ok(pooled.pool_get(pool), 200) == shown
    assert ok(pooled.pool_get(pool, detailed="true"), 200) == {**shown, "options": {}}
    assert ok(pooled.pool_update(pool, {"weight": 7, "unknown": None}), 200) == {
        **shown,
        "weight": 7,
    }
    assert ok(pooled.pool_update(pool, {"flavor": ""}), 200)["flavor"] is None
    ok(pooled.pool_create(pool, {"uri": where, "weight": 2, "flavor": tag}), 201)
    ok(pooled.pool_update(pool, {"flavor": ""}), 200)
    ok(pooled.pool_delete(pool), 204)
    ok(pooled.pool_delete(pool), 204)
    refused(pooled.pool_get(pool), 404, "Not found")


def test_pools_are_listed_by_name(pooled: Api, tag: str, uri: Callable[[], str]) -> None:
    base = name()
    names = [f"{base}-{number:02}" for number in range(12)]
    for each in reversed(names):
        ok(pooled.pool_create(each, {"uri": uri(), "weight": 1, "flavor": tag}), 201)
    answer = pooled.pool_list(marker=base, limit=5)
    page = ok(answer, 200)
    assert [it["name"] for it in page["pools"]] == names[:5]
    assert answer.headers["content-location"] == f"/v2/pools?marker={base}&limit=5"
    assert page["links"] == [{"rel": "next", "href": f"/v2/pools?limit=5&marker={names[4]}"}]
    assert "options" not in page["pools"][0]
    default = ok(pooled.pool_list(marker=base), 200)
    assert len(default["pools"]) == 10
    found = [it["name"] for it in follow(pooled, answer, "pools")]
    assert found[:12] == names
    empty = ok(pooled.pool_list(marker="\U0010ffff"), 200)
    assert empty == {"pools": [], "links": []}
    assert pooled.pool_list().headers["content-location"] == "/v2/pools"


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ({"limit": 0}, "Invalid API request"),
        ({"limit": 16}, "Invalid API request"),
        ({"limit": "x"}, "Invalid parameter"),
        ({"detailed": "maybe"}, "Invalid parameter"),
    ],
)
def test_bad_queries(pooled: Api, query: dict[str, Any], title: str) -> None:
    refused(pooled.pool_list(**query), 400, title)
    refused(pooled.flavor_list(**query), 400, title)


GOOD = {"uri": "sqlite:////tmp/angarium-never-made.db", "weight": 1}
BAD: list[Any] = [
    b"{",
    b"",
    [],
    {},
    {"uri": GOOD["uri"]},
    {"weight": 1},
    {**GOOD, "weight": -1},
    {**GOOD, "weight": 2**32},
    {**GOOD, "weight": True},
    {**GOOD, "weight": 1.0},
    {**GOOD, "weight": "1"},
    {**GOOD, "weight": None},
    {**GOOD, "uri": None},
    {**GOOD, "uri": 5},
    {**GOOD, "uri": "sqlite:////tmp/" + "x" * 241},
    {**GOOD, "uri": ""},
    {**GOOD, "uri": "no uri at all"},
    {**GOOD, "uri": "gopher://127.0.0.1/x"},
    {**GOOD, "uri": "sqlite:///:memory:"},
    {**GOOD, "uri": UNREACHABLE},
    {**GOOD, "flavor": None},
    {**GOOD, "flavor": "f" * 256},
    {**GOOD, "flavor": 1},
    {**GOOD, "options": None},
    {**GOOD, "options": []},
    {**GOOD, "group": "unknown"},
]


def test_a_bad_pool_is_refused_and_nothing_changes(pooled: Api) -> None:
    before = snapshot(pooled)
    for body in BAD:
        answer = refused(pooled.pool_create(name(), body), 400, INVALID)
        assert "pa55word" not in answer.body["description"]
    assert snapshot(pooled) == before
    assert "pa55word" not in pooled.server.log


BAD_UPDATES: list[Any] = [
    b"{",
    b"",
    [],
    {},
    {"unknown": 1},
    {"weight": -1},
    {"weight": None},
    {"uri": None},
    {"uri": "gopher://x"},
    {"uri": UNREACHABLE},
    {"flavor": None},
    {"flavor": "f" * 256},
    {"options": None},
]


def test_a_bad_update_is_refused_and_nothing_changes(
    pooled: Api, tag: str, uri: Callable[[], str]
) -> None:
    pool = name()
    ok(pooled.pool_create(pool, {"uri": uri(), "weight": 1, "flavor": tag}), 201)
    before = ok(pooled.pool_get(pool, detailed="true"), 200)
    for body in BAD_UPDATES:
        refused(pooled.pool_update(pool, body), 400, INVALID)
    assert ok(pooled.pool_get(pool, detailed="true"), 200) == before


def test_the_body_is_looked_at_before_existence(pooled: Api) -> None:
    refused(pooled.pool_update("absent", {}), 400, INVALID)
    refused(pooled.pool_update("absent", {"weight": 1}), 404, "Not found")


def test_a_body_that_is_too_large(pooled: Api) -> None:
    body = b'{"weight": 1, "uri": "' + b"x" * 66000 + b'"}'
    refused(pooled.pool_create(name(), body), 400, "Invalid API request")


def test_a_uri_belongs_to_one_pool(pooled: Api, tag: str, uri: Callable[[], str]) -> None:
    first, second, where = name(), name(), uri()
    ok(pooled.pool_create(first, {"uri": where, "weight": 1, "flavor": tag}), 201)
    conflict = pooled.pool_create(second, {"uri": where, "weight": 1, "flavor": tag})
    refused(conflict, 409, "Resource conflict")
    refused(pooled.pool_get(second), 404, "Not found")
    ok(pooled.pool_create(second, {"uri": uri(), "weight": 1, "flavor": tag}), 201)
    before = ok(pooled.pool_get(second), 200)
    refused(pooled.pool_update(second, {"uri": where}), 409, "Resource conflict")
    assert ok(pooled.pool_get(second), 200) == before


def test_pools_of_one_flavor_offer_the_same(pooled: Api, tag: str, uri: Callable[[], str]) -> None:
    first, second, other = name(), name(), uri()
    ok(pooled.pool_create(first, {"uri": uri(), "weight": 1, "flavor": tag}), 201)
    weaker = {"uri": other, "weight": 1, "flavor": tag, "options": {"durability": False}}
    refused(pooled.pool_create(second, weaker), 400, "Unable to create pool")
    refused(pooled.pool_get(second), 404, "Not found")
    ok(pooled.pool_create(second, {**weaker, "flavor": f"{tag}-other"}), 201)
    refused(pooled.pool_update(second, {"flavor": tag}), 400, "Unable to create pool")
    assert ok(pooled.pool_get(second), 200)["flavor"] == f"{tag}-other"


def test_a_pool_that_is_needed_is_not_deleted(
    pooled: Api, tag: str, uri: Callable[[], str], queue: str
) -> None:
    first, second = name(), name()
    ok(pooled.pool_create(first, {"uri": uri(), "weight": 1}), 201)
    ok(pooled.flavor_create(tag, {"pool_list": [first]}), 201)
    refused(pooled.pool_delete(first), 403, "Unable to delete")
    ok(pooled.queue_create(queue, {"_flavor": tag}), 201)
    ok(pooled.pool_create(second, {"uri": uri(), "weight": 0, "flavor": tag}), 201)
    refused(pooled.pool_delete(first), 403, "Unable to delete")
    ok(pooled.queue_delete(queue), 204)
    ok(pooled.pool_delete(first), 204)
    refused(pooled.pool_delete(second), 403, "Unable to delete")


def test_names_are_any_segment(pooled: Api, tag: str, uri: Callable[[], str]) -> None:
    odd = f"Größe {uuid.uuid4().hex[:6]} & more"
    where = uri()
    answer = pooled.pool_create(odd, {"uri": where, "weight": 0, "flavor": tag})
    ok(answer, 201)
    href = answer.headers["location"]
    assert ok(pooled.call("GET", href), 200)["name"] == odd
    assert ok(pooled.pool_get(odd), 200)["href"] == href


def test_there_is_no_pool_without_a_name(pooled: Api) -> None:
    refused(pooled.pool_create("", GOOD), 400, "Invalid API request")
    refused(pooled.pool_get(""), 404, "Not found")
    refused(pooled.pool_update("", {"weight": 1}), 404, "Not found")
    ok(pooled.pool_delete(""), 204)


def test_the_longest_names_fit_into_every_store(pooled: Api, uri: Callable[[], str]) -> None:
    longest = "".join(random.Random(1).choices("😀🍎🍐🍊🍋🍌🍉🍇", k=255))
    ok(pooled.pool_create(longest, {"uri": uri(), "weight": 0, "flavor": longest}), 201)
    project = uuid.uuid4().hex * 8
    farthest = Api(pooled.server, project, headers={"X-Roles": "admin"})
    ok(farthest.flavor_create(longest, {"pool_list": [longest]}), 201)
    assert ok(farthest.flavor_get(longest), 200)["pool_list"] == [longest]
    ok(farthest.flavor_delete(longest), 204)
    ok(farthest.pool_delete(longest), 204)
    too_long = "".join(random.Random(2).choices("abcdefghijklmnopqrstuvwxyz", k=6000))
    for name_ in (longest + "🍓", too_long):
        refused(pooled.pool_create(name_, {"uri": uri(), "weight": 0}), 400, "Invalid API request")
        refused(pooled.flavor_create(name_, {"pool_list": [longest]}), 400, "Invalid API request")
        refused(pooled.pool_get(name_), 404, "Not found")
        refused(pooled.pool_update(name_, {"weight": 1}), 404, "Not found")
        refused(pooled.flavor_get(name_), 404, "Not found")
        ok(pooled.pool_delete(name_), 204)
        ok(pooled.flavor_delete(name_), 204)


def test_only_administrators_see_pools(pooled: Api) -> None:
    nobody = Api(pooled.server)
    for answer in (
        nobody.pool_list(),
        nobody.pool_get("p"),
        nobody.pool_create("p", b"{"),
        nobody.pool_update("p", {"weight": 1}),
        nobody.pool_delete("p"),
    ):
        refused(answer, 403, "Not authorized")


def test_methods(pooled: Api) -> None:
    for path, allowed in (
        ("/v2/pools", "GET"),
        ("/v2/pools/p", "DELETE, GET, PATCH, PUT"),
        ("/v2/flavors", "GET"),
        ("/v2/flavors/f", "DELETE, GET, PATCH, PUT"),
    ):
        answer = pooled.call("POST", path)
        assert (answer.status, answer.headers["allow"]) == (405, f"{allowed}, OPTIONS")
        assert pooled.call("OPTIONS", path).headers["allow"] == allowed


def test_without_admin_mode_or_pooling_there_are_none(api: Api, admin: Api) -> None:
    for path in ("/v2/pools", "/v2/pools/p", "/v2/flavors", "/v2/flavors/f"):
        for client in (api, admin):
            answer = client.call("GET", path, headers={"X-Roles": "admin"})
            assert (answer.status, answer.body) == (404, {"title": "404 Not Found"})


def test_a_new_uri_counts_for_the_next_request(
    pooled: Api, tag: str, uri: Callable[[], str], queue: str
) -> None:
    pool, first, second = name(), uri(), uri()
    ok(pooled.pool_create(pool, {"uri": first, "weight": 1}), 201)
    ok(pooled.flavor_create(tag, {"pool_list": [pool]}), 201)
    ok(pooled.queue_create(queue, {"_flavor": tag}), 201)
    post(pooled, queue, "old")
    assert ok(pooled.pool_update(pool, {"uri": second}), 200)["uri"] == second
    assert messages(pooled, queue) == []
    post(pooled, queue, "new")
    ok(pooled.pool_update(pool, {"uri": first}), 200)
    assert bodies(messages(pooled, queue)) == ["old"]


def test_health_and_ping_look_at_every_pool(pooled: Api, tag: str, uri: Callable[[], str]) -> None:
    pool = name()
    ok(pooled.pool_create(pool, {"uri": uri(), "weight": 0, "flavor": tag}), 201)
    ok(pooled.ping_node(), 204)
    report = ok(pooled.check_node_health(), 200)
    assert report["catalog_reachable"] is True
    assert report[pool]["storage_reachable"] is True
    assert report[pool]["message_volume"] == {"free": 0, "claimed": 0, "total": 0}
    assert len(report[pool]["operation_status"]) == 8
    assert all(probe["succeeded"] for probe in report[pool]["operation_status"].values())
