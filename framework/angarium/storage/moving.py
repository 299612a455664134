"""Moving a queue to another pool while it is in use (``docs/interfaces.rst``, Moving a queue).

Messages are copied while the queue is in use; then it stands still for a moment, in which the copy
is brought up to date, and goes on in its new pool. Positions and ids stay, so that markers and
claims do. A crash at any point leaves the queue where it was or where it was to go.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from angarium.errors import Conflict, NotOffered, StoreUnreachable
from angarium.storage import operations as op
from angarium.storage.changes import Changes
from angarium.storage.copying import Copy
from angarium.storage.models import QueueChange, QueueRecord, QueueState, Scope
from angarium.storage.pools import Pools
from angarium.storage.repeating import perform
from angarium.storage.signals import RecordChanged, StalePlan

LEASE: Final = 30
"""Seconds for which others leave a queue alone that stands still for its mover."""

_RENEW_AFTER: Final = 5.0  # seconds
_ATTEMPTS: Final = 20


@dataclass(slots=True)
class Move:
    """What became of a move.

    :ivar messages: that were copied.
    :ivar still: seconds for which the queue stood still.
    """

    scope: Scope
    target: str
    messages: int = 0
    still: float = 0.0


@dataclass(slots=True)
class _Lease:
    """The standing still of a queue, as long as its mover gives signs of life."""

    record: QueueRecord
    since: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)


class Mover:
    """Moves queues between pools. Safe for threads, and for several movers of one queue."""

    def __init__(self, pools: Pools, changes: Changes) -> None:
        self._pools = pools
        self._control = pools.control
        self._changes = changes

    def move(self, scope: Scope, source: str, target: str) -> Move | None:
        """Move a queue, whatever state an earlier attempt left it in.

        :returns: None if the queue is not in ``source`` (any more).
        :raises StoreUnreachable: a store failed; the queue stays in its pool and usable.
        :raises NotOffered: one of the drivers cannot move queues.
        """
        for _ in range(_ATTEMPTS):
            record = self._changes.settle_and_wait(scope)
            if record is None or record.pool != source:
                return None
            try:
                return self._move(record, target)
            except RecordChanged:
                continue
            except StalePlan:
                self._raise_epoch(scope)
            except NotOffered:
                self._forget_target(scope)
                raise
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    def move_empty(self, record: QueueRecord, target: str, metadata: Mapping[str, Any]) -> None:
        """Move a queue without messages and give it new metadata, in one change.

        :raises Conflict: it holds messages.
        :raises RecordChanged: somebody else changed it meanwhile.
        """
        try:
            self._insist_on_emptiness(record)
            noted = self._note(record, target)
            self._stand_still(noted, self._copy(noted), metadata)
        except StalePlan as stale:
            raise RecordChanged from stale
        except NotOffered as error:
            raise Conflict("The store of this queue cannot hand it to another one.") from error

    def _move(self, record: QueueRecord, target: str) -> Move:
        record = self._note(record, target)
        copy = self._copy(record)
        copy.follow()
        still = self._stand_still(record, copy)
        return Move(record.scope, target, copy.copied, still)

    def _forget_target(self, scope: Scope) -> None:
        record = self._control.get_queue(scope)
        if record is not None and record.target and record.state is QueueState.PUBLISHED:
            self._clean_target(record)

    def _raise_epoch(self, scope: Scope) -> None:
        """A pool that refuses an epoch which is right may have forgotten the queue on that one."""
        record = self._control.get_queue(scope)
        if record is None or record.state is not QueueState.PUBLISHED:
            return
        try:
            change = QueueChange(QueueState.PENDING, target=record.target)
            self._changes.complete(self._control.change_queue(record, change))
        except RecordChanged:
            return

    def _note(self, record: QueueRecord, target: str) -> QueueRecord:
        """Step 1: the record names the target, which knows the queue and nobody can reach."""
        if record.target not in (None, target):
            record = self._clean_target(record)
        if record.target is None:
            change = QueueChange(record.state, target=target, raises_epoch=False)
            record = self._control.change_queue(record, change)
        self._pools.driver(target).register(record.ref)
        return record

    def _clean_target(self, record: QueueRecord) -> QueueRecord:
        """Take away what an earlier attempt left in another target."""
        pending = self._control.change_queue(
            record, QueueChange(QueueState.PENDING, source=record.target)
        )
        self._changes.complete(pending)
        settled = self._changes.settle_and_wait(record.scope)
        if settled is None or settled.epoch != pending.epoch:
            raise RecordChanged
        return settled

    def _copy(self, record: QueueRecord) -> Copy:
        assert record.target is not None
        source, target = self._pools.driver(record.pool), self._pools.driver(record.target)
        return Copy(source, target, record.ref)

    def _stand_still(
        self, record: QueueRecord, copy: Copy, metadata: Mapping[str, Any] | None = None
    ) -> float:
        """Steps 2 to 4; returns the seconds they took. With metadata the queue must be empty."""
        change = QueueChange(QueueState.MOVING, target=record.target, lease=LEASE)
        lease = _Lease(self._control.change_queue(record, change))
        try:
            self._refuse_old_plans(lease.record)
            if metadata is not None:
                self._insist_on_emptiness(lease.record)
            copy.bring_up_to_date(lease.record.ref, lambda: self._renew(lease))
        except RecordChanged:
            raise
        except Exception:
            self._give_back(lease.record)
            raise
        arrived = QueueChange(
            QueueState.PENDING, pool=record.target, source=record.pool, metadata=metadata
        )
        pending = self._control.change_queue(lease.record, arrived)
        self._changes.finish(pending)
        return time.monotonic() - lease.since

    def _refuse_old_plans(self, record: QueueRecord) -> None:
        """In both pools: a second mover that still copies is refused by the target.

        What was under way in the source on an old plan is over in the end.
        """
        source = self._pools.driver(record.pool)
        source.register(record.ref)
        source.seal(record.ref)
        self._pools.driver(record.target or "").register(record.ref)

    def _renew(self, lease: _Lease) -> None:
        """Hold the lease while the copy goes on.

        :raises RecordChanged: it was over, and somebody took the queue back.
        """
        now = time.monotonic()
        if now - lease.renewed < _RENEW_AFTER:
            return
        change = QueueChange(
            QueueState.MOVING, target=lease.record.target, raises_epoch=False, lease=LEASE
        )
        lease.record = self._control.change_queue(lease.record, change)
        lease.renewed = now

    def _give_back(self, record: QueueRecord) -> None:
        """Let the queue go on where it was; whoever meets it does the same when this fails."""
        change = QueueChange(QueueState.PENDING, target=record.target)
        try:
            self._changes.complete(self._control.change_queue(record, change))
        except (RecordChanged, StoreUnreachable):
            return

    def _insist_on_emptiness(self, record: QueueRecord) -> None:
        stats = perform(op.GetStats(), self._pools.driver(record.pool), record.ref)
        if stats.total:
            raise Conflict(
                "The flavor has other pools than the one that holds this queue, which cannot "
                f"move while it holds messages; there are {stats.total}."
            )
