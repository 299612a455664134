"""A conversation over a WebSocket, in either encoding."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgpack
from websockets.sync.client import ClientConnection, connect

TIMEOUT: Final = 30.0  # seconds
Document = dict[str, Any]


class Reply:
    """An answer.

    :ivar raw: the document as it came.
    """

    def __init__(self, raw: Any) -> None:
        assert set(raw) == {"request", "body", "headers"}, raw
        assert set(raw["headers"]) == {"status"}, raw
        assert set(raw["request"]) == {"action", "body", "headers", "api"}, raw
        assert raw["request"]["api"] == "v2"
        self.raw = raw
        self.status: int = raw["headers"]["status"]
        self.body: Any = raw["body"]
        self.request: Document = raw["request"]

    def ok(self, status: int) -> Any:
        """The body of an answer that must have this status."""
        assert self.status == status, self.raw
        return self.body


class Client:
    """One client behind a connection.

    :param is_text: whether it speaks JSON; otherwise MessagePack.
    """

    def __init__(self, connection: ClientConnection, *, is_text: bool = True) -> None:
        self.connection = connection
        self.is_text = is_text
        self.headers: Document = {
            "Client-ID": str(uuid.uuid4()),
            "X-Project-ID": f"project-{uuid.uuid4().hex}",
        }

    def ask(self, action: Any, headers: Any = None, **body: Any) -> Reply:
        """Ask for an action; without arguments, no body is sent."""
        message = {"action": action, "headers": self.headers if headers is None else headers}
        return self.send({**message, "body": body} if body else message)

    def send(self, document: Any) -> Reply:
        """Send any document and return the answer to it."""
        self.connection.send(json.dumps(document) if self.is_text else msgpack.packb(document))
        return self.receive()

    def send_raw(self, payload: str | bytes) -> Reply:
        """Send anything and return the answer to it, which is in the same encoding."""
        self.connection.send(payload)
        raw = self.connection.recv(TIMEOUT)
        assert isinstance(raw, str) is isinstance(payload, str)
        return Reply(json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw))

    def receive(self) -> Reply:
        """The next answer."""
        raw = self.connection.recv(TIMEOUT)
        assert isinstance(raw, str) is self.is_text, "the answer is in another encoding"
        return Reply(json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw))


@contextmanager
def connected(
    port: int, *, path: str = "/", headers: Mapping[str, str] | None = None, **options: Any
) -> Iterator[ClientConnection]:
    """A connection to a port of loopback."""
    settings = {"max_size": None, "ping_interval": None, **options}
    with connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers, **settings) as made:
        yield made
