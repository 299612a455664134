"""Writing to an SQLite file: what the threads of a process want at once shares a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from angarium.errors import AngariumError, OutcomeUnknown, StoreUnreachable
from angarium.storage.signals import PartlyDone
from angarium_sql.groups import Outcome
from angarium_sql.session import Session
from angarium_sql.turns import Turns

Work = Callable[[Session], Any]


class Writer:
    """Carries out several works in one transaction.

    :param turns: whose turn it is, if other drivers of this process write to the file.
    :param transact: carries out work in a transaction; raises anything but
        :class:`OutcomeUnknown` only if nothing was changed.
    """

    def __init__(self, turns: Turns, transact: Callable[[Work], Any]) -> None:
        self._turns = turns
        self._transact = transact

    def carry_out(self, works: Sequence[Work]) -> list[Outcome]:
        """Each of them, together if that works and otherwise one by one."""
        try:
            with self._turns.take():
                together = self._together(works) if len(works) > 1 else None
                return together or [self._alone(work) for work in works]
        except StoreUnreachable:
            return [(None, StoreUnreachable()) for _ in works]

    def _alone(self, work: Work) -> Outcome:
        try:
            return self._transact(work), None
        except Exception as error:
            return None, error

    def _together(self, works: Sequence[Work]) -> list[Outcome] | None:
        """None if one of them failed and took the others with it."""
        try:
            return list(self._transact(lambda session: [_attempt(it, session) for it in works]))
        except OutcomeUnknown:
            return [(None, OutcomeUnknown()) for _ in works]
        except Exception:
            return None


def _attempt(work: Work, session: Session) -> Outcome:
    """Carry out one of several; a refusal undoes what this one did."""
    outcome: Outcome
    session.cursor.execute("SAVEPOINT work")
    try:
        outcome = work(session), None
    except PartlyDone as signal:
        outcome = None, signal
    except AngariumError as error:
        session.cursor.execute("ROLLBACK TO work")
        outcome = None, error
    session.cursor.execute("RELEASE work")
    return outcome
