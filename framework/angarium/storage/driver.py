"""The interfaces of the two kinds of store. A driver is one class per kind, loaded by name.

Rules for every method: one round trip as counted in the docs (``docs/interfaces.rst``); time is
``now = the store's clock + self.clock.offset``, read in one place; whatever has expired does not
exist; no state outside the store. Any failure of the store itself is raised as
:class:`~angarium.errors.StoreUnreachable`, or :class:`~angarium.errors.OutcomeUnknown` when a
change may have been committed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from oslo_config import cfg

from angarium.clock import Clock
from angarium.errors import NotOffered
from angarium.storage import operations as op
from angarium.storage.models import (
    Capability,
    Claim,
    ClaimExtract,
    Extract,
    Kind,
    Message,
    Page,
    PoolRecord,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    Scope,
    Stats,
)

INTERFACE_VERSION = 1

DEAD_LETTER_LEASE = 60
"""Seconds for which dead letters are held while they are carried to another pool."""


@dataclass(frozen=True)
class StoreEnvironment:
    """What a driver is built from.

    :ivar conf: the configuration; a driver registers and reads its own groups only.
    :ivar clock: where the offset comes from.
    :ivar uri: a pool's own connection, or None to use the driver's option.
    :ivar options: a pool's own storage-specific options, as decoded from JSON. They go before the
        driver's options of the same names (:func:`angarium.storage.overrides.settings`); one that
        it does not have, or whose type or range is another, makes building it a ``StartError``.
    :ivar processes: how many processes are to use the store, as far as that is known; a driver
        whose store is inside its process refuses more than one with a ``StartError``.
    """

    conf: cfg.ConfigOpts
    clock: Clock
    uri: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    processes: int = 1


class Driver(ABC):
    """What the drivers of both stores have in common. Constructing one contacts nothing.

    :cvar cooperative: whether no method ever blocks its thread: it waits through gevent, or not at
        all. Doors that serve many connections in one thread run other drivers on further threads.
    """

    schemes: ClassVar[frozenset[str]] = frozenset()
    cooperative: ClassVar[bool] = False

    def __init__(self, environment: StoreEnvironment) -> None:
        self.clock = environment.clock

    def prepare(self) -> None:
        """Get the store ready to serve, once, before the workers start.

        :raises StartError: if it needs something of the operator, such as a schema upgrade.
        :raises StoreUnreachable: if it does not answer.
        """

    def upgrade(self) -> str:
        """Bring the store's own structure up to date (``angarium-manage db upgrade``).

        :returns: one sentence for the operator on what was done.
        """
        return "nothing to upgrade"

    @abstractmethod
    def ping(self) -> None:
        """Return if the store answers.

        :raises StoreUnreachable: if it does not.
        """

    def reclaim(self, limit: int) -> int:
        """Free the space of at most ``limit`` things that expired or were deleted.

        Never needed for correctness, and never holds up a request for long.

        :returns: how many were freed; fewer than ``limit`` means that nothing is left to do.
        """
        return 0

    def close(self) -> None:
        """Give back connections; the driver is not used afterwards."""


class DataDriver(Driver):
    """A message store (contract, ``storage-semantics.md`` 3 to 11).

    Every operation on a queue raises :class:`~angarium.storage.signals.StalePlan` when the epoch
    of ``queue`` is not the store's, and may raise :class:`~angarium.storage.signals.Again`.

    :cvar interface_version: what a driver was written for; each declares it in its own body.
    """

    interface_version: ClassVar[int] = INTERFACE_VERSION

    @property
    @abstractmethod
    def capabilities(self) -> frozenset[Capability]:
        """What is true of the store as configured; readable without connecting."""

    @abstractmethod
    def register(self, queue: QueueRef) -> None:
        """Make the queue known here, or raise its epoch; never lowers one, never undeletes.

        No-op when the store's record, a tombstone included, has this epoch or a higher one.
        """

    @abstractmethod
    def unregister(self, queue: QueueRef) -> None:
        """Delete the queue with its messages and claims; leave a tombstone with this epoch.

        No-op when the store's record, a tombstone included, has this epoch or a higher one.
        Tombstones may be reclaimed after an hour.
        """

    @abstractmethod
    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        """Store the batch at the end of the queue."""

    @abstractmethod
    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        """Read a page; a marker that cannot be interpreted gives an empty one."""

    @abstractmethod
    def get_messages(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        """Read by id, in the order asked for, each once."""

    @abstractmethod
    def delete_message(self, queue: QueueRef, operation: op.DeleteMessage) -> None:
        """Delete one message; silent when it does not exist.

        :raises MessageIsClaimed: no claim was named, but a live one holds the message.
        :raises MessageNotClaimedBy: another live claim holds it.
        :raises MessageNotClaimed: a live claim was named, but the message is under none.
        :raises ClaimDoesNotExist: the claim that was named is unknown, lapsed or foreign.
        """

    @abstractmethod
    def delete_messages(self, queue: QueueRef, operation: op.DeleteMessages) -> None:
        """Delete by ids, all or nothing if claim ids are given.

        :raises MessageNotClaimed: claim ids were given and a message is under no live claim.
        :raises ClaimDoesNotMatch: a message is under a live claim that is not among them.
        """

    @abstractmethod
    def pop_messages(self, queue: QueueRef, operation: op.PopMessages) -> tuple[Message, ...]:
        """Remove and return the oldest available messages, ``claim_count`` unchanged."""

    @abstractmethod
    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        """Remove every message that the queue holds at this instant."""

    @abstractmethod
    def get_stats(self, queue: QueueRef, operation: op.GetStats) -> Stats:
        """Count the messages of the queue."""

    @abstractmethod
    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        """Claim the oldest available messages; an empty result leaves no claim behind.

        :raises DeadLetterQueueMissing: a message has to move to a queue that does not exist.
        :raises DeadLettersLeased: the rule has a lease id, and messages are under it now, as under
            a claim of :data:`DEAD_LETTER_LEASE` seconds: claim count, ttl and expiry as they were.
        """

    @abstractmethod
    def get_claim(self, queue: QueueRef, operation: op.GetClaim) -> Claim:
        """Read a claim.

        :raises ClaimNotFound: it is unknown, lapsed, released or another queue's.
        """

    @abstractmethod
    def renew_claim(self, queue: QueueRef, operation: op.RenewClaim) -> None:
        """Renew a claim.

        :raises ClaimNotFound: it is unknown, lapsed, released or another queue's.
        """

    @abstractmethod
    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        """Release a claim; silent when there is none."""

    @abstractmethod
    def get_totals(self) -> Stats:
        """Count the messages of the whole store; ``oldest`` and ``newest`` stay None."""

    # --- Between pools: a driver that offers none of this serves without pools --------------------

    def moves_dead_letters(self, source: Scope, target: Scope) -> bool:
        """Whether a claim on one queue can move messages to the other within its atomic step."""
        return True

    def seal(self, queue: QueueRef) -> None:
        """Return when no operation planned on an earlier epoch can change the queue any more.

        Called after :meth:`register` has raised the epoch to that of ``queue``, before the queue is
        exported for good. Nothing is to be done where an operation and ``register`` are indivisible
        steps, one before the other. Elsewhere an operation may have read the earlier epoch and
        not have committed yet: this waits for its end, or sees to it that it cannot commit. A
        driver may do that in its exports instead, those without bodies and those of claims.
        """

    def accept_dead_letters(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        """Store messages of another pool's queue at the end of this one."""
        raise NotOffered

    def export_messages(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        """Read messages with everything that another store needs to go on with them."""
        raise NotOffered

    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        """Make a stretch of the queue what it is in another store."""
        raise NotOffered

    def export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        """Read live claims with everything that another store needs to go on with them."""
        raise NotOffered

    def import_claims(self, queue: QueueRef, operation: op.ImportClaims) -> None:
        """Store claims of another store."""
        raise NotOffered


class ControlDriver(Driver):
    """A management store (contract, ``storage-semantics.md`` 2 and 13; design principle 6).

    :cvar interface_version: what a driver was written for; each declares it in its own body.
    """

    interface_version: ClassVar[int] = INTERFACE_VERSION

    @abstractmethod
    def get_queue(self, scope: Scope) -> QueueRecord | None:
        """Read a record in whatever state it is; None if there is none."""

    @abstractmethod
    def list_queues(
        self, project: str, kind: Kind, *, marker: str, limit: int, select: QueueFilter
    ) -> list[QueueRecord]:
        """Read at most ``limit`` records with a name after ``marker``, by name in code point order.

        Records that are being deleted are left out; filters apply before the limit.
        """

    @abstractmethod
    def count_queues(self, project: str, kind: Kind) -> int:
        """Count the queues of a project, those that are being deleted left out."""

    @abstractmethod
    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        """Write a pending record with a fresh epoch, unless there is one in any state.

        A record that is there is returned whether or not there is such a pool.

        :returns: the record that is there now, and whether this call created it.
        :raises RecordChanged: there is no pool of that name (the empty name needs none).
        """

    @abstractmethod
    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Replace the metadata; the record is pending afterwards and has a fresh epoch.

        Target and source stay as they are.

        :raises RecordChanged: the record is gone, being deleted or moved, or no longer has
            ``expected_epoch``.
        """

    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        """Change a record that still has epoch, state and target of ``expected``; returns it.

        The target counts since noting one neither raises the epoch nor changes the state.

        :raises RecordChanged: it has not, its lease is not over and the change waits for that, or
            one of the pools it is to name is not there (the empty name needs none).
        """
        raise NotOffered

    @abstractmethod
    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        """Mark a record as being deleted, with a fresh epoch; None if there is no record.

        Target and source stay, and a lease does not stand in the way. A record that is being
        deleted already is returned as it is.
        """

    @abstractmethod
    def publish(self, queue: QueueRef) -> None:
        """End a change: publish a pending record, remove one that is being deleted.

        A published record has no source any more. No-op when the record no longer has the epoch of
        ``queue``, or is being moved.
        """

    # --- Pools and flavors (storage-semantics.md 13): a driver may do without --------------------

    def get_pool(self, name: str) -> PoolRecord | None:
        """Read a pool."""
        raise NotOffered

    def list_pools(self, *, marker: str, limit: int) -> list[PoolRecord]:
        """Read at most ``limit`` pools with a name after ``marker``, in code point order."""
        raise NotOffered

    def find_pools(self, flavor: str) -> list[PoolRecord]:
        """Read all pools with a tag, or with the empty tag all that have none; by name."""
        raise NotOffered

    def put_pool(self, pool: PoolRecord) -> None:
        """Create a pool or replace it as a whole.

        :raises PoolAlreadyExists: another pool has the same uri.
        """
        raise NotOffered

    def delete_pool(self, name: str) -> None:
        """Delete a pool; silent when there is none. Check and deletion are one atomic step.

        :raises PoolInUseByFlavor: it is the last one with its tag.
        :raises PoolHasQueues: a record names it as its pool, target or source.
        """
        raise NotOffered

    def list_pool_queues(self, pool: str, *, after: Scope | None, limit: int) -> list[QueueRecord]:
        """Read at most ``limit`` records, in any state, whose pool is this one.

        Target and source do not count; the empty name is the default store.
        Ordered by scope in an order of the driver's; ``after`` need not exist any more.
        """
        raise NotOffered

    def has_flavor(self, project: str, name: str) -> bool:
        """Whether a project has a flavor."""
        raise NotOffered

    def list_flavors(self, project: str, *, marker: str, limit: int) -> list[str]:
        """Names of at most ``limit`` flavors of a project after ``marker``, in code point order."""
        raise NotOffered

    def put_flavor(self, project: str, name: str, pools: Sequence[str]) -> None:
        """Create a flavor or replace it: exactly these pools are tagged with its name afterwards.

        Others that were lose the tag; a pool with another tag changes to this one.

        :raises PoolDoesNotExist: one of them is not there; nothing was changed.
        """
        raise NotOffered

    def delete_flavor(self, project: str, name: str) -> None:
        """Delete a flavor; silent, with nothing changed, when there is none.

        Its pools lose their tag, unless another project has a flavor of the same name.
        """
        raise NotOffered
