"""Whose turn it is, among the threads of this process, to do what would conflict.

Transactions that change one document do not wait for each other in MongoDB: all but one fail and
begin again. Threads of one process wait for each other here instead.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from angarium.errors import StoreUnreachable

_STRIPES: Final = 256


class Turns:
    """Locks, each shared by a few places.

    :param patience: seconds to wait for a turn.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    @contextmanager
    def take(self, *places: str) -> Iterator[None]:
        """Wait for the turn at all of these places, and hold it.

        :raises StoreUnreachable: it did not come in time.
        """
        with ExitStack() as stack:
            for stripe in sorted({hash(place) % _STRIPES for place in places}):
                if not self._locks[stripe].acquire(timeout=self._patience):
                    raise StoreUnreachable
                stack.callback(self._locks[stripe].release)
            yield
