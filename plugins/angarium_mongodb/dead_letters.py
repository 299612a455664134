"""Moving messages that were claimed too often (contract, ``storage-semantics.md`` 10)."""

from __future__ import annotations

from collections.abc import Sequence

from angarium.storage import operations as op
from angarium.storage.driver import DEAD_LETTER_LEASE
from angarium.storage.models import DeadLetter, QueueRef, StoredMessage
from angarium.storage.signals import DeadLetterQueueMissing, DeadLettersLeased
from angarium_mongodb import claim_records, stored
from angarium_mongodb.documents import Document, Queue
from angarium_mongodb.posting import delete, found_by_id
from angarium_mongodb.transaction import Transaction


def remove(
    transaction: Transaction, source: Queue, documents: Sequence[Document], rule: DeadLetter
) -> None:
    """Move messages, in order, to the end of the dead-letter queue, or hand them to the kernel.

    :raises DeadLetterQueueMissing: the plan knows of no dead-letter queue.
    :raises StalePlan: the dead-letter queue has another epoch.
    :raises DeadLettersLeased: the dead-letter queue is in another store.
    """
    if rule.epoch is None:
        raise DeadLetterQueueMissing(rule.scope)
    if rule.lease_id is not None:
        _lease(transaction, source, documents, rule.lease_id)
    delete(transaction, source, documents)
    letters = [stored.to_stored(it, source.now) for it in documents]
    _append(transaction, QueueRef(rule.scope, rule.epoch), letters, rule.ttl)


def require_no_lease(transaction: Transaction, queue: Queue, rule: DeadLetter | None) -> None:
    """Answer a repeated claim as the first time.

    :raises DeadLettersLeased: the claim put messages under the lease of its rule before.
    """
    if rule is None or rule.lease_id is None:
        return
    record = claim_records.find(transaction, queue, rule.lease_id)
    if record is not None and record["expires"] > queue.now:
        _raise_leased(transaction, queue, record)


def accept(transaction: Transaction, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
    """Store messages of another store at the end of a queue."""
    _append(transaction, queue, operation.messages, operation.ttl)


def _lease(
    transaction: Transaction, queue: Queue, documents: Sequence[Document], lease_id: str
) -> None:
    named = {"_id": {"$in": [it["_id"] for it in documents]}, "scope": queue.scope}
    changes = {"ready": 0, "due": queue.now + DEAD_LETTER_LEASE, "claim": lease_id}
    transaction.messages.update_many(named, {"$set": changes}, session=transaction.session)
    positions = [it["position"] for it in documents]
    claim_records.insert(transaction, queue, lease_id, DEAD_LETTER_LEASE, positions)
    leased = [stored.to_stored({**it, **changes}, queue.now) for it in documents]
    raise DeadLettersLeased(tuple(leased))


def _raise_leased(transaction: Transaction, queue: Queue, record: Document) -> None:
    condition = claim_records.live_members(queue, record)
    found = transaction.messages.find(condition, session=transaction.session).sort("position", 1)
    leased = [stored.to_stored(it, queue.now) for it in found]
    if leased:
        raise DeadLettersLeased(tuple(leased))


def _append(
    transaction: Transaction, queue: QueueRef, letters: Sequence[StoredMessage], ttl: int | None
) -> None:
    """Store messages at the end of a queue, each unless its id is there."""
    target = transaction.advance(queue, {"$add": ["$position", len(letters)]})
    known = found_by_id(transaction, target, [it.id for it in letters])
    delete(transaction, target, [it for it in known if it["expires"] <= target.now])
    there = {it["_id"] for it in known if it["expires"] > target.now}
    first = target.position - len(letters) + 1
    added = [
        stored.as_dead_letter(target, it, first + place, ttl) for place, it in enumerate(letters)
    ]
    added = [it for it in added if it["_id"] not in there]
    if added:
        transaction.messages.insert_many(added, session=transaction.session)
