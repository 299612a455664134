"""What a failing database looks like from outside, and that nothing is lost or left behind."""

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text

from angarium.errors import OutcomeUnknown, StoreUnreachable
from angarium.ids import new_message_id
from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef, Scope
from angarium_sql.data import SqlDataDriver
from angarium_sql.session import Session
from angarium_sql.statements import Statement
from tests.forwarder import Forwarder
from tests.sql.drivers import Drivers, claim, listed, new_queue, post


@pytest.fixture
def wire(server_url: str) -> Iterator[Forwarder]:
    """The way to the database."""
    forwarder = Forwarder(server_url)
    yield forwarder
    forwarder.close()


@pytest.fixture
def driver(drivers: Drivers, server_url: str, wire: Forwarder) -> SqlDataDriver:
    """A driver that reaches its database through the wire."""
    drivers.data(server_url).upgrade()
    return drivers.data(wire.url)


@pytest.fixture
def embedded(drivers: Drivers, tmp_path: Path) -> SqlDataDriver:
    """A driver on an SQLite file, which does not wait long for others."""
    driver = drivers.data(f"sqlite:///{tmp_path}/store.db", connect_timeout=1)
    driver.prepare()
    return driver


CALLS: dict[str, Callable[[SqlDataDriver, QueueRef], object]] = {
    "ping": lambda driver, queue: driver.ping(),
    "list": listed,
    "post": post,
    "claim": claim,
    "pop": lambda driver, queue: driver.pop_messages(queue, op.PopMessages(1)),
    "purge": lambda driver, queue: driver.purge_messages(queue, op.PurgeMessages()),
    "register": lambda driver, queue: driver.register(QueueRef(queue.scope, queue.epoch + 1)),
    "reclaim": lambda driver, queue: driver.reclaim(10),
}


@pytest.mark.parametrize("name", CALLS)
def test_database_that_is_gone_is_unreachable(
    driver: SqlDataDriver, wire: Forwarder, name: str
) -> None:
    queue = new_queue(driver)
    wire.cut()
    with pytest.raises(StoreUnreachable) as caught:
        CALLS[name](driver, queue)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.retry_after


@pytest.mark.parametrize("name", CALLS)
def test_database_that_came_back_fails_nobody(
    driver: SqlDataDriver, wire: Forwarder, name: str
) -> None:
    """The connections in the pool are all dead, and the first call notices in time."""
    queue = new_queue(driver)
    in_parallel(lambda: post(driver, queue), 4)
    wire.cut()
    wire.mend()
    CALLS[name](driver, queue)


def test_management_store_survives_a_restart_too(
    drivers: Drivers, server_url: str, wire: Forwarder
) -> None:
    drivers.control(server_url).upgrade()
    control = drivers.control(wire.url)
    scope = Scope("project", "orders")
    record, _ = control.create_queue(scope, {}, "")
    wire.cut()
    with pytest.raises(StoreUnreachable):
        control.publish(record.ref)
    wire.mend()
    control.publish(record.ref)
    wire.cut()
    wire.mend()
    assert control.delete_queue(scope) is not None


@pytest.mark.parametrize("name", ["post", "pop"])
def test_connection_lost_under_a_change_is_told_as_unknown(
    drivers: Drivers, postgresql_url: str, name: str
) -> None:
    """The statement was under way, and nobody can tell whether it was carried out."""
    plain = drivers.data(postgresql_url)
    plain.upgrade()
    queue = new_queue(plain)
    post(plain, queue)
    wire = Forwarder(postgresql_url)
    driver = drivers.data(wire.url)
    assert listed(driver, queue)
    with held_up(postgresql_url) as holder:
        outcome: list[BaseException] = []
        thread = threading.Thread(target=catch, args=(outcome, CALLS[name], driver, queue))
        thread.start()
        wait_for_a_waiter(holder)
        wire.cut()
        thread.join(timeout=20)
    wire.close()
    assert [type(error) for error in outcome] == [OutcomeUnknown]


@pytest.mark.parametrize(("name", "left"), [("post", 2), ("claim", 0)])
def test_change_with_ids_of_the_caller_is_repeated_over_a_new_connection(
    drivers: Drivers, postgresql_url: str, name: str, left: int
) -> None:
    """What was lost on the way was carried out or was not; both end in it being done once."""
    driver = drivers.data(postgresql_url)
    driver.upgrade()
    queue = new_queue(driver)
    post(driver, queue)
    used: list[int] = []

    @event.listens_for(driver.database.writes, "checkout")
    def note(connection: Any, record: object, proxy: object) -> None:
        used.append(connection.fileno())

    with held_up(postgresql_url) as holder:
        outcome: list[BaseException] = []
        thread = threading.Thread(target=catch, args=(outcome, CALLS[name], driver, queue))
        thread.start()
        wait_for_a_waiter(holder)
        lost = socket.socket(fileno=os.dup(used[-1]))
        lost.shutdown(socket.SHUT_RDWR)
        lost.close()
        holder.execute(text("ROLLBACK"))
        thread.join(timeout=20)
    assert outcome == []
    assert len(used) >= 2
    # The repetition passes over what the lost statement, which may be last to end, has locked.
    deadline = time.monotonic() + 20
    while len(found := listed(driver, queue)) != left:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


