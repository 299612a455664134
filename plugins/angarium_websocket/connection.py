"""One connection: messages in, answers and pushes out, and everything that ends it.

The greenlet that asks for a message reads it, too, and minds the timers while it waits. So a
message is read only when the one before was answered, and what a client sends in the meantime stays
in its own kernel.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import gevent
from gevent import socket
from simple_websocket import ConnectionClosed, Server
from wsproto.frame_protocol import CloseReason, Opcode

from angarium_websocket import framing, handshake
from angarium_websocket.inbox import Inbox, Incoming, Violation
from angarium_websocket.outbox import Outbox, Overflow

_CLOSE_WAIT: Final = 1.0  # seconds for the closing handshake (contract, 11)
_LAST_ANSWERS: Final = 5.0  # seconds for what is sent before it
_EXPIRED: Final = 4003
_AT_ONCE: Final = 65536  # bytes that are read at a time
_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a connection may do; seconds, in which None means for ever, and bytes."""

    first_message_timeout: float | None
    ping_interval: float | None
    ping_timeout: float | None
    idle_timeout: float | None
    max_message_size: int
    max_send_queue: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ends.

    :ivar code: of the close frame; None if there is nobody to send one to.
    :ivar at_once: whether what waits to be sent is dropped.
    """

    code: int | None
    reason: str = ""
    at_once: bool = False


_LOST: Final = Ending(None)
_TOO_SLOW: Final = Ending(CloseReason.TRY_AGAIN_LATER, "Reads too slowly.", at_once=True)


class _Woken(Exception):
    """Raised in the greenlet of a connection when there is something else to do than to read."""


class _NoThread:
    """In place of the thread that reads ahead: nothing is read before it is asked for."""

    name = ""

    def __init__(self, **_: object) -> None:
        """Take what a thread would be given."""

    def start(self) -> None:
        """Start nothing."""


class Connection(Server):  # type: ignore[misc]  # simple-websocket has no type hints
    """A WebSocket of flask-sock. :meth:`send` and :meth:`end` may be called by any thread.

    Of simple-websocket are the way to the socket of a request and the interface of views. All of
    its inside is replaced, since with it sends are neither whole nor in turn, compression is
    agreed to, a thread reads without end, sizes count characters, and bad UTF-8 ends that thread
    in silence.

    :param environ: of a request that is an opening handshake.
    :ivar id: random.
    """

    def __init__(self, environ: handshake.Environment, terms: Terms) -> None:
        super().__init__(environ, thread_class=_NoThread)
        sock: socket.socket = self.sock
        self.id = uuid.uuid4()
        self._expires = _NEVER
        self._terms = terms
        self._hub = gevent.get_hub()
        self._readable = self._hub.loop.io(sock.fileno(), 1)
        self._inbox = Inbox(terms.max_message_size)
        self._incoming: Iterator[Incoming] = iter(())
        self._outbox = Outbox(sock, terms.max_send_queue, terms.ping_timeout, self._lose)
        self._ending: Ending | None = None
        self._started = self._last_message = self._last_ping = time.monotonic()
        self._unanswered_ping: float | None = None
        self._was_looked_for = False
        self._has_spoken = False
        self._is_over = False

    @property
    def is_ending(self) -> bool:
        """Whether nothing that is sent from now on can be expected to arrive."""
        return self._ending is not None

    def handshake(self) -> None:
        """Make the connection a WebSocket; the request has been checked."""
        self.sock.sendall(handshake.acceptance(self.environ))
        self.connected = True

    def receive(self) -> str | bytes:
        """The next message. Called by the one greenlet that answers them.

        :raises ConnectionClosed: there is none, for the connection is to end.
        """
        self._last_message = time.monotonic()  # the one before was answered
        try:
            self._let_the_client_read()
            while self._ending is None:
                message = self._next()
                if message is not None:
                    return message
        except Violation as violation:
            self._ending = Ending(violation.code, violation.reason)
        except OSError:
            self._ending = _LOST
        raise ConnectionClosed(self._ending.code, self._ending.reason)

    def send(self, payload: str | bytes) -> bool:
        """Send one message, whole; a client that reads too slowly is disconnected instead.

        :returns: False if it will not be sent.
        """
        return self._put(framing.message(payload))

    def end(self, ending: Ending) -> None:
        """End the connection when the message that is being answered was answered."""
        if self._ending is None:
            self._ending = ending
            self._hub.loop.run_callback_threadsafe(self._wake)

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """Do the closing handshake, as far as the client takes part in it; once.

        Called by the greenlet that received.

        :param reason: a code, unless the connection ends for another reason; 1000 by default.
        """
        if self._is_over:
            return
        ending = self._ending = self._ending or Ending(
            reason or CloseReason.NORMAL_CLOSURE, message or ""
        )
        try:
            self._finish(ending)
        except OSError:
            self._outbox.seal(None)
        finally:
            self.connected = False
            self._is_over = True
            self._readable.close()

    def live_for(self, seconds: float | None) -> None:
        """Say how long the client's credential is good from now on; None for ever."""
        self._expires = _NEVER if seconds is None else time.monotonic() + seconds

    def _next(self) -> str | bytes | None:
        """Look at one frame of those that were read, or else do what is due, or read."""
        incoming = next(self._incoming, None)
        if incoming is not None:
            return self._take(incoming)
        deadline, due = self._next_timer()
        left = deadline - time.monotonic()
        if left <= 0:
            due()
        else:
            self._read(None if deadline == _NEVER else left)
        return None

    def _read(self, seconds: float | None) -> None:
        """Take what comes within some time."""
        if not self._wait(seconds):
            return
        data = self.sock.recv(_AT_ONCE)
        if data:
            self._incoming = self._inbox.receive(data)
        else:
            self._ending = self._ending or _LOST

    def _wait(self, seconds: float | None) -> bool:
        """Wait for bytes; False if none came, or something else is to be done."""
        try:
            socket.wait(self._readable, timeout=seconds, timeout_exc=TimeoutError())
        except (TimeoutError, _Woken):
            return False
        return True

    def _wake(self) -> None:
        if not self._is_over:
            socket.cancel_wait(self._readable, _Woken())

    def _take(self, incoming: Incoming) -> str | bytes | None:
        """Answer a control frame, or return a message."""
        if incoming.opcode is Opcode.PING:
            self._put(framing.serialise(Opcode.PONG, incoming.payload), is_urgent=True)
        elif incoming.opcode is Opcode.PONG:
            self._unanswered_ping = None
        elif incoming.opcode is Opcode.CLOSE:
            self._outbox.seal(framing.serialise(Opcode.CLOSE, incoming.payload), drops_others=True)
            self._outbox.wait_until_empty(_CLOSE_WAIT)
            self._ending = _LOST
        else:
            self._has_spoken = True
            return incoming.message
        return None

    def _let_the_client_read(self) -> None:
        """Answer nothing more while much waits, so that only pushes can fill the queue."""
        if not self._outbox.wait_for_room(self._terms.ping_timeout):
            self._ending = self._ending or _TOO_SLOW

    def _put(self, frame: bytes, *, is_urgent: bool = False) -> bool:
        try:
            return self._outbox.put(frame, is_urgent=is_urgent)
        except Overflow:
            self.end(_TOO_SLOW)
            return False

    def _lose(self) -> None:
        """The client is gone, or has taken nothing for too long."""
        self._ending = self._ending or _LOST
        self._wake()

    def _next_timer(self) -> tuple[float, Callable[[], None]]:
        """When something is due, and what."""
        terms = self._terms
        timers = [(self._expires, self._expire)]
        if terms.first_message_timeout and not self._has_spoken:
            timers.append((self._started + terms.first_message_timeout, self._give_up))
        if terms.idle_timeout:
            timers.append((self._last_message + terms.idle_timeout, self._dismiss))
        if self._unanswered_ping is None and terms.ping_interval:
            timers.append((self._last_ping + terms.ping_interval, self._ping))
        elif self._unanswered_ping is not None and terms.ping_timeout:
            timers.append((self._unanswered_ping + terms.ping_timeout, self._miss))
        return min(timers, key=lambda timer: timer[0])

    def _ping(self) -> None:
        self._last_ping = self._unanswered_ping = time.monotonic()
        self._was_looked_for = False
        self._put(framing.serialise(Opcode.PING, b""), is_urgent=True)

    def _expire(self) -> None:
        self._ending = Ending(_EXPIRED, "Authentication expired.")

    def _give_up(self) -> None:
        self._ending = Ending(CloseReason.POLICY_VIOLATION, "Nothing was said.")

    def _dismiss(self) -> None:
        self._ending = Ending(CloseReason.NORMAL_CLOSURE, "Idle.")

    def _miss(self) -> None:
        if not self._was_looked_for:  # the pong may have come while a message was being answered
            self._was_looked_for = True
            self._read(0.0)
        else:
            self._ending = Ending(CloseReason.INTERNAL_ERROR, "No pong.", at_once=True)

    def _finish(self, ending: Ending) -> None:
        if ending.code is None:
            self._outbox.seal(None)
            return
        self._outbox.seal(framing.close(ending.code, ending.reason), drops_others=ending.at_once)
        if not self._outbox.wait_until_empty(_CLOSE_WAIT if ending.at_once else _LAST_ANSWERS):
            return
        self.sock.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + _CLOSE_WAIT
        # What is left unread makes the kernel reset the connection, and the client lose the code.
        while (left := deadline - time.monotonic()) > 0:
            if self._wait(left) and not self.sock.recv(_AT_ONCE):
                return
