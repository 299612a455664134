"""Work on deliveries does not grow with the backlog: which rows of the indexes a method reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sqlalchemy import event, text

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


# --- Counting -----------------------------------------------------------------------------------


def steps_of_sqlite(driver: SqlDataDriver) -> Callable[[], int]:
    """Counted by SQLite itself, in hundreds of instructions of its virtual machine."""
    steps: list[int] = []

    def count(connection: Any, record: object, proxy: object) -> None:
        connection.set_progress_handler(lambda: steps.append(1), 100)

    for engine in (driver.database.reads, driver.database.writes):
        event.listen(engine, "checkout", count)
    return lambda: len(steps)


def entries_of_postgresql(driver: SqlDataDriver) -> Callable[[], int]:
    """Entries of indexes, and rows without one."""
    tables = "('angarium_notices', 'angarium_lanes', 'angarium_duties')"
    counts = (
        f"SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname IN {tables}",
        f"SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN {tables}",
    )

    def read() -> int:
        with driver.database.writes.connect() as connection:
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
            connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
            return sum(int(connection.exec_driver_sql(it).scalar_one()) for it in counts)

    return read


def rows_of_mysql(driver: SqlDataDriver) -> Callable[[], int]:
    """Whatever both connections of the driver read."""

    def read() -> int:
        found = 0
        for engine in (driver.database.reads, driver.database.writes):
            with engine.connect() as connection:
                status = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'"))
                found += sum(int(value) for _, value in status)
        return found

    return read


COUNTERS: Final = {
    "sqlite": (steps_of_sqlite, 60),
    "postgresql": (entries_of_postgresql, 400),
    "mysql": (rows_of_mysql, 200),
}


def test_methods_read_little_of_a_backlog(drivers: Drivers, url: str) -> None:
    """Planned while the tables were empty, and used when they are not."""
    driver = drivers.data(url, pool_size=1)
    driver.upgrade()
    for _ in range(7):  # PostgreSQL prepares statements that come again and again
        queue = new_queue(driver)
        fill(driver, queue, 3)
        for method in METHODS.values():
            method(driver, queue)
        driver.drop_notices(queue)
    queue = new_queue(driver)
    fill(driver, queue, DEPTH)
    make_counter, bound = COUNTERS[driver.database.dialect]
    read = make_counter(driver)
    bounds = dict.fromkeys(METHODS, bound)
    if driver.database.dialect == "mysql":
        # One looks for the marker from the start; the other may sort all that is still to be moved.
        bounds |= {"list_duties": bound + DEPTH, "export": bound + 10 * DEPTH}
    for name, method in METHODS.items():
        wait_for_less(bounds[name], name, read, partial(method, driver, queue))


def wait_for_less(
    bound: int, name: str, read: Callable[[], int], carry_out: Callable[[], object]
) -> None:
    """PostgreSQL reads entries of rows that are gone as long as any session can see them."""
    deadline = time.monotonic() + 20
    while True:
        before = read()
        carry_out()
        found = read() - before
        if found < bound:
            return
        assert time.monotonic() < deadline, (name, found)
        time.sleep(0.1)
