"""One connection for many requests: what is left of a refused one must not spoil the next."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.client import Api
from tests.api.helpers import post, totals

REFUSED = [
    ("POST", "/nowhere", 404),
    ("POST", "/v2/queues", 405),
    ("PUT", "/v2/queues/in%40voice", 400),
    ("PUT", "/v2/queues/q/stats", 405),
    ("GET", "/v2/queues", 200),
    ("DELETE", "/v2/queues/q", 204),
    ("POST", "/v2/queues/q/claims?limit=x", 400),
]


def identity(api: Api) -> dict[str, str]:
    return {"Client-ID": api.client_id, "X-Project-Id": api.project}


@pytest.mark.parametrize("size", [1, 1000, 70000, 3000000])
def test_bodies_that_nobody_read(api: Api, size: int) -> None:
    """A document that looks like a request is never taken for one."""
    smuggled = b"DELETE /v2/queues/kept HTTP/1.1\r\nHost: localhost\r\n"
    smuggled += b"".join(f"{key}: {value}\r\n".encode() for key, value in identity(api).items())
    body = (smuggled + b"\r\n") * (size // len(smuggled) + 1)
    api.queue_create("kept")
    connection = http.client.HTTPConnection(api.server.host, api.server.port, timeout=30)
    try:
        for method, target, status in REFUSED * 2:
            connection.request(method, target, body[:size], identity(api))
            response = connection.getresponse()
            answer = response.read()
            assert response.status == status, (method, target, answer)
        connection.request("GET", "/v2/queues", headers=identity(api))
        listed = json.loads(connection.getresponse().read())
        assert [item["name"] for item in listed["queues"]] == ["kept"]
    finally:
        connection.close()


def test_requests_on_one_connection_keep_their_order(api: Api, queue: str) -> None:
    """Pipelined: all are sent before the first answer is read."""
    head = "".join(f"{key}: {value}\r\n" for key, value in identity(api).items())
    requests = b""
    for number in range(20):
        document = json.dumps({"messages": [{"body": number}]})
        requests += (
            f"POST /v2/queues/{queue}/messages HTTP/1.1\r\nHost: localhost\r\n{head}"
            f"Content-Length: {len(document)}\r\n\r\n{document}"
        ).encode()
    requests += f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n".encode()
    answers = api.door.http.raw(requests)
    assert answers.count(b"HTTP/1.1 201 ") == 20
    assert answers.count(b"HTTP/1.1 300 ") == 1
    page = api.message_list(queue, echo="true", limit=20)
    assert [message["body"] for message in page.body["messages"]] == list(range(20))


def test_many_clients_at_once(api: Api, queue: str) -> None:
    """More connections than the server has threads."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: post(api, queue, number), range(64)))
    assert totals(api, queue) == (64, 0, 64)
