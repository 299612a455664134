"""Changes of several threads to one SQLite file, carried out in one transaction.

A commit waits for the disk, and SQLite has one writer at a time. So the thread that writes takes
along what others wanted done while the one before it wrote; each of them learns its own outcome,
and only after the commit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from angarium.errors import AngariumError, OutcomeUnknown, StoreUnreachable
from angarium.storage.signals import Again
from angarium_sql.session import Session
from angarium_sql.turns import Turns

ResultT = TypeVar("ResultT")
Work = Callable[[Session], ResultT]
Outcome = tuple[Any, BaseException | None]

_LARGEST: Final = 32  # changes in one transaction


class _Job(Generic[ResultT]):
    """What a thread wants done, and how it went once it is done."""

    def __init__(self, work: Work[ResultT]) -> None:
        self.work = work
        self.outcome: Outcome | None = None

    def result(self) -> ResultT:
        assert self.outcome is not None
        result: ResultT
        result, error = self.outcome
        if error is not None:
            raise error
        return result


class Groups:
    """The changes that the threads of a process want to make to one SQLite file.

    :param turns: whose turn it is to write to it, if there are other drivers.
    :param transact: carries out work in a transaction; raises anything but
        :class:`OutcomeUnknown` only if nothing was changed.
    :param patience: seconds to wait for those who write.
    """

    def __init__(self, turns: Turns, transact: Callable[[Work[Any]], Any], patience: float) -> None:
        self._turns = turns
        self._transact = transact
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: deque[_Job[Any]] = deque()
        self._has_leader = False

    def carry_out(self, work: Work[ResultT]) -> ResultT:
        """Carry out work, perhaps together with that of others; raises what it raises.

        :raises StoreUnreachable: those who write took too long; nothing was changed.
        """
        job = _Job(work)
        group = self._wait_or_lead(job)
        if group:
            try:
                self._carry_out(group)
            finally:
                self._step_down(group)
        return job.result()

    def _wait_or_lead(self, own: _Job[Any]) -> list[_Job[Any]]:
        """Wait until the job is done, or until this thread is to do it; returns what it has to do.

        :raises StoreUnreachable: neither came in time, and nobody has begun with it.
        """
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
            size = min(len(self._waiting), _LARGEST)
            self._waiting.remove(own)
            return [own, *(self._waiting.popleft() for _ in range(size - 1))]

    def _step_down(self, group: Sequence[_Job[Any]]) -> None:
        with self._changed:
            for job in group:
                if job.outcome is None:  # this thread was stopped in the middle of it
                    job.outcome = None, OutcomeUnknown()
            self._has_leader = False
            self._changed.notify_all()

    def _carry_out(self, group: Sequence[_Job[Any]]) -> None:
        try:
            with self._turns.take():
                outcomes = self._together(group) if len(group) > 1 else None
                for number, job in enumerate(group):
                    job.outcome = outcomes[number] if outcomes else self._alone(job)
        except StoreUnreachable as error:
            for job in group:
                job.outcome = None, StoreUnreachable(error.description)

    def _alone(self, job: _Job[Any]) -> Outcome:
        try:
            return self._transact(job.work), None
        except Exception as error:
            return None, error

    def _together(self, group: Sequence[_Job[Any]]) -> list[Outcome] | None:
        """None if one of them failed and took the others with it: each for itself, then."""
        try:
            return list(self._transact(lambda it: [_attempt(job, it) for job in group]))
        except OutcomeUnknown:
            return [(None, OutcomeUnknown()) for _ in group]
        except Exception:
            return None


def _attempt(job: _Job[Any], session: Session) -> Outcome:
    """Carry out one of several; a refusal undoes what this one did."""
    outcome: Outcome
    session.cursor.execute("SAVEPOINT job")
    try:
        outcome = job.work(session), None
    except Again as signal:
        outcome = None, signal
    except AngariumError as error:
        session.cursor.execute("ROLLBACK TO job")
        outcome = None, error
    session.cursor.execute("RELEASE job")
    return outcome
