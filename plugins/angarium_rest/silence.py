"""Ending connections whose body does not come: how ``body_timeout`` is kept.

Granian hands a request to a thread when its headers are there, and the thread then waits for the
body for ever; the request carries no name of its socket. So when a thread has waited for too long,
the sockets of the process are looked at, and those that were silent for as long, as the kernel
counts it (``TCP_INFO``), are ended. The waiting thread then sees a body that ends early, which is
answered with 400.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

_STATES: Final = frozenset({1, 8})  # TCP_ESTABLISHED, TCP_CLOSE_WAIT
# The beginning of struct tcp_info of linux/tcp.h: tcpi_state, and from byte 52 on the milliseconds
# since data and acknowledgements were last received.
_INFO: Final = struct.Struct("=B51x2I")


class SilenceWatch:
    """WSGI middleware that knows which threads wait for a body, and for how long.

    :param port: the port that the process serves; other sockets are left alone.
    :param timeout: seconds of silence in both directions.
    """

    def __init__(self, app: WSGIApplication, port: int, timeout: float) -> None:
        self._app = app
        self._port = port
        self._timeout = timeout
        self._waiting: dict[int, float] = {}
        self._thread = threading.Thread(target=self._run, name="silence-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch, until the process ends."""
        self._thread.start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on, watching over its body if it has one."""
        if environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input"] = _WatchedBody(environ["wsgi.input"], self._waiting)
        return self._app(environ, start_response)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._timeout / 10):
            limit = time.monotonic() - self._timeout
            if any(since < limit for since in list(self._waiting.values())):
                self.sweep()

    def sweep(self) -> int:
        """End the connections that are silent.

        :returns: how many.
        """
        return sum(self._end_if_silent(connection) for connection in _connections())

    def _end_if_silent(self, connection: socket.socket) -> bool:
        with connection, suppress(OSError):
            if connection.getsockname()[1] == self._port and _silence(connection) >= self._timeout:
                connection.shutdown(socket.SHUT_RD)
                return True
        return False


class _WatchedBody:
    """The body of a request, with a note of who waits for it since when."""

    def __init__(self, body: InputStream, waiting: dict[int, float]) -> None:
        self._body = body
        self._waiting = waiting

    def read(self, size: int = -1) -> bytes:
        """Read as the body itself does."""
        thread = threading.get_ident()
        self._waiting[thread] = time.monotonic()
        try:
            return self._body.read(size)
        finally:
            del self._waiting[thread]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)


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
