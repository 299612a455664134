"""The workers of a delivery process: a few threads for the lanes of all stores."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

LOG = logging.getLogger(__name__)


class Crew:
    """Runs jobs on at most ``size`` threads, and on at most half of them those about suspects.

    So however many subscribers are dead or slow, the others find workers. Safe for threads.
    """

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._free_for_suspects = (size + 1) // 2
        self._change = threading.Condition()
        self._jobs: queue.SimpleQueue[tuple[Callable[[], None], bool]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"notifier-{number}", daemon=True)
            for number in range(size)
        ]

    def start(self) -> None:
        """Let the workers begin, in the process that calls this."""
        for thread in self._threads:
            thread.start()

    def reserve(self, *, suspects: bool) -> int:
        """Keep all workers that are free for jobs of a kind; returns how many there are.

        Each is then given a job or dismissed.
        """
        with self._change:
            count = min(self._free, self._free_for_suspects) if suspects else self._free
            self._take(count, suspects=suspects)
            return count

    def assign(self, job: Callable[[], None], *, suspects: bool) -> None:
        """Give a job to a worker that was reserved."""
        self._jobs.put((job, suspects))

    def dismiss(self, count: int, *, suspects: bool) -> None:
        """Give back workers that were reserved."""
        with self._change:
            self._take(-count, suspects=suspects)
            self._change.notify_all()

    def wait_for_worker(self, seconds: float) -> None:
        """Return when a worker is free, or after a while."""
        with self._change:
            self._change.wait_for(lambda: self._free > 0, seconds)

    def wait_for_all(self, seconds: float) -> None:
        """Return when all workers are free, or after a while."""
        with self._change:
            self._change.wait_for(lambda: self._free == self._size, seconds)

    def _take(self, count: int, *, suspects: bool) -> None:
        self._free -= count
        if suspects:
            self._free_for_suspects -= count

    def _work(self) -> None:
        while True:
            job, suspects = self._jobs.get()
            try:
                job()
            except Exception:
                LOG.exception("a delivery failed; it is tried again when its lease is over")
            finally:
                self.dismiss(1, suspects=suspects)
