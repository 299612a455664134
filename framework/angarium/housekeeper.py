"""Giving back the space of what has expired, a little at a time, beside the requests."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable
from typing import Final

from angarium.errors import StoreUnreachable
from angarium.storage.driver import Driver

LOG = logging.getLogger(__name__)
_STEP: Final = 500  # things freed in one call
_PAUSE: Final = 0.05  # seconds between two calls, for the requests


class Housekeeper:
    """A thread that reclaims space. Correctness never needs it (storage-semantics.md 8).

    :param drivers: returns the drivers of all stores, anew for each round: pools come and go.
    :param interval: seconds between two rounds; a random part keeps processes from meeting.
    """

    def __init__(self, drivers: Callable[[], Iterable[Driver]], interval: float) -> None:
        self._drivers = drivers
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin, in the process that calls this."""
        self._thread.start()

    def stop(self) -> None:
        """End soon; safe to call at any time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(self._interval * random.uniform(0.5, 1.5)):  # noqa: S311 - jitter
            for driver in self._now():
                self._tidy(driver)

    def _now(self) -> Iterable[Driver]:
        try:
            return self._drivers()
        except StoreUnreachable:
            LOG.warning("no space reclaimed, the management store did not answer")
        except Exception:
            LOG.exception("the pools could not be looked up")
        return ()

    def _tidy(self, driver: Driver) -> None:
        try:
            while driver.reclaim(_STEP) >= _STEP and not self._stop.wait(_PAUSE):
                pass
        except StoreUnreachable:
            LOG.warning("%s: no space reclaimed, the store did not answer", type(driver).__name__)
        except Exception:
            LOG.exception("%s: reclaiming space failed", type(driver).__name__)
