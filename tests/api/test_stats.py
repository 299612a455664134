"""Statistics and purge (``rest-v2.md`` 5.6 and 5.7)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.client import UNSET, Api
from tests.api.helpers import claim, exists, messages, ok, post, refused, totals
from tests.api.kinds import mirrored
from tests.servers import TestClock


@mirrored
def test_an_unknown_queue_has_zeros(api: Api, queue: str) -> None:
    expected = {"messages": {"free": 0, "claimed": 0, "total": 0}}
    assert ok(api.queue_get_stats(queue), 200) == expected
    assert not exists(api, queue)
    ok(api.queue_create(queue), 201)
    assert ok(api.queue_get_stats(queue), 200) == expected


def test_numbers_and_ends(api: Api, queue: str, clock: TestClock) -> None:
    ids = post(api, queue, *range(4))
    posted = int(time.time()) + clock.offset
    clock.advance(30)
    ids += post(api, queue, 4, 5)
    claim(api, queue, limit=2)
    statistics = ok(api.queue_get_stats(queue), 200)["messages"]
    assert set(statistics) == {"free", "claimed", "total", "oldest", "newest"}
    assert (statistics["free"], statistics["claimed"], statistics["total"]) == (4, 2, 6)
    for end, identifier, moment, age in (
        ("oldest", ids[0], posted, 30),
        ("newest", ids[-1], posted + 30, 0),
    ):
        document = statistics[end]
        assert set(document) == {"href", "age", "created"}
        assert document["href"] == f"/v2/queues/{queue}/messages/{identifier}"
        assert age <= document["age"] <= age + 2
        created = datetime.strptime(document["created"], "%Y-%m-%dT%H:%M:%SZ")
        assert abs(created.replace(tzinfo=UTC).timestamp() - moment) <= 2


def test_claimed_messages_qualify_as_ends(api: Api, queue: str) -> None:
    ids = post(api, queue, 1, 2)
    claim(api, queue)
    statistics = ok(api.queue_get_stats(queue), 200)["messages"]
    assert (statistics["free"], statistics["claimed"]) == (0, 2)
    assert statistics["oldest"]["href"].endswith(ids[0])
    assert statistics["newest"]["href"].endswith(ids[1])


@mirrored
def test_expired_messages_are_in_none_of_the_numbers(
    api: Api, queue: str, clock: TestClock
) -> None:
    post(api, queue, 1, ttl=60)
    [kept] = post(api, queue, 2)
    post(api, queue, 3, ttl=60)
    clock.advance(60)
    statistics = ok(api.queue_get_stats(queue), 200)["messages"]
    assert statistics["total"] == 1
    assert statistics["oldest"]["href"].endswith(kept)
    assert statistics["newest"]["href"].endswith(kept)
    clock.advance(3600)
    assert ok(api.queue_get_stats(queue), 200) == {
        "messages": {"free": 0, "claimed": 0, "total": 0}
    }


@mirrored
def test_statistics_hold_no_bodies(api: Api, queue: str) -> None:
    post(api, queue, "a secret")
    assert b"secret" not in api.queue_get_stats(queue).raw


@pytest.mark.parametrize(
    "body",
    [
        UNSET,
        b"",
        {"resource_types": ["messages", "subscriptions"]},
        {"resource_types": ["messages"]},
        {"resource_types": ["messages", "messages"]},
    ],
)
def test_purge(api: Api, queue: str, body: Any) -> None:
    ok(api.queue_create(queue, {"a": 1, "_default_message_delay": 50}), 201)
    ok(api.message_post(queue, {"body": 1, "delay": 0}, {"body": 2, "delay": 0}), 201)
    post(api, queue, "delayed")
    claim_id, _ = claim(api, queue, limit=1)
    assert totals(api, queue) == (2, 1, 3)
    status, found, _ = api.queue_purge(queue, body)
    assert (status, found) == (204, None)
    assert totals(api, queue) == (0, 0, 0)
    assert messages(api, queue) == []
    assert ok(api.queue_get(queue), 200)["a"] == 1
    ok(api.claim_delete(queue, claim_id), 204)
    ok(api.message_post(queue, {"body": "new", "delay": 0}), 201)
    assert len(claim(api, queue)[1]) == 1


@mirrored
@pytest.mark.parametrize("body", [{"resource_types": []}, {"resource_types": ["subscriptions"]}])
def test_purge_of_anything_but_messages_leaves_them(api: Api, queue: str, body: Any) -> None:
    post(api, queue, 1)
    ok(api.queue_purge(queue, body), 204)
    assert totals(api, queue) == (1, 0, 1)


@mirrored
@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({}, "Invalid API request"),
        ({"resources": ["messages"]}, "Invalid API request"),
        ({"resource_types": "messages"}, "Invalid API request"),
        ({"resource_types": None}, "Invalid API request"),
        ({"resource_types": {"messages": True}}, "Invalid API request"),
        ({"resource_types": ["message"]}, "Invalid API request"),
        ({"resource_types": ["messages", "claims"]}, "Invalid API request"),
        ({"resource_types": ["messages", 1]}, "Invalid API request"),
        ({"resource_types": [["messages"]]}, "Invalid API request"),
        (b"{", "Invalid request body"),
    ],
)
def test_bad_purges_remove_nothing(api: Api, queue: str, body: Any, title: str) -> None:
    post(api, queue, 1)
    refused(api.queue_purge(queue, body), 400, title)
    assert totals(api, queue) == (1, 0, 1)


@mirrored
def test_purge_of_an_unknown_queue(api: Api, queue: str) -> None:
    ok(api.queue_purge(queue), 204)
    assert not exists(api, queue)


@mirrored
def test_purge_removes_everything_and_of_this_queue_only(api: Api, queue: str) -> None:
    post(api, queue, *range(1500))
    post(api, f"{queue}-2", 1)
    elsewhere = api.other_project()
    post(elsewhere, queue, 1)
    ok(api.queue_purge(queue), 204)
    assert totals(api, queue) == (0, 0, 0)
    assert totals(api, f"{queue}-2") == (1, 0, 1)
    assert totals(elsewhere, queue) == (1, 0, 1)
