"""A database as the drivers use it: engines made per process, transactions, retries."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, PoolProxiedConnection
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from angarium.errors import StoreUnreachable
from angarium.storage.signals import PartlyDone
from angarium_sql import connections, engines, failures
from angarium_sql.engines import Settings
from angarium_sql.groups import Group
from angarium_sql.session import Session
from angarium_sql.turns import Turns, begin
from angarium_sql.writer import Writer

ResultT = TypeVar("ResultT")

_ATTEMPTS: Final = 5
_PAUSE: Final = 0.01  # seconds, at most, before the second attempt; doubled each time


class Database:
    """One database. Safe for threads, and for processes that fork."""

    def __init__(self, url: URL, settings: Settings) -> None:
        self.url = url
        self._settings = settings
        self._turns = Turns(url, settings.connect_timeout)
        writer = Writer(self._turns, self._change_once)
        self._changes = Group(writer.carry_out, settings.connect_timeout)
        self._making = threading.Lock()
        self._engines: tuple[int, engines.Engines] | None = None

    @property
    def dialect(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql`` (which MariaDB is too)."""
        return self.url.get_backend_name()

    @property
    def name(self) -> str:
        """The URL for people, without the password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def reads(self) -> Engine:
        """For transactions that see one state of the database and change nothing."""
        return self._of_this_process().reads

    @property
    def writes(self) -> Engine:
        """For transactions that change something."""
        return self._of_this_process().writes

    def read(self, work: Callable[[Session], ResultT]) -> ResultT:
        """Carry out ``work`` in a read transaction.

        :raises StoreUnreachable: the database failed.
        """
        return self._repeat(lambda: self._read_once(work))

    def change(self, work: Callable[[Session], ResultT]) -> ResultT:
        """Carry out ``work`` in one transaction, again if it had to yield to another one.

        What ``work`` raises undoes its changes, :class:`PartlyDone` excepted.

        :raises StoreUnreachable: the database failed; nothing was changed.
        :raises OutcomeUnknown: it failed during the commit.
        """
        if self.dialect == "sqlite":
            result: ResultT = self._repeat(lambda: self._changes.want(work))
            return result
        return self._repeat(lambda: self._change_once(work))

    def call(
        self, work: Callable[[Session], ResultT], *, changes: bool, repeatable: bool
    ) -> ResultT:
        """Carry out ``work``: one statement that is a transaction of its own.

        :param changes: whether the statement changes anything.
        :param repeatable: whether carrying it out twice is as good as once.
        :raises StoreUnreachable: the database failed; nothing was changed.
        :raises OutcomeUnknown: the connection was lost while the statement was under way.
        """
        lost: SQLAlchemyError | None = None

        def attempt() -> ResultT:
            nonlocal lost
            try:
                with connections.take(self.writes) as connection:
                    return work(self._session(connection))
            except SQLAlchemyError as error:
                is_lost = failures.is_disconnect(error) and not failures.is_refusal(error)
                if changes and is_lost:
                    lost = error
                    if not repeatable:
                        raise failures.outcome_unknown(self.name, error) from error
                raise

        try:
            return self._repeat(attempt)
        except StoreUnreachable:
            if lost is not None:
                raise failures.outcome_unknown(self.name, lost) from lost
            raise

    def migrate(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Carry out ``work`` on a connection of SQLAlchemy, in one transaction if there can be one.

        :raises StoreUnreachable: the database failed.
        """
        try:
            with self._turns.take(), self.writes.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise failures.nothing_changed(self.name, error) from error

    def use_write_ahead_log(self) -> None:
        """Let readers and the one writer of an SQLite file never wait for each other.

        The file remembers it. The change needs the file for itself for a moment.

        :raises StoreUnreachable: it stayed locked.
        """
        for number in range(1, _ATTEMPTS + 1):
            try:
                with connections.take(self.writes) as connection:
                    connection.cursor().execute("PRAGMA journal_mode = WAL")
                    return
            except SQLAlchemyError as error:
                if number == _ATTEMPTS:
                    raise failures.nothing_changed(self.name, error) from error
                time.sleep(_PAUSE * 2**number)

    def close(self) -> None:
        """Give back the connections."""
        if self._engines is not None and self._engines[0] == os.getpid():
            self._engines[1].dispose()
        self._engines = None

    def _of_this_process(self) -> engines.Engines:
        current = self._engines
        if current is None or current[0] != os.getpid():
            with self._making:
                current = self._engines
                if current is None or current[0] != os.getpid():
                    current = (os.getpid(), engines.create(self.url, self._settings))
                    self._engines = current
        return current[1]

    def _repeat(self, attempt: Callable[[], ResultT]) -> ResultT:
        was_lost = False
        for number in range(1, _ATTEMPTS + 1):
            try:
                return attempt()
            except SQLAlchemyError as error:
                is_lost = failures.is_disconnect(error)
                # After a lost connection the pool is a new one, so once more is enough.
                is_passing = failures.is_conflict(error) or (is_lost and not was_lost)
                if number == _ATTEMPTS or not is_passing:
                    raise failures.nothing_changed(self.name, error) from error
                was_lost |= is_lost
                if not is_lost:
                    time.sleep(random.uniform(0, _PAUSE * 2**number))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _read_once(self, work: Callable[[Session], ResultT]) -> ResultT:
        with connections.take(self.reads) as connection:
            session = self._session(connection)
            if self.dialect == "sqlite":
                session.cursor.execute("BEGIN")
            result = work(session)
            connection.rollback()
            return result

    def _change_once(self, work: Callable[[Session], ResultT]) -> ResultT:
        """Raises an SQLAlchemy error only if nothing was changed."""
        partly_done = None
        with connections.take(self.writes) as connection:
            session = self._session(connection)
            if self.dialect == "sqlite":
                begin(session.cursor, self._settings.connect_timeout)
            elif self.dialect == "postgresql" and self._settings.autocommit:
                session.cursor.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            try:
                result = work(session)
            except PartlyDone as signal:
                partly_done = signal
            self._commit(connection)
        if partly_done is not None:
            raise partly_done
        return result

    def _commit(self, connection: PoolProxiedConnection) -> None:
        try:
            with connections.translated(self.writes, connection):
                connection.commit()
        except SQLAlchemyError as error:
            if failures.is_conflict(error):
                raise
            raise failures.outcome_unknown(self.name, error) from error

    def _session(self, connection: PoolProxiedConnection) -> Session:
        return Session(connection.cursor(), self.writes.dialect)
