"""Plans that others outdate, and changes that must not be lost, on real stores."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from angarium.errors import (
    InvalidRequest,
    MessageDoesNotExist,
    QueueDoesNotExist,
)
from angarium.kernel import Kernel
from angarium.limits import Limits
from angarium.storage.catalogue import Catalogue
from angarium.storage.models import QueueState, Scope
from tests.kernel.faults import Counts, with_hook
from tests.kernel.queues import SCOPE, Queue, catalogue_of, state_of

# --- Plans that other processes outdated ----------------------------------------------------------


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
    catalogue = Catalogue(kernel.services.pools, Limits(), cache_size=2)
    scopes = [Scope("orchard", f"queue-{number}") for number in range(6)]
    for number, scope in enumerate(scopes):
        catalogue.create(scope, {"number": number})
    for _ in range(2):
        plans = [catalogue.plan(scope) for scope in scopes]
        assert [plan.metadata["number"] for plan in plans if plan] == [0, 1, 2, 3, 4, 5]
    assert len(catalogue._plans) <= 2


def test_threads_share_a_cache_that_is_too_small(kernel: Kernel) -> None:
    catalogue = Catalogue(kernel.services.pools, Limits(), cache_size=1)
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


# --- Changes --------------------------------------------------------------------------------------


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
