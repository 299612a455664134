"""Closing connections on which nothing arrives any more: how ``body_timeout`` is kept.

Granian hands a request to a thread when its headers are there, and the thread then waits for the
body for ever; the request carries no name of its socket. So a thread of its own looks at the
sockets of the process and ends those that were silent for too long, as the kernel counts it
(``TCP_INFO``). The waiting thread then sees a body that ends early, which is answered with 400.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATES: Final = frozenset({1, 8})  # TCP_ESTABLISHED, TCP_CLOSE_WAIT
# The beginning of struct tcp_info of linux/tcp.h: tcpi_state, and from byte 52 on the milliseconds
# since data and acknowledgements were last received.
_INFO: Final = struct.Struct("=B51x2I")


class SilenceWatch:
    """Ends the silent connections of this process to one local port.

    :param port: the port that the process serves; other sockets are left alone.
    :param timeout: seconds of silence in both directions.
    """

    def __init__(self, port: int, timeout: float) -> None:
        self._port = port
        self._timeout = timeout
        self._thread = threading.Thread(target=self._run, name="silence-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch, until the process ends."""
        self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(max(self._timeout / 10, 0.2)):
            self.sweep()

    def sweep(self) -> int:
        """Look once.

        :returns: how many connections were ended.
        """
        return sum(self._end_if_silent(connection) for connection in _connections())

    def _end_if_silent(self, connection: socket.socket) -> bool:
        with connection, suppress(OSError):
            if connection.getsockname()[1] == self._port and _silence(connection) > self._timeout:
                connection.shutdown(socket.SHUT_RD)
                return True
        return False


def _connections() -> Iterator[socket.socket]:
    """Duplicates of the process's TCP sockets, so that no number is reused in between."""
    for entry in Path("/proc/self/fd").iterdir():
        number = int(entry.name)
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found = socket.socket(fileno=os.dup(number))
                if found.family in (socket.AF_INET, socket.AF_INET6):
                    yield found
                else:
                    found.close()


def _silence(connection: socket.socket) -> float:
    """Seconds since the peer last sent data or acknowledged ours; 0 if it is not connected."""
    state, data, acknowledgement = _INFO.unpack(
        connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    )
    return min(data, acknowledgement) / 1000 if state in _STATES else 0.0
