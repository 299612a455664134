"""The message store driver (contract, ``storage-semantics.md`` 3 to 11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from angarium.storage import operations as op
from angarium.storage.deliveries import (
    DutyPage,
    DutyStatus,
    Expansion,
    Lane,
    Notice,
    NoticeExtract,
    Settlement,
)
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.models import (
    Capability,
    Claim,
    ClaimExtract,
    Extract,
    Message,
    Page,
    QueueRef,
    Scope,
    Stats,
)
from angarium_sql import options
from angarium_sql.base import SqlDriver
from angarium_sql.core.backend import CoreBackend
from angarium_sql.deliveries.backend import Deliveries
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
    indexed = True
    keeps_notices = True

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        backend = PostgresqlBackend if self._is_postgresql else CoreBackend
        self._backend: Backend = backend(self.database, self.clock)
        self._deliveries: Final = Deliveries(self.database, self.clock)

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
        """Store a batch, and its notice."""
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
        freed = self._backend.reclaim(limit)
        return freed + self._deliveries.reclaim(limit - freed)

    # --- Deliveries -----------------------------------------------------------------------------

    def add_notice(self, queue: QueueRef, operation: op.AddNotice) -> None:
        """Store a notice that no message belongs to."""
        self._deliveries.add_notice(queue, operation)

    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        """Take notices of queues of which nobody else has one."""
        return self._deliveries.lease_notices(owner, seconds, limit)

    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        """Store duties, all pages in one transaction."""
        self._deliveries.expand_notices(owner, pages)

    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        """Take lanes in which something is due."""
        limits = (lanes, duties)
        return self._deliveries.lease_lanes(owner, seconds, limits, suspects=suspects)

    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        """Store outcomes; go on with the lane or give it back."""
        return self._deliveries.settle_lane(owner, settlement)

    def list_duties(self, status: DutyStatus, marker: str | None, limit: int) -> DutyPage:
        """Read duties of the whole store."""
        return self._deliveries.list_duties(status, marker, limit)

    def replay_duty(self, scope: Scope, subscription_id: str, notice_id: str, state: bytes) -> bool:
        """Make a duty due now."""
        return self._deliveries.replay_duty(scope, subscription_id, notice_id, state)

    def export_notices(self, queue: QueueRef, operation: op.ExportNotices) -> NoticeExtract:
        """Read what a queue owes for another store."""
        return self._deliveries.export_notices(queue, operation)

    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        """Store what a queue owes in another store."""
        self._deliveries.import_notices(queue, operation)

    def drop_notices(self, queue: QueueRef) -> None:
        """Forget what a queue owes."""
        self._deliveries.drop_notices(queue)
