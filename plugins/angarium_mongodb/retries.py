"""How often an operation is tried, and how long it pauses in between."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Final

from pymongo.errors import PyMongoError

from angarium_mongodb import failures

_SUSPICIOUS: Final = 1.0  # seconds of conflicts


@dataclass(frozen=True, slots=True)
class RetryRules:
    """The options of that name (contract, ``configuration.md`` 2.10); times in seconds."""

    max_attempts: int
    max_retry_sleep: float
    max_retry_jitter: float
    max_reconnect_attempts: int
    reconnect_sleep: float


class Retries:
    """The tries of one operation.

    :param patience: seconds for all of them.
    """

    def __init__(self, rules: RetryRules, patience: float) -> None:
        self._rules = rules
        self._start = time.monotonic()
        self._deadline = self._start + patience
        self._was_stuck = False
        self._conflicts = 0
        self._losses = 0

    @property
    def is_stuck(self) -> bool:
        """Whether conflicts have lasted suspiciously long; true once."""
        if self._was_stuck or not self._conflicts or time.monotonic() - self._start < _SUSPICIOUS:
            return False
        self._was_stuck = True
        return True

    def pause(self, error: PyMongoError) -> bool:
        """Wait until it makes sense to try again; False if it does not any more."""
        if failures.is_lost(error):
            self._losses += 1
            pause = self._rules.reconnect_sleep * 2.0 ** (self._losses - 1)
            may_repeat = self._losses < self._rules.max_reconnect_attempts
        elif failures.is_conflict(error):
            self._conflicts += 1
            longest = min(self._rules.max_retry_sleep, 0.002 * 2.0 ** min(self._conflicts, 16))
            pause = random.uniform(0, longest)  # noqa: S311 - to meet nobody again
            pause += random.uniform(0, self._rules.max_retry_jitter)  # noqa: S311
            may_repeat = self._conflicts < self._rules.max_attempts
        else:
            return False
        if not may_repeat or time.monotonic() + pause > self._deadline:
            return False
        time.sleep(pause)
        return True
