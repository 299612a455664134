"""Counting what becomes of deliveries, and telling the log about it now and then."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from enum import StrEnum

from angarium import logs

LOG = logging.getLogger(__name__)


class Event(StrEnum):
    """What can happen to one message on its way to one subscriber."""

    DELIVERED = "delivered"
    FAILED_ATTEMPTS = "failed_attempts"
    GIVEN_UP = "given_up"
    DEAD_LETTERS = "dead_letters"
    DROPPED = "dropped"


class Tally:
    """How often each happened. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Event] = Counter()
        self._told: Counter[Event] = Counter()

    def count(self, event: Event, times: int = 1) -> None:
        """Count something."""
        with self._lock:
            self._counts[event] += times

    def tell(self) -> None:
        """Log what happened since the last time, if anything did."""
        with self._lock:
            news, self._told = self._counts - self._told, self._counts.copy()
        if news:
            counts: dict[str, object] = {event.value: news[event] for event in Event}
            logs.event(LOG, logging.INFO, "deliveries since the last report", **counts)
