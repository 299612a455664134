"""Messages: post, list, get, delete (``rest-v2.md`` 7.1 to 7.6)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.client import Api
from tests.api.helpers import (
    bodies,
    claim,
    exists,
    follow,
    last_segment,
    messages,
    ok,
    post,
    refused,
    totals,
)
from tests.api.kinds import mirrored
from tests.servers import TestClock


@mirrored
def test_post(api: Api, queue: str) -> None:
    status, body, headers = api.message_post(
        queue, {"ttl": 600, "body": {"invoice": 7731}}, {"body": "reprint"}, {"body": None}
    )
    assert status == 201
    assert set(body) == {"resources"}
    base = f"{api.path(queue)}/messages"
    ids = [last_segment(path) for path in body["resources"]]
    assert body["resources"] == [f"{base}/{identifier}" for identifier in ids]
    assert headers["location"] == f"{base}?ids={','.join(ids)}"
    assert len(set(ids)) == 3
    assert not any(set(identifier) & set("/?&=, \t") for identifier in ids)


@mirrored
def test_a_message_document(api: Api, queue: str) -> None:
    [message_id] = post(api, queue, {"invoice": 7731, "customer": "Zoë"}, ttl=600)
    document = ok(api.message_get(queue, message_id), 200)
    assert 0 <= document.pop("age") <= 2
    assert document == {
        "id": message_id,
        "href": f"{api.path(queue)}/messages/{message_id}",
        "ttl": 600,
        "body": {"invoice": 7731, "customer": "Zoë"},
    }


@mirrored
def test_age_counts_from_the_post(api: Api, queue: str, clock: TestClock) -> None:
    [message_id] = post(api, queue, 1)
    clock.advance(45)
    assert 45 <= ok(api.message_get(queue, message_id), 200)["age"] <= 47


@mirrored
@pytest.mark.parametrize(("ttl", "shown"), [(60, 60), (3601, 3601), (1209600, 1209600)])
def test_ttl(api: Api, queue: str, ttl: int, shown: int) -> None:
    [message_id] = post(api, queue, 1, ttl=ttl)
    assert ok(api.message_get(queue, message_id), 200)["ttl"] == shown


@mirrored
def test_the_default_ttl_is_the_queues_and_then_the_options(api: Api, queue: str) -> None:
    post(api, f"{queue}-plain", 1)
    assert [it["ttl"] for it in messages(api, f"{queue}-plain")] == [3600]
    ok(api.queue_create(queue, {"_default_message_ttl": 61}), 201)
    ok(api.message_post(queue, {"body": 1}, {"body": 2, "ttl": 62}), 201)
    assert [it["ttl"] for it in messages(api, queue)] == [61, 62]


@mirrored
def test_defaults_and_ranges_come_from_the_options(limited: Api, queue: str) -> None:
    [message_id] = post(limited, queue, 1)
    assert ok(limited.message_get(queue, message_id), 200)["ttl"] == 120
    post(limited, queue, 1, ttl=1000)
    refused(limited.message_post(queue, {"body": 1, "ttl": 1001}), 400, "Invalid API request")


BAD_POSTS: list[tuple[Any, str]] = [
    ({}, "Invalid API request"),
    ([], "Invalid API request"),
    ({"message": [{"body": 1}]}, "Invalid API request"),
    ({"messages": []}, "Invalid API request"),
    ({"messages": None}, "Invalid request body"),
    ({"messages": {"body": 1}}, "Invalid request body"),
    ({"messages": "text"}, "Invalid request body"),
    ({"messages": 5}, "Invalid request body"),
    ({"messages": [1]}, "Invalid request body"),
    ({"messages": [None]}, "Invalid request body"),
    ({"messages": [[{"body": 1}]]}, "Invalid request body"),
    ({"messages": [{}]}, "Invalid request body"),
    ({"messages": [{"ttl": 60}]}, "Invalid request body"),
    ({"messages": [{"Body": 1}]}, "Invalid request body"),
    ({"messages": [{"body": 1, "ttl": None}]}, "Invalid request body"),
    ({"messages": [{"body": 1, "ttl": "60"}]}, "Invalid request body"),
    ({"messages": [{"body": 1, "ttl": 60.0}]}, "Invalid request body"),
    ({"messages": [{"body": 1, "ttl": True}]}, "Invalid request body"),
    ({"messages": [{"body": 1, "ttl": []}]}, "Invalid request body"),
    ({"messages": [{"body": 1, "ttl": 59}]}, "Invalid API request"),
    ({"messages": [{"body": 1, "ttl": 0}]}, "Invalid API request"),
    ({"messages": [{"body": 1, "ttl": -60}]}, "Invalid API request"),
    ({"messages": [{"body": 1, "ttl": 1209601}]}, "Invalid API request"),
    ({"messages": [{"body": 1, "ttl": 2**63 - 1}]}, "Invalid API request"),
    ({"messages": [{"body": 1}, {"body": 2, "ttl": 1}]}, "Invalid API request"),
    ({"messages": [{"body": 1}] * 50 + [{}]}, "Invalid request body"),
]


@mirrored
@pytest.mark.parametrize(("body", "title"), BAD_POSTS)
def test_a_bad_post_stores_nothing_and_makes_no_queue(
    api: Api, queue: str, body: Any, title: str
) -> None:
    target = f"{api.path(queue)}/messages"
    refused(api.call("POST", target, body), 400, title)
    assert not exists(api, queue)
    post(api, queue, "before")
    refused(api.call("POST", target, body), 400, title)
    assert bodies(messages(api, queue)) == ["before"]


@mirrored
def test_a_valid_post_makes_the_queue(api: Api, queue: str) -> None:
    post(api, queue, 1)
    assert exists(api, queue)


@mirrored
def test_the_number_of_messages_is_limited_by_the_size_only(api: Api, queue: str) -> None:
    ids = post(api, queue, *range(2000))
    assert len(set(ids)) == 2000
    assert totals(api, queue) == (2000, 0, 2000)
    listed = follow(api, api.message_list(queue, echo="true", limit=20), "messages")
    assert bodies(listed) == list(range(2000))
    assert [it["id"] for it in listed] == ids


@mirrored
def test_a_queue_can_lower_the_size_of_posts(api: Api, queue: str) -> None:
    ok(api.queue_create(queue, {"_max_messages_post_size": 100}), 201)
    document = b'{"messages": [{"body": 1}]}'
    target = f"{api.path(queue)}/messages"
    ok(api.call("POST", target, document.ljust(100)), 201)
    refused(api.call("POST", target, document.ljust(101)), 400, "Invalid API request")
    refused(api.call("POST", target, b"[".ljust(101)), 400, "Invalid API request")
    assert totals(api, queue)[2] == 1


def test_delay_is_dropped_unread_on_a_queue_that_is_not_delayed(api: Api, queue: str) -> None:
    delays: list[Any] = [600, 0, -1, 901, "x", None, [], 1.5]
    for delay in delays:
        ok(api.message_post(queue, {"body": 1, "delay": delay}), 201)
    _, claimed = claim(api, queue, limit=20)
    assert len(claimed) == 8
    assert all("delay" not in message for message in claimed)


# Listing


@mirrored
def test_an_unknown_queue_lists_empty_and_is_not_created(api: Api, queue: str) -> None:
    assert ok(api.message_list(queue), 200) == {"messages": [], "links": []}
    assert not exists(api, queue)


@mirrored
def test_own_messages_are_listed_with_echo_only(api: Api, queue: str) -> None:
    other = api.other_client()
    post(api, queue, "mine")
    post(other, queue, "theirs")
    assert bodies(ok(api.message_list(queue), 200)["messages"]) == ["theirs"]
    assert bodies(ok(api.message_list(queue, echo="false"), 200)["messages"]) == ["theirs"]
    assert bodies(ok(api.message_list(queue, echo="true"), 200)["messages"]) == ["mine", "theirs"]
    assert bodies(ok(other.message_list(queue), 200)["messages"]) == ["mine"]


def test_claimed_messages_are_listed_on_demand(api: Api, queue: str) -> None:
    post(api, queue, *range(4))
    claim_id, _ = claim(api, queue, limit=2)
    assert bodies(ok(api.message_list(queue, echo="true"), 200)["messages"]) == [2, 3]
    listed = ok(api.message_list(queue, echo="true", include_claimed="true"), 200)["messages"]
    assert bodies(listed) == [0, 1, 2, 3]
    assert [it["href"].endswith(f"?claim_id={claim_id}") for it in listed] == [
        True,
        True,
        False,
        False,
    ]
    reader = api.other_client()
    assert bodies(ok(reader.message_list(queue), 200)["messages"]) == [2, 3]


@mirrored
def test_listing_changes_nothing(api: Api, queue: str) -> None:
    post(api, queue, *range(3))
    first = messages(api, queue)
    assert messages(api, queue) == first or bodies(messages(api, queue)) == bodies(first)
    assert totals(api, queue) == (3, 0, 3)


@mirrored
def test_a_page_holds_ten_messages_unless_told_otherwise(api: Api, queue: str) -> None:
    post(api, queue, *range(25))
    reader = api.other_client()
    assert bodies(ok(reader.message_list(queue), 200)["messages"]) == list(range(10))
    for limit in (1, 11, 20):
        page = ok(reader.message_list(queue, limit=limit), 200)
        assert bodies(page["messages"]) == list(range(limit))


@mirrored
def test_page_sizes_come_from_the_options(limited: Api, queue: str) -> None:
    post(limited, queue, *range(7))
    reader = limited.other_client()
    assert len(ok(reader.message_list(queue), 200)["messages"]) == 5
    assert bodies(follow(reader, reader.message_list(queue), "messages")) == list(range(7))


@mirrored
@pytest.mark.parametrize("limit", [1, 3, 10, 20])
def test_next_links_lead_through_all_messages(api: Api, queue: str, limit: int) -> None:
    for start in range(0, 42, 7):
        post(api, queue, *range(start, start + 7))
    reader = api.other_client()
    found = follow(reader, reader.message_list(queue, limit=limit), "messages")
    assert bodies(found) == list(range(42))


@mirrored
def test_the_end_is_an_empty_page(api: Api, queue: str) -> None:
    """A B C, limit 1: A, B, C, empty; then what is posted later (conformance scenario 7)."""
    post(api, queue, "A", "B", "C")
    reader = api.other_client()
    answer = reader.message_list(queue, limit=1)
    for expected in "ABC":
        page = ok(answer, 200)
        assert bodies(page["messages"]) == [expected]
        link = page["links"][0]["href"]
        answer = reader.call("GET", link)
    assert ok(answer, 200) == {"messages": [], "links": []}
    post(api, queue, "D")
    assert bodies(ok(reader.call("GET", link), 200)["messages"]) == ["D"]


@mirrored
def test_a_marker_stays_good_when_its_message_is_gone(api: Api, queue: str) -> None:
    """Storage conformance scenario 8, and the same after the whole page is gone."""
    ids = post(api, queue, *"ABCDE")
    reader = api.other_client()
    link = ok(reader.message_list(queue, limit=2), 200)["links"][0]["href"]
    ok(api.message_delete(queue, ids[1]), 204)
    assert bodies(ok(reader.call("GET", link), 200)["messages"]) == ["C", "D"]
    ok(api.message_delete(queue, ids[0]), 204)
    assert bodies(ok(reader.call("GET", link), 200)["messages"]) == ["C", "D"]


def test_filters_apply_before_the_limit(api: Api, queue: str) -> None:
    """Own and claimed messages leave no short pages behind."""
    other = api.other_client()
    for number in range(12):
        post(api, queue, f"mine {number}")
        post(other, queue, f"theirs {number}")
    claim(api, queue, limit=6)
    page = ok(api.message_list(queue, limit=5), 200)
    assert bodies(page["messages"]) == [f"theirs {number}" for number in range(3, 8)]
    found = follow(api, api.message_list(queue, limit=5), "messages")
    assert bodies(found) == [f"theirs {number}" for number in range(3, 12)]


@mirrored
@pytest.mark.parametrize("marker", ["x", "é", "-1", "1e9", "0x1", "9" * 40, "%", "'", " ", "\x00"])
def test_a_marker_that_means_nothing_is_no_error(api: Api, queue: str, marker: str) -> None:
    post(api, queue, 1)
    ok(api.message_list(queue, marker=marker, echo="true"), 200)


@mirrored
@pytest.mark.parametrize("marker", ["x", "é;", "not a marker", "'\"", "\x00"])
def test_a_marker_that_cannot_be_read_gives_an_empty_page(
    api: Api, queue: str, marker: str
) -> None:
    post(api, queue, 1)
    answer = api.message_list(queue, marker=marker, echo="true")
    assert ok(answer, 200) == {"messages": [], "links": []}


@mirrored
def test_the_next_link_repeats_the_parameters(api: Api, queue: str) -> None:
    post(api, queue, 1, 2)
    [link] = ok(api.message_list(queue, limit=1, echo="True"), 200)["links"]
    parts = urlsplit(link["href"])
    assert parts.path == f"{api.path(queue)}/messages"
    query = parse_qs(parts.query)
    assert query.pop("marker")
    assert query == {"limit": ["1"], "echo": ["true"], "include_delayed": ["true"]}
    [link] = ok(api.call("GET", link["href"]), 200)["links"]
    again = parse_qs(urlsplit(link["href"]).query)
    assert len(again.pop("marker")) == 1
    assert again == query


@mirrored
def test_the_next_link_keeps_false(api: Api, queue: str) -> None:
    post(api, queue, 1)
    reader = api.other_client()
    answer = reader.message_list(queue, include_claimed="no", include_delayed="0", unknown="x")
    query = parse_qs(urlsplit(ok(answer, 200)["links"][0]["href"]).query)
    assert query["include_claimed"] == ["false"]
    assert "unknown" not in query
    assert "limit" not in query


@mirrored
def test_order_is_that_of_the_posts(api: Api, queue: str) -> None:
    clients = [api, api.other_client(), api.other_client()]
    for number in range(30):
        post(clients[number % 3], queue, number)
    reader = api.other_client()
    assert bodies(follow(reader, reader.message_list(queue), "messages")) == list(range(30))


def test_an_expired_message_is_gone_at_once_from_everything(
    api: Api, queue: str, clock: TestClock
) -> None:
    """Storage conformance scenario 21."""
    short, long = [*post(api, queue, "short", ttl=60), *post(api, queue, "long", ttl=3600)]
    clock.advance(60)
    assert bodies(messages(api, queue)) == ["long"]
    refused(api.message_get(queue, short), 404, "Not found")
    many = ok(api.message_get_many(queue, [short, long]), 200)["messages"]
    assert bodies(many) == ["long"]
    assert totals(api, queue) == (1, 0, 1)
    assert bodies(claim(api, queue)[1]) == ["long"]
    ok(api.message_delete(queue, short), 204)
    ok(api.message_delete(queue, short, "whatever"), 204)
    clock.advance(3600)
    assert ok(api.message_delete_many(queue, pop=5), 200)["messages"] == []
    ok(api.claim_create(queue), 204)
    assert totals(api, queue) == (0, 0, 0)


@mirrored
def test_a_message_lives_until_its_ttl_is_over(api: Api, queue: str, clock: TestClock) -> None:
    [message_id] = post(api, queue, 1, ttl=100)
    clock.advance(90)
    ok(api.message_get(queue, message_id), 200)
    clock.advance(10)
    refused(api.message_get(queue, message_id), 404, "Not found")


# Getting one


def test_own_claimed_and_delayed_messages_can_be_read_by_id(api: Api, queue: str) -> None:
    ok(api.queue_create(queue, {"_default_message_delay": 100}), 201)
    [delayed] = post(api, queue, "delayed")
    ok(api.message_post(queue, {"body": "claimed", "delay": 0}), 201)
    claim_id, [claimed] = claim(api, queue)
    assert ok(api.message_get(queue, delayed), 200)["body"] == "delayed"
    document = ok(api.message_get(queue, claimed["id"]), 200)
    assert document["href"] == f"/v2/queues/{queue}/messages/{claimed['id']}?claim_id={claim_id}"


@mirrored
def test_no_such_message(api: Api, queue: str) -> None:
    refused(api.message_get(queue, "unknown"), 404, "Not found")
    [message_id] = post(api, f"{queue}-other", 1)
    refused(api.message_get(queue, message_id), 404, "Not found")


# Deleting one


@mirrored
def test_deleting_a_free_message(api: Api, queue: str) -> None:
    ids = post(api, queue, 1, 2)
    for _ in range(2):
        ok(api.message_delete(queue, ids[0]), 204)
    refused(api.message_get(queue, ids[0]), 404, "Not found")
    assert bodies(messages(api, queue)) == [2]


def test_deleting_what_is_missing(api: Api, queue: str) -> None:
    for claim_id in (None, "unknown", "123"):
        ok(api.message_delete(queue, "unknown", claim_id), 204)
    post(api, queue, 1)
    live, _ = claim(api, queue)
    for claim_id in (None, "unknown", live):
        ok(api.message_delete(queue, "unknown", claim_id), 204)
    assert not exists(api, f"{queue}-other")


def test_deleting_a_free_message_with_a_claim_id_is_refused(api: Api, queue: str) -> None:
    post(api, queue, "claimed")
    live, _ = claim(api, queue)
    [free] = post(api, queue, "free")
    for claim_id in (live, "123", "unknown", "00000000-0000-0000-0000-000000000000"):
        refused(api.message_delete(queue, free, claim_id), 400, "Unable to delete")
    ok(api.message_get(queue, free), 200)


def test_deleting_a_claimed_message(api: Api, queue: str) -> None:
    first, second = post(api, queue, 1, 2)
    own, _ = claim(api, queue, limit=1)
    other, _ = claim(api, queue, limit=1)
    refused(api.message_delete(queue, first), 403, "Unable to delete")
    refused(api.message_delete(queue, first, other), 403, "Unable to delete")
    refused(api.message_delete(queue, first, "unknown"), 400, "Unable to delete")
    ok(api.message_get(queue, first), 200)
    ok(api.message_delete(queue, first, own), 204)
    refused(api.message_get(queue, first), 404, "Not found")
    ok(api.message_delete(queue, first, own), 204)
    ok(api.message_get(queue, second), 200)


def test_a_claim_of_another_queue_or_project_is_an_unknown_one(api: Api, queue: str) -> None:
    [message_id] = post(api, queue, 1)
    claim(api, queue)
    elsewhere = api.other_project()
    for client, name in ((api, f"{queue}-other"), (elsewhere, queue)):
        post(client, name, 1)
        foreign, _ = claim(client, name)
        refused(api.message_delete(queue, message_id, foreign), 400, "Unable to delete")


def test_an_expired_claim_deletes_nothing(api: Api, queue: str, clock: TestClock) -> None:
    [message_id] = post(api, queue, 1)
    expired, _ = claim(api, queue, ttl=60)
    clock.advance(60)
    refused(api.message_delete(queue, message_id, expired), 400, "Unable to delete")
    live, _ = claim(api, queue)
    refused(api.message_delete(queue, message_id, expired), 400, "Unable to delete")
    refused(api.message_delete(queue, message_id), 403, "Unable to delete")
    ok(api.message_delete(queue, message_id, live), 204)


def test_a_message_whose_claim_expired_is_deleted_without_a_claim_id(
    api: Api, queue: str, clock: TestClock
) -> None:
    [message_id] = post(api, queue, 1)
    claim(api, queue, ttl=60)
    clock.advance(60)
    ok(api.message_delete(queue, message_id), 204)
    assert totals(api, queue) == (0, 0, 0)


def test_a_released_claim_deletes_nothing(api: Api, queue: str) -> None:
    [message_id] = post(api, queue, 1)
    released, _ = claim(api, queue)
    ok(api.claim_delete(queue, released), 204)
    refused(api.message_delete(queue, message_id, released), 400, "Unable to delete")
    ok(api.message_delete(queue, message_id), 204)
