"""Many messages that become available at once: bounded work, right order (design principle 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import Queue, names, numbered
from angarium.testing.timing import advance

MANY: Final = scaled(1500, 10_000)
WANTED: Final = numbered(MANY)
LIFE: Final = 100_000  # seconds


def _lapsed_in_one(queue: Queue) -> None:
    queue.post(*WANTED, ttl=LIFE)
    queue.claim(MANY, ttl=5000)


def _lapsed_in_many(queue: Queue) -> None:
    queue.post(*WANTED, ttl=LIFE)
    for _ in range(0, MANY, 25):
        queue.claim(25, ttl=5000)


def _delayed(queue: Queue) -> None:
    for start in range(0, MANY, 500):
        queue.post(*WANTED[start : start + 500], ttl=LIFE, delay=5000)


def _mixed(queue: Queue) -> None:
    """Delayed and claimed by turns; later claims lapse earlier."""
    for start in range(0, MANY, 100):
        due = 9000 - start * 8000 // MANY
        queue.post(*WANTED[start : start + 50], ttl=LIFE, delay=due)
        queue.post(*WANTED[start + 50 : start + 100], ttl=LIFE)
        queue.claim(50, ttl=due)


STATES: Final[dict[str, Callable[[Queue], None]]] = {
    "one-claim": _lapsed_in_one,
    "many-claims": _lapsed_in_many,
    "delayed": _delayed,
    "mixed": _mixed,
}


in_each_state = pytest.mark.parametrize("state", STATES)


class PromotingCases(DataCases):
    """Cases about thousands of messages that come back at the same time."""

    @in_each_state
    def test_claimed_in_order(self, queue: Queue, state: str) -> None:
        """Claims made right then get the oldest first, however many there are."""
        STATES[state](queue)
        queue.post("last", ttl=LIFE)
        advance(queue.driver, 10_000)
        taken = queue.claim(20).names + queue.claim(MANY).names
        assert taken == [*WANTED, "last"]

    @in_each_state
    def test_popped_in_order(self, queue: Queue, state: str) -> None:
        """The same for pops."""
        STATES[state](queue)
        queue.post("last", ttl=LIFE)
        advance(queue.driver, 10_000)
        assert names(queue.pop(20)) + names(queue.pop(MANY)) == [*WANTED, "last"]

    @in_each_state
    def test_seen_at_once(self, queue: Queue, state: str) -> None:
        """Listing and statistics are right before anybody has moved anything."""
        STATES[state](queue)
        assert queue.listed(limit=MANY) == []
        advance(queue.driver, 10_000)
        assert queue.counts() == (MANY, 0, MANY)
        assert queue.listed(limit=20) == WANTED[:20]
        assert queue.listed(limit=MANY) == WANTED
