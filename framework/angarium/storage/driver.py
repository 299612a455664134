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
from angarium.storage.deliveries import (
    DutyPage,
    DutyStatus,
    Expansion,
    Lane,
    Notice,
    NoticeExtract,
    Settlement,
)
from angarium.storage.models import (
    Capability,
    Claim,
    ClaimExtract,
    Extract,
    Kind,
    Message,
    NewSubscription,
    Page,
    PoolRecord,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    Scope,
    Stats,
    Subscription,
    SubscriptionChange,
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
    :cvar is_private: whether the store is inside the process that uses it, so that no other process
        sees it: it refuses to be used by several. Deliveries are then made in the process that
        serves.
    """

    schemes: ClassVar[frozenset[str]] = frozenset()
    cooperative: ClassVar[bool] = False
    is_private: ClassVar[bool] = False

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
    :cvar keeps_notices: whether it offers the methods about deliveries. Queues of a driver without
        them can have no subscribers.
    """

    interface_version: ClassVar[int] = INTERFACE_VERSION
    keeps_notices: ClassVar[bool] = False

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

        What it owes its subscribers stays. No-op when the store's record, a tombstone included,
        has this epoch or a higher one.
        Tombstones may be reclaimed after an hour.
        """

    @abstractmethod
    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        """Store the batch at the end of the queue, and its notice if it has one."""

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

    # --- Deliveries (docs/interfaces.rst): a driver may do without, see keeps_notices ------------

    def add_notice(self, queue: QueueRef, operation: op.AddNotice) -> None:
        """Store a notice that no message belongs to."""
        raise NotOffered

    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        """Take notices of the whole store that are not fully expanded; oldest first.

        The notices of one queue are handed out by position, without a gap, and to one owner at a
        time: while one of them is leased, nobody else gets any of that queue. Who holds a lease
        gets the notice again. Nothing is written when there is nothing to take.

        :param owner: a name that nobody else has.
        :param seconds: for which others leave them alone.
        """
        raise NotOffered

    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        """Store duties and note how far the expansions are; each page in one atomic step.

        A page is void if its notice is not at its cursor, or if the lease of the notice ran out
        and somebody else has it: nothing happens then. A duty that is there stays as it is. The
        last page ends the lease; a notice is forgotten when it is fully expanded and has no duties
        (any more). Pages of one notice are carried out in the order given.
        """
        raise NotOffered

    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        """Take lanes of the whole store in which something is due and which nobody else holds.

        Those come first whose first duty has been due for longest; one whose lease ran out may
        count as due since then. In an ordered lane only the oldest pending duty counts, due or not.
        Nothing is written when there is nothing to take.

        :param lanes: at most so many.
        :param duties: of each lane, at most so many.
        :param suspects: take lanes that count as suspect, and no others; or just the others.
        """
        raise NotOffered

    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        """Report what became of duties; keep the lane and take more of them, or give it back.

        Nothing happens if the lease ran out and somebody else has the lane. Outcomes of duties that
        are not pending any more are ignored one by one.

        :returns: the lane with further duties that are due, now leased for ``settlement.seconds``;
            None if it was given back, is somebody else's, or has nothing more that is due: then
            it is given back as well.
        """
        raise NotOffered

    def list_duties(self, status: DutyStatus, marker: str | None, limit: int) -> DutyPage:
        """Read duties of the whole store in an order of the driver's."""
        raise NotOffered

    def replay_duty(self, scope: Scope, subscription_id: str, notice_id: str, state: bytes) -> bool:
        """Make a duty that is over, or pending, due at once; False if there is none."""
        raise NotOffered

    def export_notices(self, queue: QueueRef, operation: op.ExportNotices) -> NoticeExtract:
        """Read what the queue owes its subscribers, for another store."""
        raise NotOffered

    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        """Store what the queue owes its subscribers, from another store."""
        raise NotOffered

    def drop_notices(self, queue: QueueRef) -> None:
        """Forget what the queue owes its subscribers: it has moved to another store with it all.

        No-op when the store's record of the queue, a tombstone included, has a higher epoch.
        """

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

        The new one has subscribers if the scope has a live subscription at that instant. A record
        that is there is returned whether or not there is such a pool.

        :returns: the record that is there now, and whether this call created it.
        :raises RecordChanged: there is no pool of that name (the empty name needs none).
        """

    @abstractmethod
    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Replace the metadata; the record is pending afterwards and has a fresh epoch.

        All else stays as it is.

        :raises RecordChanged: the record is gone, being deleted or moved, or no longer has
            ``expected_epoch``.
        """

    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        """Change a record that still has epoch, state and target of ``expected``; returns it.

        The target counts since noting one neither raises the epoch nor changes the state.

        :raises RecordChanged: it has not, its lease is not over and the change waits for that, one
            of the pools it is to name is not there (the empty name needs none), or it is to have no
            subscribers and has a live subscription.
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

    # --- Subscriptions (storage-semantics.md 12): a driver may do without ------------------------
    # They expire, do not depend on the queue's record, and are not deleted with it.

    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        """Store a subscription unless the scope has a live one of the same subscriber.

        :returns: the subscription that is there now, and whether this call created it; one that
            has the id of ``new`` counts as created.
        :raises RecordChanged: the queue has no record, it is being deleted, or it is not noted as
            having subscribers (``QueueRecord.has_subscribers``).
        """
        raise NotOffered

    def get_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Read a live subscription; None if the scope has none of that id."""
        raise NotOffered

    def list_subscriptions(self, scope: Scope, *, marker: str, limit: int) -> list[Subscription]:
        """Read at most ``limit`` live ones with an id after ``marker``, in code point order."""
        raise NotOffered

    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        """Change a live subscription; returns it as it is then, None if the scope has none.

        :raises SubscriptionAlreadyExists: another live one of the scope has that subscriber.
        :raises RecordChanged: the subscription is not ``change.expected`` (any more) in subscriber,
            options or delivery secret; nothing was changed.
        """
        raise NotOffered

    def delete_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Delete a subscription; returns it as it was, None if the scope has none of that id."""
        raise NotOffered

    def purge_subscriptions(self, scope: Scope) -> None:
        """Delete all subscriptions of a scope."""
        raise NotOffered

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
