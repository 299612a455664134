"""Changes of several threads to one SQLite file in one transaction: each has its own outcome."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from angarium.errors import ApiError, MessageDoesNotExist, StoreUnreachable
from angarium.storage.signals import Again
from angarium_sql.database import Database
from angarium_sql.session import Session
from tests.sql.drivers import Drivers

Work = Callable[[Session], object]


@pytest.fixture
def database(drivers: Drivers, tmp_path: Path) -> Database:
    """A file with a table of numbers."""
    database = drivers.data(f"sqlite:///{tmp_path}/store.db", connect_timeout=3).database
    database.change(add_table)
    return database


def add_table(session: Session) -> None:
    session.cursor.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")


def adding(number: int, signal: Exception | None = None) -> Work:
    def work(session: Session) -> int:
        session.cursor.execute(f"INSERT INTO numbers VALUES ({number})")
        if signal is not None:
            raise signal
        return number

    return work


def numbers(database: Database) -> list[int]:
    def work(session: Session) -> list[int]:
        session.cursor.execute("SELECT number FROM numbers ORDER BY number")
        return [row[0] for row in session.cursor.fetchall()]

    return database.read(work)


@contextmanager
def gathering(database: Database) -> Iterator[list[int]]:
    """What is wanted meanwhile waits behind another writer; gives the number of commits."""
    commits: list[int] = []

    def count(connection: Any, record: object, proxy: object) -> None:
        connection.set_trace_callback(lambda it: commits.append(1) if it == "COMMIT" else None)

    event.listen(database.writes, "checkout", count)
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield commits
    other.execute("COMMIT")
    other.close()


def outcomes_of(database: Database, works: list[Work]) -> tuple[list[object], int]:
    """What each of the works came to, all of them wanted at once; and how many commits it took."""
    outcomes: list[object] = [None] * len(works)

    def carry_out(number: int, work: Work) -> None:
        try:
            outcomes[number] = database.change(work)
        except Exception as error:
            outcomes[number] = type(error)

    threads = [threading.Thread(target=carry_out, args=pair) for pair in enumerate(works)]
    with gathering(database) as commits:
        for thread in threads:
            thread.start()
        time.sleep(0.3)  # until they all wait; were one late, there would be a commit more
    for thread in threads:
        thread.join(timeout=20)
    return outcomes, len(commits)


def test_changes_that_wait_are_committed_together(database: Database) -> None:
    outcomes, commits = outcomes_of(database, [adding(number) for number in range(12)])
    assert outcomes == list(range(12))
    assert numbers(database) == list(range(12))
    assert commits <= 4


def test_refusal_undoes_its_own_changes_only(database: Database) -> None:
    """A refusal leaves nothing; the signal to call again keeps what was done."""
    works = [
        adding(number, {3: MessageDoesNotExist(), 5: Again()}.get(number)) for number in range(8)
    ]
    outcomes, _ = outcomes_of(database, works)
    assert outcomes == [0, 1, 2, MessageDoesNotExist, 4, Again, 6, 7]
    assert numbers(database) == [0, 1, 2, 4, 5, 6, 7]


def test_failure_of_one_does_not_fail_the_others(database: Database) -> None:
    """Neither one that the database refuses nor one that nobody expected."""

    def wrong(session: Session) -> None:
        adding(100)(session)
        session.cursor.execute("INSERT INTO nowhere VALUES (1)")

    works = [adding(0), wrong, adding(1), adding(101, ValueError()), adding(2)]
    outcomes, _ = outcomes_of(database, works)
    assert outcomes == [0, StoreUnreachable, 1, ValueError, 2]
    assert numbers(database) == [0, 1, 2]


def test_who_waits_too_long_is_told_so_and_nothing_is_done_later(database: Database) -> None:
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes: list[object] = []

    def carry_out(number: int) -> None:
        try:
            database.change(adding(number))
        except ApiError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=carry_out, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    other.execute("COMMIT")
    other.close()
    assert outcomes == [StoreUnreachable] * 4
    assert database.change(adding(9)) == 9
    assert numbers(database) == [9]
