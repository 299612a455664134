"""What goes out: a bounded queue per connection, written by one greenlet, frame by frame.

Any thread may put frames in. Each leaves whole, and none in the middle of another: the one greenlet
that writes exists only while there is something to write.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

import gevent
from gevent import event, socket

_CHUNK: Final = 65536  # bytes of which a reader must take some within the time allowed
_LARGEST: Final = 16 * 1024 * 1024  # bytes that may wait, unless it is a single frame


class Overflow(Exception):
    """Raised when a frame does not fit in the queue: the client reads too slowly."""


class Outbox:
    """The frames that wait for one socket.

    Made in the thread whose hub serves the socket.

    :param max_frames: how many may wait.
    :param patience: seconds within which the client must take some of what is sent, or None.
    :param on_failure: called in a greenlet, once, when the client takes nothing any more.
    """

    def __init__(
        self,
        sock: socket.socket,
        max_frames: int,
        patience: float | None,
        on_failure: Callable[[], None],
    ) -> None:
        self._socket = sock
        self._max_frames = max_frames
        self._patience = patience
        self._on_failure = on_failure
        self._hub = gevent.get_hub()
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._is_writing = False
        self._is_sealed = False
        self._empty = event.Event()
        self._empty.set()
        self._room = event.Event()

    def put(self, frame: bytes, *, is_urgent: bool = False) -> bool:
        """Have a frame sent; False if the queue is sealed.

        :param is_urgent: before all others that wait, as control frames may be.
        :raises Overflow: the queue is full.
        """
        with self._lock:
            if self._is_sealed:
                return False
            is_full = len(self._frames) >= self._max_frames
            if is_full or (self._frames and self._size + len(frame) > _LARGEST):
                raise Overflow
            self._add(frame, is_urgent=is_urgent)
        return True

    def seal(self, last: bytes | None, *, drops_others: bool = False) -> None:
        """Take no further frames.

        :param last: sent after those that wait; None to send nothing more at all.
        :param drops_others: send it instead of them, after the one that is being sent.
        """
        with self._lock:
            if self._is_sealed:
                return
            self._is_sealed = True
            if drops_others or last is None:
                self._frames.clear()
                self._size = 0
            if last is not None:
                self._add(last, is_urgent=False)

    def _add(self, frame: bytes, *, is_urgent: bool) -> None:
        (self._frames.appendleft if is_urgent else self._frames.append)(frame)
        self._size += len(frame)
        if self._is_writing:
            return
        self._is_writing = True
        if threading.get_ident() == self._thread:
            self._start()  # at once: who waits for an empty queue must not find it empty before
        else:
            self._hub.loop.run_callback_threadsafe(self._start)

    def _start(self) -> None:
        self._empty.clear()
        gevent.spawn(self._write)

    def wait_until_empty(self, timeout: float | None) -> bool:
        """Wait, in a greenlet of the hub, until everything was handed to the kernel.

        :returns: False if it was not within so many seconds.
        """
        return bool(self._empty.wait(timeout))

    def wait_for_room(self, timeout: float | None) -> bool:
        """Wait, in a greenlet of the hub, until the queue is at most half full.

        :returns: False if it was not within so many seconds.
        """
        if not self._is_crowded:
            return True
        self._room.clear()
        return bool(self._room.wait(timeout))

    @property
    def _is_crowded(self) -> bool:
        return 2 * len(self._frames) > self._max_frames or 2 * self._size > _LARGEST

    def _write(self) -> None:
        try:
            while (frame := self._next()) is not None:
                self._send(frame)
        except OSError:
            with self._lock:
                self._is_sealed = True
                self._is_writing = False
                self._frames.clear()
                self._size = 0
            self._empty.set()
            self._room.set()
            self._on_failure()

    def _next(self) -> bytes | None:
        with self._lock:
            if not self._frames:
                self._is_writing = False
                self._empty.set()
                return None
            frame = self._frames.popleft()
            self._size -= len(frame)
            if not self._is_crowded:
                self._room.set()
            return frame

    def _send(self, frame: bytes) -> None:
        rest = memoryview(frame)
        while rest:
            self._socket.settimeout(self._patience)
            rest = rest[self._socket.send(rest[:_CHUNK]) :]
