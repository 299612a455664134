"""Sockets on which everything together ends in time, not each wait by itself."""

from __future__ import annotations

import io
import select
import socket
import time
from typing import Any


class TimedSocket:
    """The part of a socket that :mod:`http.client` uses, with one deadline for all it does.

    A subscriber that sends one byte at a time makes no progress against it.

    :ivar deadline: on the monotonic clock; for what is done from now on.
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self.deadline = deadline

    def sendall(self, data: Any) -> None:
        """Send all of it.

        :raises TimeoutError: not all was taken in time.
        """
        self._limit()
        self._connection.sendall(data)

    def receive_into(self, buffer: Any) -> int:
        """Receive what there is.

        :raises TimeoutError: nothing came in time.
        """
        self._limit()
        return self._connection.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        """A reader of one response; closing it leaves the socket open."""
        return io.BufferedReader(_Reader(self))

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed nor said anything unasked."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _limit(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, source: TimedSocket) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive_into(buffer)
