"""Connections in this process, so that a test can push into them from threads of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import gevent
from gevent import event, threadpool
from gevent.server import StreamServer

from angarium_websocket import handshake
from angarium_websocket.connection import Connection, Terms
from angarium_websocket.inbox import Incoming

TERMS: Final = Terms(
    first_message_timeout=None,
    ping_interval=None,
    ping_timeout=30.0,
    idle_timeout=None,
    max_message_size=1_000_000,
    max_send_queue=1000,
)
Answer = Callable[[Connection, Incoming], str | bytes]


def echo(connection: Connection, incoming: Incoming) -> str | bytes:
    """Answer with the message itself."""
    return incoming.payload if incoming.opcode == 2 else incoming.payload.decode()


class Loop:
    """A thread with a hub, and a server of connections in it.

    :ivar connections: as clients connect.
    """

    def __init__(self, terms: Terms, answer: Answer) -> None:
        self.connections: queue.Queue[Connection] = queue.Queue()
        self.port = 0
        self._terms = terms
        self._answer = answer
        self._is_ready = threading.Event()
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Start the thread and wait until it listens."""
        self._thread.start()
        assert self._is_ready.wait(30)

    def stop(self) -> None:
        """End the thread."""
        self._stop()
        self._thread.join(30)

    def _run(self) -> None:
        server = StreamServer(("127.0.0.1", 0), self._serve)
        self._threads = threadpool.ThreadPool(4)
        server.start()
        over, hub = event.Event(), gevent.get_hub()
        self._stop = lambda: hub.loop.run_callback_threadsafe(over.set)
        self.port = server.server_port
        self._is_ready.set()
        over.wait()
        server.stop(timeout=1)
        self._threads.kill()
        hub.destroy()

    def _serve(self, sock: Any, address: Any) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        lines = [line.partition(": ") for line in head.decode().splitlines()[1:]]
        key = next(value for name, _, value in lines if name.lower() == "sec-websocket-key")
        sock.sendall(handshake.acceptance({"HTTP_SEC_WEBSOCKET_KEY": key}))
        connection = Connection(sock, self._terms, self._apply)
        self.connections.put(connection)
        connection.run()

    def _apply(self, connection: Connection, incoming: Incoming) -> str | bytes:
        answer: str | bytes = self._threads.apply(self._answer, (connection, incoming))
        return answer


@contextmanager
def serving(terms: Terms = TERMS, answer: Answer = echo) -> Iterator[Loop]:
    """A loop that runs."""
    loop = Loop(terms, answer)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()
