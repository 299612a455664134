"""What kernel and drivers tell each other. All times are whole seconds (UTC)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from angarium.codec import encode


class Kind(StrEnum):
    """The two name spaces: a queue and a topic of one name share nothing."""

    QUEUE = "queue"
    TOPIC = "topic"


class Capability(StrEnum):
    """What a pool guarantees, in the order in which clients see it (storage-semantics.md 13)."""

    FIFO = "FIFO"
    CLAIMS = "CLAIMS"
    DURABILITY = "DURABILITY"
    AOD = "AOD"
    HIGH_THROUGHPUT = "HIGH_THROUGHPUT"


@dataclass(frozen=True, slots=True)
class Scope:
    """The full name of a queue or topic; every look-up, change and deletion carries it."""

    project: str
    name: str
    kind: Kind = Kind.QUEUE


@dataclass(frozen=True, slots=True)
class QueueRef:
    """A queue as a data-plane operation addresses it: its scope and the epoch it was planned on.

    A driver refuses the operation with :class:`~angarium.storage.signals.StalePlan`, within the
    same round trip, when its own record of the queue has another epoch or is missing.
    """

    scope: Scope
    epoch: int


class QueueState(Enum):
    """Where a management record stands in the course of a change."""

    PUBLISHED = "published"
    PENDING = "pending"
    DELETING = "deleting"
    MOVING = "moving"


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """A queue in the management store.

    :ivar metadata: as stored by clients, without display defaults.
    :ivar epoch: raised by every change; never used twice, not even by a re-creation.
    :ivar pool: the name of the pool that holds the messages; empty for the default store.
    :ivar target: the pool that they are being copied to, if they are, or None.
    :ivar source: the pool that they have just left, where they are still to be deleted, or None.
    :ivar has_subscribers: whether posts have to be announced. True at least as long as the scope
        has a live subscription.
    """

    scope: Scope
    metadata: Mapping[str, Any]
    epoch: int
    pool: str = ""
    state: QueueState = QueueState.PUBLISHED
    target: str | None = None
    source: str | None = None
    has_subscribers: bool = False

    @property
    def ref(self) -> QueueRef:
        """The queue as the pool's driver is to know it."""
        return QueueRef(self.scope, self.epoch)


@dataclass(frozen=True, slots=True)
class QueueChange:
    """What becomes of a management record in one step; the rest of it stays.

    :ivar state: the new state.
    :ivar pool: the new pool; None to keep it.
    :ivar target: the new target, None for none.
    :ivar source: the new source, None for none.
    :ivar metadata: the new metadata; None to keep them.
    :ivar raises_epoch: whether the record gets a fresh epoch.
    :ivar lease: seconds from now for which a record that is MOVING is left alone; others get 0.
    :ivar after_lease: make the change only if the lease of the record is over.
    :ivar has_subscribers: the new value; None to keep it. False changes nothing but a record whose
        scope has no live subscription at that instant.
    """

    state: QueueState
    pool: str | None = None
    target: str | None = None
    source: str | None = None
    metadata: Mapping[str, Any] | None = None
    raises_epoch: bool = True
    lease: int = 0
    after_lease: bool = False
    has_subscribers: bool | None = None


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription on its way into the management store (contract, ``rest-v2.md`` 9).

    :ivar scope: the queue or topic whose posts are announced.
    :ivar id: made by the caller, in an order that grows with time.
    :ivar subscriber: the target URI.
    :ivar ttl: seconds to live.
    :ivar confirmed: whether the subscriber is known to want it.
    :ivar delivery_secret: marks the subscription of a socket; never shown to anybody.
    """

    scope: Scope
    id: str
    subscriber: str
    ttl: int
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    confirmed: bool = False
    delivery_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A live subscription.

    :ivar ttl: seconds, as last set.
    :ivar age: seconds since creation, whatever was changed later.
    :ivar remaining: seconds until it expires, above 0.
    :ivar delivery_secret: as in :class:`NewSubscription`.
    """

    scope: Scope
    id: str
    subscriber: str
    ttl: int
    age: int
    remaining: int
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    confirmed: bool = False
    delivery_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """What becomes of a subscription in one step; None keeps a value.

    :ivar ttl: runs from now on.
    :ivar options: in place of all that there are.
    :ivar drops_secret: whether it is no longer the subscription of a socket.
    :ivar expected: the subscription that the change was made of, or None for whatever is there.
    """

    subscriber: str | None = None
    ttl: int | None = None
    options: Mapping[str, Any] | None = field(default=None, repr=False)
    confirmed: bool | None = None
    drops_secret: bool = False
    expected: Subscription | None = field(default=None, repr=False)

    def fits(self, stored: Subscription) -> bool:
        """Whether a subscription has the subscriber, options and secret that are expected."""
        expected = self.expected
        return expected is None or (
            expected.subscriber == stored.subscriber
            and expected.delivery_secret == stored.delivery_secret
            and encode(expected.options) == encode(stored.options)
        )


