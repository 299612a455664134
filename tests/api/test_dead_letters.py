"""Messages that were claimed too often (``rest-v2.md`` 8.6)."""

from __future__ import annotations

from typing import Any

from tests.api.client import Api
from tests.api.helpers import bodies, claim, exists, messages, ok, post, refused, totals
from tests.servers import TestClock


def prepare(api: Api, queue: str, maximum: int = 2, **metadata: Any) -> str:
    """A queue with a dead-letter queue, whose name is returned."""
    dead = f"{queue}-dead"
    reserved = {"_max_claim_count": maximum, "_dead_letter_queue": dead}
    ok(api.queue_create(queue, {**reserved, **metadata}), 201)
    return dead


def use_up(api: Api, queue: str, times: int) -> None:
    """Claim everything and let it go again."""
    for _ in range(times):
        claim_id, _ = claim(api, queue, limit=20)
        ok(api.claim_delete(queue, claim_id), 204)


def test_the_third_claim_of_two_moves_the_message(api: Api, queue: str, clock: TestClock) -> None:
    """Storage conformance scenario 13."""
    dead = prepare(api, queue)
    [message_id] = post(api, queue, {"job": 1}, ttl=1000)
    use_up(api, queue, 2)
    assert not exists(api, dead)
    clock.advance(100)
    ok(api.claim_create(queue), 204)
    assert totals(api, queue) == (0, 0, 0)
    refused(api.message_get(queue, message_id), 404, "Not found")
    assert exists(api, dead)
    assert totals(api, dead) == (1, 0, 1)
    moved = ok(api.message_get(dead, message_id), 200)
    assert (moved["body"], moved["ttl"]) == ({"job": 1}, 1000)
    assert 100 <= moved["age"] <= 103
    assert moved["href"] == f"/v2/queues/{dead}/messages/{message_id}"
    clock.advance(890)
    [popped] = ok(api.message_delete_many(dead, pop=1), 200)["messages"]
    assert (popped["id"], popped["claim_count"]) == (message_id, 0)


def test_lapsed_claims_count_too(api: Api, queue: str, clock: TestClock) -> None:
    """As in the Tempest plugin: claims 201, 201, 204, each waited out."""
    dead = prepare(api, queue)
    post(api, queue, "job")
    for _ in range(2):
        claim(api, queue, ttl=60, grace=60)
        clock.advance(60)
    ok(api.claim_create(queue, {"ttl": 60, "grace": 60}), 204)
    assert bodies(messages(api, dead)) == ["job"]


def test_the_remaining_life_stays(api: Api, queue: str, clock: TestClock) -> None:
    dead = prepare(api, queue, 1)
    [message_id] = post(api, queue, 1, ttl=500)
    use_up(api, queue, 1)
    clock.advance(100)
    ok(api.claim_create(queue), 204)
    clock.advance(390)
    ok(api.message_get(dead, message_id), 200)
    clock.advance(10)
    refused(api.message_get(dead, message_id), 404, "Not found")


def test_a_new_ttl_is_displayed_and_true(api: Api, queue: str, clock: TestClock) -> None:
    for number, (before, after) in enumerate(((3600, 70), (100, 2000))):
        name = f"{queue}-{number}"
        dead = prepare(api, name, 1, _dead_letter_queue_messages_ttl=after)
        [message_id] = post(api, name, 1, ttl=before)
        use_up(api, name, 1)
        ok(api.claim_create(name, {"ttl": 60}), 204)
        assert ok(api.message_get(dead, message_id), 200)["ttl"] == after
        clock.advance(after - 10)
        ok(api.message_get(dead, message_id), 200)
        clock.advance(10)
        refused(api.message_get(dead, message_id), 404, "Not found")


def test_the_claim_goes_on_with_the_next_message(api: Api, queue: str) -> None:
    """Storage conformance scenario 23."""
    dead = prepare(api, queue, 1)
    post(api, queue, "A")
    use_up(api, queue, 1)
    post(api, queue, "B")
    claim_id, claimed = claim(api, queue, limit=1)
    assert bodies(claimed) == ["B"]
    assert bodies(ok(api.claim_get(queue, claim_id), 200)["messages"]) == ["B"]
    assert bodies(messages(api, dead)) == ["A"]
    assert totals(api, queue) == (0, 1, 1)


def test_moved_messages_do_not_count_towards_the_limit(api: Api, queue: str) -> None:
    dead = prepare(api, queue, 1)
    post(api, queue, *range(15))
    use_up(api, queue, 1)
    post(api, queue, *range(15, 25))
    _, claimed = claim(api, queue, limit=5)
    assert bodies(claimed) == list(range(15, 20))
    assert bodies(messages(api, dead)) == list(range(15))


