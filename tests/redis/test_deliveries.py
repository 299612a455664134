"""Deliveries in Redis: what they cost, what they leave, and where a cluster looks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from angarium.errors import StoreUnreachable
from angarium.storage.deliveries import Expansion
from angarium.storage.driver import DataDriver
from angarium.testing.notices import (
    Worker,
    again,
    announce,
    delivered,
    drain,
    failed,
    new_duty,
    new_worker,
    owe,
    owed,
    page,
    subscription_ids,
)
from angarium.testing.queues import Queue, new_queue, numbered
from angarium.testing.timing import advance
from angarium_redis.keys import BUCKETS, keys_of
from tests import redis_servers
from tests.redis.conftest import Drivers
from tests.redis.wire import Wire
from tests.redis_servers import RedisServer

IDLE = {
    "notices": lambda driver: driver.lease_notices("me", 60, 10),
    "lanes": lambda driver: driver.lease_lanes("me", 60, 10, 10, suspects=False),
    "suspects": lambda driver: driver.lease_lanes("me", 60, 10, 10, suspects=True),
}
SOON = 24 * 60 * 60  # seconds by which everything that was kept may go


@pytest.fixture
def wire(server: RedisServer) -> Iterator[Wire]:
    made = Wire(server.port)
    yield made
    made.close()


def changes(server: RedisServer) -> int:
    """How many changes the server has seen."""
    with server.client() as client:
        return int(client.info("persistence")["rdb_changes_since_last_save"])


def trips_of(wire: Wire, action: Callable[[], object]) -> int:
    """Round trips of an action whose scripts the server knows."""
    action()
    before = wire.trips
    action()
    return wire.trips - before


@pytest.mark.parametrize("poll", IDLE)
def test_idle_poll_is_one_round_trip_that_writes_nothing(
    drivers: Drivers, wire: Wire, server: RedisServer, poll: str
) -> None:
    """However much there is that is not due, or is in the hands of others."""
    driver = drivers.data(f"redis://127.0.0.1:{wire.port}", pool_size=1)
    queue = new_queue(driver)
    owe(queue, *numbered(20), due=1000)
    owe(queue, "held")
    new_worker(driver).lane()
    announce(queue)
    new_worker(driver).notice()
    IDLE[poll](driver)
    written = changes(server)
    assert trips_of(wire, lambda: IDLE[poll](driver)) == 1
    assert changes(server) == written


def test_each_step_of_a_delivery_is_one_round_trip(drivers: Drivers, wire: Wire) -> None:
    """Whatever the number of queues, subscriptions and duties."""
    driver = drivers.data(f"redis://127.0.0.1:{wire.port}", pool_size=1)
    queues = [new_queue(driver) for _ in range(5)]
    for _ in ("the server learns the scripts", "it knows them"):
        worker, trips = new_worker(driver), []

        def measured(action: Callable[[], object], trips: list[int] = trips) -> None:
            before = wire.trips
            action()
            trips.append(wire.trips - before)

        for queue in queues:
            measured(partial(announce, queue))
            measured(partial(announce, queue, "A", "B"))
        taken = worker.notices()
        assert len(taken) == 10
        pages = [page(it, *map(new_duty, numbered(10))) for it in taken]
        measured(partial(worker.expand, *pages))
        before = wire.trips
        lanes = worker.lanes(limit=50)
        trips.append(wire.trips - before)
        assert len(lanes) == 50
        for lane in lanes:
            report = partial(worker.settle, lane, *map(delivered, lane.duties))
            measured(report)
    assert set(trips) == {1}


# --- What is left --------------------------------------------------------------------------------


def left(server: RedisServer) -> set[str]:
    """The names of all keys that have to do with deliveries, without those of queues in them."""
    with server.client(decode_responses=True) as client:
        keys = client.keys("*")
    of_lanes = {f"lane:{key.rpartition(':')[2]}" for key in keys if ":lane:" in key}
    others = {key.rpartition(":")[2] for key in keys if ":lane:" not in key}
    return of_lanes | (others - {"queue", "due", "all", "ready", "expiring", "body"})


def owe_everything(queue: Queue) -> Worker:
    """Leave a queue with notices and duties in every state there is; whoever holds some of them."""
    worker = new_worker(queue.driver)
    owe(queue, *numbered(4), due=100)
    owe(queue, "ordered", is_ordered=True)
    owe(queue, "suspect", is_suspect=True)
    owe(queue, "kept", "failed", "again", "held")
    for lane in worker.lanes():
        outcomes = {
            "kept": delivered(lane.duties[0], keep=200),
            "failed": failed(lane.duties[0], keep=300),
            "again": again(lane.duties[0], due=50),
        }
        if lane.subscription_id in outcomes:
            worker.settle(lane, outcomes[lane.subscription_id], is_suspect=True)
    announce(queue)
    announce(queue)
    worker.expand(page(worker.notices()[0], new_duty("half"), cursor="half"))
    queue.purge()
    return worker


@pytest.fixture
def queue(drivers: Drivers, server: RedisServer) -> Queue:
    return new_queue(drivers.data(server.uri))


def finish(driver: DataDriver) -> None:
    """Fulfil everything, and let go what was kept."""
    advance(driver, SOON)
    worker = new_worker(driver)
    worker.expand(*(page(it) for it in worker.notices()))
    drain(worker)
    advance(driver, SOON)
    while driver.reclaim(3):
        pass


def test_nothing_is_left_when_all_is_fulfilled(queue: Queue, server: RedisServer) -> None:
    owe_everything(queue)
    assert left(server) > {"notices", "lanes", "suspects", "holders", "names", "kept"}
    finish(queue.driver)
    assert left(server) == set()


def test_nothing_is_left_when_the_debt_has_moved(queue: Queue, server: RedisServer) -> None:
    """What another queue of the store owes stays."""
    other = new_queue(queue.driver)
    owe_everything(queue)
    owe(other, "s")
    queue.driver.drop_notices(queue.ref)
    worker = new_worker(queue.driver)
    assert subscription_ids(worker.lanes()) == ["s"]
    finish(queue.driver)
    assert left(server) == set()


def test_reports_that_come_too_late_leave_nothing(queue: Queue, server: RedisServer) -> None:
    """The queue's debts are gone, or the lane is."""
    owe(queue, "s")
    announce(queue)
    worker = new_worker(queue.driver)
    lane, notice = worker.lane(), worker.notice()
    queue.driver.drop_notices(queue.ref)
    worker.settle(lane, again(lane.duties[0], due=5), seconds=60)
    worker.expand(page(notice, new_duty("a")))
    assert left(server) == set()


