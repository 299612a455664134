"""What the message store in memory hands to other stores, and takes from them."""

from __future__ import annotations

from itertools import islice

from angarium.model.base import HeldQueues
from angarium.model.state import Held, HeldClaim, HeldQueue
from angarium.storage import operations as op
from angarium.storage.models import ClaimExtract, Extract, QueueRef, StoredClaim


class MovingPart(HeldQueues):
    """The methods between pools."""

    def accept_dead_letters(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        """Store each at the end unless it is there."""
        with self._open(queue) as (held, now):
            for stored in operation.messages:
                if stored.id in held.messages:
                    continue
                message = Held.taken(stored, stored.body or b"", held.next_position(), now)
                message.claim_count, message.delayed_until = 0, now
                if operation.ttl is not None:
                    message.ttl, message.expires = operation.ttl, now + operation.ttl
                held.add(message)

    def export_messages(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        """Cut one more than are asked for, to see whether there is more."""
        with self._open(queue) as (held, now):
            later = (it for it in held.messages.values() if it.position > operation.after)
            found = list(islice(later, operation.limit + 1))
            page = tuple(
                it.stored(now, with_body=operation.bodies) for it in found[: operation.limit]
            )
            return Extract(page, held.last_position, complete=len(found) <= operation.limit)

    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        """Forget the stretch, and write it anew with the bodies that are known."""
        with self._open(queue) as (held, now):
            known = dict(held.messages)
            ids = {stored.id for stored in operation.messages}
            held.messages = {
                id_: it
                for id_, it in known.items()
                if id_ not in ids and not operation.after < it.position <= operation.upto
            }
            for stored in operation.messages:
                body = stored.body
                if body is None and stored.id in known:
                    body = known[stored.id].body
                if body is None:
                    continue
                message = Held.taken(stored, body, stored.position, now)
                if stored.claim_id is not None:
                    message.claim = _claim(held, stored.claim_id, now + stored.due)
                    message.delayed_until = now
                held.add(message)
            held.sort()
            held.last_position = max(held.last_position, operation.last_position)

    def export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        """Sort by id, which serves as cursor, and cut."""
        with self._open(queue) as (held, now):
            cursor = operation.cursor or ""
            found = sorted(id_ for id_ in held.claims if id_ > cursor)
            page = found[: operation.limit]
            claims = tuple(_stored(held, held.claims[id_], now) for id_ in page)
            return ClaimExtract(claims, page[-1] if len(page) < len(found) else None)

    def import_claims(self, queue: QueueRef, operation: op.ImportClaims) -> None:
        """Write each, and tell its messages."""
        with self._open(queue) as (held, now):
            if operation.replaces:
                for id_ in list(held.claims):
                    held.release(id_)
            for stored in operation.claims:
                claim = HeldClaim(stored.id, stored.ttl, now - stored.age, now + stored.remaining)
                held.add_claim(claim)
                positions = frozenset(stored.positions)
                for message in held.messages.values():
                    if message.position in positions:
                        message.claim = claim


def _claim(held: HeldQueue, id_: str, expires: int) -> HeldClaim:
    """The claim that a message names, known by no more than its end until it is imported."""
    claim = held.claims.setdefault(id_, HeldClaim(id_, 0, 0, expires))
    claim.expires = expires
    held.add_claim(claim)
    return claim


def _stored(held: HeldQueue, claim: HeldClaim, now: int) -> StoredClaim:
    positions = tuple(message.position for message in held.members(claim.id))
    return StoredClaim(claim.id, claim.ttl, now - claim.since, claim.expires - now, positions)
