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

from angarium.storage.driver import ControlDriver, DataDriver, Driver
from angarium.testing.effort import PATIENCE
from angarium.testing.queues import new_queue
from angarium.testing.subscribing import expect_subscribers, subscribe

CaseT = TypeVar("CaseT", bound=Callable[..., None])
_ATTEMPTS: Final = 20
_LONG: Final = 1_000_000_000  # seconds; longer than all that the cases add to the offset


def advance(driver: Driver, seconds: int) -> None:
    """Let time pass in the store of a driver."""
    driver.clock.offset += seconds


def _time_of_messages(driver: DataDriver) -> Callable[[], int]:
    queue = new_queue(driver, "clock")
    queue.post("tick", ttl=_LONG)

    def now() -> int:
        oldest = queue.stats().oldest
        assert oldest is not None, "statistics do not show the only message"
        return oldest.created + oldest.age

    return now


def _time_of_subscriptions(driver: ControlDriver) -> Callable[[], int]:
    scope = expect_subscribers(driver)
    made = subscribe(driver, scope, ttl=_LONG)

    def now() -> int:
        read = driver.get_subscription(scope, made.id)
        assert read is not None, "the only subscription of a queue is gone"
        return read.age

    return now


class StoreTime:
    """Reads a store's own clock, by the age of something in it."""

    def __init__(self, driver: DataDriver | ControlDriver) -> None:
        self._driver = driver
        self._now = (
            _time_of_messages(driver)
            if isinstance(driver, DataDriver)
            else _time_of_subscriptions(driver)
        )

    def now(self) -> int:
        """Seconds without the offset: since 1970 where there are messages, or since some moment."""
        return self._now() - self._driver.clock.offset

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
    def run(self: object, driver: DataDriver | ControlDriver, **arguments: Any) -> None:
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