# --- In a cluster --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    with redis_servers.cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


@pytest.fixture
def driver(drivers: Drivers, nodes: list[RedisServer], tmp_path: Path) -> DataDriver:
    """On a cluster, with keys that no other test has."""
    uri = nodes[0].uri.replace("redis://", "redis-cluster://")
    return drivers.data(
        uri, key_prefix=tmp_path.name, max_reconnect_attempts=2, reconnect_sleep=0.0
    )


def forget_hints(nodes: list[RedisServer]) -> int:
    """Lose all hints about where there is something to do; returns how many keys that were."""
    count = 0
    for node in nodes:
        with node.client() as client:
            for key in client.keys("*{deliveries}*"):
                count += client.delete(key)
    return count


def take_all(take: Callable[[], tuple[object, ...]]) -> int:
    """Take until the rotation has been through all buckets; how many there were."""
    return sum(len(take()) for _ in range(BUCKETS // 256 + 1))


def test_cluster_finds_what_is_due_at_once(driver: DataDriver) -> None:
    """By the hints, in whatever buckets it is."""
    queues = [new_queue(driver) for _ in range(20)]
    for queue in queues:
        announce(queue)
    worker = new_worker(driver)
    taken = worker.notices()
    assert {it.scope for it in taken} == {queue.ref.scope for queue in queues}
    worker.expand(*(page(it, new_duty(due=100)) for it in taken))
    assert worker.lanes() == ()
    advance(driver, 100)
    assert len(worker.lanes()) == 20


def test_cluster_finds_everything_without_hints(
    driver: DataDriver, nodes: list[RedisServer]
) -> None:
    """They may get lost at any time: the rotation comes by everywhere."""
    for _ in range(20):
        announce(new_queue(driver))
    worker = new_worker(driver)
    assert forget_hints(nodes) > 0
    found = []
    for _ in range(BUCKETS // 256):
        found += driver.lease_notices(worker.name, 60, 100)
    ids = {it.id for it in found}
    assert len(ids) == 20
    pages = {it.id: Expansion(it.scope, it.id, it.cursor, (new_duty(),)) for it in found}
    worker.expand(*pages.values())
    assert forget_hints(nodes) > 0
    lanes = {it.scope for _ in range(BUCKETS // 256) for it in worker.lanes()}
    assert len(lanes) == 20


def test_nothing_is_left_in_a_cluster(driver: DataDriver, nodes: list[RedisServer]) -> None:
    """But for what a holder held, which goes on its own."""
    for _ in range(3):
        owe_everything(new_queue(driver))
    finish(driver)
    for poll in IDLE.values():
        for _ in range(BUCKETS // 256 + 1):
            assert poll(driver) == ()
    for node in nodes:
        with node.client(decode_responses=True) as client:
            for key in client.keys(f"{driver_prefix(driver)}:*"):
                assert key.endswith(":queue") or client.ttl(key) > 0


def driver_prefix(driver: DataDriver) -> str:
    prefix: bytes = getattr(driver, "prefix")  # noqa: B009 - of the class here
    return prefix.decode()


def test_bucket_that_is_being_moved_waits(driver: DataDriver, nodes: list[RedisServer]) -> None:
    """With half of its keys elsewhere nothing is carried out, nor lost."""
    queue = new_queue(driver)
    owe(queue, "a")
    worker = owe_everything(queue)
    (lane,) = (it for it in worker.lanes() if it.subscription_id == "a")
    before = owed(queue)
    slot = keys_of(driver_prefix(driver).encode(), queue.ref.scope).slot
    holder = next(node for node in nodes if keys_in(node, slot))
    target = next(node for node in nodes if node is not holder)
    move_begins(slot, holder, target)
    keys = keys_in(holder, slot)
    moved = [key for key in keys if b":lane:" in key and key.endswith(b":due")]
    assert moved
    migrate(moved, holder, target)
    with pytest.raises(StoreUnreachable):
        worker.settle(lane, *map(delivered, lane.duties))
    migrate([key for key in keys if key not in moved], holder, target)
    move_ends(slot, target, nodes)
    assert owed(queue) == before
    worker.settle(lane, *map(delivered, lane.duties))
    assert len(owed(queue)) == len(before) - 1


def keys_in(node: RedisServer, slot: int) -> list[bytes]:
    """The keys of a slot that a node has."""
    with node.client() as client:
        found: list[bytes] = client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000)
        return found


def name_of(node: RedisServer) -> str:
    with node.client(decode_responses=True) as client:
        return str(client.execute_command("CLUSTER", "MYID"))


def move_begins(slot: int, holder: RedisServer, target: RedisServer) -> None:
    with target.client() as client:
        client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", name_of(holder))
    with holder.client() as client:
        client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", name_of(target))


def migrate(keys: list[bytes], holder: RedisServer, target: RedisServer) -> None:
    with holder.client() as client:
        client.migrate("127.0.0.1", target.port, keys, 0, 5000)


def move_ends(slot: int, target: RedisServer, nodes: list[RedisServer]) -> None:
    name = name_of(target)
    for node in (target, *(it for it in nodes if it is not target)):
        with node.client() as client:
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)
