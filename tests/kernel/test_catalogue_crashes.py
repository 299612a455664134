"""Changes on real stores: whatever dies or fails where, the next reader finds one truth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from angarium.errors import (
    OutcomeUnknown,
    StoreUnreachable,
)
from angarium.kernel import Kernel
from angarium.storage.models import Kind, QueueFilter, QueueState
from tests.kernel.faults import Counts, DiesAfter, Fails, ProcessDied, hooked_catalogue, with_hook
from tests.kernel.queues import SCOPE, Queue, catalogue_of, state_of

# How many calls to the stores each change consists of; the first test holds them.
CREATE_CALLS, UPDATE_CALLS, DELETE_CALLS, POST_CALLS = 3, 4, 3, 7


# --- A process that dies in the middle of a change ------------------------------------------------


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


# --- A store that fails in the middle of a change -------------------------------------------------


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
