"""What a message leaves behind in the keys of its queue: nothing, whatever state it was in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium.testing.queues import Queue, new_message, new_queue
from angarium.testing.timing import advance
from tests.redis.conftest import Drivers
from tests.redis_servers import RedisServer

STATES = ("ready", "delayed", "claimed", "lapsed", "released")


@pytest.fixture
def queue(drivers: Drivers, server: RedisServer) -> Queue:
    return new_queue(drivers.data(server.uri))


def bring(queue: Queue, state: str) -> str:
    """Post a message that lives for 100 seconds, and bring it into a state; its id."""
    (wanted,) = queue.post("A", ttl=100, delay=90 if state == "delayed" else 0)
    if state in ("claimed", "lapsed", "released"):
        held = queue.claim(ttl=60)
        if state == "lapsed":
            advance(queue.driver, 70)
        elif state == "released":
            held.release()
    return wanted


def orders(server: RedisServer) -> dict[str, int]:
    """How many messages each key of the queue holds."""
    with server.client(decode_responses=True) as client:
        sizes = {}
        for key in client.keys("*"):
            name = key.rpartition(":")[2]
            if name in ("all", "ready", "delayed", "claimed", "expiring"):
                sizes[name] = client.zcard(key)
            elif name in ("state", "body"):
                sizes[name] = client.hlen(key)
        return sizes


@pytest.mark.parametrize("state", STATES)
def test_deleted_message_leaves_nothing(queue: Queue, server: RedisServer, state: str) -> None:
    wanted = bring(queue, state)
    claim_id = queue.get_one(wanted).claim_id
    queue.delete(wanted, claim_id)
    assert orders(server) == {}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("state", STATES)
def test_expired_message_makes_room_for_its_id(
    queue: Queue, server: RedisServer, state: str, count: int
) -> None:
    """Before anything has reclaimed it."""
    wanted = bring(queue, state)
    advance(queue.driver, 1000)
    batch = [replace(new_message("B"), id=wanted), new_message("C")]
    queue.post_batch(batch[:count])
    assert orders(server) == dict.fromkeys(("all", "ready", "expiring", "body"), count)
    assert queue.claim().names == ["B", "C"][:count]
