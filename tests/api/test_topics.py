"""Topics: where they differ from queues, and that they share nothing (``rest-v2.md`` 6).

What holds for both is among the cases that are ``mirrored``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.client import Api
from tests.api.helpers import (
    bodies,
    claim,
    defaults,
    exists,
    follow,
    messages,
    ok,
    post,
    refused,
    totals,
)
from tests.servers import TestClock


@pytest.fixture
def topics(api: Api) -> Api:
    """The client of ``api``, asking for topics."""
    return api.of("topic")


@pytest.fixture
def topic(queue: str) -> str:
    """The name of a topic, and of a queue."""
    return queue


# What a topic and a queue of one name share: nothing


def state(api: Api, name: str) -> tuple[Any, ...]:
    """All that can be seen of a queue or topic."""
    return (
        exists(api, name),
        ok(api.queue_get(name), 200),
        [(it["id"], it["href"], it["ttl"], it["body"]) for it in messages(api, name)],
        totals(api, name),
    )


@pytest.fixture(params=["queue", "topic"])
def pair(request: pytest.FixtureRequest, api: Api, queue: str) -> tuple[Api, Api]:
    """A client of the kind that is changed, and one of the other: both have one of this name."""
    one, other = api.of(request.param), api.of("queue" if request.param == "topic" else "topic")
    for client in (one, other):
        ok(client.queue_create(queue, {"owner": client.kind}), 201)
        post(client, queue, f"first of the {client.kind}", f"second of the {client.kind}")
    return one, other


def test_reading_shows_ones_own(pair: tuple[Api, Api], queue: str) -> None:
    for client in pair:
        kind = client.kind
        expected = [f"first of the {kind}", f"second of the {kind}"]
        assert bodies(messages(client, queue)) == expected
        assert ok(client.queue_get(queue), 200)["owner"] == kind
        assert totals(client, queue) == (2, 0, 2)
        page = ok(client.queue_list(detailed="true"), 200)
        assert [it["metadata"]["owner"] for it in page[f"{kind}s"]] == [kind]
        for wanted, found in ((kind, [queue]), ("nobody", [])):
            listed = ok(client.queue_list(owner=wanted), 200)[f"{kind}s"]
            assert [it["name"] for it in listed] == found


def test_ids_of_the_other_are_unknown(pair: tuple[Api, Api], queue: str) -> None:
    one, other = pair
    before = state(other, queue)
    foreign = [it["id"] for it in messages(other, queue)]
    for identifier in foreign:
        refused(one.message_get(queue, identifier), 404, "Not found")
        ok(one.message_delete(queue, identifier), 204)
    refused(one.message_get_many(queue, foreign), 404, "Not found")
    ok(one.message_delete_many(queue, ids=foreign), 204)
    assert totals(one, queue) == (2, 0, 2)
    assert state(other, queue) == before


def test_changes_do_not_reach_the_other(pair: tuple[Api, Api], queue: str) -> None:
    one, other = pair
    before = state(other, queue)
    operations = [
        {"op": "replace", "path": "/metadata/owner", "value": "changed"},
        {"op": "add", "path": "/metadata/_default_message_ttl", "value": 77},
    ]
    ok(one.queue_update(queue, operations), 200)
    post(one, queue, "third")
    assert ok(one.message_delete_many(queue, pop=1), 200)["messages"]
    assert state(other, queue) == before
    ok(one.queue_purge(queue), 204)
    assert totals(one, queue) == (0, 0, 0)
    assert state(other, queue) == before
    ok(one.queue_delete(queue), 204)
    assert not exists(one, queue)
    assert state(other, queue) == before


def test_creation_by_name_or_post_makes_one_of_them(api: Api, queue: str) -> None:
    for kind, absent in (("queue", "topic"), ("topic", "queue")):
        one, other = api.of(kind), api.of(absent)
        post(one, f"{queue}-{kind}-posted", 1)
        ok(one.queue_create(f"{queue}-{kind}-made"), 201)
        for name in (f"{queue}-{kind}-posted", f"{queue}-{kind}-made"):
            assert exists(one, name)
            assert not exists(other, name)
            refused(other.queue_update(name, []), 404, "Not found")
            ok(other.queue_delete(name), 204)
            assert exists(one, name)


def test_a_topic_of_another_project_is_another_one(topics: Api, topic: str) -> None:
    elsewhere = topics.other_project()
    [foreign] = post(topics, topic, "here")
    post(elsewhere, topic, "there")
    refused(elsewhere.message_get(topic, foreign), 404, "Not found")
    ok(elsewhere.message_delete(topic, foreign), 204)
    ok(elsewhere.queue_purge(topic), 204)
    ok(elsewhere.queue_delete(topic), 204)
    assert bodies(messages(topics, topic)) == ["here"]


# Claims and credentials


def test_nothing_of_a_topic_is_claimed(api: Api, topics: Api, topic: str) -> None:
    """Not by a claim of the queue of its name either."""
    [kept, other] = post(topics, topic, 1, 2)
    ok(api.claim_create(topic), 204)
    post(api, topic, 1)
    claim_id, _ = claim(api, topic)
    assert totals(topics, topic) == (2, 0, 2)
    listed = ok(topics.message_list(topic, echo="true"), 200)["messages"]
    assert [it["id"] for it in listed] == [kept, other]
    for given in (claim_id, "unknown", "00000000-0000-4000-8000-000000000000"):
        refused(topics.message_delete(topic, kept, given), 400, "Unable to delete")
        ok(topics.message_delete(topic, "unknown", given), 204)
    ok(topics.message_delete(topic, kept), 204)
    assert totals(topics, topic) == (1, 0, 1)
    assert totals(api, topic) == (0, 1, 1)


@pytest.mark.parametrize("path", ["claims", "claims/some", "share", "claims?limit=1", "stats/"])
def test_there_are_no_claims_and_no_shares(features: Api, topic: str, path: str) -> None:
    post(features.of("topic"), topic, 1)
    for method in ("GET", "POST", "PATCH", "DELETE"):
        answer = features.call(method, f"/v2/topics/{topic}/{path}", b"{}", {"Client-ID": None})
        assert (answer.status, answer.body) == (404, {"title": "404 Not Found"})


def test_bulk_deletion_never_needs_claims(strict: Api, topic: str) -> None:
    """Whatever ``message_delete_with_claim_id`` says."""
    topics = strict.of("topic")
    first, second, _ = post(topics, topic, 1, 2, 3)
    ok(topics.message_delete_many(topic, ids=first), 204)
    ok(topics.message_delete_many(topic, ids=second, claim_ids="unknown"), 204)
    popped = ok(topics.message_delete_many(topic, pop=1, claim_ids="unknown"), 200)["messages"]
    assert bodies(popped) == [3]
    refused(topics.message_delete_many(topic, claim_ids="unknown"), 400, "Invalid API request")
    refused(topics.message_delete_many(topic), 400, "Invalid API request")


def test_dead_letter_keys_are_validated_and_have_no_effect(api: Api, topic: str) -> None:
    topics, dead = api.of("topic"), f"{topic}-dead"
    for bad in ({"_dead_letter_queue": "no good"}, {"_max_claim_count": -1}):
        refused(topics.queue_create(topic, bad), 400, "Invalid API request")
    metadata = {
        "_max_claim_count": 1,
        "_dead_letter_queue": dead,
        "_dead_letter_queue_messages_ttl": 60,
    }
    ok(topics.queue_create(topic, metadata), 201)
    post(topics, topic, 1, 2)
    popped = ok(topics.message_delete_many(topic, pop=1), 200)["messages"]
    assert [it["claim_count"] for it in popped] == [0]
    assert [it["ttl"] for it in messages(topics, topic)] == [3600]
    assert not exists(topics, dead)
    assert not exists(api, dead)


# What is shown


def test_three_keys_are_shown_when_unset(topics: Api, topic: str) -> None:
    shown = ok(topics.queue_get(topic), 200)
    assert shown == {
        "_max_messages_post_size": 262144,
        "_default_message_ttl": 3600,
        "_default_message_delay": 0,
    }
    stored = {"_max_claim_count": 0, "_dead_letter_queue": None, "_default_message_ttl": None}
    ok(topics.queue_create(topic, stored), 201)
    assert ok(topics.queue_get(topic), 200) == {**stored, **shown}
    [listed] = ok(topics.queue_list(detailed="true"), 200)["topics"]
    assert listed == {
        "name": topic,
        "href": f"/v2/topics/{topic}",
        "metadata": {**stored, **shown},
    }


def test_with_count_is_ignored(api: Api, topics: Api) -> None:
    """It counts nothing, is no filter, and need not be a boolean."""
    ok(api.queue_create("a"), 201)
    for name in "bcd":
        ok(topics.queue_create(name, {"with_count": "never"}), 201)
    for text in ("true", "false", "maybe", "", "7"):
        answer = topics.queue_list(with_count=text, limit=2)
        page = ok(answer, 200)
        assert set(page) == {"topics", "links"}
        assert [it["name"] for it in page["topics"]] == ["b", "c"]
        assert [it["name"] for it in follow(topics, answer, "topics")] == ["b", "c", "d"]
    assert ok(api.queue_list(with_count="true"), 200)["count"] == 1


def test_links_lead_to_topics(topics: Api, topic: str) -> None:
    for name in (f"{topic}-1", f"{topic}-2"):
        ok(topics.queue_create(name, {"team": "x"}), 201)
    [link] = ok(topics.queue_list(limit=1, team="x", detailed="yes"), 200)["links"]
    parts = urlsplit(link["href"])
    assert parts.path == "/v2/topics"
    assert parse_qs(parts.query) == {
        "limit": ["1"],
        "team": ["x"],
        "detailed": ["true"],
        "marker": [f"{topic}-1"],
    }


def test_every_reference_is_below_the_topic(topics: Api, topic: str, clock: TestClock) -> None:
    base = f"/v2/topics/{topic}"
    assert topics.queue_create(topic).headers["location"] == base
    assert topics.queue_create(topic).headers["location"] == base
    status, posted, headers = topics.message_post(topic, {"body": 1}, {"body": 2})
    assert status == 201
    ids = [path.rpartition("/")[2] for path in posted["resources"]]
    paths = [f"{base}/messages/{identifier}" for identifier in ids]
    assert posted["resources"] == paths
    assert headers["location"] == f"{base}/messages?ids={','.join(ids)}"
    assert [it["href"] for it in messages(topics, topic)] == paths
    assert [it["href"] for it in ok(topics.message_get_many(topic, ids), 200)["messages"]] == paths
    assert ok(topics.message_get(topic, ids[0]), 200)["href"] == paths[0]
    clock.advance(5)
    statistics = ok(topics.queue_get_stats(topic), 200)["messages"]
    assert {key: statistics[key] for key in ("free", "claimed", "total")} == {
        "free": 2,
        "claimed": 0,
        "total": 2,
    }
    assert [statistics[end]["href"] for end in ("oldest", "newest")] == paths
    [link] = ok(topics.message_list(topic, echo="true", limit=1), 200)["links"]
    assert urlsplit(link["href"]).path == f"{base}/messages"
    assert bodies(ok(topics.call("GET", link["href"]), 200)["messages"]) == [2]


@pytest.mark.parametrize("name", ["", "no good", "a" * 65, "a\n", "é"])
def test_a_bad_name_is_that_of_a_topic(topics: Api, name: str) -> None:
    title = "Invalid topic identification"
    refused(topics.queue_create(name), 400, title)
    refused(topics.queue_delete(name), 400, title)
    if name:
        refused(topics.message_list(name), 400, title)


def test_a_project_that_is_too_long_is_refused_below_a_topic(topics: Api, topic: str) -> None:
    headers = {"X-Project-Id": "p" * 257}
    answer = topics.call("GET", topics.path(topic), headers=headers)
    refused(answer, 400, "Invalid topic identification")
    ok(topics.call("GET", topics.base, headers=headers), 200)


# Messages


def test_defaults_are_those_of_the_topic(topics: Api, topic: str, clock: TestClock) -> None:
    metadata = {"_default_message_ttl": 500, "_default_message_delay": 30}
    ok(topics.queue_create(topic, {**metadata, "_max_messages_post_size": 100}), 201)
    post(topics, topic, "late")
    assert [it["ttl"] for it in messages(topics, topic)] == [500]
    assert ok(topics.message_list(topic, echo="true"), 200)["messages"] == []
    assert ok(topics.message_delete_many(topic, pop=1), 200)["messages"] == []
    refused(topics.message_post(topic, {"body": "x" * 100}), 400, "Invalid API request")
    clock.advance(30)
    assert bodies(ok(topics.message_delete_many(topic, pop=1), 200)["messages"]) == ["late"]


def test_messages_stay_until_deleted_or_expired(topics: Api, topic: str, clock: TestClock) -> None:
    short, _, deleted = [*post(topics, topic, 1, ttl=60), *post(topics, topic, 2, 3)]
    for reader in (topics.other_client(), topics.other_client()):
        assert bodies(ok(reader.message_list(topic), 200)["messages"]) == [1, 2, 3]
    ok(topics.message_delete(topic, deleted), 204)
    clock.advance(60)
    refused(topics.message_get(topic, short), 404, "Not found")
    assert bodies(messages(topics, topic)) == [2]


def test_purge_takes_delayed_messages_and_leaves_metadata(topics: Api, topic: str) -> None:
    ok(topics.queue_create(topic, {"a": 1, "_default_message_delay": 50}), 201)
    ok(topics.message_post(topic, {"body": 1, "delay": 0}, {"body": 2}), 201)
    ok(topics.queue_purge(topic, {"resource_types": ["subscriptions"]}), 204)
    assert totals(topics, topic) == (2, 0, 2)
    ok(topics.queue_purge(topic), 204)
    assert totals(topics, topic) == (0, 0, 0)
    expected = {**defaults(topics), "a": 1, "_default_message_delay": 50}
    assert ok(topics.queue_get(topic), 200) == expected


def test_a_topic_made_again_is_empty(topics: Api, topic: str) -> None:
    ok(topics.queue_create(topic, {"a": 1}), 201)
    [old] = post(topics, topic, 1)
    ok(topics.queue_delete(topic), 204)
    assert ok(topics.queue_get(topic), 200) == defaults(topics)
    ok(topics.queue_create(topic, {"b": 2}), 201)
    refused(topics.message_get(topic, old), 404, "Not found")
    assert totals(topics, topic) == (0, 0, 0)
    assert ok(topics.queue_get(topic), 200) == {**defaults(topics), "b": 2}
