"""The smallest HTTP client that can also send what no decent client sends."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TIMEOUT: Final = 30.0  # seconds


@dataclass(frozen=True)
class Answer:
    """A response: status, decoded body (None if there is none) and headers by lower-case name.

    :ivar raw: the bytes of the body.
    """

    status: int
    body: Any
    headers: Mapping[str, str]
    raw: bytes = b""

    def __iter__(self) -> Iterator[Any]:
        """Unpacks as ``status, body, headers``."""
        return iter((self.status, self.body, self.headers))

    @property
    def title(self) -> str | None:
        """The title of an error."""
        return self.body.get("title") if isinstance(self.body, dict) else None

    @property
    def description(self) -> str:
        """The description of an error, empty if it has none."""
        return str(self.body.get("description", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Http:
    """Sends requests to one server, each over a connection of its own."""

    host: str
    port: int
    timeout: float = field(default=TIMEOUT)

    def send(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str | bytes]] = (),
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """Send a request exactly as given and return what comes back.

        :param target: path and query, percent-encoded by the caller.
        :param body: bytes go with a Content-Length, an iterable of bytes goes in chunks.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if isinstance(body, bytes):
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body)
            elif body is not None:
                connection.putheader("Transfer-Encoding", "chunked")
                connection.endheaders(body, encode_chunked=True)
            else:
                connection.endheaders()
            response = connection.getresponse()
            raw = response.read()
            found: dict[str, str] = {}
            for name, value in response.getheaders():
                key = name.lower()
                assert key not in found or key == "vary", f"the header {name} was sent twice"
                found[key] = f"{found[key]}, {value}" if key in found else value
            return Answer(response.status, json.loads(raw) if raw else None, found, raw)
        finally:
            connection.close()

    def raw(self, request: bytes, *, half_close: bool = False) -> bytes:
        """Send bytes that may be no HTTP at all and return all that comes back.

        :param half_close: say after them that nothing more will come.
        """
        with socket.create_connection((self.host, self.port), self.timeout) as connection:
            connection.sendall(request)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            pieces = []
            while piece := connection.recv(65536):
                pieces.append(piece)
            return b"".join(pieces)
