"""Work does not grow with the depth of a queue: which rows of the indexes an operation reads."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from angarium.ids import new_message_id
from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef
from angarium_sql.data import SqlDataDriver
from tests.sql.drivers import Drivers, claim, listed, new_queue, post

DEPTH = 3000
OPERATIONS: dict[str, Callable[[SqlDataDriver, QueueRef, list[str]], object]] = {
    "post": lambda driver, queue, ids: post(driver, queue),
    "claim": lambda driver, queue, ids: claim(driver, queue, 5),
    "pop": lambda driver, queue, ids: driver.pop_messages(queue, op.PopMessages(5)),
    "get": lambda driver, queue, ids: driver.get_messages(queue, op.GetMessages((ids[9],))),
    "delete": lambda driver, queue, ids: driver.delete_message(queue, op.DeleteMessage(ids[-1])),
    "list": lambda driver, queue, ids: driver.list_messages(queue, op.ListMessages(5, "2500")),
    "renew": lambda driver, queue, ids: renew(driver, queue),
    "get_claim": lambda driver, queue, ids: get_claim(driver, queue),
    "export": lambda driver, queue, ids: driver.export_messages(queue, op.ExportMessages(2500, 5)),
    "export_claims": lambda driver, queue, ids: driver.export_claims(
        queue, op.ExportClaims(None, 1)
    ),
    "import": lambda driver, queue, ids: import_last(driver, queue),
    "accept": lambda driver, queue, ids: accept(driver, queue),
}

# A listing looks at up to a thousand positions to find where it is to stop; an exported claim has a
# hundred, and each of its messages may still have the entries of former versions.
BOUNDS = {"list": 1100, "export_claims": 500}


def renew(driver: SqlDataDriver, queue: QueueRef) -> None:
    claim_id, _ = claim(driver, queue, 5)
    driver.renew_claim(queue, op.RenewClaim(claim_id, 600, 60))
    driver.release_claim(queue, op.ReleaseClaim(claim_id))


def get_claim(driver: SqlDataDriver, queue: QueueRef) -> None:
    claim_id, claimed = claim(driver, queue, 5)
    assert len(driver.get_claim(queue, op.GetClaim(claim_id)).messages) == len(claimed)
    driver.release_claim(queue, op.ReleaseClaim(claim_id))


def import_last(driver: SqlDataDriver, queue: QueueRef) -> None:
    """Some of the newest messages as they are, without their bodies."""
    last = driver.export_messages(queue, op.ExportMessages(0, 1)).last_position
    found = driver.export_messages(queue, op.ExportMessages(last - 5, 5, bodies=False))
    driver.import_messages(queue, op.ImportMessages(last - 5, last, found.messages, last))


def accept(driver: SqlDataDriver, queue: QueueRef) -> None:
    (message,) = driver.export_messages(queue, op.ExportMessages(0, 1)).messages
    anew = replace(message, id=new_message_id())
    driver.accept_dead_letters(queue, op.AcceptDeadLetters((message, anew)))


def deep_queue(driver: SqlDataDriver) -> tuple[QueueRef, list[str]]:
    """Thousands of messages, a third of them claimed, a third delayed, a third available."""
    queue = new_queue(driver)
    ids = post(driver, queue, DEPTH)
    for _ in range(DEPTH // 3 // 100):
        claim(driver, queue, 100)
    delayed = tuple(NewMessage(f"delayed-{n}", b"1", 900, 600) for n in range(DEPTH))
    driver.post_messages(queue, op.PostMessages(delayed, "client"))
    return queue, ids + post(driver, queue, 50)


@pytest.mark.parametrize("name", OPERATIONS)
def test_postgresql_reads_few_entries_of_indexes(
    drivers: Drivers, postgresql_url: str, name: str
) -> None:
    """Planned while the tables were empty, and used when they are not.

    Entries of rows that are gone are read, and then marked, as soon as no session can see them any
    more; an analysis of the table that happens to run meanwhile can.
    """
    driver = drivers.data(postgresql_url, pool_size=1)
    driver.upgrade()
    shallow = new_queue(driver)
    ids = post(driver, shallow, 20)
    OPERATIONS[name](driver, shallow, ids)
    queue, ids = deep_queue(driver)
    bound = BOUNDS.get(name, 250)
    deadline = time.monotonic() + 20
    while (found := entries_of(driver, queue, ids, name)) >= bound:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def entries_of(driver: SqlDataDriver, queue: QueueRef, ids: list[str], name: str) -> int:
    before = entries_read(driver)
    OPERATIONS[name](driver, queue, ids)
    return entries_read(driver) - before


def entries_read(driver: SqlDataDriver) -> int:
    with driver.database.writes.connect() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        counted = connection.exec_driver_sql(
            "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE indexrelname ~ 'messages'"
        )
        sequential = connection.exec_driver_sql(
            "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'angarium_messages'"
        )
        return int(counted.scalar_one()) + int(sequential.scalar_one())


@pytest.mark.parametrize("name", OPERATIONS)
def test_sqlite_takes_few_steps(drivers: Drivers, tmp_path: Path, name: str) -> None:
    """Counted by SQLite itself, in hundreds of instructions of its virtual machine."""
    driver = drivers.data(f"sqlite:///{tmp_path}/store.db")
    driver.prepare()
    queue, ids = deep_queue(driver)
    steps: list[int] = []

    def count(connection: Any, record: object, proxy: object) -> None:
        connection.set_progress_handler(lambda: steps.append(1), 100)

    for engine in (driver.database.reads, driver.database.writes):
        event.listen(engine, "checkout", count)
    OPERATIONS[name](driver, queue, ids)
    assert len(steps) < (150 if name == "list" else 60)


def test_listing_stops_at_its_bound_and_goes_on_from_there(drivers: Drivers, url: str) -> None:
    """The first page of a queue whose first thousands of messages are all claimed."""
    driver = drivers.data(url)
    driver.upgrade()
    queue = new_queue(driver)
    post(driver, queue, 2500)
    for _ in range(25):
        claim(driver, queue, 100)
    wanted = post(driver, queue, 3)
    assert listed(driver, queue) == []
    page = driver.list_messages(queue, op.ListMessages(20))
    pages = [page]
    while not page.complete:
        page = driver.list_messages(queue, op.ListMessages(20, page.marker))
        pages.append(page)
    assert len(pages) == 3
    assert [message.id for it in pages for message in it.messages] == wanted
