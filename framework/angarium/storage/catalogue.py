"""Where each queue lives and on which epoch it is: plans, and the changes that outdate them.

A change of a queue writes the management record as unpublished with a fresh epoch, raises the epoch
in the pool, and publishes the record; whoever reads an unpublished record ends the change first, so
that a crash anywhere heals (design principle 6). A cached plan is therefore never checked against
the management store: the pool refuses it in the same round trip when it is stale.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from angarium.codec import encode
from angarium.errors import OutcomeUnknown, QueueDoesNotExist, StoreUnreachable
from angarium.limits import Limits
from angarium.storage.driver import ControlDriver, DataDriver
from angarium.storage.models import (
    DeadLetter,
    Kind,
    QueueFilter,
    QueueRecord,
    QueueRef,
    QueueState,
    Scope,
)
from angarium.storage.settings import QueueSettings
from angarium.storage.signals import RecordChanged

_ATTEMPTS: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """All that an operation on a queue needs to know beforehand.

    :ivar queue: the queue as the pool must know it.
    :ivar driver: the driver of the pool.
    :ivar metadata: as stored by clients.
    """

    queue: QueueRef
    driver: DataDriver
    metadata: Mapping[str, Any]
    settings: QueueSettings


class Catalogue:
    """Plans and changes queues. Safe for threads; holds no state but the cache of plans."""

    def __init__(
        self, control: ControlDriver, data: DataDriver, limits: Limits, *, cache_size: int
    ) -> None:
        self._control = control
        self._data = data
        self._limits = limits
        self._cache_size = cache_size
        self._plans: dict[Scope, Plan] = {}
        self._lock = threading.Lock()  # of changes of the cache
        self.default_settings = QueueSettings.from_metadata({}, limits)

    # --- Plans ----------------------------------------------------------------------------------

    def plan(self, scope: Scope) -> Plan | None:
        """The plan of a queue, from the cache if it is there; None if the queue does not exist.

        :raises StoreUnreachable: the management store does not answer.
        """
        return self._plans.get(scope) or self.plan_anew(scope)

    def plan_anew(self, scope: Scope) -> Plan | None:
        """The plan as the management store has it now."""
        self._forget(scope)
        record = self.read(scope)
        if record is None:
            return None
        dead_letter = self._dead_letter(scope, record.metadata)
        settings = QueueSettings.from_metadata(record.metadata, self._limits, dead_letter)
        plan = Plan(record.ref, self._data, record.metadata, settings)
        self._remember(scope, plan)
        return plan

    def _remember(self, scope: Scope, plan: Plan) -> None:
        with self._lock:
            while len(self._plans) >= self._cache_size:
                del self._plans[next(iter(self._plans))]
            self._plans[scope] = plan

    def _forget(self, scope: Scope) -> None:
        with self._lock:
            self._plans.pop(scope, None)

    def plan_after_refusal(self, plan: Plan | None, scope: Scope, refused: Scope) -> Plan | None:
        """A plan of ``scope`` in place of one that the pool refused as stale.

        :param refused: the queue whose epoch differed: the planned one or its dead-letter queue.
        """
        anew = self.plan_anew(scope)
        if anew is not None and anew == plan:
            # The plan is right, so the pool lost its record: it refuses until it is told again.
            record = self.read(refused)
            if record is not None:
                self._data.register(record.ref)
        return anew

    def ensure(self, scope: Scope) -> Plan:
        """The plan of a queue that is created, without metadata, if it does not exist."""
        for _ in range(_ATTEMPTS):
            plan = self.plan(scope)
            if plan is not None:
                return plan
            self.create(scope, {})
        raise StoreUnreachable("The queue is created and deleted all the time; please retry.")

    def _dead_letter(self, scope: Scope, metadata: Mapping[str, Any]) -> DeadLetter | None:
        name = metadata.get("_dead_letter_queue")
        max_claims = metadata.get("_max_claim_count")
        if not name or not max_claims:
            return None
        target = Scope(scope.project, name, scope.kind)
        record = self.read(target)
        return DeadLetter(
            max_claims=max_claims,
            scope=target,
            epoch=None if record is None else record.epoch,
            ttl=metadata.get("_dead_letter_queue_messages_ttl") or None,
        )

    # --- Records --------------------------------------------------------------------------------

    def list(
        self, project: str, kind: Kind, *, marker: str, limit: int, select: QueueFilter
    ) -> list[QueueRecord]:
        """Records by name, strictly after ``marker``; filters apply before the limit."""
        return self._control.list_queues(project, kind, marker=marker, limit=limit, select=select)

    def count(self, project: str, kind: Kind) -> int:
        """How many queues a project has."""
        return self._control.count_queues(project, kind)

    def read(self, scope: Scope) -> QueueRecord | None:
        """The management record; an unfinished change of it is ended first."""
        for _ in range(_ATTEMPTS):
            record = self._control.get_queue(scope)
            if record is None or record.state is QueueState.PUBLISHED:
                return record
            self._complete(record)
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    # --- Changes --------------------------------------------------------------------------------

    def create(self, scope: Scope, metadata: Mapping[str, Any]) -> bool:
        """Create a queue; False, with nothing changed, if it exists."""
        for _ in range(_ATTEMPTS):
            record, created = self._control.create_queue(scope, metadata, pool="")
            if created:
                self._finish(record)
                return True
            if record.state is not QueueState.DELETING:
                return False
            self._complete(record)
        raise StoreUnreachable("The queue is being deleted all the time; please retry.")

    def update(
        self, scope: Scope, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Replace the metadata by what ``change`` makes of it; returns the result.

        :raises QueueDoesNotExist: there is no such queue.
        """
        for _ in range(_ATTEMPTS):
            record = self.read(scope)
            if record is None:
                raise QueueDoesNotExist
            metadata = change(record.metadata)
            if encode(metadata) == encode(record.metadata):  # to Python, 1 and True are equal
                return metadata
            try:
                pending = self._control.update_queue(scope, metadata, record.epoch)
            except RecordChanged:
                continue
            self._finish(pending)
            return metadata
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    def delete(self, scope: Scope) -> None:
        """Delete a queue with its messages and claims; silent when there is none."""
        record = self._control.delete_queue(scope)
        self._forget(scope)
        if record is not None:
            self._finish(record)

    def _finish(self, record: QueueRecord) -> None:
        """End a change that this process began; from here on a failure leaves it begun."""
        try:
            self._complete(record)
        except StoreUnreachable as error:
            raise OutcomeUnknown from error

    def _complete(self, record: QueueRecord) -> None:
        self._forget(record.scope)
        if record.state is QueueState.DELETING:
            self._data.unregister(record.ref)
        else:
            self._data.register(record.ref)
        self._control.publish(record.ref)
