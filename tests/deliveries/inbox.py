"""Looking into what a receiver got."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

from tests.api.client import Api
from tests.api.helpers import Document, ok
from tests.notifiers.receiver import Receiver
from tests.servers import TestClock

PATIENCE: Final = 30.0  # seconds


def subscribe(api: Api, queue: str, url: str, ttl: int = 3600, **options: object) -> str:
    """Subscribe over HTTP; the id."""
    body = {"subscriber": url, "ttl": ttl, "options": options}
    found: str = ok(api.subscription_create(queue, body), 201)["subscription_id"]
    return found


def documents(receiver: Receiver, path: str = "/hook") -> list[Document]:
    """What came to a path so far."""
    return [json.loads(it.body) for it in receiver.requests if it.path == path]


def wait_for(receiver: Receiver, count: int, path: str = "/hook") -> list[Document]:
    """What came to a path, as soon as it is so much; never more."""
    deadline = time.monotonic() + PATIENCE
    while len(documents(receiver, path)) < count:
        assert time.monotonic() < deadline, (count, receiver.requests)
        time.sleep(0.01)
    found = documents(receiver, path)
    assert len(found) == count, found
    return found


def wait_for_bodies(receiver: Receiver, count: int, path: str = "/hook") -> list[Any]:
    """The same, but the bodies of the messages only."""
    return [it["body"] for it in wait_for(receiver, count, path)]


def pass_time_until(clock: TestClock, condition: Callable[[], bool]) -> None:
    """Let some seconds pass with each look, so slowly that no lease runs out."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        clock.advance(3)
        time.sleep(0.2)
