"""The operations on the stores, one class each: what a filter sees and a driver carries out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from angarium.storage.deliveries import (
    NewDuty,
    NewNotice,
    NoticeExtract,
    StoredDuty,
    StoredNotice,
)
from angarium.storage.models import (
    Claim,
    ClaimExtract,
    DeadLetter,
    Extract,
    Message,
    NewMessage,
    Page,
    QueueFilter,
    QueueRecord,
    QueueRef,
    Scope,
    Stats,
    StoredClaim,
    StoredMessage,
)

if TYPE_CHECKING:
    from angarium.storage.catalogue import Catalogue
    from angarium.storage.driver import DataDriver

ResultT = TypeVar("ResultT")


class Operation(Generic[ResultT]):
    """The base of everything that is asked of a store for one queue or project.

    :cvar pipeline: the option of ``[storage]`` that lists the filters it passes through; for
        ``queue_pipeline``, ``topic_pipeline`` does so where a topic is asked for.
    """

    __slots__ = ()
    pipeline: ClassVar[str] = "message_pipeline"


class DataOperation(Operation[ResultT], ABC):
    """The base of the operations on the messages and claims of a queue."""

    __slots__ = ()

    @abstractmethod
    def perform(self, driver: DataDriver, queue: QueueRef) -> ResultT:
        """Have a driver carry it out: exactly one call of the method of the same name."""


class QueueOperation(Operation[ResultT], ABC):
    """The base of the operations on the management records of queues."""

    __slots__ = ()
    pipeline: ClassVar[str] = "queue_pipeline"

    @abstractmethod
    def perform(self, catalogue: Catalogue, scope: Scope) -> ResultT:
        """Have the catalogue carry it out."""


@dataclass(frozen=True, slots=True)
class CreateQueue(QueueOperation[bool]):
    """Create a queue unless it exists; an existing one is not touched. True if it was created."""

    metadata: Mapping[str, Any]

    def perform(self, catalogue: Catalogue, scope: Scope) -> bool:
        """Ask the catalogue."""
        return catalogue.create(scope, self.metadata)


@dataclass(frozen=True, slots=True)
class GetQueue(QueueOperation[Mapping[str, Any] | None]):
    """Read the stored metadata of a queue; None if there is no such queue."""

    def perform(self, catalogue: Catalogue, scope: Scope) -> Mapping[str, Any] | None:
        """Ask the catalogue."""
        record = catalogue.read(scope)
        return None if record is None else record.metadata


@dataclass(frozen=True, slots=True)
class UpdateQueue(QueueOperation[Mapping[str, Any]]):
    """Replace the metadata of a queue by what a function makes of it; returns the result.

    :ivar change: called with the stored metadata, again if somebody else changed it meanwhile.
    """

    change: Callable[[Mapping[str, Any]], Mapping[str, Any]]

    def perform(self, catalogue: Catalogue, scope: Scope) -> Mapping[str, Any]:
        """Ask the catalogue."""
        return catalogue.update(scope, self.change)


@dataclass(frozen=True, slots=True)
class DeleteQueue(QueueOperation[None]):
    """Delete a queue with its messages and claims. Silent when there is none."""

    def perform(self, catalogue: Catalogue, scope: Scope) -> None:
        """Ask the catalogue."""
        catalogue.delete(scope)


@dataclass(frozen=True, slots=True)
class ListQueues(QueueOperation[tuple[QueueRecord, ...]]):
    """List the queues of a project by name; the scope of the call has an empty name."""

    marker: str
    limit: int
    select: QueueFilter

    def perform(self, catalogue: Catalogue, scope: Scope) -> tuple[QueueRecord, ...]:
        """Ask the catalogue."""
        records = catalogue.list(
            scope.project, scope.kind, marker=self.marker, limit=self.limit, select=self.select
        )
        return tuple(records)


@dataclass(frozen=True, slots=True)
class PostMessages(DataOperation[None]):
    """Store a batch: all of it or nothing, contiguous and in order.

    :ivar messages: at least one.
    :ivar client_id: who posts, in canonical form; compared by the echo rule.
    :ivar notice: to be stored in the same step, for the subscribers; None if there are none. The
        kernel adds it when all filters have had the operation.
    """

    messages: tuple[NewMessage, ...]
    client_id: str
    notice: NewNotice | None = None

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.post_messages(queue, self)


@dataclass(frozen=True, slots=True)
class ListMessages(DataOperation[Page]):
    """Read a page, oldest first, after a marker (storage-semantics.md 4).

    :ivar marker: a position handed out by this driver, or anything at all from a client.
    :ivar exclude_client: leave out what this client posted; None to leave out nothing.
    :ivar include_delayed: show messages whose delay has not run out.
    """

    limit: int
    marker: str | None = None
    exclude_client: str | None = None
    include_claimed: bool = False
    include_delayed: bool = False

    def perform(self, driver: DataDriver, queue: QueueRef) -> Page:
        """Call the driver."""
        return driver.list_messages(queue, self)


@dataclass(frozen=True, slots=True)
class GetMessages(DataOperation[tuple[Message, ...]]):
    """Read messages by id whatever their state, expired ones excepted; unknown ids are skipped."""

    ids: tuple[str, ...]

    def perform(self, driver: DataDriver, queue: QueueRef) -> tuple[Message, ...]:
        """Call the driver."""
        return driver.get_messages(queue, self)


@dataclass(frozen=True, slots=True)
class DeleteMessage(DataOperation[None]):
    """Delete one message; check and deletion are one atomic step (storage-semantics.md 6.1)."""

    id: str
    claim_id: str | None = None

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.delete_message(queue, self)


@dataclass(frozen=True, slots=True)
class DeleteMessages(DataOperation[None]):
    """Delete those messages that exist (storage-semantics.md 6.2).

    :ivar claim_ids: None to ignore claims; otherwise every message must be in one of these.
    """

    ids: tuple[str, ...]
    claim_ids: tuple[str, ...] | None = None

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.delete_messages(queue, self)


@dataclass(frozen=True, slots=True)
class PopMessages(DataOperation[tuple[Message, ...]]):
    """Remove and return the oldest available messages; not a claim in any respect."""

    limit: int

    def perform(self, driver: DataDriver, queue: QueueRef) -> tuple[Message, ...]:
        """Call the driver."""
        return driver.pop_messages(queue, self)


@dataclass(frozen=True, slots=True)
class PurgeMessages(DataOperation[None]):
    """Remove every message posted before the operation, claimed and delayed ones included."""

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.purge_messages(queue, self)


@dataclass(frozen=True, slots=True)
class GetStats(DataOperation[Stats]):
    """Count the messages of a queue."""

    pipeline: ClassVar[str] = "queue_pipeline"

    def perform(self, driver: DataDriver, queue: QueueRef) -> Stats:
        """Call the driver."""
        return driver.get_stats(queue, self)


@dataclass(frozen=True, slots=True)
class CreateClaim(DataOperation[tuple[Message, ...]]):
    """Select and mark the oldest available messages in one atomic step (storage-semantics.md 5.1).

    :ivar claim_id: made by the caller; a store that knows it answers as it did the first time.
    :ivar ttl: seconds the claim lives.
    :ivar grace: seconds a message outlives the claim that would otherwise outlive it.
    """

    pipeline: ClassVar[str] = "claim_pipeline"
    claim_id: str
    ttl: int
    grace: int
    limit: int
    dead_letter: DeadLetter | None = None

    def perform(self, driver: DataDriver, queue: QueueRef) -> tuple[Message, ...]:
        """Call the driver."""
        return driver.create_claim(queue, self)


@dataclass(frozen=True, slots=True)
class GetClaim(DataOperation[Claim]):
    """Read a live claim with the messages that are still in it."""

    pipeline: ClassVar[str] = "claim_pipeline"
    claim_id: str

    def perform(self, driver: DataDriver, queue: QueueRef) -> Claim:
        """Call the driver."""
        return driver.get_claim(queue, self)


@dataclass(frozen=True, slots=True)
class RenewClaim(DataOperation[None]):
    """Let a live claim expire ``ttl`` seconds from now and extend its messages again."""

    pipeline: ClassVar[str] = "claim_pipeline"
    claim_id: str
    ttl: int
    grace: int

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.renew_claim(queue, self)


@dataclass(frozen=True, slots=True)
class ReleaseClaim(DataOperation[None]):
    """End a claim; its messages become available at once. Silent when there is none."""

    pipeline: ClassVar[str] = "claim_pipeline"
    claim_id: str

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.release_claim(queue, self)


# --- Between stores: no request of a client, so no filter sees these -----------------------------


@dataclass(frozen=True, slots=True)
class AcceptDeadLetters(DataOperation[None]):
    """Store messages from another pool at the end of the queue, each unless its id is there.

    They keep id, body, client, age and checksum; they are available at once, with a claim count
    of 0. ``position``, ``claim_id``, ``claim_count`` and ``due`` of the messages do not count.

    :ivar ttl: the new time to live from now on, or None to keep the remaining life.
    """

    messages: tuple[StoredMessage, ...]
    ttl: int | None = None

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.accept_dead_letters(queue, self)


@dataclass(frozen=True, slots=True)
class ExportMessages(DataOperation[Extract]):
    """Read messages in queue order, whatever their state.

    :ivar after: positions above this one; 0 for the first page.
    :ivar bodies: whether to read the bodies too.
    """

    after: int
    limit: int
    bodies: bool = True

    def perform(self, driver: DataDriver, queue: QueueRef) -> Extract:
        """Call the driver."""
        return driver.export_messages(queue, self)


@dataclass(frozen=True, slots=True)
class ImportMessages(DataOperation[None]):
    """Make these the only messages at the positions ``after`` (exclusive) to ``upto`` (inclusive).

    What else is there goes, what is there is brought into the state of its namesake, what is not
    there is stored: so the operation may be repeated, and a later one with fresh states corrects
    an earlier one. A message without a body keeps the one that is stored; if there is none, the
    message is not stored. An id is in a queue once: a namesake at another position goes.

    :ivar messages: in queue order; their claims follow by ``ImportClaims``.
    :ivar last_position: no message is ever given this position or a lower one by a later post.
    """

    after: int
    upto: int
    messages: tuple[StoredMessage, ...]
    last_position: int

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.import_messages(queue, self)


@dataclass(frozen=True, slots=True)
class ExportClaims(DataOperation[ClaimExtract]):
    """Read live claims, each once, as long as none is made, renewed or released meanwhile.

    :ivar cursor: of the last page, None for the first.
    """

    cursor: str | None
    limit: int

    def perform(self, driver: DataDriver, queue: QueueRef) -> ClaimExtract:
        """Call the driver."""
        return driver.export_claims(queue, self)


@dataclass(frozen=True, slots=True)
class ImportClaims(DataOperation[None]):
    """Store claims as they are; their messages are there already and name them.

    :ivar replaces: first forget every claim that the queue has here (not its messages): with no
        claims, to forget them all.
    """

    claims: tuple[StoredClaim, ...]
    replaces: bool

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.import_claims(queue, self)


# --- Deliveries: no filter sees these either -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddNotice(DataOperation[None]):
    """Store a notice that no message belongs to, already expanded into these duties.

    It has the position that the queue last gave to a message.

    :ivar duties: at least one.
    """

    notice: NewNotice
    duties: tuple[NewDuty, ...]

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.add_notice(queue, self)


@dataclass(frozen=True, slots=True)
class ExportNotices(DataOperation[NoticeExtract]):
    """Read what a queue owes its subscribers: first all notices, then the pending duties.

    Duties that are over are left out, and so are notices that only these need.

    :ivar cursor: of the last page, None for the first.
    """

    cursor: str | None
    limit: int

    def perform(self, driver: DataDriver, queue: QueueRef) -> NoticeExtract:
        """Call the driver."""
        return driver.export_notices(queue, self)


@dataclass(frozen=True, slots=True)
class ImportNotices(DataOperation[None]):
    """Store notices and duties as they are, each unless it is there.

    The notice of a duty is there already, or among these; a duty without one is skipped: this store
    has expanded the notice itself meanwhile, and has forgotten it. One that came fully expanded
    is kept for :data:`~angarium.storage.deliveries.HOLD` seconds at least, whatever becomes of the
    duties that are there: others may follow.

    :ivar replaces: first forget all that the queue owes here: with none, to forget it for good.
    """

    notices: tuple[StoredNotice, ...]
    duties: tuple[StoredDuty, ...]
    replaces: bool

    def perform(self, driver: DataDriver, queue: QueueRef) -> None:
        """Call the driver."""
        driver.import_notices(queue, self)
