"""What several threads want done at the same place, done by one of them for all.

A commit waits for the disk, and at some places one commit has to wait for another: an SQLite file
has one writer at a time, the row of a queue is locked by who posts to it. There, the thread that is
next takes along what others wanted done while it waited for its turn. Each learns its own outcome,
and only after the commit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from angarium.errors import OutcomeUnknown, StoreUnreachable

WishT = TypeVar("WishT")
Outcome = tuple[Any, Exception | None]
"""What came of a wish: a result, or what is raised in the thread that had it."""

_LARGEST: Final = 32  # wishes in one transaction


class _Job(Generic[WishT]):
    """What a thread wants done, and what came of it once it is done."""

    def __init__(self, wish: WishT) -> None:
        self.wish = wish
        self.outcome: Outcome | None = None


class Group(Generic[WishT]):
    """The threads that want something done at one place.

    :param carry_out: does some things in one transaction; returns the outcome of each.
    :param patience: seconds to wait for a turn.
    """

    def __init__(
        self, carry_out: Callable[[Sequence[WishT]], Sequence[Outcome]], patience: float
    ) -> None:
        self._carry_out = carry_out
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: deque[_Job[WishT]] = deque()
        self._has_leader = False

    def want(self, wish: WishT) -> Any:
        """Have something done, perhaps together with what others want; raises what came of it.

        :raises StoreUnreachable: the turn did not come in time; nothing was changed.
        """
        own = _Job(wish)
        jobs = self._wait_or_lead(own)
        if jobs:
            self._lead(jobs)
        assert own.outcome is not None
        result, error = own.outcome
        if error is not None:
            raise error
        return result

    def _wait_or_lead(self, own: _Job[WishT]) -> list[_Job[WishT]]:
        """Wait until the own job is done, or has its turn; returns what is to be done then."""
        deadline = time.monotonic() + self._patience
        with self._changed:
            self._waiting.append(own)
            while self._has_leader and own.outcome is None:
                is_late = not self._changed.wait(max(deadline - time.monotonic(), 0.1))
                if is_late and own in self._waiting:
                    self._waiting.remove(own)
                    raise StoreUnreachable
            if own.outcome is not None:
                return []
            self._has_leader = True
            self._waiting.remove(own)
            others = min(len(self._waiting), _LARGEST - 1)
            return [own, *(self._waiting.popleft() for _ in range(others))]

    def _lead(self, jobs: Sequence[_Job[WishT]]) -> None:
        outcomes: Sequence[Outcome] = [(None, OutcomeUnknown()) for _ in jobs]
        try:
            outcomes = self._carry_out([job.wish for job in jobs])
        finally:  # this thread may be stopped in the middle; the others are told in any case
            with self._changed:
                for job, outcome in zip(jobs, outcomes, strict=True):
                    job.outcome = outcome
                self._has_leader = False
                self._changed.notify_all()
