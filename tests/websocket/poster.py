"""A process of the service, as the delivery endpoint of a socket process sees it."""

from __future__ import annotations

import http.client
import json
import time
from types import TracebackType
from typing import Any

from angarium.notifications import proof

TIMEOUT = 30.0  # seconds


class Poster:
    """A kept connection to a delivery endpoint."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def push(self, connection_id: str, secret: str, document: Any, *, age: int = 0) -> int:
        """Deliver a document with a proof; the status of the answer.

        :param document: JSON as bytes, or what becomes JSON.
        :param age: seconds since the proof was made.
        """
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        made = proof.sign(secret, connection_id, body, int(time.time()) - age)
        return self.send("POST", f"/{connection_id}", body, {proof.HEADER: made})

    def send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> int:
        """Send any request; the status of the answer, which has no body."""
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        assert answer.read() == b""
        return answer.status

    def __enter__(self) -> Poster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
