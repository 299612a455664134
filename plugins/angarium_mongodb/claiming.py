"""Claims: made, read, renewed and released (contract, ``storage-semantics.md`` 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from angarium.errors import ClaimNotFound
from angarium.storage import operations as op
from angarium.storage.models import Claim, Message, QueueRef
from angarium.storage.signals import Again
from angarium_mongodb import claim_records, dead_letters, taking
from angarium_mongodb.documents import Document, Queue, to_messages
from angarium_mongodb.transaction import Transaction


@dataclass(frozen=True, slots=True)
class _Lifetimes:
    """When a claim lapses, and what becomes of messages that would expire before it (5.1)."""

    ttl: int
    grace: int
    now: int

    @property
    def lapse(self) -> int:
        return self.now + self.ttl

    def of(self, document: Document) -> Document:
        """The lifetime of a message from now on."""
        if document["expires"] >= self.lapse:
            return {"ttl": document["ttl"], "expires": document["expires"]}
        return {"ttl": self.ttl + self.grace, "expires": self.lapse + self.grace}

    @property
    def changes(self) -> Document:
        """The same, as expressions."""
        is_outlived = {"$lt": ["$expires", self.lapse]}
        return {
            "due": self.lapse,
            "ttl": {"$cond": [is_outlived, self.ttl + self.grace, "$ttl"]},
            "expires": {"$cond": [is_outlived, self.lapse + self.grace, "$expires"]},
        }


def create_claim(
    transaction: Transaction, queue: QueueRef, operation: op.CreateClaim
) -> tuple[Message, ...]:
    """Claim the oldest available messages; a claim that exists already is returned."""
    found = transaction.queue(queue)
    known = claim_records.find(transaction, found, operation.claim_id)
    if known is not None:
        if known["expires"] > found.now:
            return to_messages(_members(transaction, found, known), found.now)
        transaction.claims.delete_one(found.claim(operation.claim_id), session=transaction.session)
    rule = operation.dead_letter
    dead_letters.require_no_lease(transaction, found, rule)
    taking.make_due_ready(transaction, found)
    taken = taking.take(
        transaction, found, operation.limit, rule.max_claims if rule is not None else None
    )
    if rule is not None and taken.over_claimed:
        dead_letters.remove(transaction, found, taken.over_claimed, rule)
    if taken.is_short:
        raise Again
    return _claim(transaction, found, operation, taken.good) if taken.good else ()


def _claim(
    transaction: Transaction, queue: Queue, operation: op.CreateClaim, taken: Sequence[Document]
) -> tuple[Message, ...]:
    lifetimes = _Lifetimes(operation.ttl, operation.grace, queue.now)
    claim_id = operation.claim_id
    changes = {
        **lifetimes.changes,
        "ready": 0,
        "claim": {"$literal": claim_id},
        "claims": {"$add": ["$claims", 1]},
    }
    named = {"_id": {"$in": [it["_id"] for it in taken]}, "scope": queue.scope}
    transaction.messages.update_many(named, [{"$set": changes}], session=transaction.session)
    positions = [it["position"] for it in taken]
    claim_records.insert(transaction, queue, claim_id, operation.ttl, positions)
    updates: Document = {"claim": claim_id, "due": lifetimes.lapse}
    return to_messages(
        [{**it, **updates, **lifetimes.of(it), "claims": it["claims"] + 1} for it in taken],
        queue.now,
    )


def get_claim(transaction: Transaction, queue: QueueRef, operation: op.GetClaim) -> Claim:
    """A live claim with what is still in it."""
    found = transaction.queue(queue)
    claim = claim_records.find(transaction, found, operation.claim_id)
    if claim is None or claim["expires"] <= found.now:
        raise ClaimNotFound
    return Claim(
        id=operation.claim_id,
        ttl=claim["ttl"],
        age=max(found.now - claim["renewed"], 0),
        messages=to_messages(_members(transaction, found, claim), found.now),
    )


def renew_claim(transaction: Transaction, queue: QueueRef, operation: op.RenewClaim) -> None:
    """Move the lapse of a live claim, and extend its messages again."""
    found = transaction.queue(queue)
    claim = claim_records.find(transaction, found, operation.claim_id)
    if claim is None or claim["expires"] <= found.now:
        raise ClaimNotFound
    lifetimes = _Lifetimes(operation.ttl, operation.grace, found.now)
    members = claim_records.live_members(found, claim)
    transaction.messages.update_many(
        members, [{"$set": lifetimes.changes}], session=transaction.session
    )
    changes = {"ttl": operation.ttl, "renewed": found.now, "expires": lifetimes.lapse}
    transaction.claims.update_one(
        found.claim(operation.claim_id), {"$set": changes}, session=transaction.session
    )


def release_claim(transaction: Transaction, queue: QueueRef, operation: op.ReleaseClaim) -> None:
    """End a claim; its messages are available again at their old positions."""
    found = transaction.queue(queue)
    claim = transaction.claims.find_one_and_delete(
        found.claim(operation.claim_id), session=transaction.session
    )
    if claim is not None:
        transaction.messages.update_many(
            claim_records.members(found, claim), taking.MAKE_READY, session=transaction.session
        )


def _members(transaction: Transaction, queue: Queue, record: Document) -> list[Document]:
    condition = claim_records.live_members(queue, record)
    found = transaction.messages.find(condition, session=transaction.session)
    return list(found.sort("position", 1))
