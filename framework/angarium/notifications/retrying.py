"""When a failed delivery is tried again (contract, ``notifications.md`` 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import chain, islice, repeat
from typing import Any, Final

_OVERRIDE: Final = "ignore_subscription_override"
_STEP: Final = 5  # seconds
_ROUNDING: Final = 1 + 1e-9  # so that a whole number of seconds is not lost to binary fractions


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A retry policy with the defaults filled in; delays in seconds."""

    retries_with_no_delay: int = 3
    minimum_delay_retries: int = 3
    minimum_delay: int = 5
    maximum_delay: int = 30
    maximum_delay_retries: int = 3
    retry_backoff_function: str = "linear"

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> RetryPolicy:
        """Read a policy that was checked when it was stored; null counts as absent."""
        names = {it.name for it in fields(cls)}
        return cls(**{name: it for name, it in stored.items() if name in names and it is not None})

    @classmethod
    def choose(
        cls, queue: Mapping[str, Any] | None, subscription: Mapping[str, Any] | None
    ) -> RetryPolicy:
        """The one of two whole policies that counts, or the defaults (7.1)."""
        queue, subscription = queue or {}, subscription or {}
        is_fixed = queue.get(_OVERRIDE) is True or subscription.get(_OVERRIDE) is True
        return cls.of(queue if is_fixed or not subscription else subscription)

    def delays(self) -> Iterator[int]:
        """The seconds before each further attempt after a failed first one (7.3)."""
        return chain(
            repeat(0, self.retries_with_no_delay),
            repeat(self.minimum_delay, self.minimum_delay_retries),
            self.backoff(),
            repeat(self.maximum_delay, self.maximum_delay_retries),
        )

    def delay(self, attempts: int) -> int | None:
        """Seconds until the next attempt after so many failed ones; None if there is none."""
        return next(islice(self.delays(), attempts - 1, None), None)

    def backoff(self) -> Iterator[int]:
        """The growing delays between the two constant ones (7.4)."""
        least, most = self.minimum_delay, self.maximum_delay
        count = (most - least) // _STEP
        match self.retry_backoff_function:
            case "arithmetic":
                share = count * (count - 1)
                return (least + (a - 1) * a * (most - least) // share for a in range(1, count + 1))
            case "geometric" | "exponential":  # two names of one series
                ratio = most / least
                found = (least * ratio ** (a / (count - 1)) for a in range(count))
                return (int(seconds * _ROUNDING) for seconds in found)
            case _:
                return iter(range(least, most, _STEP))