class held_up:  # noqa: N801 - reads as what it does
    """Nobody can change messages or queues while it is held."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def __enter__(self) -> Connection:
        self._connection = self._engine.connect()
        self._connection.execute(text("BEGIN"))
        self._connection.execute(text("LOCK angarium_messages, angarium_pool_queues IN SHARE MODE"))
        return self._connection

    def __exit__(self, *details: object) -> None:
        self._connection.close()
        self._engine.dispose()


def wait_for_a_waiter(holder: Connection) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + 20
    while not holder.execute(waiting).scalar():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def catch(outcome: list[BaseException], call: Callable[..., object], *arguments: Any) -> None:
    try:
        call(*arguments)
    except BaseException as error:
        outcome.append(error)


def in_parallel(call: Callable[[], object], count: int) -> None:
    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_transactions_that_block_each_other_are_both_carried_out(
    drivers: Drivers, server_url: str
) -> None:
    """The database ends one of them, and it is repeated."""
    driver = drivers.control(server_url)
    driver.upgrade()
    for name in ("a", "b"):
        driver.create_queue(Scope("project", name), {}, "")
    meeting = threading.Barrier(2, timeout=20)
    attempts: list[str] = []

    def lock(session: Session, name: str) -> None:
        statement = "UPDATE angarium_queues SET epoch = epoch + 1 WHERE name = %(name)s"
        session.cursor.execute(statement, {"name": name.encode()})

    def cross(first: str, second: str) -> None:
        def work(session: Session) -> None:
            attempts.append(first)
            lock(session, first)
            if attempts.count(first) == 1:
                meeting.wait()
            lock(session, second)

        driver.database.change(work)

    threads = [threading.Thread(target=cross, args=pair) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(attempts) >= 3
    records = [driver.get_queue(Scope("project", name)) for name in ("a", "b")]
    assert [record and record.epoch for record in records] == [3, 4]


def test_file_that_another_program_locks_is_unreachable_and_then_serves(
    embedded: SqlDataDriver,
) -> None:
    queue = new_queue(embedded)
    other = sqlite3.connect(str(embedded.database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(StoreUnreachable) as caught:
        post(embedded, queue)
    assert time.monotonic() - start < 5
    assert not isinstance(caught.value, OutcomeUnknown)
    assert listed(embedded, queue) == []
    other.execute("ROLLBACK")
    other.close()
    assert post(embedded, queue) == listed(embedded, queue)


def test_full_disk_stores_nothing_of_a_batch(embedded: SqlDataDriver) -> None:
    """The file may not grow: the batch fails in its middle, and small changes go on."""
    queue = new_queue(embedded)
    kept = post(embedded, queue)

    def stop_growing(connection: Any, record: object, proxy: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    event.listen(embedded.database.writes, "checkout", stop_growing)
    batch = tuple(NewMessage(new_message_id(), b"x" * 20_000, 60) for _ in range(20))
    with pytest.raises(StoreUnreachable):
        embedded.post_messages(queue, op.PostMessages(batch, "client"))
    assert listed(embedded, queue) == kept
    assert len(claim(embedded, queue)[1]) == 1


def test_statement_that_fails_leaves_no_transaction_behind(drivers: Drivers, url: str) -> None:
    """Neither its changes nor its locks: the next one is carried out on the same connection."""
    driver = drivers.control(url, pool_size=1)
    driver.upgrade()

    def fail(session: Session) -> None:
        session.cursor.execute("UPDATE angarium_epochs SET last = 1000")
        session.run(Statement(text("SELECT * FROM nowhere")), {})

    with pytest.raises(StoreUnreachable):
        driver.database.change(fail)
    record, _ = driver.create_queue(Scope("project", "orders"), {}, "")
    assert record.epoch < 1000


def test_exhausted_pool_is_unreachable(drivers: Drivers, url: str) -> None:
    driver = drivers.data(url, pool_size=1, pool_timeout=1)
    driver.upgrade()
    connection = driver.database.reads.raw_connection()
    with pytest.raises(StoreUnreachable):
        listed(driver, QueueRef(Scope("project", "orders"), 1))
    connection.close()


def test_forked_process_uses_connections_of_its_own(drivers: Drivers, url: str) -> None:
    driver = drivers.data(url)
    driver.upgrade()
    queue = new_queue(driver)
    first = post(driver, queue)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if post(driver, queue) and len(listed(driver, queue)) == 2 else 1
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert listed(driver, queue)[:1] == first
    assert len(listed(driver, queue)) == 2
