"""Doing something again and again, in a thread, whatever becomes of the store behind it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from angarium.errors import StoreUnreachable

LOG = logging.getLogger(__name__)
_IDLE: Final = 0.2  # seconds between two looks when there is nothing to do
_LONGEST_PAUSE: Final = 5.0  # seconds between two attempts to reach a store


@dataclass(eq=False)
class Poller:
    """A thread that repeats a step: at once after one that found work, else a little later.

    :ivar name: of what is done, for the log.
    :ivar step: returns whether it found work.
    :ivar interval: seconds between two steps without work.
    """

    name: str
    step: Callable[[], bool]
    interval: float = _IDLE
    _wake: threading.Event = field(default_factory=threading.Event)
    _is_stopping: bool = False
    _failures: int = 0

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin, in the process that calls this."""
        self._thread.start()

    def wake(self) -> None:
        """Let the next step come at once."""
        self._wake.set()

    def stop(self) -> None:
        """Let no further step begin."""
        self._is_stopping = True
        self._wake.set()

    def join(self, seconds: float) -> None:
        """Wait for the end of the last step."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._is_stopping:
            pause = self._try()
            if pause:
                self._wake.wait(pause)
            self._wake.clear()

    def _try(self) -> float:
        """One step; the seconds until the next one."""
        try:
            found = self.step()
        except StoreUnreachable as error:
            if not self._failures:
                LOG.warning("%s: a store does not answer: %s", self.name, error)
        except Exception:
            LOG.exception("%s failed", self.name)
        else:
            if self._failures:
                LOG.info("%s: the store answers again", self.name)
            self._failures = 0
            return 0.0 if found else self.interval
        self._failures += 1
        return min(self.interval * (1 << min(self._failures, 10)), _LONGEST_PAUSE)
