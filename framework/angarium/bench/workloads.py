"""What a client of a measurement does, request by request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from angarium.bench.engine import Client, Step
from angarium.bench.wire import Requests

BODY: Final = {"event": "order", "number": 4711, "items": ["a", "b", "c"], "paid": True}
FILL: Final = 500
"""Messages of one request while a queue is filled: about 55 kB, well below what a post may have."""

_TTL: Final = 3600  # seconds: longer than a run
_PAGE: Final = 20


def batch(count: int) -> dict[str, Any]:
    """The document of a post of so many messages."""
    return {"messages": [{"ttl": _TTL, "body": BODY}] * count}


def posts(requests: Requests, queues: Iterable[str], count: int) -> Client:
    """Post so many messages at a time, to one queue after the other until there is none left.

    The requests differ in the name of the queue alone, and are not made anew for each.
    """
    template = requests.make("POST", "/v2/queues/\0/messages", batch(count))
    before, _, after = template.partition(b"\0")
    for queue in queues:
        yield Step(before + queue.encode() + after, (201,))


def post(requests: Requests, queue: str, count: int) -> Client:
    """Post so many messages at a time to one queue, for ever."""
    step = Step(requests.make("POST", f"/v2/queues/{queue}/messages", batch(count)), (201,))
    while True:
        yield step


def cycle(requests: Requests, queue: str) -> Client:
    """Post a message, claim one and delete it: three requests, counted as one."""
    path = f"/v2/queues/{queue}"
    post_one = Step(requests.make("POST", f"{path}/messages", batch(1)), (201,), counts=False)
    claim = _claim(requests, queue, counts=False)
    before, _, after = requests.make("DELETE", "\0").partition(b"\0")
    while True:
        yield post_one
        claimed = yield claim
        while claimed.status == 204:  # others had a hand on all there was
            claimed = yield claim
        (message,) = orjson.loads(claimed.body)["messages"]
        yield Step(before + message["href"].encode() + after, (204,))


def claims(requests: Requests, queue: str, numbers: Iterator[int]) -> Client:
    """Claim one message for each number, and keep it."""
    step = _claim(requests, queue, counts=True)
    for _ in numbers:
        yield step


def _claim(requests: Requests, queue: str, *, counts: bool) -> Step:
    document = {"ttl": _TTL, "grace": 60}
    request = requests.make("POST", f"/v2/queues/{queue}/claims?limit=1", document)
    return Step(request, (201, 204), counts)


def paging(requests: Requests, queue: str) -> Client:
    """List the messages of a queue page by page with the marker, over and over."""
    path = f"/v2/queues/{queue}/messages"
    first = Step(requests.make("GET", f"{path}?echo=true&limit={_PAGE}"), (200,))
    while True:
        page = yield first
        while marker := _marker(page.body):
            request = requests.make("GET", f"{path}?echo=true&limit={_PAGE}&marker={marker}")
            page = yield Step(request, (200,))


def _marker(body: bytes) -> str | None:
    """The marker of the next page, or None behind the last."""
    page = orjson.loads(body)
    if len(page["messages"]) < _PAGE:
        return None
    link: str = next(link["href"] for link in page["links"] if link["rel"] == "next")
    return link.rpartition("marker=")[2].partition("&")[0]


def removal(requests: Requests, queues: Iterable[str]) -> Client:
    """Delete one queue after the other."""
    for queue in queues:
        yield Step(requests.make("DELETE", f"/v2/queues/{queue}"), (204,))
