"""The management store driver (contract, ``storage-semantics.md`` 2, 13; design, principle 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from angarium import codec
from angarium.storage.driver import ControlDriver
from angarium.storage.models import (
    Kind,
    PoolRecord,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    Scope,
)
from angarium_sql import options
from angarium_sql.base import SqlDriver
from angarium_sql.management import flavors, pools, queues

_CHUNK: Final = 200  # records that a filtered listing reads at a time


class SqlControlDriver(SqlDriver, ControlDriver):
    """Records of queues, pools and flavors in SQLite, PostgreSQL, MySQL or MariaDB."""

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
        return self.database.change(lambda it: queues.create(it, scope, document, pool))

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
