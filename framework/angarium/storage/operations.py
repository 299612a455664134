"""The operations of the data plane, one class each: what a filter sees and a driver carries out."""

from __future__ import annotations

from dataclasses import dataclass

from angarium.storage.models import DeadLetter, NewMessage


@dataclass(frozen=True, slots=True)
class PostMessages:
    """Store a batch: all of it or nothing, contiguous and in order.

    :ivar messages: at least one.
    :ivar client_id: who posts, in canonical form; compared by the echo rule.
    """

    messages: tuple[NewMessage, ...]
    client_id: str


@dataclass(frozen=True, slots=True)
class ListMessages:
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


@dataclass(frozen=True, slots=True)
class GetMessages:
    """Read messages by id whatever their state, expired ones excepted; unknown ids are skipped."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """Delete one message; check and deletion are one atomic step (storage-semantics.md 6.1)."""

    id: str
    claim_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteMessages:
    """Delete those messages that exist (storage-semantics.md 6.2).

    :ivar claim_ids: None to ignore claims; otherwise every message must be in one of these.
    """

    ids: tuple[str, ...]
    claim_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PopMessages:
    """Remove and return the oldest available messages; not a claim in any respect."""

    limit: int


@dataclass(frozen=True, slots=True)
class PurgeMessages:
    """Remove every message posted before the operation, claimed and delayed ones included."""


@dataclass(frozen=True, slots=True)
class GetStats:
    """Count the messages of a queue."""


@dataclass(frozen=True, slots=True)
class CreateClaim:
    """Select and mark the oldest available messages in one atomic step (storage-semantics.md 5.1).

    :ivar claim_id: made by the caller; a store that knows it answers as it did the first time.
    :ivar ttl: seconds the claim lives.
    :ivar grace: seconds a message outlives the claim that would otherwise outlive it.
    """

    claim_id: str
    ttl: int
    grace: int
    limit: int
    dead_letter: DeadLetter | None = None


@dataclass(frozen=True, slots=True)
class GetClaim:
    """Read a live claim with the messages that are still in it."""

    claim_id: str


@dataclass(frozen=True, slots=True)
class RenewClaim:
    """Let a live claim expire ``ttl`` seconds from now and extend its messages again."""

    claim_id: str
    ttl: int
    grace: int


@dataclass(frozen=True, slots=True)
class ReleaseClaim:
    """End a claim; its messages become available at once. Silent when there is none."""

    claim_id: str


MessageOperation = (
    PostMessages
    | ListMessages
    | GetMessages
    | DeleteMessage
    | DeleteMessages
    | PopMessages
    | PurgeMessages
    | GetStats
)
ClaimOperation = CreateClaim | GetClaim | RenewClaim | ReleaseClaim
Operation = MessageOperation | ClaimOperation
