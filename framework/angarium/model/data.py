"""The message store in memory: every operation in the fewest words that say what it does."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

from angarium.errors import (
    ClaimDoesNotExist,
    ClaimDoesNotMatch,
    ClaimNotFound,
    MessageIsClaimed,
    MessageNotClaimed,
    MessageNotClaimedBy,
)
from angarium.model.deliveries import DeliveryPart
from angarium.model.moving import MovingPart
from angarium.model.state import Held, HeldClaim, HeldQueue
from angarium.storage import operations as op
from angarium.storage.driver import DEAD_LETTER_LEASE
from angarium.storage.models import (
    Capability,
    Claim,
    DeadLetter,
    Message,
    Page,
    QueueRef,
    Stats,
)
from angarium.storage.signals import DeadLetterQueueMissing, DeadLettersLeased


class ModelDataDriver(MovingPart, DeliveryPart):
    """A message store that obeys ``storage-semantics.md`` 3 to 11 and forgets with its process."""

    interface_version: ClassVar[int] = 1

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything but durability and speed."""
        return frozenset({Capability.FIFO, Capability.CLAIMS, Capability.AOD})

    # --- Messages -------------------------------------------------------------------------------

    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        """Store the batch unless a message of it is there."""
        with self._open(queue) as (held, now):
            if any(message.id in held.messages for message in operation.messages):
                return
            for message in operation.messages:
                position = held.next_position()
                held.add(Held.new(message, operation.client_id, position, now))
            if operation.notice is not None:
                self._announce(queue.scope, operation.notice, held.last_position, now)

    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        """Filter, then cut."""
        with self._open(queue) as (held, now):
            start = _position(operation.marker)
            if start is None:
                return Page((), None)
            shown = (
                it
                for it in held.messages.values()
                if it.position > start
                and it.client_id != operation.exclude_client
                and (operation.include_claimed or it.claim is None)
                and (operation.include_delayed or not it.is_delayed(now))
            )
            found = list(islice(shown, operation.limit))
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
            taken = list(islice(held.available(now), operation.limit))
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
                letter = operation.dead_letter
                if letter and letter.lease_id in held.claims:
                    raise _leased(held.members(letter.lease_id), now)
                self._claim(held, operation, now)
            return tuple(it.seen(now) for it in held.members(operation.claim_id))

    def _claim(self, held: HeldQueue, operation: op.CreateClaim, now: int) -> None:
        claim = HeldClaim(operation.claim_id, operation.ttl, now, now + operation.ttl)
        taken: list[Held] = []
        moved: list[Held] = []
        for message in held.available(now):
            if len(taken) == operation.limit:
                break
            letter = operation.dead_letter
            is_over = letter is not None and message.claim_count >= letter.max_claims
            (moved if is_over else taken).append(message)
        if moved and operation.dead_letter:
            self._bury(held, moved, operation.dead_letter, now)
        for message in taken:
            message.claim = claim
            message.claim_count += 1
            message.extend(claim, operation.grace)
        if taken:
            held.add_claim(claim)

    def _bury(self, source: HeldQueue, moved: list[Held], letter: DeadLetter, now: int) -> None:
        if letter.epoch is None:
            raise DeadLetterQueueMissing(letter.scope)
        if letter.lease_id is not None:
            lease = HeldClaim(letter.lease_id, DEAD_LETTER_LEASE, now, now + DEAD_LETTER_LEASE)
            source.add_claim(lease)
            for message in moved:
                message.claim = lease
            raise _leased(moved, now)
        with self._open(QueueRef(letter.scope, letter.epoch)) as (target, _):
            for message in moved:
                del source.messages[message.id]
                if message.id in target.messages:
                    continue
                message.claim_count = 0
                message.position = target.next_position()
                if letter.ttl is not None:
                    message.ttl, message.expires = letter.ttl, now + letter.ttl
                target.add(message)

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
            claim.ttl, claim.since, claim.expires = operation.ttl, now, now + operation.ttl
            held.add_claim(claim)
            for message in held.members(claim.id):
                message.extend(claim, operation.grace)

    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        """Forget it; its messages are free with that."""
        with self._open(queue) as (held, _):
            held.release(operation.claim_id)


def _leased(messages: list[Held], now: int) -> DeadLettersLeased:
    return DeadLettersLeased(tuple(message.stored(now) for message in messages))


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
