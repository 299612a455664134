"""What reaches a client beside its answers (contract, ``websocket-v2.md`` 9)."""

from __future__ import annotations

import secrets
from collections import deque
from typing import Final

from angarium.context import PushAddress
from angarium_websocket.connection import Connection
from angarium_websocket.encoding import TEXT

_SECRET: Final = 32  # bytes
_LARGEST: Final = 1024 * 1024  # bytes that wait for an answer


class Channel:
    """The pushes to one connection. For the greenlets of the hub that serves it.

    What is pushed while a request is being answered waits for the answer, since clients take the
    next message for it; as far as it is little, so that a slow store does not hold up many.

    :param endpoint: URI of the delivery endpoint, with a slash at the end.
    :param max_waiting: how many pushes may wait for an answer.
    :ivar id: of the connection.
    :ivar address: where its subscriptions are delivered to.
    :ivar encoding: of the pushes.
    """

    def __init__(self, connection: Connection, endpoint: str, max_waiting: int) -> None:
        self.id = str(connection.id)
        self.address = PushAddress(f"{endpoint}{self.id}", secrets.token_urlsafe(_SECRET))
        self.encoding = TEXT
        self._connection = connection
        self._max_waiting = max_waiting
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._is_held = False

    def push(self, document: bytes) -> bool:
        """Queue a document for the client; False if the connection is ending.

        :param document: JSON that can be written in either encoding.
        """
        if self._connection.is_ending:
            return False
        self._waiting.append(document)
        self._size += len(document)
        if self._is_held and len(self._waiting) <= self._max_waiting and self._size <= _LARGEST:
            return True
        return self._send_waiting()

    def hold(self) -> None:
        """Let pushes wait: a request came."""
        self._is_held = True

    def release(self) -> None:
        """Let them go: it was answered."""
        self._is_held = False
        self._send_waiting()

    def _send_waiting(self) -> bool:
        """Send them in order; whether the last one is on its way."""
        is_sent = True
        while self._waiting:
            document = self._waiting.popleft()
            is_sent = self._connection.send(self.encoding.encode(self.encoding.stored(document)))
        self._size = 0
        return is_sent
