"""What a delivery process remembers of subscribers that failed, were slow, or asked for a rest.

Nothing depends on it but speed: it keeps new duties of a dead or slow subscriber away from the
workers of the others before anybody has tried again, and leaves alone for a while who said
``Retry-After``. The stores know the rest.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from angarium.clock import Clock
from angarium.storage.models import Scope

_MEMORY: Final = 300.0  # seconds
_MOST: Final = 100_000  # subscriptions

Key = tuple[Scope, str]
"""A lane: the scope and the id of a subscription."""


@dataclass
class Suspects:
    """Subscriptions whose lanes are suspect. Safe for threads."""

    clock: Clock
    _until: dict[Key, float] = field(default_factory=dict)
    _quiet: dict[Key, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: Key, *, is_suspect: bool) -> None:
        """Remember how the last attempt went."""
        with self._lock:
            if is_suspect:
                self._until.pop(key, None)  # so that it counts as the youngest
                self._until[key] = time.monotonic() + _MEMORY
                if len(self._until) > _MOST:
                    del self._until[next(iter(self._until))]
            else:
                self._until.pop(key, None)

    def knows(self, key: Key) -> bool:
        """Whether the last attempt of some minutes failed or was slow."""
        return self._until.get(key, 0.0) > time.monotonic()

    def silence(self, key: Key, seconds: int) -> None:
        """Leave a subscriber alone for a while, as it asked for."""
        now = self.clock.now()
        with self._lock:
            if len(self._quiet) >= _MOST:
                self._quiet = {key: until for key, until in self._quiet.items() if until > now}
            self._quiet[key] = now + seconds

    def silent_for(self, key: Key) -> int:
        """Seconds for which a subscriber is still to be left alone."""
        until = self._quiet.get(key)
        return 0 if until is None else max(0, until - self.clock.now())
