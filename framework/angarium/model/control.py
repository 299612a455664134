"""The management store in memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from angarium.model.records import HeldRecords, PoolRecords
from angarium.model.subscriptions import SubscriptionRecords
from angarium.storage.driver import StoreEnvironment
from angarium.storage.models import (
    Kind,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    QueueState,
    Scope,
)
from angarium.storage.signals import RecordChanged

_STORES: Final[dict[str | None, HeldRecords]] = {}
_STORES_LOCK: Final = threading.Lock()


class ModelControlDriver(PoolRecords, SubscriptionRecords):
    """A management store that obeys ``docs/interfaces.rst`` and forgets with its process."""

    interface_version: ClassVar[int] = 1

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        with _STORES_LOCK:
            self._records = _STORES.setdefault(environment.uri, HeldRecords())

    def ping(self) -> None:
        """Memory answers."""

    def get_queue(self, scope: Scope) -> QueueRecord | None:
        """Look it up."""
        return self._records.by_scope.get(scope)

    def list_queues(
        self, project: str, kind: Kind, *, marker: str, limit: int, select: QueueFilter
    ) -> list[QueueRecord]:
        """Filter and sort, then cut."""
        found = [
            record
            for record in self._present(project, kind)
            if record.scope.name > marker and select.matches(record.scope.name, record.metadata)
        ]
        return sorted(found, key=lambda record: record.scope.name)[:limit]

    def count_queues(self, project: str, kind: Kind) -> int:
        """Count them."""
        return len(self._present(project, kind))

    def _present(self, project: str, kind: Kind) -> list[QueueRecord]:
        with self._records.lock:
            return [
                record
                for scope, record in self._records.by_scope.items()
                if (scope.project, scope.kind) == (project, kind)
                and record.state is not QueueState.DELETING
            ]

    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        """Write it unless there is one."""
        with self._records.lock:
            present = self._records.by_scope.get(scope)
            if present is not None:
                return present, False
            self._need_pools(pool)
            record = QueueRecord(
                scope,
                copy.deepcopy(dict(metadata)),
                epoch=0,
                pool=pool,
                has_subscribers=bool(self._live(scope, self.clock.now())),
            )
            return self._write(record, QueueState.PENDING), True

    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Write it if the epoch is right."""
        with self._records.lock:
            present = self._records.by_scope.get(scope)
            if present is None or present.epoch != expected_epoch:
                raise RecordChanged
            if present.state in (QueueState.DELETING, QueueState.MOVING):
                raise RecordChanged
            changed = replace(present, metadata=copy.deepcopy(dict(metadata)))
            return self._write(changed, QueueState.PENDING)

    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        """Write it if nobody else did."""
        with self._records.lock:
            scope, now = expected.scope, self.clock.now()
            present = self._records.by_scope.get(scope)
            if present is None or _instance(present) != _instance(expected):
                raise RecordChanged
            if change.after_lease and now < self._records.leases.get(scope, 0):
                raise RecordChanged
            if change.has_subscribers is False and self._live(scope, now):
                raise RecordChanged
            self._need_pools(change.pool, change.target, change.source)
            changed = replace(
                present,
                state=change.state,
                pool=present.pool if change.pool is None else change.pool,
                target=change.target,
                source=change.source,
            )
            if change.metadata is not None:
                changed = replace(changed, metadata=copy.deepcopy(dict(change.metadata)))
            if change.has_subscribers is not None:
                changed = replace(changed, has_subscribers=change.has_subscribers)
            if change.raises_epoch:
                changed = replace(changed, epoch=next(self._records.epochs))
            self._records.by_scope[scope] = changed
            self._records.leases[scope] = now + change.lease
            return changed

    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        """Mark it."""
        with self._records.lock:
            present = self._records.by_scope.get(scope)
            if present is None or present.state is QueueState.DELETING:
                return present
            return self._write(present, QueueState.DELETING)

    def publish(self, queue: QueueRef) -> None:
        """End the change if it is still the last one."""
        with self._records.lock:
            present = self._records.by_scope.get(queue.scope)
            if present is None or present.epoch != queue.epoch:
                return
            if present.state is QueueState.MOVING:
                return
            if present.state is QueueState.DELETING:
                del self._records.by_scope[queue.scope]
            else:
                published = replace(present, state=QueueState.PUBLISHED, source=None)
                self._records.by_scope[queue.scope] = published

    def _need_pools(self, *names: str | None) -> None:
        if any(name and name not in self._records.pools for name in names):
            raise RecordChanged

    def _write(self, record: QueueRecord, state: QueueState) -> QueueRecord:
        written = replace(record, epoch=next(self._records.epochs), state=state)
        self._records.by_scope[record.scope] = written
        self._records.leases.pop(record.scope, None)
        return written


def _instance(record: QueueRecord) -> tuple[int, QueueState, str | None]:
    return record.epoch, record.state, record.target
