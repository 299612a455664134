"""What looks after deliveries costs a fixed number of commands, and nothing while idle."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from angarium.storage import operations as op
from angarium.storage.deliveries import (
    DutyStatus,
    Expansion,
    Lane,
    NewDuty,
    NewNotice,
    Outcome,
    Settlement,
)
from angarium.storage.models import NewMessage, QueueRef
from angarium_mongodb.data import MongoDataDriver
from tests.mongodb.conftest import CommandNames

_ONE_READ = ["aggregate"]
_PATIENCE = 60  # seconds that everything is leased for

Watched = tuple[MongoDataDriver, CommandNames]


def _post(driver: MongoDataDriver, queue: QueueRef, number: int) -> None:
    message, notice = (
        NewMessage(f"message-{number}", b"{}", 60),
        NewNotice(f"notice-{number}", b"{}"),
    )
    driver.post_messages(queue, op.PostMessages((message,), "client", notice))


def _page(queue: QueueRef, number: int, lanes: int, due: int = 0) -> Expansion:
    duties = tuple(NewDuty(f"subscription-{it}", b"{}", due) for it in range(lanes))
    return Expansion(queue.scope, f"notice-{number}", "", duties)


def _leased(driver: MongoDataDriver, lanes: int) -> tuple[Lane, ...]:
    return driver.lease_lanes("owner", _PATIENCE, lanes, 100, suspects=False)


def _owe(driver: MongoDataDriver, queue: QueueRef, count: int, due: int = 0) -> None:
    """As many notices with as many duties each."""
    for number in range(count):
        _post(driver, queue, number)
    driver.lease_notices("owner", _PATIENCE, count)
    driver.expand_notices("owner", [_page(queue, it, count, due) for it in range(count)])


def _polls(driver: MongoDataDriver) -> tuple[Callable[[], object], ...]:
    return (
        lambda: driver.lease_notices("other", _PATIENCE, 100),
        lambda: driver.lease_lanes("other", _PATIENCE, 10, 10, suspects=False),
        lambda: driver.lease_lanes("other", _PATIENCE, 10, 10, suspects=True),
    )


@pytest.mark.parametrize("later", [False, True])
def test_idle_polls_are_one_read_each(counted: Watched, queue: QueueRef, later: bool) -> None:
    """Be it that nothing is owed, or nothing is due yet."""
    driver, counter = counted
    if later:
        _owe(driver, queue, 2, due=1000)
    for poll in _polls(driver):
        counter.names.clear()
        assert not poll()
        assert counter.names == _ONE_READ


def test_polls_write_nothing_where_others_are_at_work(counted: Watched, queue: QueueRef) -> None:
    """Everything there is has been leased."""
    driver, counter = counted
    _owe(driver, queue, 2)
    _post(driver, queue, 2)
    driver.lease_notices("owner", _PATIENCE, 100)
    assert len(_leased(driver, 10)) == 2
    counter.names.clear()
    for poll in _polls(driver):
        assert not poll()
    assert set(counter.names) <= {"aggregate", "find", "commitTransaction"}


@pytest.mark.parametrize("count", [1, 12])
def test_commands_of_an_expansion(counted: Watched, queue: QueueRef, count: int) -> None:
    driver, counter = counted
    for number in range(count):
        _post(driver, queue, number)
    counter.names.clear()
    assert len(driver.lease_notices("owner", _PATIENCE, count)) == count
    assert counter.names == ["aggregate", "find", "find", "find", "update", "commitTransaction"]
    counter.names.clear()
    driver.expand_notices("owner", [_page(queue, it, count) for it in range(count)])
    assert counter.names == [
        *("aggregate", "find"),
        *("update", "insert", "update", "commitTransaction"),
    ]


@pytest.mark.parametrize("count", [1, 12])
def test_commands_of_lanes(counted: Watched, queue: QueueRef, count: int) -> None:
    """Leased, settled while they are kept, and given back."""
    driver, counter = counted
    _owe(driver, queue, count)
    counter.names.clear()
    lanes = _leased(driver, count)
    assert [len(it.duties) for it in lanes] == [count] * count
    assert counter.names == [
        *("aggregate", "find", "aggregate"),
        *("update", "find", "find", "commitTransaction"),
    ]
    counter.names.clear()
    again = tuple(Outcome(it.notice_id, b"{}") for it in lanes[0].duties)
    settlement = Settlement(queue.scope, lanes[0].subscription_id, again, _PATIENCE, 100)
    kept = driver.settle_lane("owner", settlement)
    assert kept is not None
    assert len(kept.duties) == count
    assert counter.names == [
        *("aggregate", "update", "find", "find"),
        *("update", "find", "find", "commitTransaction"),
    ]
    counter.names.clear()
    over = tuple(Outcome(it.notice_id, b"{}", DutyStatus.DELIVERED) for it in kept.duties)
    assert driver.settle_lane("owner", Settlement(queue.scope, kept.subscription_id, over)) is None
    assert counter.names == ["aggregate", "update", "find", "delete", "commitTransaction"]


def test_lanes_with_very_many_duties_are_taken_one_by_one(
    driver: MongoDataDriver, queue: QueueRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that has been due for longest first, and none is passed over."""
    monkeypatch.setattr("angarium_mongodb.fulfilling._SCAN", 5)
    _owe(driver, queue, 4)
    taken = [_leased_by(driver, f"worker-{number}") for number in range(5)]
    assert sorted(it for lanes in taken for it in lanes) == [
        f"subscription-{number}" for number in range(4)
    ]
    assert [len(lanes) for lanes in taken[:3]] == [1, 1, 1]


def _leased_by(driver: MongoDataDriver, owner: str) -> list[str]:
    lanes = driver.lease_lanes(owner, _PATIENCE, 10, 4, suspects=False)
    assert all(len(it.duties) == 4 for it in lanes)
    return [it.subscription_id for it in lanes]


def test_large_debt_is_dropped_in_several_transactions(
    driver: MongoDataDriver, queue: QueueRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of it is left."""
    monkeypatch.setattr("angarium_mongodb.handing_over._STEP", 3)
    _owe(driver, queue, 4)
    driver.drop_notices(queue)
    assert driver.list_duties(DutyStatus.PENDING, None, 10).duties == ()
    assert not any(poll() for poll in _polls(driver))
    extract = driver.export_notices(queue, op.ExportNotices(None, 10))
    assert (extract.notices, extract.duties, extract.cursor) == ((), (), None)