@dataclass(frozen=True, slots=True)
class PoolRecord:
    """A store that queues may be spread to (contract, ``rest-v2.md`` 10).

    :ivar weight: 0 to 2**32 - 1: its share of new queues.
    :ivar flavor: the tag, empty for none.
    :ivar options: storage-specific.
    """

    name: str
    uri: str
    weight: int
    flavor: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as one store hands it to another; lifetimes are *remaining* seconds.

    Two stores have two clocks, so nothing here is a time of day. An expired message is never
    handed over, and a lapsed claim or a delay that is over is not told of.

    :ivar position: in the queue.
    :ivar body: None where only the state was asked for.
    :ivar remaining: seconds until it expires, above 0.
    :ivar ttl: as shown to clients.
    :ivar age: seconds since it was posted.
    :ivar claim_id: the live claim that holds it, or None.
    :ivar due: seconds until that claim lapses or the delay is over, above 0; 0 if available.
    """

    position: int
    id: str
    body: bytes | None
    client_id: str
    remaining: int
    ttl: int
    age: int
    claim_count: int = 0
    claim_id: str | None = None
    due: int = 0
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Extract:
    """Part of a queue's messages on their way to another store, in queue order.

    :ivar last_position: the highest position that the queue has given to a message, ever; 0 if it
        has given none.
    :ivar complete: whether no message follows; if one does, there is at least one in this part.
    """

    messages: tuple[StoredMessage, ...]
    last_position: int
    complete: bool


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A live claim as one store hands it to another.

    :ivar ttl: seconds, as last set.
    :ivar age: seconds since creation or the last renewal.
    :ivar remaining: seconds until it lapses, above 0.
    :ivar positions: those of the messages that are in it, ascending; there may be none.
    """

    id: str
    ttl: int
    age: int
    remaining: int
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClaimExtract:
    """Part of a queue's live claims.

    :ivar cursor: where to go on, in whatever form the driver likes; None at the end. A part with a
        cursor may be empty.
    """

    claims: tuple[StoredClaim, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message on its way into a store.

    :ivar id: made by the caller; a store that knows it already stores nothing again.
    :ivar body: JSON in UTF-8, opaque to the store.
    :ivar ttl: seconds to live.
    :ivar delay: seconds until it becomes available, counted within ``ttl``.
    :ivar checksum: as shown to clients, or None.
    """

    id: str
    body: bytes
    ttl: int
    delay: int = 0
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message.

    :ivar ttl: as posted, or as replaced by a claim or a dead-letter move.
    :ivar age: seconds since it was posted.
    :ivar claim_id: the live claim that holds it, or None.
    :ivar claim_count: claims made on it in this queue, the current one included.
    """

    id: str
    body: bytes
    ttl: int
    age: int
    claim_id: str | None = None
    claim_count: int = 0
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing, oldest message first.

    :ivar marker: the position of the last message; opaque to everybody but the driver.
    :ivar complete: False when the driver stopped at its scan limit before the page was full; the
        caller goes on from ``marker``, which is then set even if there is no message.
    """

    messages: tuple[Message, ...]
    marker: str | None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """A live claim.

    :ivar ttl: seconds, as last set.
    :ivar age: seconds since creation or the last renewal.
    :ivar messages: those still in it, in queue order.
    """

    id: str
    ttl: int
    age: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class MessageMoment:
    """The oldest or newest message of a queue: when it was posted, and never its body."""

    id: str
    age: int
    created: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of unexpired messages, all taken at one instant (storage-semantics.md 11)."""

    total: int = 0
    claimed: int = 0
    oldest: MessageMoment | None = None
    newest: MessageMoment | None = None

    @property
    def free(self) -> int:
        """Messages under no live claim, delayed ones included."""
        return self.total - self.claimed


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where a claim moves the messages that were claimed too often (storage-semantics.md 10).

    :ivar max_claims: a message claimed this often is moved instead of claimed.
    :ivar scope: the dead-letter queue.
    :ivar epoch: its epoch, or None if it does not exist yet.
    :ivar ttl: the new time to live from the move on, or None to keep the remaining life.
    :ivar lease_id: None if the driver moves them itself, in the claim's own atomic step. Else the
        dead-letter queue is out of its reach: it puts them under a claim with this id, and the
        kernel carries them over (:class:`~angarium.storage.signals.DeadLettersLeased`); of
        ``epoch`` it looks only at whether there is one. Made afresh for each claim; a store that
        knows the lease answers as it did the first time.
    """

    max_claims: int
    scope: Scope
    epoch: int | None
    ttl: int | None = None
    lease_id: str | None = None


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What a listing of queues selects: literal text in the name, equal metadata values."""

    name_contains: str = ""
    metadata: Mapping[str, int | str] = field(default_factory=dict)

    def matches(self, name: str, metadata: Mapping[str, Any]) -> bool:
        """Whether a queue is selected; booleans, floats and null never match (rest-v2.md 5.1)."""
        return self.name_contains in name and all(
            type(metadata.get(key)) is type(wanted) and metadata[key] == wanted
            for key, wanted in self.metadata.items()
        )
