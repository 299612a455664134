"""Moving time, and telling whether it moved by itself.

Time in a store is its own clock plus the offset, in whole seconds. The offset only grows. Cases
that look at the second itself run within one second of the store's clock, or run again.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import pytest

from angarium.storage.driver import DataDriver, Driver
from angarium.testing.effort import PATIENCE
from angarium.testing.queues import new_queue

CaseT = TypeVar("CaseT", bound=Callable[..., None])
_ATTEMPTS: Final = 20
_LONG: Final = 1_000_000_000  # seconds; longer than all that the cases add to the offset


def advance(driver: Driver, seconds: int) -> None:
    """Let time pass in the store of a driver."""
    driver.clock.offset += seconds


class StoreTime:
    """Reads a store's own clock, as the creation time plus the age of a message."""

    def __init__(self, driver: DataDriver) -> None:
        self._driver = driver
        self._queue = new_queue(driver, "clock")
        self._queue.post("tick", ttl=_LONG)

    def now(self) -> int:
        """Seconds since 1970, without the offset."""
        offset = self._driver.clock.offset
        oldest = self._queue.stats().oldest
        assert oldest is not None, "statistics do not show the only message"
        return oldest.created + oldest.age - offset

    def wait_for_tick(self) -> None:
        """Return when a second begins, so that nearly all of it is left."""
        start, deadline = self.now(), time.monotonic() + PATIENCE
        while self.now() == start:
            assert time.monotonic() < deadline, "the clock of the store stands still"
            time.sleep(0.005)


def within_one_second(case: CaseT) -> CaseT:
    """Let a case, a method that is given the fixture ``driver``, be exact to the second.

    Its verdict counts only if the store's clock did not tick meanwhile; otherwise it runs again
    at the beginning of a second, and therefore makes its own queues.
    """

    @functools.wraps(case)
    def run(self: object, driver: DataDriver, **arguments: Any) -> None:
        clock = StoreTime(driver)
        for _ in range(_ATTEMPTS):
            start = clock.now()
            try:
                case(self, driver, **arguments)
            except (Exception, pytest.fail.Exception):
                if clock.now() == start:
                    raise
            else:
                if clock.now() == start:
                    return
            clock.wait_for_tick()
        raise AssertionError("the store is too slow for a case that needs less than a second")

    return run  # type: ignore[return-value]  # wraps() keeps the signature, its type does not
