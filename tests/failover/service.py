"""A queue behind the REST API, as the load on it sees it."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from angarium.errors import StoreUnreachable
from angarium.storage.models import Scope

_PATIENCE = 30.0  # seconds for an answer
_GRACE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim holds.

    :ivar names: of the messages: their bodies.
    """

    names: Sequence[str]


class Service:
    """A queue of a service. Safe for threads: each request has a connection of its own.

    :ivar others: answers that are neither success nor a 503 that says when to come back.
    """

    def __init__(self, port: int, scope: Scope) -> None:
        self.others: list[str] = []
        self._port = port
        self._queue = f"/v2/queues/{scope.name}"
        self._headers = {
            "Client-ID": str(uuid.uuid4()),
            "X-Project-Id": scope.project,
            "Content-Type": "application/json",
        }

    def post(self, *wanted: str, ttl: int) -> None:
        """Post messages of these names as one batch."""
        messages = [{"body": name, "ttl": ttl} for name in wanted]
        self._request("POST", f"{self._queue}/messages", {"messages": messages})

    def claim(self, limit: int, *, ttl: int) -> Claimed:
        """Claim messages."""
        path = f"{self._queue}/claims?limit={limit}"
        answer = self._request("POST", path, {"ttl": ttl, "grace": _GRACE})
        return Claimed([message["body"] for message in answer["messages"]] if answer else [])

    def everything(self) -> list[str]:
        """The names of all messages."""
        path = f"{self._queue}/messages?echo=true&include_claimed=true&limit=20"
        found: list[str] = []
        while True:
            page = self._request("GET", path)
            if not page["messages"]:
                return found
            found += [message["body"] for message in page["messages"]]
            path = page["links"][0]["href"]

    def _request(self, method: str, path: str, document: Any = None) -> Any:
        """The body of a successful answer.

        :raises StoreUnreachable: any other one.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        body = None if document is None else json.dumps(document)
        try:
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status < 300:
            return json.loads(content) if content else None
        if response.status != 503 or not response.headers.get("Retry-After"):
            self.others.append(f"{response.status}: {content!r}")
        raise StoreUnreachable
