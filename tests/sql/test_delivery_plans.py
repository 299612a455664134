"""Work on deliveries does not grow with the backlog: which rows of the indexes a method reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event

from angarium.storage import operations as op
from angarium.storage.deliveries import DutyStatus, Outcome, Settlement
from angarium.storage.models import QueueRef
from angarium_sql.data import SqlDataDriver
from tests.sql.drivers import Drivers, announce, new_queue
from tests.sql.test_deliveries import backlog, page_of

DEPTH: Final = 2000


def settle(driver: SqlDataDriver, queue: QueueRef) -> None:
    """In a lane with very many duties, of which further ones are due."""
    (lane,) = driver.lease_lanes("a", 60, 1, 5, suspects=False)
    outcomes = tuple(Outcome(it.notice_id, b"", due=50) for it in lane.duties)
    settlement = Settlement(lane.scope, lane.subscription_id, outcomes, 60, 5)
    driver.settle_lane("a", settlement)
    driver.settle_lane("a", Settlement(lane.scope, lane.subscription_id, ()))


def expand(driver: SqlDataDriver, queue: QueueRef) -> None:
    (notice,) = driver.lease_notices("a", 60, 1)
    driver.expand_notices("a", [page_of(notice, "backlog", "new", due=5)])


METHODS: Final[dict[str, Callable[[SqlDataDriver, QueueRef], object]]] = {
    "announce": announce,
    "lease_notices": lambda it, queue: it.lease_notices("a", 60, 5),
    "expand": expand,
    "lease_lanes": lambda it, queue: it.lease_lanes("a", 60, 5, 5, suspects=False),
    "settle": settle,
    "list_duties": lambda it, queue: it.list_duties(DutyStatus.PENDING, "0.1500.1", 5),
    "export": lambda it, queue: it.export_notices(queue, op.ExportNotices("1500.1", 5)),
}


def fill(driver: SqlDataDriver, queue: QueueRef, depth: int) -> None:
    """A lane with very many duties, as many lanes of which nothing is due, notices as they come."""
    driver.import_notices(queue, backlog(depth, "backlog", replaces=True))
    driver.import_notices(queue, backlog(depth, due=500))
    waiting = backlog(depth).notices
    unexpanded = tuple(replace(it, cursor="") for it in waiting)
    driver.import_notices(queue, op.ImportNotices(unexpanded, (), replaces=False))


@pytest.mark.parametrize("name", METHODS)
def test_postgresql_reads_few_entries_of_indexes(
    drivers: Drivers, postgresql_url: str, name: str
) -> None:
    """Planned while the tables were empty, and used when they are not."""
    driver = drivers.data(postgresql_url, pool_size=1)
    driver.upgrade()
    for _ in range(7):  # so that statements are prepared
        queue = new_queue(driver)
        fill(driver, queue, 3)
        METHODS[name](driver, queue)
        driver.drop_notices(queue)
    queue = new_queue(driver)
    fill(driver, queue, DEPTH)
    deadline = time.monotonic() + 20
    while (found := entries_of(driver, queue, name)) >= 400:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def entries_of(driver: SqlDataDriver, queue: QueueRef, name: str) -> int:
    before = entries_read(driver)
    METHODS[name](driver, queue)
    return entries_read(driver) - before


def entries_read(driver: SqlDataDriver) -> int:
    tables = "('angarium_notices', 'angarium_lanes', 'angarium_duties')"
    with driver.database.writes.connect() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        counted = connection.exec_driver_sql(
            f"SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname IN {tables}"
        )
        sequential = connection.exec_driver_sql(
            f"SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN {tables}"
        )
        return int(counted.scalar_one()) + int(sequential.scalar_one())


@pytest.mark.parametrize("name", METHODS)
def test_sqlite_takes_few_steps(drivers: Drivers, tmp_path: Path, name: str) -> None:
    """Counted by SQLite itself, in hundreds of instructions of its virtual machine."""
    driver = drivers.data(f"sqlite:///{tmp_path}/store.db")
    driver.prepare()
    queue = new_queue(driver)
    fill(driver, queue, DEPTH)
    steps: list[int] = []

    def count(connection: Any, record: object, proxy: object) -> None:
        connection.set_progress_handler(lambda: steps.append(1), 100)

    for engine in (driver.database.reads, driver.database.writes):
        event.listen(engine, "checkout", count)
    METHODS[name](driver, queue)
    assert len(steps) < 60
