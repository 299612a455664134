"""What deliveries cost a database, and what nobody but a database can get wrong."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event

from angarium.ids import new_message_id
from angarium.storage import operations as op
from angarium.storage.deliveries import (
    HOLD,
    DutyStatus,
    Expansion,
    Lane,
    NewDuty,
    NewNotice,
    Notice,
    Outcome,
    Settlement,
    StoredDuty,
    StoredNotice,
)
from angarium.storage.models import QueueRef
from angarium_sql.core.transaction import Transaction
from angarium_sql.data import SqlDataDriver
from angarium_sql.deliveries import working
from angarium_sql.session import Session
from tests.sql.drivers import Drivers, announce, new_queue
from tests.sql.tracing import sqlite_statements

READ_ONLY: Final = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
}


@pytest.fixture
def driver(drivers: Drivers, url: str) -> SqlDataDriver:
    """A message store with nothing in it."""
    opened = drivers.data(url)
    opened.upgrade()
    return opened


@pytest.fixture
def file(drivers: Drivers, tmp_path: Path) -> SqlDataDriver:
    """The same in an SQLite file."""
    opened = drivers.data(f"sqlite:///{tmp_path}/store.db")
    opened.prepare()
    return opened


def page_of(notice: Notice, *subscriptions: str, due: int = 0) -> Expansion:
    duties = tuple(NewDuty(it, b"state", due) for it in subscriptions)
    return Expansion(notice.scope, notice.id, notice.cursor, duties)


def owe(driver: SqlDataDriver, queue: QueueRef, notices: int, subscriptions: int) -> None:
    for _ in range(notices):
        announce(driver, queue)
    names = [f"s{number}" for number in range(subscriptions)]
    taken = driver.lease_notices("maker", 60, notices)
    driver.expand_notices("maker", [page_of(it, *names) for it in taken])


def report(lane: Lane, **further: Any) -> Settlement:
    outcomes = tuple(Outcome(it.notice_id, b"", DutyStatus.DELIVERED) for it in lane.duties)
    return Settlement(lane.scope, lane.subscription_id, outcomes, **further)


def poll(driver: SqlDataDriver, owner: str) -> list[object]:
    found: list[object] = [driver.lease_notices(owner, 60, 10)]
    return found + [driver.lease_lanes(owner, 60, 10, 10, suspects=it) for it in (False, True)]


# --- Polling ------------------------------------------------------------------------------------


def test_who_finds_nothing_to_take_has_only_read(drivers: Drivers, url: str) -> None:
    """Nothing there, all of it taken by others, or due later."""
    driver, poller = drivers.data(url), drivers.data(url)
    driver.upgrade()

    def read_only(connection: Any, record: object, proxy: object) -> None:
        connection.cursor().execute(READ_ONLY[driver.database.dialect])

    for engine in {poller.database.reads, poller.database.writes}:
        event.listen(engine, "checkout", read_only)
    assert poll(poller, "poller") == [(), (), ()]
    queue = new_queue(driver)
    owe(driver, queue, 2, 2)
    announce(driver, queue)
    announce(driver, queue)
    assert driver.lease_notices("other", 60, 1)
    taken = driver.lease_lanes("other", 60, 10, 10, suspects=False)
    assert len(taken) == 2
    assert poll(poller, "poller") == [(), (), ()]
    for lane in taken:
        later = tuple(Outcome(it.notice_id, b"", due=60) for it in lane.duties)
        driver.settle_lane("other", Settlement(lane.scope, lane.subscription_id, later))
    assert poll(poller, "poller") == [(), (), ()]


def test_polling_takes_no_turn_from_writers(file: SqlDataDriver) -> None:
    """Somebody writes to the SQLite file all the time."""
    file.database.change(lambda session: poll(file, "poller"))


def test_poll_is_one_statement(file: SqlDataDriver) -> None:
    with sqlite_statements(file) as seen:
        poll(file, "poller")
    assert [it.split()[0] for it in seen] == ["BEGIN", "SELECT", "ROLLBACK"] * 3


# --- Statements ---------------------------------------------------------------------------------


def expand(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    for _ in range(size):
        announce(driver, queue)
    taken = driver.lease_notices("a", 60, 100)
    pages = [page_of(it, *(f"s{number}" for number in range(size))) for it in taken]
    return lambda: driver.expand_notices("a", pages)


def lease_notices(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    for _ in range(size):
        announce(driver, queue)
    return lambda: driver.lease_notices("a", 60, 100)


def lease_lanes(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    owe(driver, queue, size, size)
    return lambda: driver.lease_lanes("a", 60, 100, 100, suspects=False)


def settle(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    """Some are kept, some forgotten, and the lane is kept for further ones."""
    owe(driver, queue, 3 * size, 1)
    (lane,) = driver.lease_lanes("a", 60, 100, 2 * size, suspects=False)
    outcomes = tuple(
        Outcome(duty.notice_id, b"", DutyStatus.FAILED, keep=60 * (place % 2))
        for place, duty in enumerate(lane.duties)
    )
    settlement = Settlement(lane.scope, lane.subscription_id, outcomes, 60, 100)
    return lambda: driver.settle_lane("a", settlement)


def add_notice(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    duties = tuple(NewDuty(f"s{number}", b"") for number in range(size))
    operation = op.AddNotice(NewNotice(new_message_id(), b""), duties)
    return lambda: driver.add_notice(queue, operation)


def export(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    owe(driver, queue, size, 1)
    return lambda: driver.export_notices(queue, op.ExportNotices("0.0", size))


def import_all(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    owe(driver, queue, 1, 1)
    operation = backlog(size, replaces=True)
    return lambda: driver.import_notices(queue, operation)


def drop(driver: SqlDataDriver, queue: QueueRef, size: int) -> Callable[[], object]:
    owe(driver, queue, size, size)
    return lambda: driver.drop_notices(queue)


METHODS = (lease_notices, expand, lease_lanes, settle, add_notice, export, import_all, drop)


def backlog(
    size: int, subscription_id: str | None = None, *, due: int = 0, replaces: bool = False
) -> op.ImportNotices:
    """Notices that are expanded into a duty each, in lanes of their own or all in one."""
    ids = [new_message_id() for _ in range(size)]
    return op.ImportNotices(
        tuple(StoredNotice(id_, b"", place, None, 5) for place, id_ in enumerate(ids)),
        tuple(StoredDuty(subscription_id or it, it, b"", due, False, False) for it in ids),
        replaces=replaces,
    )


@pytest.mark.parametrize("method", METHODS, ids=lambda it: str(it.__name__))
def test_number_of_statements_is_fixed(
    file: SqlDataDriver, method: Callable[..., Callable[[], object]]
) -> None:
    """Whatever the size of the batch; the rows of one insertion count once."""
    counts = []
    for size in (1, 2, 20):
        queue = new_queue(file)
        carry_out = method(file, queue, size)
        with sqlite_statements(file) as seen:
            carry_out()
        counts.append(len(seen))
        file.drop_notices(queue)
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 18


# --- Order, and what two do at once -------------------------------------------------------------


def test_late_expansion_is_void_if_others_have_an_earlier_notice(driver: SqlDataDriver) -> None:
    """Otherwise its duties would come before those of the earlier one."""
    queue = new_queue(driver)
    for _ in range(2):
        announce(driver, queue)
    first, second = driver.lease_notices("slow", 60, 2)
    driver.clock.offset += 100
    (again,) = driver.lease_notices("quick", 60, 1)
    assert again.id == first.id
    driver.expand_notices("slow", [page_of(second, "s")])
    assert driver.list_duties(DutyStatus.PENDING, None, 10).duties == ()
    driver.expand_notices("quick", [page_of(again, "s")])
    driver.expand_notices("slow", [page_of(second, "s")])
    listed = driver.list_duties(DutyStatus.PENDING, None, 10).duties
    assert [it.notice_id for it in listed] == [first.id, second.id]


def rows(driver: SqlDataDriver, table: str) -> int:
    def count(session: Session) -> int:
        session.cursor.execute(f"SELECT count(*) FROM angarium_{table}")
        return int(session.cursor.fetchall()[0][0])

    return driver.database.read(count)


def test_what_is_delivered_leaves_nothing_but_lanes_at_rest(driver: SqlDataDriver) -> None:
    """Which are used again, or reclaimed."""
    queue = new_queue(driver)
    for _ in range(2):
        owe(driver, queue, 2, 3)
        for lane in driver.lease_lanes("a", 60, 10, 10, suspects=False):
            assert len(lane.duties) == 2
            driver.settle_lane("a", report(lane))
        assert [rows(driver, it) for it in ("notices", "duties", "lanes")] == [0, 0, 3]
    assert driver.reclaim(100) == 3
    assert rows(driver, "lanes") == 0


def test_notice_whose_last_duties_end_at_once_is_reclaimed(
    drivers: Drivers, server_url: str
) -> None:
    """Neither of the two transactions sees what the other one did."""
    driver, other = drivers.data(server_url), drivers.data(server_url)
    driver.upgrade()
    owe(driver, new_queue(driver), 1, 2)
    first, second = driver.lease_lanes("a", 60, 10, 10, suspects=False)

    def settle_both(session: Session) -> None:
        working.settle(Transaction(session, driver.clock), "a", report(first))
        other.settle_lane("a", report(second))

    driver.database.change(settle_both)
    assert [rows(driver, it) for it in ("notices", "duties")] == [1, 0]
    assert driver.reclaim(100) == 3
    assert [rows(driver, it) for it in ("notices", "lanes")] == [0, 0]


def test_imported_notice_waits_for_its_duties(driver: SqlDataDriver) -> None:
    """Not for ever, should they never come."""
    queue = new_queue(driver)
    operation = backlog(2, "s", replaces=True)
    halves = [
        replace(operation, duties=(duty,), notices=operation.notices[: 2 * (place == 0)])
        for place, duty in enumerate(operation.duties)
    ]
    for half in halves:
        driver.import_notices(queue, replace(half, replaces=False))
        (lane,) = driver.lease_lanes("a", 60, 10, 10, suspects=False)
        driver.settle_lane("a", report(lane))
        driver.reclaim(100)
        assert rows(driver, "notices") == 2
    driver.clock.offset += HOLD
    driver.reclaim(100)
    assert rows(driver, "notices") == 0


def test_lanes_are_taken_once_by_whoever_comes(driver: SqlDataDriver) -> None:
    """As long as there are some, nobody goes away with none."""
    driver.import_notices(new_queue(driver), backlog(40))

    def take(number: int) -> list[str]:
        taken = driver.lease_lanes(f"worker-{number}", 60, 5, 10, suspects=False)
        return [it.subscription_id for it in taken]

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert len({it for names in taken for it in names}) == sum(map(len, taken))
    assert all(taken)
