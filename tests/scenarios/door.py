"""A small client of the REST API for programs under load: one connection, kept alive."""

from __future__ import annotations

import http.client
import json
import uuid
from typing import Any
from urllib.parse import urlencode


class UnexpectedAnswer(Exception):
    """The server answered with a status that the caller is not prepared for."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(f"status {status}: {answer}")
        self.status = status
        self.answer = answer


class Door:
    """A program's connection to a server on this machine.

    A failed connection shows as OSError or HTTPException; the next request opens a new one.
    """

    def __init__(self, port: int, project: str, client_id: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {
            "Client-ID": client_id or str(uuid.uuid4()),
            "X-Project-Id": project,
            "Content-Type": "application/json",
        }

    def request(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        """Status and decoded body of the answer."""
        body = None if document is None else json.dumps(document)
        try:
            self._connection.request(method, path, body, self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return response.status, json.loads(content) if content else None

    def _expect(self, statuses: set[int], method: str, path: str, document: Any = None) -> Any:
        try:
            status, answer = self.request(method, path, document)
        except (OSError, http.client.HTTPException):
            if method != "GET":
                raise
            # A process that was just killed takes its connections along; reading again is harmless.
            status, answer = self.request(method, path, document)
        if status not in statuses:
            raise UnexpectedAnswer(status, answer)
        return answer

    def post(self, queue: str, bodies: list[Any]) -> list[str]:
        """Post one batch; its ids in order."""
        document = {"messages": [{"body": body} for body in bodies]}
        answer = self._expect({201}, "POST", f"/v2/queues/{queue}/messages", document)
        return [href.rpartition("/")[2] for href in answer["resources"]]

    def claim(self, queue: str, limit: int) -> list[dict[str, Any]]:
        """Claim for a minute, with a minute of grace; the messages."""
        path = f"/v2/queues/{queue}/claims?limit={limit}"
        answer = self._expect({201, 204}, "POST", path, {"ttl": 60, "grace": 60})
        return list(answer["messages"]) if answer else []

    def release(self, queue: str, messages: list[dict[str, Any]]) -> None:
        """End the claim that holds these messages."""
        claim_id = messages[0]["href"].rpartition("=")[2]
        self._expect({204}, "DELETE", f"/v2/queues/{queue}/claims/{claim_id}")

    def delete(self, href: str) -> None:
        """Delete one message, with its claim if the href has one."""
        self._expect({204}, "DELETE", href)

    def delete_several(self, queue: str, ids: list[str]) -> None:
        """Delete messages, claimed or not."""
        self._expect({204}, "DELETE", f"/v2/queues/{queue}/messages?ids={','.join(ids)}")

    def pop(self, queue: str, count: int) -> list[dict[str, Any]]:
        """Take messages away."""
        path = f"/v2/queues/{queue}/messages?pop={count}"
        return list(self._expect({200}, "DELETE", path)["messages"])

    def page(self, href: str) -> tuple[list[dict[str, Any]], str]:
        """The messages of a page, and where to go on: to the same page when it was empty."""
        answer = self._expect({200}, "GET", href)
        return answer["messages"], answer["links"][0]["href"] if answer["messages"] else href

    def listing(self, queue: str, **parameters: object) -> list[dict[str, Any]]:
        """All messages of a queue, page by page; the parameters are those of a listing."""
        href = f"/v2/queues/{queue}/messages?{urlencode(parameters)}"
        found: list[dict[str, Any]] = []
        while True:
            messages, href = self.page(href)
            if not messages:
                return found
            found += messages

    def stats(self, queue: str) -> dict[str, Any]:
        """The numbers of a queue: free, claimed, total."""
        return dict(self._expect({200}, "GET", f"/v2/queues/{queue}/stats")["messages"])
