"""Concurrent clients in one thread: raw sockets that are kept alive, and requests made beforehand.

A client is a generator: it yields a request as bytes and is given the whole answer as bytes. What
it does is thereby cheap enough for the server to remain the bottleneck.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Final

Client = Generator[tuple[bytes, bool], bytes, None]
"""Yields (request, whether its answer completes a unit of what is counted)."""

_CHUNK: Final = 1 << 16


@dataclass
class Measurement:
    """What so many seconds of load have shown.

    :ivar seconds: how long it took.
    :ivar units: how many posts, or cycles, were completed.
    :ivar busy: the share of one processor that the clients themselves used.
    :ivar latencies: of each unit, in seconds.
    """

    seconds: float
    busy: float
    latencies: list[float] = field(repr=False)

    @property
    def units(self) -> int:
        """How many posts, or cycles, were completed."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.units / self.seconds

    def percentile(self, percent: int) -> float:
        """The latency that so many percent of the units stay below, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


class _Line:
    """One client's connection."""

    def __init__(self, port: int, client: Client) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._received = b""
        self._counts = False
        self._since = time.perf_counter()
        self._send(next(client))

    def _send(self, step: tuple[bytes, bool]) -> None:
        request, self._counts = step
        self.socket.sendall(request)

    def receive(self) -> float | None:
        """Take what has come and go on; the latency of a unit when one is complete."""
        chunk = self.socket.recv(_CHUNK)
        if not chunk:
            raise ConnectionError("the server closed a connection under load")
        self._received += chunk
        if not is_complete(self._received):
            return None
        answer, self._received = self._received, b""
        counted, since = self._counts, self._since
        if counted:
            self._since = time.perf_counter()
        self._send(self._client.send(answer))
        return self._since - since if counted else None


def is_complete(answer: bytes) -> bool:
    """Whether an answer has come as a whole, by its Content-Length."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return False
    _, found, rest = head.lower().partition(b"content-length:")
    return len(body) >= (int(rest.partition(b"\r")[0]) if found else 0)


def run(port: int, make: Callable[[int], Client], count: int, seconds: float) -> Measurement:
    """Let ``count`` clients work for so long; ``make`` gets the number of each."""
    lines = [_Line(port, make(number)) for number in range(count)]
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        begin, used = time.perf_counter(), time.process_time()
        latencies = []
        while time.perf_counter() - begin < seconds:
            for key, _ in selector.select(1.0):
                latency = key.data.receive()
                if latency is not None:
                    latencies.append(latency)
        elapsed = time.perf_counter() - begin
        busy = (time.process_time() - used) / elapsed
    for line in lines:
        line.socket.close()
    return Measurement(elapsed, busy, latencies)
