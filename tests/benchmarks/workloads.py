"""What the clients of a measurement do."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

from tests.benchmarks.clients import Client

BODY: Final = {"event": "order", "number": 4711, "items": ["a", "b", "c"], "paid": True}


class UnexpectedAnswer(Exception):
    """The server did not do what is measured."""


def _request(method: str, path: str, document: Any = None) -> bytes:
    body = b"" if document is None else json.dumps(document).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        f"Client-ID: {uuid.uuid4()}\r\n"
        "X-Project-Id: benchmark\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "\r\n"
    )
    return head.encode() + body


def _expect(answer: bytes, status: int) -> bytes:
    if not answer.startswith(b"HTTP/1.1 %d " % status):
        raise UnexpectedAnswer(answer.decode(errors="replace"))
    return answer


def post(queue: str) -> Client:
    """Posts messages one by one."""
    request = _post_request(queue)
    while True:
        _expect((yield request, True), 201)


def _post_request(queue: str) -> bytes:
    message = {"ttl": 3600, "body": BODY}
    return _request("POST", f"/v2/queues/{queue}/messages", {"messages": [message]})


def cycle(queue: str) -> Client:
    """Posts a message, claims one and deletes it: three requests, counted as one."""
    post_request = _post_request(queue)
    claim = _request("POST", f"/v2/queues/{queue}/claims?limit=1", {"ttl": 300, "grace": 60})
    delete = _request("DELETE", "HREF")
    while True:
        _expect((yield post_request, False), 201)
        claimed = yield claim, False
        while claimed.startswith(b"HTTP/1.1 204 "):  # others had a hand on all there was
            claimed = yield claim, False
        _expect(claimed, 201)
        (message,) = json.loads(claimed.partition(b"\r\n\r\n")[2])["messages"]
        _expect((yield delete.replace(b"HREF", message["href"].encode(), 1), True), 204)


def constant(_: str) -> Client:
    """The request of :func:`post`, sent to a route that always answers the same."""
    request = _post_request("constant")
    while True:
        _expect((yield request, True), 201)
