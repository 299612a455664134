"""Broadcast: every reader follows the queue by its marker and sees all of it, in one order."""

from __future__ import annotations

import uuid
from typing import Any

from tests.scenarios.door import Door
from tests.scenarios.troupe import Player, Troupe, wait_until

QUEUE = "news"
EACH = 200  # messages of one producer


def seen_by(reader: Player) -> list[tuple[str, dict[str, Any]]]:
    return [(each, body) for event in reader.events("seen") for each, body in event["messages"]]


def wait_until_seen(reader: Player, count: int) -> None:
    wait_until(lambda: len(seen_by(reader)) >= count, f"{reader.name} has seen {count}")


def assert_in_order(messages: list[tuple[str, dict[str, Any]]]) -> None:
    """Each producer's messages in the order of posting, and no batch torn apart."""
    numbers: dict[str, int] = {}
    previous: dict[str, Any] | None = None
    for _, body in messages:
        assert body["number"] == numbers.get(body["by"], 0)
        numbers[body["by"]] = body["number"] + 1
        if body["place"]:
            assert previous is not None
            assert (previous["by"], previous["batch"]) == (body["by"], body["batch"])
        previous = body


def test_all_readers_see_all_messages_in_the_same_order(troupe: Troupe, door: Door) -> None:
    readers = [troupe.start("read", f"reader-{number}", QUEUE) for number in range(2)]
    producers = [
        troupe.start("produce", f"producer-{number}", QUEUE, count=EACH) for number in range(2)
    ]
    wait_until(lambda: any(producer.ids("posted") for producer in producers), "there is news")
    readers.append(troupe.start("read", "latecomer", QUEUE))
    for producer in producers:
        producer.finish()
    posted = {each for producer in producers for each in producer.ids("posted")}
    assert len(posted) == 2 * EACH
    stored = [message["id"] for message in door.listing(QUEUE, limit=20)]
    assert set(stored) == posted
    for reader in readers:
        wait_until_seen(reader, 2 * EACH)
        reader.stop()
        assert [each for each, _ in seen_by(reader)] == stored
        assert_in_order(seen_by(reader))


def test_a_producer_that_reads_sees_the_others_only(troupe: Troupe) -> None:
    mine = str(uuid.uuid4())
    deaf = troupe.start("read", "deaf", QUEUE, client_id=mine)
    echoing = troupe.start("read", "echoing", QUEUE, client_id=mine, echo=True)
    me = troupe.start("produce", "me", QUEUE, count=50, client_id=mine)
    other = troupe.start("produce", "other", QUEUE, count=50)
    me.finish()
    other.finish()
    wait_until_seen(deaf, 50)
    wait_until_seen(echoing, 100)
    deaf.stop()
    echoing.stop()
    assert [each for each, _ in seen_by(deaf)] == other.ids("posted")
    assert {each for each, _ in seen_by(echoing)} == {*me.ids("posted"), *other.ids("posted")}
    assert len(seen_by(echoing)) == 100
    assert_in_order(seen_by(echoing))
