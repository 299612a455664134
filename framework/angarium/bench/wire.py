"""HTTP/1.1 as bytes: where a server is, requests made beforehand, and answers taken apart."""

from __future__ import annotations

import socket
import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson

from angarium.bench.errors import BenchError

PATIENCE: Final = 30.0
"""Seconds to wait for a connection, and for the last answers of a measurement."""

_PORTS: Final = {"http": 80, "https": 443}
_BODILESS: Final = frozenset({204, 304})


class Answer(NamedTuple):
    """A whole answer.

    :ivar closes: whether the server closes the connection after it.
    """

    status: int
    body: bytes
    closes: bool


@dataclass(frozen=True, slots=True)
class Address:
    """Where an API begins: ``scheme://host:port/prefix``."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take a URL apart.

        :raises BenchError: it is no URL of an HTTP server.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BenchError(f"{url} is no URL: {error}") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise BenchError(f"{url} is no URL of an HTTP server; give one like http://host:8888")
        prefix = parts.path.rstrip("/").removesuffix("/v2")
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], prefix)

    @property
    def netloc(self) -> str:
        """Host and port, as in a Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as a URL, without secrets."""
        return f"{self.scheme}://{self.netloc}{self.prefix}"

    def connect(self) -> socket.socket:
        """A new connection.

        :raises OSError: there is none to be had.
        """
        connection = socket.create_connection((self.host, self.port), PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.scheme == "https":
            connection = _tls().wrap_socket(connection, server_hostname=self.host)
        connection.settimeout(None)  # with one, every read would ask the kernel twice
        return connection


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True)
class Requests:
    """Makes the requests of one client.

    :ivar headers: what every request carries besides, such as a token.
    """

    address: Address
    headers: Mapping[str, str]
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def make(self, method: str, path: str, document: Any = None) -> bytes:
        """A request with a document, or without a body."""
        body = b"" if document is None else orjson.dumps(document)
        named = {
            "Host": self.address.netloc,
            "Client-ID": self.client_id,
            **self.headers,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return f"{method} {self.address.prefix}{path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def read(connection: socket.socket) -> bytes:
    """What has come; nothing when the other side has closed."""
    chunk = connection.recv(1 << 16)
    if isinstance(connection, ssl.SSLSocket):
        while connection.pending():  # decrypted already, so that no selector would tell
            chunk += connection.recv(1 << 16)
    return chunk


def parse(received: bytes, *, ended: bool = False) -> Answer | None:
    """The answer in what was received, or None while it is not complete.

    :param ended: whether the connection is closed, which completes a body of unknown length.
    :raises ValueError: this is not HTTP.
    """
    head, blank, body = received.partition(b"\r\n\r\n")
    if not blank:
        return None
    head = head.lower()
    status = int(head[9:12])
    closes = head.startswith(b"http/1.0") or b"\r\nconnection: close" in head
    if status in _BODILESS:
        return Answer(status, b"", closes)
    _, found, length = head.partition(b"\r\ncontent-length:")
    if found:
        whole = len(body) >= int(length.partition(b"\r")[0])
        return Answer(status, body, closes) if whole else None
    if b"\r\ntransfer-encoding: chunked" in head:
        joined = _join(body)
        return None if joined is None else Answer(status, joined, closes)
    return Answer(status, body, True) if ended else None


def _join(body: bytes) -> bytes | None:
    """The chunks of a body as one, or None when the last is not there yet."""
    joined, start = b"", 0
    while (end := body.find(b"\r\n", start)) >= 0:
        size = int(body[start:end].partition(b";")[0], 16)
        if size == 0:
            return joined if body.find(b"\r\n", end + 2) >= 0 else None
        joined += body[end + 2 : end + 2 + size]
        start = end + 2 + size + 2
    return None
