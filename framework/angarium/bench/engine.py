"""Concurrent clients in one thread: raw sockets that are kept alive, and requests made beforehand.

A client is a generator: it yields a :class:`Step` and is given the answer to its request. What it
does is thereby cheap enough for the server to remain the bottleneck.
"""

from __future__ import annotations

import selectors
import socket
import time
from array import array
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from angarium.bench import wire
from angarium.bench.wire import Address, Answer

UNREACHABLE: Final = "unreachable"
CLOSED: Final = "connection closed"
NOT_HTTP: Final = "not HTTP"
NO_ANSWER: Final = "no answer"

_GLANCE: Final = 0.1  # seconds between two looks at the clock when nothing comes


class Step(NamedTuple):
    """A request, and what is made of its answer.

    :ivar expected: the statuses that are no errors.
    :ivar counts: whether the answer completes a unit of what is counted.
    """

    request: bytes
    expected: tuple[int, ...]
    counts: bool = True


Client = Generator[Step, Answer, None]


@dataclass
class Measurement:
    """What so many seconds of load have shown.

    :ivar seconds: how long it took.
    :ivar latencies: of each unit that was completed, in seconds.
    :ivar errors: how often each unexpected status, or failure of a connection, was met.
    :ivar busy: the share of one processor that the clients themselves used.
    """

    seconds: float = 0.0
    latencies: array[float] = field(default_factory=lambda: array("d"), repr=False)
    errors: Counter[str] = field(default_factory=Counter)
    busy: float = 0.0

    @property
    def rate(self) -> float:
        """Units per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


def joined(parts: Sequence[Measurement]) -> Measurement:
    """What several processes measured at the same time, as one."""
    whole = Measurement(seconds=max(part.seconds for part in parts))
    for part in parts:
        whole.latencies.extend(part.latencies)
        whole.errors.update(part.errors)
        whole.busy += part.busy
    return whole


class _Line:
    """One client's connection."""

    def __init__(self, load: Load, make: Callable[[], Client]) -> None:
        self._load = load
        self._make = make
        self._start(make())

    def _start(self, client: Client) -> None:
        self._client = client
        self._step = next(client, None)
        self._since = time.perf_counter()
        self._connect()

    def _connect(self) -> None:
        """Connect, and send what is to be sent; or give up."""
        self.socket: socket.socket | None = None
        self._received = b""
        if self._step is None or self._load.is_over:
            return
        try:
            self.socket = self._load.address.connect()
        except OSError:
            self._load.result.errors[UNREACHABLE] += 1
            return
        self._load.selector.register(self.socket, selectors.EVENT_READ, self)
        self._send()

    def _send(self) -> None:
        assert self.socket is not None
        assert self._step is not None
        with suppress(OSError):  # reading will tell
            self.socket.sendall(self._step.request)

    def close(self) -> None:
        """Give the connection up."""
        if self.socket is not None:
            self._load.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None

    def receive(self) -> None:
        """Take what has come and go on."""
        assert self.socket is not None
        try:
            chunk = wire.read(self.socket)
            self._received += chunk
            answer = wire.parse(self._received, ended=not chunk)
        except OSError:
            self._fail(CLOSED)
        except ValueError:
            self._fail(NOT_HTTP)
        else:
            if answer is not None:
                self._take(answer)
            elif not chunk:
                self._fail(CLOSED)

    def _fail(self, reason: str) -> None:
        self._load.result.errors[reason] += 1
        self.close()
        self._start(self._make())

    def _take(self, answer: Answer) -> None:
        assert self._step is not None
        if answer.status in self._step.expected:
            if self._step.counts:
                self._count()
            try:
                self._step = self._client.send(answer)
            except StopIteration:
                self._step = None
        else:
            self._load.result.errors[str(answer.status)] += 1
            self._client = self._make()
            self._step = next(self._client, None)
            self._since = time.perf_counter()
        self._received = b""
        if self._step is None or self._load.is_over or answer.closes:
            self.close()
            self._connect()
        else:
            self._send()

    def _count(self) -> None:
        now = time.perf_counter()
        if not self._load.is_over:
            self._load.result.latencies.append(now - self._since)
        self._since = now


class Load:
    """Some clients at work on one server.

    :param makers: make the client of each connection; one that meets an error is made anew.
    """

    def __init__(self, address: Address, makers: Sequence[Callable[[], Client]]) -> None:
        self.address = address
        self.selector = selectors.DefaultSelector()
        self.result = Measurement()
        self.is_over = False
        self._lines = [_Line(self, make) for make in makers]

    def run(
        self, seconds: float = float("inf"), watch: Callable[[int], None] = lambda _: None
    ) -> Measurement:
        """Work for so long, or until all clients are done; then wait for the last answers.

        It takes longer when nothing is complete by then.

        :param watch: told now and then how many units are complete.
        """
        begin, used = time.perf_counter(), time.process_time()
        try:
            self._until(begin + seconds, watch)
            if not self.result.latencies:  # what takes longer than that has a rate as well
                self._until(time.perf_counter() + wire.PATIENCE, watch, enough=1)
            self.result.seconds = time.perf_counter() - begin
            self.result.busy = (time.process_time() - used) / self.result.seconds
            self.is_over = True
            self._until(time.perf_counter() + wire.PATIENCE, lambda _: None)
            self.result.errors[NO_ANSWER] += len(self.selector.get_map())
        finally:
            for line in self._lines:
                line.close()
            self.selector.close()
        self.result.errors = +self.result.errors  # without those that did not happen
        return self.result

    def _until(
        self, end: float, watch: Callable[[int], None], enough: float = float("inf")
    ) -> None:
        while self.selector.get_map() and (now := time.perf_counter()) < end:
            if len(self.result.latencies) + self.result.errors.total() >= enough:
                return
            for key, _ in self.selector.select(min(_GLANCE, end - now)):
                key.data.receive()
            watch(len(self.result.latencies))
