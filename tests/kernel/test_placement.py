"""Where new queues go (``storage-semantics.md`` 13), on stores in memory."""

from __future__ import annotations

from collections import Counter

import pytest

from angarium.actions import messages
from angarium.actions.base import Services
from angarium.errors import (
    Conflict,
    FlavorDoesNotExist,
    InvalidRequest,
    NoPoolFound,
    QueueDoesNotExist,
)
from angarium.model import ModelControlDriver
from angarium.storage.models import PoolRecord, QueueRecord
from angarium.storage.signals import RecordChanged
from tests.kernel.installation import CONTEXT
from tests.kernel.pooled import Pooled, pool_of, put_flavor, record_of
from tests.kernel.queues import Queue


@pytest.fixture
def world() -> Pooled:
    """An installation without pools."""
    return Pooled()


def test_without_pooling_everything_new_goes_to_the_configured_store(world: Pooled) -> None:
    world.add("red")
    process = world.process(pooling=False)
    assert Queue(process).create(_flavor="unknown") is True
    assert pool_of(process) == ""


def test_an_existing_mapping_is_honoured_when_pooling_is_switched_off(world: Pooled) -> None:
    world.add("red")
    Queue(world.process()).post("a")
    off = Queue(world.process(pooling=False))
    off.post("b")
    assert Queue(world.process()).listed() == off.listed() == ["a", "b"]
    assert world.store("red").get_totals().total == 2


def test_without_a_flavor_only_pools_without_one_are_candidates(world: Pooled) -> None:
    world.add("tagged", weight=1000, flavor="fast")
    world.add("plain")
    process = world.process()
    for number in range(20):
        Queue(process, f"queue-{number}").create()
    assert {pool_of(process, f"queue-{number}") for number in range(20)} == {"plain"}


def test_with_a_flavor_only_its_pools_are_candidates(world: Pooled) -> None:
    world.add("plain", weight=1000)
    world.add("tagged")
    process = world.process()
    put_flavor(process, "fast", "tagged")
    Queue(process).create(_flavor="fast")
    assert pool_of(process) == "tagged"


def test_weights_are_shares_and_weight_0_is_never_drawn(world: Pooled) -> None:
    world.add("three", weight=3)
    world.add("one", weight=1)
    world.add("never", weight=0)
    process = world.process()
    for number in range(400):
        Queue(process, f"queue-{number}").create()
    counts = Counter(pool_of(process, f"queue-{number}") for number in range(400))
    assert set(counts) == {"three", "one"}
    assert 240 <= counts["three"] <= 350  # 300 expected; further off once in 10**9 runs or so


def test_nothing_drawn_is_a_refusal_and_writes_nothing(world: Pooled) -> None:
    world.add("never", weight=0)
    process = world.process()
    queue = Queue(process)
    with pytest.raises(NoPoolFound):
        queue.create()
    with pytest.raises(NoPoolFound):
        queue.post("a")
    assert record_of(process) is None
    assert queue.listed() == []


def test_the_virtual_pool_takes_what_has_no_flavor_and_no_pool(world: Pooled) -> None:
    world.add("tagged")
    process = world.process(virtual=True)
    put_flavor(process, "fast", "tagged")
    process.control.put_pool(PoolRecord("tagged", world.uri("tagged"), 0, "fast"))
    Queue(process).create()
    assert pool_of(process) == ""
    with pytest.raises(NoPoolFound):
        Queue(process, "other").create(_flavor="fast")
    world.add("plain")
    Queue(process, "third").create()
    assert pool_of(process, "third") == "plain"


def test_an_unknown_flavor_is_a_bad_request_and_creates_nothing(world: Pooled) -> None:
    world.add("plain")
    process = world.process(virtual=True)
    for flavor in ("unknown", ""):
        with pytest.raises(InvalidRequest, match="_flavor"):
            Queue(process).create(_flavor=flavor)
    assert record_of(process) is None


def test_flavors_belong_to_a_project(world: Pooled) -> None:
    world.add("plain")
    process = world.process()
    process.control.put_flavor("another project", "fast", ["plain"])
    with pytest.raises(InvalidRequest):
        Queue(process).create(_flavor="fast")


def test_a_repeated_creation_changes_nothing(world: Pooled) -> None:
    world.add("plain")
    process = world.process()
    queue = Queue(process)
    queue.create(kept=1)
    world.add("tagged")
    put_flavor(process, "fast", "tagged")
    assert queue.create(_flavor="fast") is False
    process.control.put_pool(PoolRecord("plain", world.uri("plain"), 0))
    assert queue.create() is False
    assert (pool_of(process), queue.metadata()) == ("plain", {"kept": 1})


def test_weights_change_nothing_for_queues_that_exist(world: Pooled) -> None:
    world.add("plain")
    process = world.process()
    Queue(process).post("a")
    process.control.put_pool(PoolRecord("plain", world.uri("plain"), 0))
    world.add("other", weight=9)
    Queue(process).post("b")
    assert Queue(world.process()).listed() == ["a", "b"]
    assert pool_of(process) == "plain"