def test_moved_messages_are_the_newest_there_in_order(api: Api, queue: str) -> None:
    dead = prepare(api, queue, 1)
    post(api, queue, *"ABC")
    use_up(api, queue, 1)
    post(api, dead, "posted before the move")
    ok(api.claim_create(queue), 204)
    post(api, dead, "posted after it")
    assert bodies(messages(api, dead)) == [
        "posted before the move",
        "A",
        "B",
        "C",
        "posted after it",
    ]


def test_moved_messages_are_available_at_once(api: Api, queue: str) -> None:
    """Unclaimed and not delayed, in a delayed queue too."""
    dead = prepare(api, queue, 1)
    ok(api.queue_create(dead, {"_default_message_delay": 500}), 201)
    post(api, queue, "job")
    use_up(api, queue, 1)
    ok(api.claim_create(queue), 204)
    assert bodies(claim(api, dead)[1]) == ["job"]


def test_it_takes_both_settings(api: Api, queue: str) -> None:
    for number, metadata in enumerate(
        (
            {"_max_claim_count": 1},
            {"_dead_letter_queue": f"{queue}-dead"},
            {"_max_claim_count": 0, "_dead_letter_queue": f"{queue}-dead"},
            {"_max_claim_count": None, "_dead_letter_queue": f"{queue}-dead"},
            {"_max_claim_count": 1, "_dead_letter_queue": None},
        )
    ):
        name = f"{queue}-{number}"
        ok(api.queue_create(name, metadata), 201)
        post(api, name, "job")
        use_up(api, name, 4)
        assert totals(api, name) == (1, 0, 1)
    assert not exists(api, f"{queue}-dead")


def test_claims_made_before_it_was_configured_count(api: Api, queue: str) -> None:
    post(api, queue, "job")
    use_up(api, queue, 3)
    operations = [
        {"op": "add", "path": "/metadata/_max_claim_count", "value": 3},
        {"op": "add", "path": "/metadata/_dead_letter_queue", "value": f"{queue}-dead"},
    ]
    ok(api.queue_update(queue, operations), 200)
    ok(api.claim_create(queue), 204)
    assert bodies(messages(api, f"{queue}-dead")) == ["job"]


def test_the_dead_letter_queue_is_an_ordinary_queue(api: Api, queue: str) -> None:
    """With claims, counts and a dead-letter queue of its own."""
    dead = prepare(api, queue, 1)
    last = prepare(api, dead, 1)
    [message_id] = post(api, queue, "job")
    use_up(api, queue, 1)
    ok(api.claim_create(queue), 204)
    use_up(api, dead, 1)
    ok(api.claim_create(dead), 204)
    assert ok(api.message_get(last, message_id), 200)["body"] == "job"


def test_a_cycle_moves_a_message_once_for_each_claim(api: Api, queue: str) -> None:
    other = prepare(api, queue, 1)
    ok(api.queue_create(other, {"_max_claim_count": 1, "_dead_letter_queue": queue}), 201)
    post(api, queue, "job")
    use_up(api, queue, 1)
    ok(api.claim_create(queue), 204)
    assert (totals(api, queue)[2], totals(api, other)[2]) == (0, 1)
    use_up(api, other, 1)
    ok(api.claim_create(other), 204)
    assert (totals(api, queue)[2], totals(api, other)[2]) == (1, 0)
    assert bodies(claim(api, queue)[1]) == ["job"]


def test_the_dead_letter_queue_lives_in_the_same_project(api: Api, queue: str) -> None:
    dead = prepare(api, queue, 1)
    elsewhere = api.other_project()
    ok(elsewhere.queue_create(dead), 201)
    post(api, queue, "job")
    use_up(api, queue, 1)
    ok(api.claim_create(queue), 204)
    assert totals(elsewhere, dead) == (0, 0, 0)
    assert totals(api, dead) == (1, 0, 1)


def test_a_deleted_dead_letter_queue_is_made_again(api: Api, queue: str) -> None:
    dead = prepare(api, queue, 1)
    ok(api.queue_create(dead, {"a": 1}), 201)
    ok(api.queue_delete(dead), 204)
    post(api, queue, "job")
    use_up(api, queue, 1)
    ok(api.claim_create(queue), 204)
    assert "a" not in ok(api.queue_get(dead), 200)
    assert bodies(messages(api, dead)) == ["job"]


def test_a_changed_dead_letter_queue_counts_at_once(api: Api, queue: str) -> None:
    prepare(api, queue, 1)
    post(api, queue, "job")
    use_up(api, queue, 1)
    path = "/metadata/_dead_letter_queue"
    ok(api.queue_update(queue, [{"op": "replace", "path": path, "value": f"{queue}-new"}]), 200)
    ok(api.claim_create(queue), 204)
    assert bodies(messages(api, f"{queue}-new")) == ["job"]
    assert not exists(api, f"{queue}-dead")
