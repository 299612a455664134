"""Connections that are kept for the next request to the same server."""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from angarium_notifiers.streams import TimedSocket

LONGEST_IDLE: Final = 30.0
"""Seconds for which an unused connection is kept."""

_MOST: Final = 100


class Origin(NamedTuple):
    """Where a connection leads to, as the URL named it."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection that can carry requests, one at a time."""

    client: http.client.HTTPConnection
    socket: TimedSocket

    def close(self) -> None:
        """End it."""
        self.client.close()
        self.socket.close()


class KeptConnections:
    """Idle connections, by origin. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, Origin, Connection]] = deque()  # the oldest comes first

    def take(self, origin: Origin) -> Connection | None:
        """A connection that looks alive; nobody else gets it."""
        while True:
            with self._lock:
                found = next((it for it in reversed(self._idle) if it[1] == origin), None)
                if found is None:
                    return None
                self._idle.remove(found)
            since, _, connection = found
            if time.monotonic() - since <= LONGEST_IDLE and connection.socket.is_quiet():
                return connection
            connection.close()

    def put(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for a while."""
        now = time.monotonic()
        with self._lock:
            self._idle.append((now, origin, connection))
            stale = []
            while now - self._idle[0][0] > LONGEST_IDLE or len(self._idle) > _MOST:
                stale.append(self._idle.popleft()[2])
        for each in stale:
            each.close()

    def close(self) -> None:
        """End them all."""
        with self._lock:
            idle = [connection for *_, connection in self._idle]
            self._idle.clear()
        for each in idle:
            each.close()
