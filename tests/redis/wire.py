"""A wire to a Redis server that counts round trips, and can be cut at a chosen moment."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading


class Wire:
    """Forwards connections to a port of loopback.

    :ivar trips: how often the direction turned from answers to requests.
    :ivar loses_answer: set: the next answer is not delivered, and the connection ends instead.
    """

    def __init__(self, port: int) -> None:
        self.trips = 0
        self.loses_answer = False
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        is_asking = False
        with selectors.DefaultSelector() as selector, client, server:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            with contextlib.suppress(OSError):
                while True:
                    for key, _ in selector.select():
                        source = key.fileobj
                        assert isinstance(source, socket.socket)
                        piece = source.recv(65536)
                        if not piece:
                            return
                        if source is client and not is_asking:
                            self.trips += 1
                        is_asking = source is client
                        if not is_asking and self.loses_answer:
                            self.loses_answer = False
                            return
                        key.data.sendall(piece)
