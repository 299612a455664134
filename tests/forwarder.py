"""A wire to a database server that tests can cut and mend."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url

_PIECE: Final = 65536


def _connect(url: URL) -> socket.socket:
    """Connect to a PostgreSQL or MySQL server as its driver would."""
    directory = url.query.get("host") or url.query.get("unix_socket")
    if directory is None:
        return socket.create_connection((url.host or "localhost", url.port or 5432))
    path = Path(str(directory))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path / ".s.PGSQL.5432" if path.is_dir() else path))
    return connection


class Forwarder:
    """Listens on a port of loopback and forwards each connection to the server of a URL."""

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._is_cut = False
        self._snare: _Snare | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The URL of the same database through this wire."""
        query = {
            key: value
            for key, value in self._target.query.items()
            if key not in ("host", "unix_socket")
        }
        port = self._listener.getsockname()[1]
        through = self._target.set(host="127.0.0.1", port=port, query=query)
        return through.render_as_string(hide_password=False)

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        with self._lock:
            self._is_cut = True
            for pair in self._pairs:
                _close(pair)
            self._pairs.clear()

    def mend(self) -> None:
        """Forward again."""
        with self._lock:
            self._is_cut = False
            self._snare = None

    def cut_at(
        self, text: bytes, *, answered: bool = False, silently: bool = False, once: bool = False
    ) -> None:
        """Cut, as :meth:`cut` does, when a client sends something with this text in it.

        :param answered: whether the server gets it, and its answer alone is lost.
        :param silently: rather than to end connections, stop to forward anything.
        :param once: mend at once.
        """
        with self._lock:
            self._snare = _Snare(text, answered, silently, once)

    def _passes(self, piece: bytes, server: socket.socket) -> bool:
        """Whether a piece that a client sent is to be forwarded."""
        snare = self._snare
        if snare is None or not (snare.is_sprung or snare.text in piece):
            return True
        snare.is_sprung = True
        if snare.answered and snare.text in piece:
            server.sendall(piece)
            server.recv(_PIECE)
        if not snare.silently:
            self.cut()
        if snare.once:
            self.mend()
        return False

    def close(self) -> None:
        """End everything."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    client.close()
                    continue
                pair = (client, _connect(self._target))
                self._pairs.append(pair)
            threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """Carry bytes both ways until one side ends."""
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    piece = os.read(key.fd, _PIECE)
                    if not piece:
                        _close((client, server))
                        return
                    if key.fileobj is server or self._passes(piece, server):
                        key.data.sendall(piece)
                    elif client.fileno() < 0:  # it was cut
                        return


@dataclass
class _Snare:
    text: bytes
    answered: bool
    silently: bool
    once: bool
    is_sprung: bool = False


def _close(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
