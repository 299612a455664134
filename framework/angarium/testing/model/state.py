"""What the message store in memory holds, and what time does to it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from angarium.storage.models import Message, MessageMoment, NewMessage, Scope, Stats


@dataclass(slots=True)
class HeldClaim:
    """A claim; times in seconds since 1970."""

    id: str
    ttl: int
    since: int

    @property
    def expires(self) -> int:
        """When it is over."""
        return self.since + self.ttl


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

    def moment(self, now: int) -> MessageMoment:
        """As statistics show it."""
        return MessageMoment(self.id, now - self.created, self.created)


@dataclass(slots=True)
class HeldQueue:
    """A queue. A message that moves here gets a new position, so order of entry is queue order."""

    epoch: int
    is_deleted: bool = False
    last_position: int = 0
    messages: dict[str, Held] = field(default_factory=dict)
    claims: dict[str, HeldClaim] = field(default_factory=dict)

    def settle(self, now: int) -> None:
        """Drop what expired, and end the claims that lapsed."""
        self.claims = {id_: it for id_, it in self.claims.items() if now < it.expires}
        self.messages = {id_: it for id_, it in self.messages.items() if now < it.expires}
        for message in self.messages.values():
            if message.claim and message.claim.id not in self.claims:
                message.claim = None

    def next_position(self) -> int:
        """A position after all that were handed out."""
        self.last_position += 1
        return self.last_position

    def available(self, now: int) -> list[Held]:
        """What can be claimed, oldest first."""
        return [it for it in self.messages.values() if it.is_available(now)]

    def members(self, claim_id: str) -> list[Held]:
        """The messages of a claim, oldest first."""
        return [it for it in self.messages.values() if it.claim and it.claim.id == claim_id]

    def stats(self, now: int) -> Stats:
        """Its numbers."""
        held = list(self.messages.values())
        if not held:
            return Stats()
        claimed = sum(it.claim is not None for it in held)
        return Stats(len(held), claimed, held[0].moment(now), held[-1].moment(now))


@dataclass(slots=True)
class HeldStore:
    """All queues of a store, tombstones included."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    queues: dict[Scope, HeldQueue] = field(default_factory=dict)
