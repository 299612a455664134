"""Calls of the functions in the database, and what their outcomes mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from angarium import errors
from angarium.clock import Clock
from angarium.storage.models import DeadLetter, QueueRef
from angarium.storage.signals import Again, DeadLetterQueueMissing, StalePlan
from angarium_sql.database import Database
from angarium_sql.session import Session
from angarium_sql.tables import scope_key

DONE: Final = "done"

_REFUSALS: Final[dict[str, Callable[[], Exception]]] = {
    "again": Again,
    "claim_not_found": errors.ClaimNotFound,
    "claim_does_not_exist": errors.ClaimDoesNotExist,
    "claim_does_not_match": errors.ClaimDoesNotMatch,
    "message_is_claimed": errors.MessageIsClaimed,
    "message_not_claimed": errors.MessageNotClaimed,
    "message_not_claimed_by": errors.MessageNotClaimedBy,
}


class Function:
    """A function in the database.

    :param parameters: the types of its parameters, in their order.
    :param changes: whether it changes anything.
    :param repeatable: whether calling it twice is as good as once.
    :param count: how often it is called in one statement, if that is not once: then it answers with
        one value each time, and the arguments of all calls follow each other.
    """

    def __init__(
        self,
        name: str,
        *parameters: str,
        changes: bool = True,
        repeatable: bool = True,
        count: int = 1,
    ) -> None:
        # The types are named, so that a number that happens to be small makes no other statement.
        places = ", ".join(f"%s::{parameter}" for parameter in parameters)
        calls = ", ".join([f"{name}({places})"] * count)
        self._text = f"SELECT {'* FROM' if count == 1 else ''} {calls}"
        self._changes = changes
        self._repeatable = repeatable

    def call(self, database: Database, arguments: Sequence[Any]) -> Sequence[Any]:
        """The rows that it answers with.

        :raises StoreUnreachable: the database failed.
        """

        def work(session: Session) -> Sequence[Any]:
            session.cursor.execute(self._text, tuple(arguments))
            return session.cursor.fetchall()

        return database.call(work, changes=self._changes, repeatable=self._repeatable)


SCOPE: Final = ("bytea", "bytea", "bytea")
QUEUE: Final = (*SCOPE, "bigint")
TIMED_QUEUE: Final = (*QUEUE, "bigint")


def queue_arguments(queue: QueueRef) -> tuple[Any, ...]:
    """The arguments for :data:`QUEUE`."""
    return (*scope_key(queue.scope).values(), queue.epoch)


def timed(queue: QueueRef, clock: Clock) -> tuple[Any, ...]:
    """The arguments for :data:`TIMED_QUEUE`."""
    return (*queue_arguments(queue), clock.offset)


def require_done(outcome: str, queue: QueueRef, rule: DeadLetter | None = None) -> None:
    """Return if the function did its work; raise what it refused with."""
    if outcome == DONE:
        return
    if outcome == "stale":
        raise StalePlan(queue.scope)
    if rule is not None and outcome == "dead_letter_queue_stale":
        raise StalePlan(rule.scope)
    if rule is not None and outcome == "dead_letter_queue_missing":
        raise DeadLetterQueueMissing(rule.scope)
    raise _REFUSALS[outcome]()
