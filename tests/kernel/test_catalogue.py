"""Plans and changes on real stores: whatever dies where, the next reader finds one truth."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from angarium.errors import (
    InvalidRequest,
    MessageDoesNotExist,
    OutcomeUnknown,
    QueueDoesNotExist,
    StoreUnreachable,
)
from angarium.kernel import Kernel
from angarium.limits import Limits
from angarium.storage.catalogue import Catalogue
from angarium.storage.models import Kind, QueueFilter, QueueState, Scope
from tests.kernel.faults import Counts, DiesAfter, Fails, ProcessDied, hooked_catalogue, with_hook
from tests.kernel.installation import Installation
from tests.kernel.queues import SCOPE, Queue

# How many calls to the stores each change consists of; the first test of each holds the number.
CREATE_CALLS, UPDATE_CALLS, DELETE_CALLS, POST_CALLS = 3, 4, 3, 7


def catalogue_of(kernel: Kernel) -> Catalogue:
    return kernel.services.store.catalogue


def state_of(kernel: Kernel) -> QueueState | None:
    record = kernel.services.control.get_queue(SCOPE)
    return None if record is None else record.state


# --- A process that dies in the middle of a change ----------------------------------------------


def test_a_change_takes_the_calls_that_the_next_tests_interrupt(kernel: Kernel) -> None:
    counts = Counts()
    catalogue = hooked_catalogue(kernel, counts)
    catalogue.create(SCOPE, {})
    assert counts.names == ["create_queue", "register", "publish"]
    counts.names.clear()
    catalogue.update(SCOPE, lambda stored: {"a": 1})
    assert counts.names == ["get_queue", "update_queue", "register", "publish"]
    counts.names.clear()
    catalogue.delete(SCOPE)
    assert counts.names == ["delete_queue", "unregister", "publish"]
    counts.names.clear()
    Queue(with_hook(kernel, counts)).post("a")
    assert len(counts.names) == POST_CALLS
    assert counts.names[-1] == "post_messages"


@pytest.mark.parametrize("calls", range(1, CREATE_CALLS + 1))
def test_a_creation_that_was_interrupted_is_ended_by_the_next_reader(
    kernel: Kernel, second: Kernel, calls: int
) -> None:
    with pytest.raises(ProcessDied):
        hooked_catalogue(kernel, DiesAfter(calls)).create(SCOPE, {"_default_message_ttl": 77})
    queue = Queue(second)
    assert queue.create(other="metadata") is False
    queue.post("a")
    assert queue.ttls() == [77]
    assert queue.metadata() == {"_default_message_ttl": 77}
    assert state_of(second) is QueueState.PUBLISHED


@pytest.mark.parametrize("calls", range(1, UPDATE_CALLS + 1))
def test_an_update_that_was_interrupted_is_ended_by_the_next_reader(
    kernel: Kernel, second: Kernel, calls: int
) -> None:
    queue = Queue(second)
    queue.create(_default_message_ttl=100)
    queue.post("a")
    with pytest.raises(ProcessDied):
        hooked_catalogue(kernel, DiesAfter(calls)).update(
            SCOPE, lambda stored: {"_default_message_ttl": 200}
        )
    expected = 100 if calls == 1 else 200  # the first call only reads
    assert queue.metadata() == {"_default_message_ttl": expected}
    queue.post("b")
    assert queue.ttls() == [100, expected]
    assert state_of(second) is QueueState.PUBLISHED


@pytest.mark.parametrize("calls", range(1, DELETE_CALLS + 1))
def test_a_deletion_that_was_interrupted_is_ended_by_the_next_reader(
    kernel: Kernel, second: Kernel, calls: int
) -> None:
    queue = Queue(second)
    queue.create(team="billing")
    queue.post("a")
    queue.claim()
    queue.post("b")
    with pytest.raises(ProcessDied):
        hooked_catalogue(kernel, DiesAfter(calls)).delete(SCOPE)
    assert queue.metadata() == {}
    assert state_of(second) is None
    assert queue.listed() == []
    assert queue.total() == 0
    assert queue.create() is True
    assert queue.listed() == []
    queue.post("c")
    assert queue.listed() == ["c"]


@pytest.mark.parametrize("calls", range(1, DELETE_CALLS + 1))
def test_a_queue_can_be_created_after_a_deletion_that_was_interrupted(
    kernel: Kernel, second: Kernel, calls: int
) -> None:
    queue = Queue(second)
    queue.post("a")
    with pytest.raises(ProcessDied):
        hooked_catalogue(kernel, DiesAfter(calls)).delete(SCOPE)
    assert queue.create(fresh=True) is True
    assert queue.metadata() == {"fresh": True}
    assert queue.listed() == []


@pytest.mark.parametrize("calls", range(1, DELETE_CALLS + 1))
def test_a_deletion_that_was_interrupted_can_be_repeated(
    kernel: Kernel, second: Kernel, calls: int
) -> None:
    Queue(second).post("a")
    with pytest.raises(ProcessDied):
        hooked_catalogue(kernel, DiesAfter(calls)).delete(SCOPE)
    Queue(second).delete()
    assert state_of(second) is None
    assert Queue(second).total() == 0


@pytest.mark.parametrize("calls", range(1, POST_CALLS + 1))
def test_a_post_that_was_interrupted_leaves_all_or_nothing(
    kernel: Kernel, second: Kernel, calls: int
) -> None:
    with pytest.raises(ProcessDied):
        Queue(with_hook(kernel, DiesAfter(calls))).post("a", "b", "c")
    assert Queue(second).listed() == (["a", "b", "c"] if calls == POST_CALLS else [])
    Queue(second).post("d")
    assert Queue(second).listed()[-1] == "d"


def test_a_listing_never_shows_what_is_being_deleted(kernel: Kernel, second: Kernel) -> None:
    Queue(second).create()
    with pytest.raises(ProcessDied):
        hooked_catalogue(kernel, DiesAfter(1)).delete(SCOPE)
    everything = QueueFilter()
    catalogue = catalogue_of(second)
    assert catalogue.list("orchard", Kind.QUEUE, marker="", limit=9, select=everything) == []
    assert catalogue.count("orchard", Kind.QUEUE) == 0


# --- A store that fails in the middle of a change -----------------------------------------------


@pytest.mark.parametrize("method", ["register", "publish"])
def test_a_change_that_began_and_could_not_be_ended_has_an_unknown_outcome(
    kernel: Kernel, second: Kernel, method: str
) -> None:
    failing = hooked_catalogue(kernel, Fails(method, StoreUnreachable()))
    with pytest.raises(OutcomeUnknown, match="unknown"):
        failing.create(SCOPE, {"team": "billing"})
    assert Queue(second).metadata() == {"team": "billing"}
    failing = hooked_catalogue(kernel, Fails(method, StoreUnreachable()))
    with pytest.raises(OutcomeUnknown):
        failing.update(SCOPE, lambda stored: {"team": "sales"})
    assert Queue(second).metadata() == {"team": "sales"}


@pytest.mark.parametrize("method", ["create_queue", "get_queue", "update_queue", "delete_queue"])
def test_a_change_that_could_not_begin_changed_nothing(kernel: Kernel, method: str) -> None:
    Queue(kernel).create(team="billing")
    failing = hooked_catalogue(kernel, Fails(method, StoreUnreachable(), times=3))
    changes: dict[str, Callable[[], object]] = {
        "create_queue": lambda: failing.create(SCOPE, {}),
        "get_queue": lambda: failing.update(SCOPE, lambda stored: {}),
        "update_queue": lambda: failing.update(SCOPE, lambda stored: {}),
        "delete_queue": lambda: failing.delete(SCOPE),
    }
    with pytest.raises(StoreUnreachable) as failure:
        changes[method]()
    assert not isinstance(failure.value, OutcomeUnknown)
    assert Queue(kernel).metadata() == {"team": "billing"}


# --- Plans that other processes outdated --------------------------------------------------------


def test_metadata_changed_elsewhere_counts_for_the_very_next_post(
    kernel: Kernel, second: Kernel
) -> None:
    here, there = Queue(kernel), Queue(second)
    here.post("a")
    there.add("_default_message_ttl", 200)
    here.post("b")
    there.remove("_default_message_ttl")
    here.post("c")
    assert here.ttls() == [3600, 200, 3600]


def test_a_smaller_limit_set_elsewhere_counts_for_the_very_next_post(
    kernel: Kernel, second: Kernel
) -> None:
    here, there = Queue(kernel), Queue(second)
    here.post("a", body_size=100)
    there.add("_max_messages_post_size", 50)
    with pytest.raises(InvalidRequest, match="50 bytes"):
        here.post("b", body_size=100)
    assert here.listed() == ["a"]
    there.remove("_max_messages_post_size")
    here.post("c", body_size=100)
    assert here.listed() == ["a", "c"]


def test_nobody_is_refused_for_a_delay_that_no_longer_counts(
    kernel: Kernel, second: Kernel
) -> None:
    here, there = Queue(kernel), Queue(second)
    here.create(_default_message_delay=10)
    assert here.post("a", delay=10)
    there.remove("_default_message_delay")
    here.post("b", delay=99_999)
    assert here.listed(include_delayed=True) == ["a", "b"]
    there.add("_default_message_delay", 10)
    with pytest.raises(InvalidRequest, match="delay"):
        here.post("c", delay=99_999)


def test_a_deletion_elsewhere_counts_for_the_very_next_request(
    kernel: Kernel, second: Kernel
) -> None:
    here, there = Queue(kernel), Queue(second)
    [identifier] = here.post("a")
    there.delete()
    with pytest.raises(MessageDoesNotExist):
        here.get(identifier)
    assert (here.listed(), here.pop(), here.total()) == ([], [], 0)
    assert here.claim().messages == ()
    with pytest.raises(QueueDoesNotExist):
        here.add("key", 1)
    assert state_of(kernel) is None


def test_a_queue_created_again_elsewhere_is_the_one_that_counts(
    kernel: Kernel, second: Kernel
) -> None:
    here, there = Queue(kernel), Queue(second)
    here.post("old")
    there.delete()
    there.create(_default_message_ttl=300)
    here.post("new")
    assert here.listed() == there.listed() == ["new"]
    assert there.ttls() == [300]


def test_a_post_creates_a_queue_that_was_deleted_elsewhere(kernel: Kernel, second: Kernel) -> None:
    here, there = Queue(kernel), Queue(second)
    here.create(_default_message_ttl=300)
    here.post("old")
    there.delete()
    here.post("new")
    assert there.listed() == ["new"]
    assert there.metadata() == {}
    assert there.ttls() == [3600]


def test_epochs_grow_with_every_change_and_are_never_used_again(kernel: Kernel) -> None:
    queue, epochs = Queue(kernel), []
    for round_ in range(3):
        queue.create()
        epochs.append(catalogue_of(kernel).plan(SCOPE))
        queue.add("round", round_)
        epochs.append(catalogue_of(kernel).plan(SCOPE))
        queue.delete()
        assert catalogue_of(kernel).plan(SCOPE) is None
    found = [plan.queue.epoch for plan in epochs if plan is not None]
    assert len(found) == 6
    assert found == sorted(set(found))


def test_a_steady_plan_costs_no_look_into_the_management_store(kernel: Kernel) -> None:
    counts = Counts()
    queue = Queue(with_hook(kernel, counts))
    queue.post("a")
    counts.names.clear()
    queue.post("b")
    queue.listed()
    queue.pop()
    assert counts.names == ["post_messages", "list_messages", "pop_messages"]


def test_the_cache_is_bounded_and_never_wrong(kernel: Kernel) -> None:
    catalogue = Catalogue(kernel.services.control, kernel.services.data, Limits(), cache_size=2)
    scopes = [Scope("orchard", f"queue-{number}") for number in range(6)]
    for number, scope in enumerate(scopes):
        catalogue.create(scope, {"number": number})
    for _ in range(2):
        plans = [catalogue.plan(scope) for scope in scopes]
        assert [plan.metadata["number"] for plan in plans if plan] == [0, 1, 2, 3, 4, 5]
    assert len(catalogue._plans) <= 2


def test_threads_share_a_cache_that_is_too_small(kernel: Kernel) -> None:
    catalogue = Catalogue(kernel.services.control, kernel.services.data, Limits(), cache_size=1)
    scopes = [Scope("orchard", f"queue-{number}") for number in range(4)]
    for scope in scopes:
        catalogue.create(scope, {})

    def plan_all(start: int) -> set[str]:
        turns = [scopes[(start + turn) % 4] for turn in range(60)]
        return {plan.queue.scope.name for scope in turns if (plan := catalogue.plan(scope))}

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(plan_all, range(4))) == [{each.name for each in scopes}] * 4
    finally:
        sys.setswitchinterval(interval)


# --- Changes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (True, 1), (0, False), (1, 1.0), (1.0, 1), ([1], [True]), ({"a": 0}, {"a": 0.0})],
)
def test_values_that_only_python_takes_for_equal_are_a_change(
    kernel: Kernel, before: object, after: object
) -> None:
    queue = Queue(kernel)
    queue.create(key=before)
    queue.add("key", after)
    assert repr(queue.metadata()["key"]) == repr(after)


def test_a_patch_that_changes_nothing_outdates_no_plan(kernel: Kernel) -> None:
    queue = Queue(kernel)
    queue.create(key={"a": [1]})
    plan = catalogue_of(kernel).plan_anew(SCOPE)
    queue.add("key", {"a": [1]})
    assert catalogue_of(kernel).plan_anew(SCOPE) == plan


def test_a_queue_is_created_once(kernel: Kernel, second: Kernel) -> None:
    with ThreadPoolExecutor(8) as pool:
        created = list(
            pool.map(
                lambda number: Queue((kernel, second)[number % 2]).create(number=number), range(8)
            )
        )
    assert created.count(True) == 1
    assert Queue(kernel).metadata() == {"number": created.index(True)}


def test_no_concurrent_change_of_metadata_is_lost(kernel: Kernel, second: Kernel) -> None:
    Queue(kernel).create()
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda number: Queue((kernel, second)[number % 2]).add(f"key-{number}", number),
                range(12),
            )
        )
    assert Queue(kernel).metadata() == {f"key-{number}": number for number in range(12)}


def test_unknown_queues_are_created_by_nothing_but_a_post(kernel: Kernel) -> None:
    queue = Queue(kernel)
    assert (queue.listed(), queue.pop(), queue.total(), queue.metadata()) == ([], [], 0, {})
    assert queue.claim().messages == ()
    queue.delete()
    with pytest.raises(QueueDoesNotExist):
        queue.add("key", 1)
    assert state_of(kernel) is None
    queue.post("a")
    assert state_of(kernel) is QueueState.PUBLISHED


# --- Dead-letter queues -------------------------------------------------------------------------


def claim_and_release(queue: Queue) -> list[str]:
    claim = queue.claim()
    queue.release(claim)
    return [message.id for message in claim.messages]


def test_a_dead_letter_queue_is_created_when_a_message_has_to_move(kernel: Kernel) -> None:
    queue, dead = Queue(kernel), Queue(kernel, "plums.dead")
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    ids = queue.post("a", "b")
    assert claim_and_release(queue) == list(ids)
    assert kernel.services.control.get_queue(dead.scope) is None
    assert claim_and_release(queue) == []
    assert dead.listed() == ["a", "b"]
    assert dead.metadata() == {}
    assert [dead.get(identifier).claim_count for identifier in ids] == [0, 0]
    assert queue.total() == 0


def test_a_dead_letter_queue_that_was_created_again_elsewhere_is_found(
    kernel: Kernel, second: Kernel
) -> None:
    queue, dead = Queue(kernel), Queue(second, "plums.dead")
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    dead.post("first")
    queue.post("a")
    claim_and_release(queue)
    dead.delete()
    dead.create(again=True)
    assert claim_and_release(queue) == []
    assert dead.listed() == ["a"]
    assert dead.metadata() == {"again": True}


def test_a_dead_letter_queue_that_was_deleted_elsewhere_is_created_again(
    kernel: Kernel, second: Kernel
) -> None:
    queue, dead = Queue(kernel), Queue(second, "plums.dead")
    dead.create()
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    queue.post("a")
    claim_and_release(queue)
    dead.delete()
    assert claim_and_release(queue) == []
    assert dead.listed() == ["a"]


def test_dead_letter_settings_changed_elsewhere_count_for_the_very_next_claim(
    kernel: Kernel, second: Kernel
) -> None:
    here, there = Queue(kernel), Queue(second)
    here.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    here.post("a")
    claim_and_release(here)
    there.add("_max_claim_count", 5)
    assert len(claim_and_release(here)) == 1
    there.add("_dead_letter_queue", "plums.other")
    there.add("_max_claim_count", 2)
    assert claim_and_release(here) == []
    assert Queue(second, "plums.other").listed() == ["a"]
    assert Queue(second, "plums.dead").total() == 0


# --- A pool that lost its data ------------------------------------------------------------------


@pytest.fixture
def split(tmp_path: Path) -> Installation:
    """Messages in a database of their own."""
    uri = f"sqlite:///{tmp_path}/messages.db"
    return Installation(tmp_path, {"drivers:message_store:sqlalchemy": {"uri": uri}})


def lose_messages(directory: Path, *kernels: Kernel) -> None:
    for each in kernels:
        each.services.data.close()
    for file in directory.glob("messages.db*"):
        file.unlink()
    kernels[0].services.data.upgrade()


def test_a_pool_that_lost_its_data_learns_its_queues_again(
    split: Installation, tmp_path: Path
) -> None:
    with split:
        kernel, second = split.open(), split.open()
        here, there = Queue(kernel), Queue(second)
        here.create(_default_message_ttl=300)
        here.post("lost")
        there.listed()
        lose_messages(tmp_path, kernel, second)
        assert there.listed() == []
        here.post("a")
        there.post("b")
        assert there.listed() == here.listed() == ["a", "b"]
        assert here.ttls() == [300, 300]


def test_a_dead_letter_queue_in_a_pool_that_lost_its_data_is_learnt_again(
    split: Installation, tmp_path: Path
) -> None:
    with split:
        kernel = split.open()
        queue, dead = Queue(kernel), Queue(kernel, "plums.dead")
        dead.create(kept=True)
        queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
        queue.listed()
        lose_messages(tmp_path, kernel)
        queue.post("a")
        claim_and_release(queue)
        assert claim_and_release(queue) == []
        assert dead.listed() == ["a"]
        assert dead.metadata() == {"kept": True}