def test_a_pool_that_vanishes_while_it_is_drawn_is_drawn_again(
    world: Pooled, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("first")
    process = world.process()
    create = ModelControlDriver.create_queue

    def late(*arguments: object) -> tuple[QueueRecord, bool]:
        monkeypatch.setattr(ModelControlDriver, "create_queue", create)
        process.control.delete_pool("first")
        world.add("second")
        raise RecordChanged

    monkeypatch.setattr(ModelControlDriver, "create_queue", late)
    Queue(process).create()
    assert pool_of(process) == "second"


# --- The virtual pool switched off ----------------------------------------------------------------


def test_a_queue_in_the_message_store_behaves_as_absent_while_that_is_no_pool(
    world: Pooled,
) -> None:
    Queue(world.process(pooling=False)).post("kept")
    world.add("plain")
    process = world.process()
    queue = Queue(process)
    assert (queue.metadata(), queue.listed(), queue.total()) == ({}, [], 0)
    assert queue.claim().messages == ()
    with pytest.raises(QueueDoesNotExist):
        queue.add("key", 1)
    with pytest.raises(NoPoolFound, match="enable_virtual_pool"):
        queue.create()
    with pytest.raises(NoPoolFound):
        queue.post("lost?")
    assert Queue(world.process(virtual=True)).listed() == ["kept"]
    assert Queue(world.process(pooling=False)).listed() == ["kept"]


def test_a_queue_in_the_message_store_can_be_deleted_all_the_same(world: Pooled) -> None:
    Queue(world.process(pooling=False)).post("old")
    world.add("plain")
    process = world.process()
    Queue(process).delete()
    Queue(process).post("new")
    assert pool_of(process) == "plain"
    assert Queue(process).listed() == ["new"]


# --- A missing pool -------------------------------------------------------------------------------


def test_a_queue_whose_pool_is_missing_is_unavailable(world: Pooled) -> None:
    world.add("plain")
    process = world.process()
    Queue(process).post("a")
    pool = process.control.get_pool("plain")
    assert pool is not None
    process.control._records.pools.clear()  # type: ignore[attr-defined] # as if by hand
    fresh = Queue(world.process())
    for ask in (fresh.listed, lambda: fresh.post("b"), fresh.claim, fresh.total):
        with pytest.raises(NoPoolFound, match="missing"):
            ask()
    process.control.put_pool(pool)
    assert fresh.listed() == ["a"]


# --- Changes of the flavor ------------------------------------------------------------------------


@pytest.fixture
def flavored(world: Pooled) -> Pooled:
    """Three pools: one plain, one of the flavor fast, one of the flavor safe."""
    for name in ("plain", "quick", "firm"):
        world.add(name)
    process = world.process()
    put_flavor(process, "fast", "quick")
    put_flavor(process, "safe", "firm")
    return world


def test_an_unknown_flavor_in_a_patch_does_not_exist(flavored: Pooled) -> None:
    queue = Queue(flavored.process())
    queue.create()
    with pytest.raises(FlavorDoesNotExist):
        queue.add("_flavor", "unknown")
    assert queue.metadata() == {}


def test_an_empty_queue_moves_with_its_flavor_and_markers_stay_valid(flavored: Pooled) -> None:
    process = flavored.process()
    other = Queue(flavored.process())
    queue = Queue(process)
    queue.post("a", "b")
    marker = last_marker(process)
    assert other.pop() == ["a", "b"]
    assert queue.add("_flavor", "fast") == {"_flavor": "fast"}
    assert pool_of(process) == "quick"
    other.post("c")
    assert queue.listed(marker=marker) == ["c"]
    assert flavored.store("plain").get_totals().total == 0
    assert flavored.store("quick").get_totals().total == 1


def last_marker(process: Services) -> str | None:
    parameters = {"queue_name": "plums", "limit": 20, "echo": True}
    return messages.message_list(process, CONTEXT, parameters).page.marker


def test_a_queue_with_messages_keeps_its_flavor(flavored: Pooled) -> None:
    process = flavored.process()
    queue = Queue(process)
    queue.create(_flavor="safe")
    queue.post("a")
    queue.claim()
    for change in (lambda: queue.add("_flavor", "fast"), lambda: queue.remove("_flavor")):
        with pytest.raises(Conflict, match="there are 1"):
            change()
    assert queue.metadata() == {"_flavor": "safe"}
    assert queue.listed() == ["a"]
    record = record_of(process)
    assert record is not None
    assert (record.pool, record.target) == ("firm", None)


def test_a_flavor_that_the_pool_fits_moves_nothing(flavored: Pooled) -> None:
    process = flavored.process()
    queue = Queue(process)
    queue.create()
    queue.post("a")
    put_flavor(process, "fast", "quick", "plain")
    queue.add("_flavor", "fast")
    assert (pool_of(process), queue.listed()) == ("plain", ["a"])


def test_a_removed_flavor_moves_an_empty_queue_to_a_plain_pool(flavored: Pooled) -> None:
    process = flavored.process()
    queue = Queue(process)
    queue.create(_flavor="fast")
    queue.remove("_flavor")
    assert pool_of(process) == "plain"


def test_no_pool_for_the_new_flavor_is_a_refusal_that_changes_nothing(flavored: Pooled) -> None:
    process = flavored.process()
    queue = Queue(process)
    queue.create()
    process.control.put_pool(PoolRecord("quick", flavored.uri("quick"), 0, "fast"))
    with pytest.raises(NoPoolFound):
        queue.add("_flavor", "fast")
    assert (pool_of(process), queue.metadata()) == ("plain", {})


def test_dead_letter_queues_are_created_beside_their_source(flavored: Pooled) -> None:
    process = flavored.process()
    queue = Queue(process)
    queue.create(_flavor="fast", _max_claim_count=1, _dead_letter_queue="plums.dead")
    queue.post("a")
    queue.release(queue.claim())
    assert queue.claim().messages == ()
    assert pool_of(process, "plums.dead") == "quick"
    assert Queue(process, "plums.dead").listed() == ["a"]
