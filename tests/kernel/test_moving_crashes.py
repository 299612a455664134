"""A mover that dies at any step: the queue is whole, usable, and can be moved again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from angarium.actions.base import Services
from angarium.errors import StoreUnreachable
from angarium.storage.models import QueueState
from angarium.storage.moving import LEASE
from tests.kernel.faults import Counts, DiesAfter, Fails, ProcessDied
from tests.kernel.pooled import Pooled, patch_pool, pool_of, put_flavor, record_of
from tests.kernel.queues import SCOPE, Queue

MOVE_CALLS = 32
"""Calls to the stores that the move of these tests consists of; the first test holds it."""

FLAVOR_CALLS = 34
"""Calls of the change of a flavor that moves an empty queue."""


@pytest.fixture
def world() -> Pooled:
    """Two pools with a queue in the first: two messages under a claim, two free ones."""
    made = Pooled()
    made.add("red")
    made.add("blue", weight=0)
    queue = Queue(made.process())
    queue.post("a", "b")
    queue.claim()
    queue.post("c", "d")
    return made


def move(services: Services) -> object:
    return services.store.catalogue.mover.move(SCOPE, "red", "blue")


def is_whole(world: Pooled) -> None:
    """What everybody else finds afterwards, at once or when the lease of the dead is over."""
    process = world.process()
    queue = Queue(process)
    record = record_of(process)
    assert record is not None
    if record.state is QueueState.MOVING:
        world.clock.offset += LEASE
    assert queue.listed() == ["a", "b", "c", "d"]
    assert queue.listed(include_claimed=False) == ["c", "d"]
    queue.post("e")
    assert queue.listed() == ["a", "b", "c", "d", "e"]
    record = record_of(process)
    assert record is not None
    assert record.state is QueueState.PUBLISHED


def test_a_move_takes_the_calls_that_the_next_tests_interrupt(world: Pooled) -> None:
    counts = Counts()
    move(world.process(counts))
    assert len(counts.names) == MOVE_CALLS


@pytest.mark.parametrize("calls", range(1, MOVE_CALLS + 1))
def test_a_mover_that_dies_leaves_the_queue_whole(world: Pooled, calls: int) -> None:
    with pytest.raises(ProcessDied):
        move(world.process(DiesAfter(calls)))
    is_whole(world)
    process = world.process()
    move(process)
    assert pool_of(process) == "blue"
    assert Queue(process).listed() == ["a", "b", "c", "d", "e"]
    assert world.store("red").get_totals().total == 0
    assert world.store("blue").get_totals().total == 5


@pytest.mark.parametrize("calls", range(1, MOVE_CALLS + 1, 3))
def test_a_queue_is_deleted_wherever_its_mover_died(world: Pooled, calls: int) -> None:
    with pytest.raises(ProcessDied):
        move(world.process(DiesAfter(calls)))
    Queue(world.process()).delete()
    assert record_of(world.process()) is None
    for store in ("red", "blue"):
        assert world.store(store).get_totals().total == 0
    Queue(world.process()).post("new")
    assert Queue(world.process()).listed() == ["new"]


@pytest.mark.parametrize(
    "method",
    [
        "change_queue",
        "register",
        "export_messages",
        "import_messages",
        "export_claims",
        "import_claims",
        "publish",
        "unregister",
    ],
)
def test_a_store_that_fails_once_leaves_the_queue_whole_and_usable(
    world: Pooled, method: str
) -> None:
    with pytest.raises(StoreUnreachable):
        move(world.process(Fails(method, StoreUnreachable())))
    record = record_of(world.process())
    assert record is not None
    assert record.state is not QueueState.MOVING
    is_whole(world)


@pytest.fixture
def empty() -> Pooled:
    """An empty queue in one pool, and a flavor of another."""
    made = Pooled()
    made.add("red")
    made.add("blue")
    process = made.process()
    put_flavor(process, "fast", "blue")
    Queue(process).create(kept=1)
    return made


def test_a_change_of_flavor_takes_the_calls_that_are_interrupted(empty: Pooled) -> None:
    counts = Counts()
    Queue(empty.process(counts)).add("_flavor", "fast")
    assert len(counts.names) == FLAVOR_CALLS


@pytest.mark.parametrize("calls", range(1, FLAVOR_CALLS + 1))
def test_a_change_of_flavor_that_was_interrupted(empty: Pooled, calls: int) -> None:
    with pytest.raises(ProcessDied):
        Queue(empty.process(DiesAfter(calls))).add("_flavor", "fast")
    process = empty.process()
    record = record_of(process)
    assert record is not None
    if record.state is QueueState.MOVING:
        empty.clock.offset += LEASE
    queue = Queue(process)
    queue.post("a")
    expected = {"blue": {"kept": 1, "_flavor": "fast"}, "red": {"kept": 1}}
    assert queue.metadata() == expected[str(pool_of(process))]
    assert queue.listed() == ["a"]


def dies_in(method: str) -> Callable[[str, Callable[[], Any]], Any]:
    """A process that dies in the middle of its second call of a method."""
    seen: list[str] = []

    def hook(name: str, call: Callable[[], Any]) -> Any:
        if name == method:
            seen.append(name)
            if len(seen) == 2:
                raise ProcessDied(name)
        return call()

    return hook


@pytest.mark.parametrize("method", ["change_queue", "register", "publish"])
def test_a_new_uri_whose_writer_dies_counts_everywhere_soon(method: str) -> None:
    world = Pooled()
    world.add("red")
    names = [f"queue-{number}" for number in range(3)]
    bystander = world.process()
    for name in names:
        Queue(bystander, name).post("old")
    with pytest.raises(ProcessDied):
        patch_pool(world.process(dies_in(method)), "red", uri=world.uri("blue"))
    bystander.pools.drivers()  # as the housekeeper does every few seconds
    for name in names:
        Queue(bystander, name).post("new")
        assert Queue(world.process(), name).listed() == ["new"]
