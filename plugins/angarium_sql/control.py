"""The management store driver (contract, ``storage-semantics.md`` 2, 13; design, principle 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from angarium import codec
from angarium.storage.driver import ControlDriver
from angarium.storage.models import (
    Kind,
    NewSubscription,
    PoolRecord,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    Scope,
    Subscription,
    SubscriptionChange,
)
from angarium_sql import options
from angarium_sql.base import SqlDriver
from angarium_sql.management import flavors, pools, queues, subscriptions

_CHUNK: Final = 200  # records that a filtered listing reads at a time
_STEP: Final = 200  # things freed in one transaction


class SqlControlDriver(SqlDriver, ControlDriver):
    """Records of queues, subscriptions, pools and flavors in SQLite, PostgreSQL, MySQL, MariaDB."""

    interface_version = 1
    group = options.MANAGEMENT_STORE

    def get_queue(self, scope: Scope) -> QueueRecord | None:
        """Read a record."""
        return self.database.read(lambda session: queues.find(session, scope))

    def list_queues(
        self, project: str, kind: Kind, *, marker: str, limit: int, select: QueueFilter
    ) -> list[QueueRecord]:
        """Read records by name, in chunks until enough of them are selected."""
        selects_all = not select.name_contains and not select.metadata
        found: list[QueueRecord] = []
        while len(found) < limit:
            size = limit if selects_all else max(limit, _CHUNK)
            chunk = self._page(project, kind, marker, size)
            found += [it for it in chunk if select.matches(it.scope.name, it.metadata)]
            if len(chunk) < size:
                break
            marker = chunk[-1].scope.name
        return found[:limit]

    def _page(self, project: str, kind: Kind, marker: str, limit: int) -> list[QueueRecord]:
        return self.database.read(lambda it: queues.page(it, project, kind, marker, limit))

    def list_pool_queues(self, pool: str, *, after: Scope | None, limit: int) -> list[QueueRecord]:
        """Read records of a pool by project, kind and name."""
        return self.database.read(lambda it: queues.page_of_pool(it, pool, after, limit))

    def count_queues(self, project: str, kind: Kind) -> int:
        """Count the records of a project."""
        return self.database.read(lambda session: queues.count(session, project, kind))

    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        """Write a pending record unless there is one."""
        document = codec.encode(metadata)
        return self.database.change(lambda it: queues.create(it, self.clock, scope, document, pool))

    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Replace the metadata if nobody else changed the record."""
        document = codec.encode(metadata)
        return self.database.change(
            lambda it: queues.replace_metadata(it, scope, document, expected_epoch)
        )

    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        """Change a record if nobody else did."""
        return self.database.change(lambda it: queues.change(it, self.clock, expected, change))

    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        """Mark a record as being deleted."""
        return self.database.change(lambda session: queues.mark_deleted(session, scope))

    def publish(self, queue: QueueRef) -> None:
        """End a change, unless another one has begun."""
        self.database.change(lambda session: queues.publish(session, queue))

    def reclaim(self, limit: int) -> int:
        """Free the space of subscriptions that expired, in short steps."""
        freed, count = 0, 1
        while freed < limit and count:
            count = self._reclaim(min(limit - freed, _STEP))
            freed += count
        return freed

    def _reclaim(self, limit: int) -> int:
        found = self.database.read(lambda it: subscriptions.expired(it, self.clock, limit))
        if not found:
            return 0
        return self.database.change(lambda it: subscriptions.reclaim(it, self.clock, found))

    # --- Subscriptions --------------------------------------------------------------------------

    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        """Store a subscription of a queue that is noted as having some."""
        return self.database.change(lambda it: subscriptions.create(it, self.clock, new))

    def get_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Read a subscription."""
        return self.database.read(lambda it: subscriptions.find(it, self.clock, scope, id_))

    def list_subscriptions(self, scope: Scope, *, marker: str, limit: int) -> list[Subscription]:
        """Read subscriptions by id."""
        return self.database.read(
            lambda it: subscriptions.page(it, self.clock, scope, marker, limit)
        )

    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        """Change a subscription."""
        return self.database.change(
            lambda it: subscriptions.change(it, self.clock, scope, id_, change)
        )

    def delete_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Delete a subscription."""
        return self.database.change(lambda it: subscriptions.delete(it, self.clock, scope, id_))

    def purge_subscriptions(self, scope: Scope) -> None:
        """Delete all subscriptions of a queue."""
        self.database.change(lambda session: subscriptions.purge(session, scope))

    # --- Pools and flavors ----------------------------------------------------------------------

    def get_pool(self, name: str) -> PoolRecord | None:
        """Read a pool."""
        return self.database.read(lambda session: pools.find(session, name))

    def list_pools(self, *, marker: str, limit: int) -> list[PoolRecord]:
        """Read pools by name."""
        return self.database.read(lambda session: pools.page(session, marker, limit))

    def find_pools(self, flavor: str) -> list[PoolRecord]:
        """Read all pools with a tag."""
        return self.database.read(lambda session: pools.tagged(session, flavor))

    def put_pool(self, pool: PoolRecord) -> None:
        """Create or replace a pool."""
        self.database.change(lambda session: pools.put(session, pool))

    def delete_pool(self, name: str) -> None:
        """Delete a pool that is not needed."""
        self.database.change(lambda session: pools.delete(session, name))

    def has_flavor(self, project: str, name: str) -> bool:
        """Look for a flavor."""
        return self.database.read(lambda session: flavors.exists(session, project, name))

    def list_flavors(self, project: str, *, marker: str, limit: int) -> list[str]:
        """Read names of flavors."""
        return self.database.read(lambda it: flavors.page(it, project, marker, limit))

    def put_flavor(self, project: str, name: str, pools: Sequence[str]) -> None:
        """Create or replace a flavor."""
        self.database.change(lambda session: flavors.put(session, project, name, pools))

    def delete_flavor(self, project: str, name: str) -> None:
        """Delete a flavor."""
        self.database.change(lambda session: flavors.delete(session, project, name))
