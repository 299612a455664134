"""Whose turn it is to write to an SQLite file, so that threads wait instead of polling for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.engine import URL

from angarium.errors import StoreUnreachable

_making: Final = threading.Lock()
_locks: Final[dict[tuple[int, str], threading.Lock]] = {}


class Turns:
    """The turns of one database; on any other than SQLite everybody's turn is always.

    All drivers of a process that write to one file share them.

    :param patience: seconds to wait for a turn.
    """

    making: Final = threading.Lock()

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


def _lock_of(file: str) -> threading.Lock:
    key = (
        os.getpid(),
        file,
    )  # a lock that another thread held when this process was forked is lost
    with _making:
        return _locks.setdefault(key, threading.Lock())
