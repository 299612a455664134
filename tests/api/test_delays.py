"""Delayed queues (``rest-v2.md`` 7.2, 7.3; ``storage-semantics.md`` 9)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, claim, messages, ok, post, refused, totals
from tests.api.kinds import mirrored
from tests.servers import TestClock


def listed(api: Api, queue: str, **query: Any) -> list[Any]:
    """The bodies that a listing shows without ``include_delayed``."""
    return bodies(messages(api, queue, **{"include_delayed": "false", **query}))


@pytest.fixture
def delayed(api: Api, queue: str) -> str:
    """A queue that delays messages by 100 seconds."""
    ok(api.queue_create(queue, {"_default_message_delay": 100}), 201)
    return queue


def test_a_delayed_message_is_there_and_unavailable(api: Api, delayed: str) -> None:
    [message_id] = post(api, delayed, "later")
    assert listed(api, delayed) == []
    assert listed(api, delayed, include_delayed="true") == ["later"]
    ok(api.claim_create(delayed), 204)
    assert ok(api.message_delete_many(delayed, pop=1), 200)["messages"] == []
    assert ok(api.message_get(delayed, message_id), 200)["body"] == "later"
    assert totals(api, delayed) == (1, 0, 1)


@mirrored
def test_statistics_of_delayed_messages_only(api: Api, delayed: str) -> None:
    """Storage conformance scenario 17."""
    ids = post(api, delayed, 1, 2, 3)
    statistics = ok(api.queue_get_stats(delayed), 200)["messages"]
    assert (statistics["free"], statistics["claimed"], statistics["total"]) == (3, 0, 3)
    assert statistics["oldest"]["href"].endswith(ids[0])
    assert statistics["newest"]["href"].endswith(ids[2])


def test_it_becomes_available_at_its_posting_position(
    api: Api, delayed: str, clock: TestClock
) -> None:
    """Storage conformance scenario 4, and what follows."""
    for body, delay in (("a", 0), ("b", 30), ("c", 0), ("d", 90)):
        ok(api.message_post(delayed, {"body": body, "delay": delay}), 201)
    assert listed(api, delayed) == ["a", "c"]
    first, claimed = claim(api, delayed)
    assert bodies(claimed) == ["a", "c"]
    ok(api.claim_delete(delayed, first), 204)
    clock.advance(30)
    assert listed(api, delayed) == ["a", "b", "c"]
    clock.advance(50)
    assert listed(api, delayed) == ["a", "b", "c"]
    clock.advance(10)
    assert bodies(claim(api, delayed)[1]) == ["a", "b", "c", "d"]


@mirrored
def test_the_default_delay_is_that_of_the_queue(api: Api, delayed: str, clock: TestClock) -> None:
    ok(api.message_post(delayed, {"body": "default"}, {"body": "none", "delay": 0}), 201)
    assert listed(api, delayed) == ["none"]
    clock.advance(90)
    assert listed(api, delayed) == ["none"]
    clock.advance(10)
    assert listed(api, delayed) == ["default", "none"]


@mirrored
@pytest.mark.parametrize(
    ("delay", "title"),
    [
        (-1, "Invalid API request"),
        (901, "Invalid API request"),
        (2**63 - 1, "Invalid API request"),
        ("30", "Invalid request body"),
        (30.0, "Invalid request body"),
        (True, "Invalid request body"),
        (None, "Invalid request body"),
        ([], "Invalid request body"),
    ],
)
def test_bad_delays_store_nothing(api: Api, delayed: str, delay: Any, title: str) -> None:
    answer = api.message_post(delayed, {"body": 1}, {"body": 2, "delay": delay})
    refused(answer, 400, title)
    assert totals(api, delayed) == (0, 0, 0)


@mirrored
@pytest.mark.parametrize("delay", [0, 1, 900])
def test_the_ends_of_the_range(api: Api, delayed: str, delay: int) -> None:
    ok(api.message_post(delayed, {"body": 1, "delay": delay}), 201)


@mirrored
def test_the_range_comes_from_the_options(limited: Api, queue: str) -> None:
    ok(limited.queue_create(queue, {"_default_message_delay": 20}), 201)
    ok(limited.message_post(queue, {"body": 1, "delay": 50}), 201)
    refused(limited.message_post(queue, {"body": 1, "delay": 51}), 400, "Invalid API request")


def test_the_option_itself_delays_nothing(limited: Api, queue: str) -> None:
    ok(limited.queue_create(queue), 201)
    assert ok(limited.queue_get(queue), 200)["_default_message_delay"] == 7
    ok(limited.message_post(queue, {"body": 1, "delay": 50}), 201)
    claim(limited, queue, limit=1)


@mirrored
def test_delay_counts_within_the_ttl(api: Api, delayed: str, clock: TestClock) -> None:
    """A message may expire while it is delayed."""
    ok(api.message_post(delayed, {"body": "never", "ttl": 60, "delay": 500}), 201)
    clock.advance(60)
    assert totals(api, delayed) == (0, 0, 0)
    clock.advance(440)
    assert messages(api, delayed) == []


@mirrored
def test_links_of_a_delayed_queue_add_nothing(api: Api, delayed: str) -> None:
    ok(api.message_post(delayed, {"body": 1, "delay": 0}, {"body": 2}), 201)
    [link] = ok(api.message_list(delayed, echo="true"), 200)["links"]
    assert set(parse_qs(urlsplit(link["href"]).query)) == {"echo", "marker"}
    answer = api.message_list(delayed, echo="true", include_delayed="true")
    [link] = ok(answer, 200)["links"]
    query = parse_qs(urlsplit(link["href"]).query)
    assert query["include_delayed"] == ["true"]


@mirrored
def test_delayed_messages_do_not_shorten_pages(api: Api, delayed: str) -> None:
    for number in range(30):
        delay = 0 if number % 3 == 0 else 500
        ok(api.message_post(delayed, {"body": number, "delay": delay}), 201)
    assert listed(api, delayed, limit=8) == list(range(0, 24, 3))


@mirrored
def test_purge_and_deletion_take_delayed_messages(api: Api, delayed: str) -> None:
    first, second, third = post(api, delayed, 1, 2, 3)
    ok(api.message_delete(delayed, first), 204)
    ok(api.message_delete_many(delayed, ids=second), 204)
    assert totals(api, delayed) == (1, 0, 1)
    ok(api.queue_purge(delayed), 204)
    refused(api.message_get(delayed, third), 404, "Not found")


def test_a_queue_that_is_delayed_no_longer(api: Api, delayed: str, clock: TestClock) -> None:
    """Messages keep the delay they were posted with; new ones have none, asked for or not."""
    post(api, delayed, "old")
    path = "/metadata/_default_message_delay"
    ok(api.queue_update(delayed, [{"op": "replace", "path": path, "value": 0}]), 200)
    ok(api.message_post(delayed, {"body": "new", "delay": 500}), 201)
    assert listed(api, delayed) == ["old", "new"]  # nothing is hidden for delay here
    assert bodies(claim(api, delayed)[1]) == ["new"]
    clock.advance(100)
    assert bodies(claim(api, delayed)[1]) == ["old"]
