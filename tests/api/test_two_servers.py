"""Two processes of one installation: what one changes, the other's next request honours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests import stores
from tests.api.client import Api
from tests.api.helpers import DEFAULTS, bodies, claim, exists, messages, ok, post, refused, totals
from tests.servers import Server


@pytest.fixture(scope="module", params=stores.STORES)
def store(request: pytest.FixtureRequest) -> str:
    """Only stores that two servers share."""
    return str(request.param)


@pytest.fixture
def other(api: Api, second_server: Server) -> Api:
    """The client of ``api`` at the other server."""
    return api.at(second_server)


def patch(key: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "add", "path": f"/metadata/{key}", "value": value}]


def test_messages_and_claims_are_shared(api: Api, other: Api, queue: str) -> None:
    [message_id] = post(api, queue, "here")
    assert ok(other.message_get(queue, message_id), 200)["body"] == "here"
    claim_id, _ = claim(other, queue)
    ok(api.claim_create(queue), 204)
    ok(api.claim_update(queue, claim_id, {"ttl": 100}), 204)
    refused(api.message_delete(queue, message_id), 403, "Unable to delete")
    ok(api.message_delete(queue, message_id, claim_id), 204)
    assert ok(other.claim_get(queue, claim_id), 200)["messages"] == []


def test_creation_and_deletion_show_at_once(api: Api, other: Api, queue: str) -> None:
    for number in range(5):
        ok(api.queue_create(queue, {"number": number}), 201)
        assert ok(other.queue_get(queue), 200)["number"] == number
        assert exists(other, queue)
        assert other.queue_create(queue).status == 204
        post(other, queue, number)
        ok(api.queue_delete(queue), 204)
        assert ok(other.queue_get(queue), 200) == DEFAULTS
        assert not exists(other, queue)
        assert totals(other, queue) == (0, 0, 0)
        api, other = other, api


def test_the_default_ttl_counts_at_once(api: Api, other: Api, queue: str) -> None:
    post(other, queue, "plan is warm")
    for ttl in (100, 200, 300):
        ok(api.queue_update(queue, patch("_default_message_ttl", ttl)), 200)
        [message_id] = post(other, queue, ttl)
        assert ok(other.message_get(queue, message_id), 200)["ttl"] == ttl


def test_a_lower_size_of_posts_counts_at_once(api: Api, other: Api, queue: str) -> None:
    post(other, queue, "x" * 500)
    ok(api.queue_update(queue, patch("_max_messages_post_size", 100)), 200)
    refused(other.message_post(queue, {"body": "x" * 500}), 400, "Invalid API request")
    ok(api.queue_update(queue, patch("_max_messages_post_size", 1000)), 200)
    post(other, queue, "x" * 500)


def test_delaying_counts_at_once(api: Api, other: Api, queue: str) -> None:
    post(other, queue, "now")
    ok(api.queue_update(queue, patch("_default_message_delay", 100)), 200)
    post(other, queue, "later")
    assert bodies(messages(other, queue, include_delayed="false")) == ["now"]
    refused(other.message_post(queue, {"body": 1, "delay": 901}), 400, "Invalid API request")
    ok(api.queue_update(queue, patch("_default_message_delay", 0)), 200)
    # What the metadata that the other server remembers would refuse.
    ok(other.message_post(queue, {"body": "now again", "delay": 901}), 201)
    assert bodies(claim(other, queue)[1]) == ["now", "now again"]


def test_dead_lettering_counts_at_once(api: Api, other: Api, queue: str) -> None:
    dead = f"{queue}-dead"
    post(other, queue, "job")
    claim_id, _ = claim(other, queue)
    ok(other.claim_delete(queue, claim_id), 204)
    reserved = patch("_max_claim_count", 1) + patch("_dead_letter_queue", dead)
    ok(api.queue_update(queue, reserved), 200)
    ok(other.claim_create(queue), 204)
    assert bodies(messages(api, dead)) == ["job"]


def test_a_dead_letter_queue_made_again_elsewhere_is_found(
    api: Api, other: Api, queue: str
) -> None:
    dead = f"{queue}-dead"
    ok(api.queue_create(queue, {"_max_claim_count": 1, "_dead_letter_queue": dead}), 201)
    for number in range(3):
        ok(api.queue_create(dead), 201)
        post(other, queue, number)
        claim_id, _ = claim(other, queue)
        ok(other.claim_delete(queue, claim_id), 204)
        ok(other.claim_create(queue), 204)
        assert bodies(messages(other, dead)) == [number]
        ok(api.queue_delete(dead), 204)


def test_a_queue_deleted_elsewhere_is_gone(api: Api, other: Api, queue: str) -> None:
    ok(api.queue_create(queue, {"_default_message_ttl": 100}), 201)
    ids = post(other, queue, 1, 2)
    claim_id, _ = claim(other, queue, limit=1)
    ok(api.queue_delete(queue), 204)
    refused(other.claim_get(queue, claim_id), 404, "Not found")
    refused(other.claim_update(queue, claim_id, {}), 404, "Not found")
    ok(other.claim_delete(queue, claim_id), 204)
    ok(other.message_delete(queue, ids[0], claim_id), 204)
    refused(other.message_get(queue, ids[0]), 404, "Not found")
    assert messages(other, queue) == []
    assert ok(other.message_delete_many(queue, pop=1), 200)["messages"] == []
    ok(other.claim_create(queue), 204)
    refused(other.queue_update(queue, []), 404, "Not found")
    assert not exists(api, queue)
    [message_id] = post(other, queue, "new")
    assert ok(api.message_get(queue, message_id), 200)["ttl"] == 3600
    assert totals(api, queue) == (1, 0, 1)


def test_a_queue_made_again_elsewhere_has_its_new_metadata(
    api: Api, other: Api, queue: str
) -> None:
    for ttl in (100, 200, 300):
        ok(api.queue_create(queue, {"_default_message_ttl": ttl}), 201)
        [message_id] = post(other, queue, 1)
        assert ok(other.message_get(queue, message_id), 200)["ttl"] == ttl
        assert totals(other, queue) == (1, 0, 1)
        ok(api.queue_delete(queue), 204)


def test_patches_from_both_sides_lose_nothing(api: Api, other: Api, queue: str) -> None:
    ok(api.queue_create(queue), 201)

    def write(number: int) -> None:
        client = api if number % 2 else other
        ok(client.queue_update(queue, patch(f"key{number}", number)), 200)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(24)))
    shown = ok(api.queue_get(queue), 200)
    assert {key: shown[key] for key in shown if key.startswith("key")} == {
        f"key{number}": number for number in range(24)
    }


def test_one_of_two_simultaneous_creations_wins(api: Api, other: Api, queue: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(6):
            name = f"{queue}-{number}"
            answers = list(
                pool.map(
                    lambda writer, name=name: (api, other)[writer % 2].queue_create(
                        name, {"writer": writer}
                    ),
                    range(8),
                )
            )
            statuses = [answer.status for answer in answers]
            assert sorted(statuses) == [201] + [204] * 7
            assert ok(api.queue_get(name), 200)["writer"] == statuses.index(201)


def test_claims_of_both_sides_are_disjoint(api: Api, other: Api, queue: str) -> None:
    """Storage conformance scenario 15."""
    for start in range(0, 300, 50):
        post(api, queue, *range(start, start + 50))

    def take(number: int) -> list[str]:
        answer = (api, other)[number % 2].claim_create(queue, {"ttl": 600}, limit=10)
        assert answer.status in (201, 204)
        return [it["id"] for it in answer.body["messages"]] if answer.body else []

    with ThreadPoolExecutor(8) as pool:
        taken = [identifier for ids in pool.map(take, range(50)) for identifier in ids]
    assert len(taken) == len(set(taken))
    rest = []
    while answer_ids := take(0):
        rest += answer_ids
    assert len(set(taken) | set(rest)) == 300
    assert len(taken) + len(rest) == 300


def test_pops_of_both_sides_are_disjoint(api: Api, other: Api, queue: str) -> None:
    post(api, queue, *range(200))

    def pop(number: int) -> list[int]:
        client = (api, other)[number % 2]
        return bodies(ok(client.message_delete_many(queue, pop=7), 200)["messages"])

    with ThreadPoolExecutor(8) as pool:
        popped = [body for found in pool.map(pop, range(40)) for body in found]
    while more := pop(0):
        popped += more
    assert sorted(popped) == list(range(200))


def test_a_reader_misses_nothing_while_both_sides_post(api: Api, other: Api, queue: str) -> None:
    """Storage conformance scenario 1, smaller."""
    batches, size = 30, 7

    def produce(side: int) -> None:
        client = (api, other)[side]
        for batch in range(batches):
            post(client, queue, *([side, batch, index] for index in range(size)))

    seen: list[list[int]] = []
    reader = other.other_client()
    with ThreadPoolExecutor(2) as pool:
        producers = [pool.submit(produce, side) for side in (0, 1)]
        href, done = f"/v2/queues/{queue}/messages?limit=20", False
        while True:
            page = ok(reader.call("GET", href), 200)
            seen += bodies(page["messages"])
            if page["links"]:
                href = page["links"][0]["href"]
            elif done:
                break
            else:
                done = all(producer.done() for producer in producers)
        for producer in producers:
            producer.result()
    assert len(seen) == 2 * batches * size
    assert sorted(seen) == sorted(
        [side, batch, index] for side in (0, 1) for batch in range(batches) for index in range(size)
    )
    groups = [seen[start : start + size] for start in range(0, len(seen), size)]
    for group in groups:
        side, batch, _ = group[0]
        assert group == [[side, batch, index] for index in range(size)]
    for side in (0, 1):
        assert [group[0][1] for group in groups if group[0][0] == side] == list(range(batches))


def test_a_queue_deleted_while_it_is_posted_to(api: Api, other: Api, queue: str) -> None:
    """Every post is stored in some life of the queue, and the last life is whole."""

    def write(number: int) -> int:
        if number % 5 == 4:
            return api.queue_delete(queue).status
        return other.message_post(queue, {"body": number}).status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(write, range(60)))
    assert set(statuses) == {201, 204}
    [message_id] = post(other, queue, "last")
    assert ok(api.message_get(queue, message_id), 200)["body"] == "last"
    free, claimed, total = totals(api, queue)
    assert (free, claimed) == (total, 0)
    assert len(messages(other, queue)) == min(total, 20)
