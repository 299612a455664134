"""Whose turn it is to write to an SQLite file.

SQLite lets those who wait poll at growing intervals, so that under load some wait for seconds. Here
the threads of a process wait for each other, and one of them polls steadily for the process.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPICursor

from angarium.errors import StoreUnreachable

STEP: Final = 0.002  # seconds between two attempts to be the writer

_making: Final = threading.Lock()
_locks: Final[dict[tuple[int, str], threading.Lock]] = {}


class Turns:
    """The turns of the threads of this process, of all its drivers that write to one file.

    On any other database than SQLite it is always everybody's turn.

    :param patience: seconds to wait for a turn.
    """

    def __init__(self, url: URL, patience: int) -> None:
        self._file = url.database if url.get_backend_name() == "sqlite" else None
        self._patience = patience

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn and hold it.

        :raises StoreUnreachable: it did not come in time.
        """
        if self._file is None:
            yield
            return
        lock = _lock_of(self._file)
        if not lock.acquire(timeout=self._patience):
            raise StoreUnreachable
        try:
            yield
        finally:
            lock.release()


def begin(cursor: DBAPICursor, patience: float) -> None:
    """Begin a transaction of SQLite as the writer.

    A transaction that became the writer only later would fail when it meets another one.

    :param cursor: of a connection that waits for a lock no longer than ``STEP``.
    :param patience: seconds to wait for the other processes.
    :raises sqlite3.OperationalError: they did not make room in time.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        else:
            return


def _lock_of(file: str) -> threading.Lock:
    key = (
        os.getpid(),
        file,
    )  # a lock that another thread held when this process was forked is lost
    with _making:
        return _locks.setdefault(key, threading.Lock())
