"""Producers and consumers on one queue, with a book of what was acknowledged to them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from angarium.errors import OutcomeUnknown, StoreUnreachable

PATIENCE = 60.0  # seconds in which the service has to be back
_LONG = 43_200  # seconds
_PAUSE = 0.01  # seconds between two steps, so that the book stays small


class Claimed(Protocol):
    """What a claim holds."""

    @property
    def names(self) -> Sequence[str]:
        """The names of its messages."""


class Target(Protocol):
    """A queue, of a driver or behind the REST API."""

    def post(self, *wanted: str, ttl: int) -> object:
        """Post messages of these names as one batch."""

    def claim(self, limit: int, *, ttl: int) -> Claimed:
        """Claim messages."""

    def everything(self) -> Sequence[str]:
        """The names of all messages."""


class Load:
    """Threads that post and claim until they are told to stop; refusals make them try again."""

    def __init__(self, queue: Target, producers: int = 3, consumers: int = 2) -> None:
        self.posted: list[str] = []
        self.claimed: Counter[str] = Counter()
        self._queue = queue
        self._stop = threading.Event()
        works = [self._produce] * producers + [self._consume] * consumers
        self._threads = [
            threading.Thread(target=work, args=(number,)) for number, work in enumerate(works)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def go_on(self, steps: int) -> None:
        """Return when so many further posts and as many further claims were acknowledged."""
        deadline = time.monotonic() + PATIENCE
        posts, claims = len(self.posted) + steps, len(self.claimed) + steps
        while len(self.posted) < posts or len(self.claimed) < claims:
            assert time.monotonic() < deadline, "the service does not come back"
            time.sleep(0.02)

    def check(self) -> None:
        """Every acknowledged message is there, and none was claimed twice."""
        stored = set(self._queue.everything())
        assert set(self.posted) <= stored
        assert [name for name, count in self.claimed.items() if count > 1] == []

    def _produce(self, number: int) -> None:
        count = 0
        while not self._stop.is_set():
            name = f"{number}-{count}"
            count += 1
            if self._is_done(partial(self._queue.post, name, ttl=_LONG)):
                self.posted.append(name)
            self._stop.wait(_PAUSE)

    def _consume(self, _: int) -> None:
        while not self._stop.is_set():
            self._is_done(self._claim)
            self._stop.wait(_PAUSE)

    def _claim(self) -> None:
        for name in self._queue.claim(2, ttl=_LONG).names:
            self.claimed[name] += 1

    def _is_done(self, step: Callable[[], object]) -> bool:
        try:
            step()
        except (StoreUnreachable, OutcomeUnknown):
            self._stop.wait(0.05)
            return False
        return True
