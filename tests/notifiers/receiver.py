"""A receiver of webhooks on a socket of its own, as well or badly behaved as a test likes."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Self


class Misbehaviour(Enum):
    """What a receiver may do instead of answering."""

    HANG = "take the request and say nothing"
    RESET = "reset the connection"
    CLOSE = "close the connection"
    DRIP = "begin an answer that never ends, byte by byte"


@dataclass(frozen=True)
class Received:
    """A request; ``headers`` by lower-case name, ``connection`` counts from 0."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


Answer = Callable[[Received], bytes | Misbehaviour]


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """A whole response."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Receiver:
    """Listens on a free port of a loopback address and keeps what it gets."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None, host: str) -> None:
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server((host, 0))
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        self.requests: list[Received] = []
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def url(self, path: str = "/hook", host: str = "127.0.0.1", userinfo: str = "") -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{userinfo}{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Close every connection that is open, in the middle of whatever it does."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError, ValueError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            file = connection.makefile("rb")
            while (request := _read(file, number)) is not None:
                self.requests.append(request)
                said = self._answer(request)
                if isinstance(said, bytes):
                    connection.sendall(said)
                else:
                    self._misbehave(connection, said)
                    return

    def _misbehave(self, connection: socket.socket, kind: Misbehaviour) -> None:
        if kind is Misbehaviour.RESET:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        elif kind is Misbehaviour.HANG:
            self._ended.wait()
        elif kind is Misbehaviour.DRIP:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not self._ended.wait(0.02):
                connection.sendall(b"a")
        if kind is not Misbehaviour.RESET:
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def _read(file: BinaryIO, number: int) -> Received | None:
    """The next request; None if there is none, or its sender died in the middle of it."""
    line = next(file, b"").decode().strip()
    if not line:
        return None
    headers = {}
    for raw in file:
        text = raw.decode().strip()
        if not text:
            break
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", -1))
    body = file.read(max(length, 0))
    if len(body) != length:
        return None
    return Received(line, headers, body, number)


@contextmanager
def receiving(
    said: Answer | bytes | Misbehaviour | list[bytes | Misbehaviour],
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> Iterator[Receiver]:
    """A receiver that answers always the same, or as a function of the request, or in turn."""
    if isinstance(said, list):
        turns = iter(said)
        chosen: Answer = lambda _: next(turns)  # noqa: E731 - one of three
    elif callable(said):
        chosen = said
    else:
        chosen = lambda _: said  # noqa: E731 - one of three
    with Receiver(chosen, tls, host) as receiver:
        yield receiver
