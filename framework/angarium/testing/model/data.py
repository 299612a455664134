"""The message store in memory: every operation in the fewest words that say what it does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from angarium.errors import (
    ClaimDoesNotExist,
    ClaimDoesNotMatch,
    ClaimNotFound,
    MessageIsClaimed,
    MessageNotClaimed,
    MessageNotClaimedBy,
)
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.models import (
    Capability,
    Claim,
    DeadLetter,
    Message,
    Page,
    QueueRef,
    Stats,
)
from angarium.storage.signals import DeadLetterQueueMissing, StalePlan
from angarium.testing.model.state import Held, HeldClaim, HeldQueue, HeldStore

_STORES: Final[dict[str | None, HeldStore]] = {}
_STORES_LOCK: Final = threading.Lock()


class ModelDataDriver(DataDriver):
    """A message store that obeys ``storage-semantics.md`` 3 to 11 and forgets with its process."""

    interface_version: ClassVar[int] = 1

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        with _STORES_LOCK:
            self._store = _STORES.setdefault(environment.uri, HeldStore())

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything but durability and speed."""
        return frozenset({Capability.FIFO, Capability.CLAIMS, Capability.AOD})

    def ping(self) -> None:
        """Memory answers."""

    # --- Queues ---------------------------------------------------------------------------------

    def register(self, queue: QueueRef) -> None:
        """Raise the epoch, or begin anew after a deletion."""
        with self._store.lock:
            held = self._store.queues.get(queue.scope)
            if held is None or (held.is_deleted and held.epoch < queue.epoch):
                self._store.queues[queue.scope] = HeldQueue(queue.epoch)
            elif held.epoch < queue.epoch:
                held.epoch = queue.epoch

    def unregister(self, queue: QueueRef) -> None:
        """Leave nothing but the epoch."""
        with self._store.lock:
            held = self._store.queues.get(queue.scope)
            if held is None or held.epoch < queue.epoch:
                self._store.queues[queue.scope] = HeldQueue(queue.epoch, is_deleted=True)

    @contextmanager
    def _open(self, queue: QueueRef) -> Iterator[tuple[HeldQueue, int]]:
        """The queue, with everything settled, and the time, for one atomic step."""
        with self._store.lock:
            held = self._store.queues.get(queue.scope)
            if held is None or held.is_deleted or held.epoch != queue.epoch:
                raise StalePlan(queue.scope)
            now = self.clock.now()
            held.settle(now)
            yield held, now

    # --- Messages -------------------------------------------------------------------------------

    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        """Store the batch unless a message of it is there."""
        with self._open(queue) as (held, now):
            if any(message.id in held.messages for message in operation.messages):
                return
            for message in operation.messages:
                held.messages[message.id] = Held.new(
                    message, operation.client_id, held.next_position(), now
                )

    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        """Filter, then cut."""
        with self._open(queue) as (held, now):
            start = _position(operation.marker)
            if start is None:
                return Page((), None)
            found = [
                it
                for it in held.messages.values()
                if it.position > start
                and it.client_id != operation.exclude_client
                and (operation.include_claimed or it.claim is None)
                and (operation.include_delayed or not it.is_delayed(now))
            ][: operation.limit]
            marker = str(found[-1].position) if found else None
            return Page(tuple(it.seen(now) for it in found), marker)

    def get_messages(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        """Look up each id once."""
        with self._open(queue) as (held, now):
            wanted = dict.fromkeys(operation.ids)
            return tuple(held.messages[id_].seen(now) for id_ in wanted if id_ in held.messages)

    def delete_message(self, queue: QueueRef, operation: op.DeleteMessage) -> None:
        """Check the claim, then delete."""
        with self._open(queue) as (held, _):
            message = held.messages.get(operation.id)
            if message is not None:
                _check(held, message, operation.claim_id)
                del held.messages[message.id]

    def delete_messages(self, queue: QueueRef, operation: op.DeleteMessages) -> None:
        """Check all claims if asked to, then delete."""
        with self._open(queue) as (held, _):
            found = [held.messages[id_] for id_ in set(operation.ids) if id_ in held.messages]
            if operation.claim_ids is not None:
                for message in found:
                    if message.claim is None:
                        raise MessageNotClaimed
                    if message.claim.id not in operation.claim_ids:
                        raise ClaimDoesNotMatch
            for message in found:
                del held.messages[message.id]

    def pop_messages(self, queue: QueueRef, operation: op.PopMessages) -> tuple[Message, ...]:
        """Remove the oldest."""
        with self._open(queue) as (held, now):
            taken = held.available(now)[: operation.limit]
            for message in taken:
                del held.messages[message.id]
            return tuple(message.seen(now) for message in taken)

    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        """Remove all; claims stay, empty."""
        with self._open(queue) as (held, _):
            held.messages.clear()

    def get_stats(self, queue: QueueRef, operation: op.GetStats) -> Stats:
        """Count."""
        with self._open(queue) as (held, now):
            return held.stats(now)

    def get_totals(self) -> Stats:
        """Add up."""
        with self._store.lock:
            now, total, claimed = self.clock.now(), 0, 0
            for held in self._store.queues.values():
                held.settle(now)
                stats = held.stats(now)
                total, claimed = total + stats.total, claimed + stats.claimed
            return Stats(total, claimed)

    # --- Claims ---------------------------------------------------------------------------------

    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        """Move what was claimed too often, and take the oldest of the others."""
        with self._open(queue) as (held, now):
            if operation.claim_id not in held.claims:
                self._claim(held, operation, now)
            return tuple(it.seen(now) for it in held.members(operation.claim_id))

    def _claim(self, held: HeldQueue, operation: op.CreateClaim, now: int) -> None:
        claim = HeldClaim(operation.claim_id, operation.ttl, now)
        taken: list[Held] = []
        moved: list[Held] = []
        for message in held.available(now):
            if len(taken) == operation.limit:
                break
            letter = operation.dead_letter
            is_over = letter is not None and message.claim_count >= letter.max_claims
            (moved if is_over else taken).append(message)
        if moved and operation.dead_letter:
            self._move(held, moved, operation.dead_letter, now)
        for message in taken:
            message.claim = claim
            message.claim_count += 1
            message.extend(claim, operation.grace)
        if taken:
            held.claims[claim.id] = claim

    def _move(self, source: HeldQueue, moved: list[Held], letter: DeadLetter, now: int) -> None:
        if letter.epoch is None:
            raise DeadLetterQueueMissing(letter.scope)
        with self._open(QueueRef(letter.scope, letter.epoch)) as (target, _):
            for message in moved:
                del source.messages[message.id]
                if message.id in target.messages:
                    continue
                message.claim_count = 0
                message.position = target.next_position()
                if letter.ttl is not None:
                    message.ttl, message.expires = letter.ttl, now + letter.ttl
                target.messages[message.id] = message

    def get_claim(self, queue: QueueRef, operation: op.GetClaim) -> Claim:
        """Read it."""
        with self._open(queue) as (held, now):
            claim = _live(held, operation.claim_id)
            messages = tuple(it.seen(now) for it in held.members(claim.id))
            return Claim(claim.id, claim.ttl, now - claim.since, messages)

    def renew_claim(self, queue: QueueRef, operation: op.RenewClaim) -> None:
        """Start its time anew."""
        with self._open(queue) as (held, now):
            claim = _live(held, operation.claim_id)
            claim.ttl, claim.since = operation.ttl, now
            for message in held.members(claim.id):
                message.extend(claim, operation.grace)

    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        """Forget it; its messages are free with that."""
        with self._open(queue) as (held, now):
            held.claims.pop(operation.claim_id, None)
            held.settle(now)


def _live(held: HeldQueue, claim_id: str) -> HeldClaim:
    try:
        return held.claims[claim_id]
    except KeyError:
        raise ClaimNotFound from None


def _check(held: HeldQueue, message: Held, claim_id: str | None) -> None:
    """The table of storage-semantics.md 6.1.

    :raises ApiError: the deletion is refused.
    """
    owner = message.claim.id if message.claim else None
    if owner == claim_id:
        return
    if claim_id is None:
        raise MessageIsClaimed
    if claim_id not in held.claims:
        raise ClaimDoesNotExist
    raise MessageNotClaimed if owner is None else MessageNotClaimedBy


def _position(marker: str | None) -> int | None:
    if marker is None:
        return 0
    return int(marker) if marker.isascii() and marker.isdigit() and len(marker) < 20 else None
