"""What the message store in memory holds, and what time does to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from angarium.model.notices import HeldNotices
from angarium.storage.models import (
    Message,
    MessageMoment,
    NewMessage,
    Scope,
    Stats,
    StoredMessage,
)

_NEVER: Final = 2**63


@dataclass(slots=True)
class HeldClaim:
    """A claim; times in seconds since 1970."""

    id: str
    ttl: int
    since: int
    expires: int


@dataclass(slots=True)
class Held:
    """A message; times in seconds since 1970."""

    position: int
    id: str
    body: bytes
    checksum: str | None
    client_id: str
    created: int
    ttl: int
    expires: int
    delayed_until: int
    claim: HeldClaim | None = None
    claim_count: int = 0

    @classmethod
    def new(cls, message: NewMessage, client_id: str, position: int, now: int) -> Held:
        """A message that is posted now."""
        return cls(
            position=position,
            id=message.id,
            body=message.body,
            checksum=message.checksum,
            client_id=client_id,
            created=now,
            ttl=message.ttl,
            expires=now + message.ttl,
            delayed_until=now + message.delay,
        )

    @classmethod
    def taken(cls, stored: StoredMessage, body: bytes, position: int, now: int) -> Held:
        """A message from another store, under no claim."""
        return cls(
            position=position,
            id=stored.id,
            body=body,
            checksum=stored.checksum,
            client_id=stored.client_id,
            created=now - stored.age,
            ttl=stored.ttl,
            expires=now + stored.remaining,
            delayed_until=now + stored.due,
            claim_count=stored.claim_count,
        )

    def is_delayed(self, now: int) -> bool:
        """Whether its delay has not run out."""
        return now < self.delayed_until

    def is_available(self, now: int) -> bool:
        """Whether it can be claimed."""
        return self.claim is None and not self.is_delayed(now)

    def extend(self, claim: HeldClaim, grace: int) -> None:
        """Let it outlive its claim (storage-semantics.md 5.1)."""
        if self.expires < claim.expires:
            self.ttl, self.expires = claim.ttl + grace, claim.expires + grace

    def seen(self, now: int) -> Message:
        """As a caller sees it."""
        return Message(
            id=self.id,
            body=self.body,
            ttl=self.ttl,
            age=now - self.created,
            claim_id=self.claim.id if self.claim else None,
            claim_count=self.claim_count,
            checksum=self.checksum,
        )

    def stored(self, now: int, *, with_body: bool = True) -> StoredMessage:
        """As another store needs it."""
        due = self.claim.expires if self.claim else self.delayed_until
        return StoredMessage(
            position=self.position,
            id=self.id,
            body=self.body if with_body else None,
            client_id=self.client_id,
            remaining=self.expires - now,
            ttl=self.ttl,
            age=now - self.created,
            claim_count=self.claim_count,
            claim_id=self.claim.id if self.claim else None,
            due=max(0, due - now),
            checksum=self.checksum,
        )

    def moment(self, now: int) -> MessageMoment:
        """As statistics show it."""
        return MessageMoment(self.id, now - self.created, self.created)


@dataclass(slots=True)
class HeldQueue:
    """A queue.

    :ivar messages: by id, in queue order.
    :ivar quiet_until: nothing expires or lapses before, so that there is nothing to settle.
    """

    epoch: int
    is_deleted: bool = False
    last_position: int = 0
    messages: dict[str, Held] = field(default_factory=dict)
    claims: dict[str, HeldClaim] = field(default_factory=dict)
    quiet_until: int = _NEVER

    def settle(self, now: int) -> None:
        """Drop what expired, and end the claims that lapsed."""
        if now < self.quiet_until:
            return
        for claim in [it for it in self.claims.values() if it.expires <= now]:
            self.release(claim.id)
        self.messages = {id_: it for id_, it in self.messages.items() if now < it.expires}
        ends = [claim.expires for claim in self.claims.values()]
        ends += [message.expires for message in self.messages.values()]
        self.quiet_until = min(ends, default=_NEVER)

    def add(self, message: Held) -> None:
        """Put a message at the end."""
        self.messages[message.id] = message
        self.quiet_until = min(self.quiet_until, message.expires)

    def sort(self) -> None:
        """Put messages in order that were added anywhere."""
        self.messages = dict(sorted(self.messages.items(), key=lambda item: item[1].position))

    def add_claim(self, claim: HeldClaim) -> None:
        """Make a claim known, or its new end."""
        self.claims[claim.id] = claim
        self.quiet_until = min(self.quiet_until, claim.expires)

    def release(self, claim_id: str) -> None:
        """Forget a claim, if there is one; its messages are free again."""
        if self.claims.pop(claim_id, None):
            for message in self.members(claim_id):
                message.claim = None

    def next_position(self) -> int:
        """A position after all that were handed out."""
        self.last_position += 1
        return self.last_position

    def available(self, now: int) -> Iterator[Held]:
        """What can be claimed, oldest first."""
        return (it for it in self.messages.values() if it.is_available(now))

    def members(self, claim_id: str) -> list[Held]:
        """The messages of a claim, oldest first."""
        return [it for it in self.messages.values() if it.claim and it.claim.id == claim_id]

    def stats(self, now: int) -> Stats:
        """Its numbers."""
        if not self.messages:
            return Stats()
        claimed = sum(it.claim is not None for it in self.messages.values())
        oldest, newest = next(iter(self.messages)), next(reversed(self.messages))
        return Stats(
            len(self.messages),
            claimed,
            self.messages[oldest].moment(now),
            self.messages[newest].moment(now),
        )


@dataclass(slots=True)
class HeldStore:
    """All queues of a store, tombstones included, and what they owe."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    queues: dict[Scope, HeldQueue] = field(default_factory=dict)
    owed: HeldNotices = field(default_factory=HeldNotices)
