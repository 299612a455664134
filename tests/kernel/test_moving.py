"""Moves of queues between pools while they are in use, on stores in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from angarium.actions.base import Services
from angarium.errors import Conflict, QueueIsMoving, StoreUnreachable
from angarium.storage.models import Kind, PoolRecord, QueueChange, QueueState
from angarium.storage.moving import Move
from angarium.testing.effort import scaled
from tests.kernel.faults import Counts, Fails
from tests.kernel.pooled import Pooled, pool_of, put_flavor, record_of
from tests.kernel.queues import SCOPE, Queue


@pytest.fixture
def world() -> Pooled:
    """Two pools; new queues go to the first."""
    made = Pooled()
    made.add("red")
    made.add("blue", weight=0)
    return made


def move(services: Services, source: str = "red", target: str = "blue") -> Move | None:
    return services.store.catalogue.mover.move(SCOPE, source, target)


def test_a_move_takes_messages_claims_and_states_along(world: Pooled) -> None:
    here, there = world.process(), Queue(world.process())
    queue = Queue(here)
    queue.create(_default_message_delay=5, kept=1)
    claimed = queue.post("a", "b", delay=0)
    claim = queue.claim()
    queue.post("later", delay=600)
    queue.post("c", "d", ttl=100, delay=0)
    before = [queue.get(identifier) for identifier in claimed]
    done = move(here)
    assert done is not None
    assert (done.messages, pool_of(here)) == (5, "blue")
    shown = there.listed(include_delayed=True)
    assert shown == ["a", "b", "later", "c", "d"]
    assert [there.get(identifier) for identifier in claimed] == before
    assert there.metadata() == {"_default_message_delay": 5, "kept": 1}
    there.release(claim)
    assert [it.id for it in there.claim().messages][:2] == list(claimed)
    assert world.store("red").get_totals().total == 0


def test_new_messages_sort_after_all_that_came_before(world: Pooled) -> None:
    process = world.process()
    queue = Queue(process)
    queue.post("a", "b")
    queue.pop()
    queue.post("c")
    move(process)
    queue.post("d")
    assert queue.listed() == ["c", "d"]
    move(process, "blue", "red")
    queue.post("e")
    assert queue.listed() == ["c", "d", "e"]


def test_a_topic_moves_without_the_queue_of_its_name(world: Pooled) -> None:
    process = world.process()
    pair = {kind: Queue(process, kind=kind) for kind in Kind}
    for kind, each in pair.items():
        each.post(f"of the {kind}")
    assert process.store.catalogue.mover.move(pair[Kind.TOPIC].scope, "red", "blue") is not None
    pools = {}
    for kind, each in pair.items():
        record = process.control.get_queue(each.scope)
        assert record is not None
        pools[kind] = record.pool
        assert each.listed() == [f"of the {kind}"]
    assert pools == {Kind.QUEUE: "red", Kind.TOPIC: "blue"}


def test_a_move_there_and_back_leaves_nothing_behind(world: Pooled) -> None:
    process = world.process()
    queue = Queue(process)
    queue.post(*range(5))
    for source, target in (("red", "blue"), ("blue", "red"), ("red", "blue")):
        assert move(process, source, target) is not None
        assert world.store(source).get_totals().total == 0
        assert world.store(target).get_totals().total == 5
    assert move(process) is None
    record = record_of(process)
    assert record is not None
    assert (record.state, record.target, record.source) == (QueueState.PUBLISHED, None, None)


def test_what_happens_while_the_copy_is_made_counts(world: Pooled) -> None:
    other = Queue(world.process())
    ids: list[str] = []

    class Meddles:
        """Changes everything once the first page has been copied."""

        done = False

        def __call__(self, name: str, call: Any) -> Any:
            result = call()
            if name == "import_messages" and not self.done:
                self.done = True
                other.claim(limit=3)
                other.remove_message(ids[0])
                other.post("new")
            return result

    process = world.process(Meddles())
    ids += Queue(process).post(*range(6), ttl=60)
    move(process)
    assert other.listed() == [1, 2, 3, 4, 5, "new"]
    assert other.listed(include_claimed=False) == [3, 4, 5, "new"]
    world.clock.offset += 70  # the claim extended the lives of the messages that it holds
    assert other.listed() == [1, 2, "new"]


def test_a_life_extended_after_its_copy_ended_is_not_lost(world: Pooled) -> None:
    """The target has forgotten the message by the time the claim shows."""
    other = Queue(world.process())

    class Passes:
        done = False

        def __call__(self, name: str, call: Any) -> Any:
            result = call()
            if name == "import_messages" and not self.done:
                self.done = True
                other.claim()
                world.clock.offset += 100
                world.store("blue").reclaim(1000)
            return result

    process = world.process(Passes())
    Queue(process).post("kept", ttl=60)
    move(process)
    assert pool_of(process) == "blue"
    assert other.listed() == ["kept"]


def test_a_change_of_metadata_during_the_copy_is_no_obstacle(world: Pooled) -> None:
    other = Queue(world.process())

    class Changes:
        left = 2

        def __call__(self, name: str, call: Any) -> Any:
            result = call()
            if name == "import_messages" and self.left:
                self.left -= 1
                other.add("key", self.left)
            return result

    process = world.process(Changes())
    Queue(process).post("a")
    assert move(process) is not None
    assert (other.metadata(), other.listed()) == ({"key": 0}, ["a"])


@pytest.mark.parametrize("call", ["import_messages", "export_claims"])
def test_a_deletion_during_a_move_leaves_nothing_anywhere(world: Pooled, call: str) -> None:
    other = Queue(world.process())

    class Deletes:
        done = False

        def __call__(self, name: str, proceed: Any) -> Any:
            result = proceed()
            if name == call and not self.done:
                self.done = True
                other.delete()
            return result

    process = world.process(Deletes())
    Queue(process).post("a")
    assert move(process) is None
    assert record_of(process) is None
    for store in ("red", "blue"):
        assert world.store(store).get_totals().total == 0
    other.post("new")
    assert other.listed() == ["new"]


def test_dead_letters_follow_their_queue_across_pools(world: Pooled) -> None:
    process = world.process()
    queue, dead = Queue(process), Queue(world.process(), "plums.dead")
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    dead.create()
    ids = queue.post("a", "b", "c")
    queue.release(queue.claim(limit=2))
    move(process)
    assert [it.id for it in queue.claim().messages] == [ids[2]]
    assert dead.listed() == ["a", "b"]
    assert [dead.get(identifier).claim_count for identifier in ids[:2]] == [0, 0]
    assert pool_of(process, "plums.dead") == "red"
    assert world.store("blue").get_totals().total == 1


def test_dead_letters_between_slots_are_carried_too() -> None:
    world = Pooled()
    world.add("red", scheme="unlinked")
    process = world.process()
    queue = Queue(process)
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    queue.post("a", "b")
    queue.release(queue.claim())
    assert queue.claim().messages == ()
    assert Queue(process, "plums.dead").listed() == ["a", "b"]
    assert queue.total() == 0


def test_dead_letters_find_a_queue_that_moved_away(world: Pooled) -> None:
    process, other = world.process(), world.process()
    queue, dead = Queue(process), Queue(process, "plums.dead")
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    dead.create()
    queue.post("a")
    queue.release(queue.claim())
    other.store.catalogue.mover.move(dead.scope, "red", "blue")
    assert queue.claim().messages == ()
    assert dead.listed() == ["a"]
    assert world.store("blue").get_totals().total == 1


def test_a_second_target_cleans_the_first(world: Pooled) -> None:
    world.add("green", weight=0)
    process = world.process()
    Queue(process).post(*range(3))
    broken = world.process(Fails("export_claims", StoreUnreachable(), times=1))
    with pytest.raises(StoreUnreachable):
        move(broken)
    assert world.store("blue").get_totals().total == 3
    assert Queue(process).listed() == [0, 1, 2]
    assert move(process, "red", "green") is not None
    assert world.store("blue").get_totals().total == 0
    assert Queue(broken).listed() == [0, 1, 2]
    assert move(process, "green", "blue") is not None
    assert Queue(broken).listed() == [0, 1, 2]


def test_the_virtual_pool_can_be_left_and_entered(world: Pooled) -> None:
    Queue(world.process(pooling=False)).post("a")
    process = world.process(virtual=True)
    assert move(process, "", "blue") is not None
    assert Queue(process).listed() == ["a"]
    assert move(process, "blue", "") is not None
    assert Queue(world.process(pooling=False)).listed() == ["a"]


# --- A queue that stands still --------------------------------------------------------------------


def stand_still(services: Services, lease: int) -> None:
    """As a mover does that is then killed."""
    control = services.control
    record = record_of(services)
    assert record is not None
    noted = control.change_queue(
        record, QueueChange(QueueState.PUBLISHED, target="blue", raises_epoch=False)
    )
    services.pools.driver("blue").register(noted.ref)
    moving = control.change_queue(noted, QueueChange(QueueState.MOVING, target="blue", lease=lease))
    services.pools.driver("red").register(moving.ref)


def test_requests_wait_and_are_then_refused_for_a_moment(world: Pooled) -> None:
    process = world.process()
    queue = Queue(process)
    queue.post("a")
    stand_still(process, lease=60)
    with pytest.raises(QueueIsMoving) as refusal:
        queue.post("b")
    assert refusal.value.retry_after is not None
    world.clock.offset += 61
    queue.post("c")
    assert queue.listed() == ["a", "c"]
    assert pool_of(process) == "red"


def test_a_lease_that_is_over_is_taken_back_at_once(world: Pooled) -> None:
    process, other = world.process(), world.process()
    queue = Queue(process)
    queue.post("a")
    stand_still(process, lease=0)
    assert Queue(other).listed() == ["a"]
    record = record_of(other)
    assert record is not None
    assert (record.state, record.pool, record.target) == (QueueState.PUBLISHED, "red", "blue")
    assert move(other) is not None


def test_a_mover_that_lost_its_lease_begins_anew(world: Pooled) -> None:
    other = Queue(world.process())

    class Sleeps:
        done = False

        def __call__(self, name: str, call: Any) -> Any:
            result = call()
            if name == "export_claims" and not self.done:
                self.done = True
                world.clock.offset += 100
                other.post("meanwhile")
            return result

    process = world.process(Sleeps())
    Queue(process).post("a")
    assert move(process) is not None
    assert other.listed() == ["a", "meanwhile"]
    assert pool_of(process) == "blue"


def test_two_movers_of_one_queue_do_no_harm(world: Pooled) -> None:
    process = world.process()
    Queue(process).post(*range(300))
    movers = [world.process() for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(move, movers))
    assert sum(it is not None for it in done) >= 1
    queue = Queue(process)
    assert queue.total() == 300
    assert pool_of(process) == "blue"
    assert world.store("red").get_totals().total == 0


def test_a_queue_in_use_moves_back_and_forth_and_loses_nothing(world: Pooled) -> None:
    posts = scaled(60, 600)
    here = world.process()
    Queue(here).create()
    seen: list[Any] = []

    def produce(number: int) -> None:
        queue = Queue(world.process())
        for each in range(posts):
            queue.post([number, each])

    def consume(_: int) -> None:
        queue = Queue(world.process())
        while len(seen) < 2 * posts:
            seen.extend(queue.pop(3))

    def shuttle(_: int) -> None:
        pools = ["red", "blue"]
        while len(seen) < 2 * posts:
            move(here, *pools)
            pools.reverse()

    with ThreadPoolExecutor(4) as threads:
        tasks = [threads.submit(produce, number) for number in range(2)]
        tasks += [threads.submit(consume, 0), threads.submit(shuttle, 0)]
        for task in tasks:
            task.result(timeout=120)
    assert sorted(seen) == sorted([number, each] for number in range(2) for each in range(posts))
    for number in range(2):
        assert [it for it in seen if it[0] == number] == [[number, each] for each in range(posts)]


def test_an_empty_queue_is_posted_to_while_its_flavor_changes(world: Pooled) -> None:
    here, there = world.process(), Queue(world.process())
    put_flavor(here, "fast", "blue")
    here.control.put_pool(PoolRecord("blue", world.uri("blue"), 1, "fast"))
    queue = Queue(here)
    queue.create()

    class Posts:
        done = False

        def __call__(self, name: str, call: Any) -> Any:
            if name == "change_queue" and not self.done:
                self.done = True
                there.post("a")
            return call()

    with pytest.raises(Conflict):
        Queue(world.process(Posts())).add("_flavor", "fast")
    assert (there.listed(), pool_of(here)) == (["a"], "red")
    there.post("b")
    assert queue.listed() == ["a", "b"]


def test_the_steps_of_a_move(world: Pooled) -> None:
    counts = Counts()
    process = world.process(counts)
    Queue(process).post("a")
    counts.names.clear()
    move(process)
    reads = {"get_queue", "get_pool"}
    assert [name for name in counts.names if name not in reads] == [
        *["change_queue", "register"],
        *["export_messages", "export_messages", "import_messages", "export_messages"],
        *["export_messages"],
        *["change_queue", "register", "seal", "register"],
        *["export_messages", "export_messages", "export_messages", "import_messages"],
        *["export_claims", "import_claims", "export_notices", "import_notices"],
        *["change_queue", "register", "drop_notices", "unregister", "publish"],
    ]
