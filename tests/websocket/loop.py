"""Connections in this process, so that a test can push into them from threads of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import gevent
from gevent import event, threadpool
from gevent.server import StreamServer
from werkzeug.test import create_environ

from angarium.listening import Listener
from angarium_websocket.connection import Connection, Terms
from angarium_websocket.endpoint import Endpoint, EndpointServer
from angarium_websocket.pushing import Channel
from angarium_websocket.routing import ConnectionSock, OnePathFlask

TERMS: Final = Terms(
    first_message_timeout=None,
    ping_interval=None,
    ping_timeout=30.0,
    idle_timeout=None,
    max_message_size=1_000_000,
    max_send_queue=1000,
)
Answer = Callable[[Connection, str | bytes], str | bytes]


def echo(connection: Connection, message: str | bytes) -> str | bytes:
    """Answer with the message itself."""
    return message


class Loop:
    """A thread with a hub, a server of connections and a delivery endpoint in it.

    :ivar connections: as clients connect.
    :ivar channels: of the connections, by their ids.
    """

    def __init__(self, terms: Terms, answer: Answer) -> None:
        self.connections: queue.Queue[Connection] = queue.Queue()
        self.channels: dict[str, Channel] = {}
        self.port = self.endpoint_port = 0
        self._max_waiting = terms.max_send_queue // 4
        self._max_size = terms.max_message_size
        self._answer = answer
        self._app = OnePathFlask("loop")
        self._app.config["SOCK_SERVER_OPTIONS"] = {"terms": terms}
        ConnectionSock(self._app).route("/")(self._serve)
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
        server = StreamServer(("127.0.0.1", 0), self._accept)
        self._threads = threadpool.ThreadPool(4)
        server.start()
        over, hub = event.Event(), gevent.get_hub()
        self._stop = lambda: hub.loop.run_callback_threadsafe(over.set)
        listening = Listener.resolve("loop", "127.0.0.1", 0).open(100)
        self.endpoint_port = listening.getsockname()[1]
        endpoint = EndpointServer(listening, Endpoint(self.channels, self._max_size))
        endpoint.start()
        self.port = server.server_port
        self._is_ready.set()
        over.wait()
        server.stop(timeout=1)
        endpoint.stop(timeout=1)
        self._threads.kill()
        hub.destroy()

    def _accept(self, sock: Any, address: Any) -> None:
        """Hand a socket over as gunicorn does."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        lines = [line.partition(": ") for line in head.decode().splitlines()[1:-1]]
        environ = create_environ(headers=[(name, value) for name, _, value in lines])
        with suppress(StopIteration):
            self._app({**environ, "gunicorn.socket": sock}, _answer_nothing)

    def _serve(self, connection: Connection) -> None:
        channel = Channel(connection, "http://endpoint/", self._max_waiting)
        self.channels[channel.id] = channel
        self.connections.put(connection)
        try:
            while True:
                message = connection.receive()
                channel.hold()
                connection.send(self._threads.apply(self._answer, (connection, message)))
                channel.release()
        finally:
            del self.channels[channel.id]


def _answer_nothing(*arguments: Any) -> Any:
    raise AssertionError("a WebSocket is answered in HTTP")


@contextmanager
def serving(terms: Terms = TERMS, answer: Answer = echo) -> Iterator[Loop]:
    """A loop that runs."""
    loop = Loop(terms, answer)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()
