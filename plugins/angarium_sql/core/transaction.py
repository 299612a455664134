"""The transaction of one operation, and the queue that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from angarium.clock import Clock
from angarium.storage.models import QueueRef, Scope
from angarium.storage.signals import StalePlan
from angarium_sql import moments
from angarium_sql.session import Session
from angarium_sql.statements import Statement
from angarium_sql.tables import AnyRow, pool_queues, scope_key, spaces

_SELECT: Final = select(pool_queues).where(
    pool_queues.c.project == bindparam("project"),
    pool_queues.c.kind == bindparam("kind"),
    pool_queues.c.name == bindparam("name"),
)
_QUEUE: Final = Statement(_SELECT)
_LOCKED_QUEUE: Final = Statement(_SELECT.with_for_update())

# The record is looked up without a lock on it, for which those who post would have to wait.
_SEAL: Final = select(spaces.c.id).where(
    spaces.c.id == _SELECT.with_only_columns(pool_queues.c.life).scalar_subquery()
)
_HOLD_SEAL: Final = Statement(_SEAL.with_for_update(read=True))
_TAKE_SEAL: Final = Statement(_SEAL.with_for_update())


@dataclass(frozen=True, slots=True)
class QueueRow:
    """The pool's record of a queue whose epoch is the right one.

    :ivar space: where its messages are.
    :ivar life: to what its claims belong.
    """

    scope: Scope
    space: int
    life: int
    next_seq: int


class Transaction(Session):
    """The statements of one operation."""

    __slots__ = ("_clock",)

    def __init__(self, session: Session, clock: Clock) -> None:
        super().__init__(session.cursor, session.dialect)
        self._clock = clock

    def now(self) -> int:
        """The time by the clock of the store; to be asked after the locks were taken."""
        return moments.now(self, self._clock)

    def moment(self) -> dict[str, int]:
        """The values for a statement in which the time is read."""
        return moments.moment(self, self._clock)

    def record(self, scope: Scope, *, lock: bool = False) -> AnyRow | None:
        """The pool's record of a queue in whatever state it is."""
        return self.first(_LOCKED_QUEUE if lock else _QUEUE, scope_key(scope))

    def seal(self, scope: Scope) -> None:
        """Wait for the end of everybody who holds the lock of :meth:`queue_to_change`.

        SQLite, with one writer at a time, has no such lock.
        """
        if self.dialect.name == "mysql":
            self.first(_TAKE_SEAL, scope_key(scope))

    def queue_to_change(self, queue: QueueRef) -> QueueRow:
        """The same as :meth:`queue` for a change that does not lock the record.

        The record is read under a lock that these changes share, so that it is as it is by then.

        :raises StalePlan: the queue is not known here with this epoch.
        """
        if self.dialect.name == "mysql":
            self.first(_HOLD_SEAL, scope_key(queue.scope))
        return self.queue(queue)

    def queue(self, queue: QueueRef, *, lock: bool = False) -> QueueRow:
        """The pool's record of the queue of an operation.

        :param lock: hold up everybody else who posts to it, purges or deletes it.
        :raises StalePlan: the queue is not known here with this epoch.
        """
        row = self.record(queue.scope, lock=lock)
        if row is None or row.deleted is not None or row.epoch != queue.epoch:
            raise StalePlan(queue.scope)
        return QueueRow(queue.scope, row.space, row.life, row.next_seq)
