"""One script call for each operation, whatever the size of the batch (design principle 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from angarium import ids
from angarium.storage import operations as op
from angarium.storage.models import DeadLetter
from angarium.testing.notices import new_notice
from angarium.testing.queues import ALICE, Queue, new_batch, new_queue, numbered
from tests.redis.conftest import Drivers
from tests.redis.wire import Wire
from tests.redis_servers import RedisServer

Ask = Callable[[list[str], str], op.DataOperation[Any]]

OPERATIONS: dict[str, Ask] = {
    "post": lambda found, _: op.PostMessages(new_batch(numbered(len(found))), ALICE),
    "post-notice": lambda found, _: op.PostMessages(
        new_batch(numbered(len(found))), ALICE, new_notice()
    ),
    "list": lambda found, _: op.ListMessages(len(found), include_claimed=True),
    "list-available": lambda found, _: op.ListMessages(len(found)),
    "get": lambda found, _: op.GetMessages(tuple(found)),
    "delete": lambda found, claim: op.DeleteMessage(found[0], claim),
    "delete-bulk": lambda found, _: op.DeleteMessages(tuple(found)),
    "delete-bulk-claims": lambda found, claim: op.DeleteMessages(tuple(found), (claim,)),
    "pop": lambda found, _: op.PopMessages(len(found)),
    "purge": lambda _, __: op.PurgeMessages(),
    "stats": lambda _, __: op.GetStats(),
    "claim": lambda found, _: op.CreateClaim(ids.new_claim_id(), 300, 60, len(found)),
    "get-claim": lambda _, claim: op.GetClaim(claim),
    "renew": lambda _, claim: op.RenewClaim(claim, 900, 60),
    "release": lambda _, claim: op.ReleaseClaim(claim),
}


@pytest.fixture
def wire(server: RedisServer) -> Iterator[Wire]:
    made = Wire(server.port)
    yield made
    made.close()


def trips_of(wire: Wire, queue: Queue, operation: op.DataOperation[Any]) -> int:
    before = wire.trips
    queue.do(operation)
    return wire.trips - before


@pytest.mark.parametrize("size", [1, 20])
def test_operation_is_one_round_trip(drivers: Drivers, wire: Wire, size: int) -> None:
    driver = drivers.data(f"redis://127.0.0.1:{wire.port}", pool_size=1)
    for name, ask in OPERATIONS.items():
        for is_warm in (False, True):
            queue = new_queue(driver)
            queue.post(*numbered(2 * size))
            claimed = queue.claim(size)
            trips = trips_of(wire, queue, ask(claimed.ids, claimed.id))
            if is_warm:  # the first time, the server may not know the script
                assert (name, trips) == (name, 1)


@pytest.mark.parametrize("size", [1, 20])
def test_dead_letters_move_in_the_claim_s_round_trip(
    drivers: Drivers, wire: Wire, size: int
) -> None:
    driver = drivers.data(f"redis://127.0.0.1:{wire.port}", pool_size=1)
    for is_warm in (False, True):
        queue, letters = new_queue(driver), new_queue(driver)
        queue.post(*numbered(size))
        queue.claim(size).release()
        rule = DeadLetter(1, letters.ref.scope, letters.ref.epoch)
        claim = op.CreateClaim(ids.new_claim_id(), 300, 60, size, rule)
        trips = trips_of(wire, queue, claim)
        assert letters.everything() == numbered(size)
        if is_warm:
            assert trips == 1


def test_waiting_for_replicas_costs_no_further_trip(
    drivers: Drivers, wire: Wire, server: RedisServer, start: Callable[..., RedisServer]
) -> None:
    start("--replicaof", "127.0.0.1", str(server.port))
    uri = f"redis://127.0.0.1:{wire.port}?wait_replicas=1&wait_timeout=10000"
    driver = drivers.data(uri, pool_size=1)
    queue = new_queue(driver)
    queue.post("A")
    assert trips_of(wire, queue, op.PostMessages(new_batch(["B"]), ALICE)) == 1
