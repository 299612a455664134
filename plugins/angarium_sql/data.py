"""The message store driver (contract, ``storage-semantics.md`` 3 to 11)."""

from __future__ import annotations

from typing import Final, Protocol, TypeVar

from angarium.storage import operations as op
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.models import (
    Capability,
    Claim,
    ClaimExtract,
    Extract,
    Message,
    Page,
    QueueRef,
    Stats,
)
from angarium_sql import options
from angarium_sql.base import SqlDriver
from angarium_sql.core.backend import CoreBackend
from angarium_sql.postgresql.backend import PostgresqlBackend

ResultT = TypeVar("ResultT")

_ALWAYS: Final = frozenset({Capability.FIFO, Capability.CLAIMS, Capability.AOD})


class Backend(Protocol):
    """What a kind of database has to offer."""

    def perform(self, queue: QueueRef, operation: op.DataOperation[ResultT]) -> ResultT:
        """Carry out an operation on a queue."""

    def register(self, queue: QueueRef) -> None:
        """Make a queue known, or raise its epoch."""

    def seal(self, queue: QueueRef) -> None:
        """Wait for the end of those who read an earlier epoch."""

    def unregister(self, queue: QueueRef) -> None:
        """Put a tombstone in the place of a queue."""

    def get_totals(self) -> Stats:
        """Count the messages of the whole store."""

    def reclaim(self, limit: int) -> int:
        """Free at most ``limit`` things."""


class SqlDataDriver(SqlDriver, DataDriver):
    """Messages in SQLite, PostgreSQL, MySQL or MariaDB."""

    interface_version = 1
    group = options.MESSAGE_STORE
    autocommit = True

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        backend = PostgresqlBackend if self._is_postgresql else CoreBackend
        self._backend: Backend = backend(self.database, self.clock)

    @property
    def _is_postgresql(self) -> bool:
        return self.database.dialect == "postgresql"

    @property
    def is_durable(self) -> bool:
        """As the operator asserts, or on SQLite: as the operator wants it."""
        durable: bool = self.options.durability
        return durable

    @property
    def capabilities(self) -> frozenset[Capability]:
        """FIFO, CLAIMS and AOD always, the others as configured."""
        found = set(_ALWAYS)
        if self.is_durable:
            found.add(Capability.DURABILITY)
        if self.database.dialect != "sqlite":  # which has one writer at a time
            found.add(Capability.HIGH_THROUGHPUT)
        return frozenset(found)

    def register(self, queue: QueueRef) -> None:
        """Make a queue known, or raise its epoch."""
        self._backend.register(queue)

    def seal(self, queue: QueueRef) -> None:
        """Wait for the end of what was planned on an earlier epoch."""
        self._backend.seal(queue)

    def unregister(self, queue: QueueRef) -> None:
        """Delete a queue at once; its space is freed later."""
        self._backend.unregister(queue)

    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        """Store a batch."""
        self._backend.perform(queue, operation)

    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        """Read a page."""
        return self._backend.perform(queue, operation)

    def get_messages(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        """Read by id."""
        return self._backend.perform(queue, operation)

    def delete_message(self, queue: QueueRef, operation: op.DeleteMessage) -> None:
        """Delete one message."""
        self._backend.perform(queue, operation)

    def delete_messages(self, queue: QueueRef, operation: op.DeleteMessages) -> None:
        """Delete by ids."""
        self._backend.perform(queue, operation)

    def pop_messages(self, queue: QueueRef, operation: op.PopMessages) -> tuple[Message, ...]:
        """Remove and return."""
        return self._backend.perform(queue, operation)

    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        """Remove all at once; their space is freed later."""
        self._backend.perform(queue, operation)

    def get_stats(self, queue: QueueRef, operation: op.GetStats) -> Stats:
        """Count."""
        return self._backend.perform(queue, operation)

    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        """Claim the oldest available messages."""
        return self._backend.perform(queue, operation)

    def get_claim(self, queue: QueueRef, operation: op.GetClaim) -> Claim:
        """Read a claim."""
        return self._backend.perform(queue, operation)

    def renew_claim(self, queue: QueueRef, operation: op.RenewClaim) -> None:
        """Renew a claim."""
        self._backend.perform(queue, operation)

    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        """Release a claim."""
        self._backend.perform(queue, operation)

    def accept_dead_letters(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        """Store messages of another pool."""
        self._backend.perform(queue, operation)

    def export_messages(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        """Read messages for another store."""
        return self._backend.perform(queue, operation)

    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        """Store a stretch of another store."""
        self._backend.perform(queue, operation)

    def export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        """Read claims for another store."""
        return self._backend.perform(queue, operation)

    def import_claims(self, queue: QueueRef, operation: op.ImportClaims) -> None:
        """Store claims of another store."""
        self._backend.perform(queue, operation)

    def get_totals(self) -> Stats:
        """Count the messages of the whole store."""
        return self._backend.get_totals()

    def reclaim(self, limit: int) -> int:
        """Free space in short steps."""
        return self._backend.reclaim(limit)
