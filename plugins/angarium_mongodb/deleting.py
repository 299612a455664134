"""Deleting and popping (contract, ``storage-semantics.md`` 6 and 7)."""

from __future__ import annotations

from angarium.errors import (
    ClaimDoesNotExist,
    ClaimDoesNotMatch,
    MessageIsClaimed,
    MessageNotClaimed,
    MessageNotClaimedBy,
)
from angarium.storage import operations as op
from angarium.storage.models import Message, QueueRef
from angarium_mongodb import taking
from angarium_mongodb.claim_records import is_live
from angarium_mongodb.documents import Document, Queue, holder_of, to_messages
from angarium_mongodb.posting import delete, found_by_id
from angarium_mongodb.transaction import Transaction


def delete_message(transaction: Transaction, queue: QueueRef, operation: op.DeleteMessage) -> None:
    """Delete one message if its claim, and the one that is named, allow it."""
    found = transaction.queue(queue)
    documents = found_by_id(transaction, found, [operation.id])
    for document in documents:
        if document["expires"] > found.now:
            _require_permission(transaction, found, document, operation.claim_id)
    delete(transaction, found, documents)


def delete_messages(
    transaction: Transaction, queue: QueueRef, operation: op.DeleteMessages
) -> None:
    """Delete those that exist, if the claims that are named, if any are, allow it for all."""
    found = transaction.queue(queue)
    documents = found_by_id(transaction, found, list(dict.fromkeys(operation.ids)))
    if operation.claim_ids is not None:
        alive = [it for it in documents if it["expires"] > found.now]
        holders = {holder_of(it, found.now) for it in alive}
        if None in holders:
            raise MessageNotClaimed
        if not holders.issubset(operation.claim_ids):
            raise ClaimDoesNotMatch
    delete(transaction, found, documents)


def pop_messages(
    transaction: Transaction, queue: QueueRef, operation: op.PopMessages
) -> tuple[Message, ...]:
    """Remove and return the oldest available messages."""
    found = transaction.queue(queue)
    taking.make_due_ready(transaction, found)
    taken = taking.take(transaction, found, operation.limit)
    delete(transaction, found, taken.good)
    return to_messages(taken.good, found.now)


def _require_permission(
    transaction: Transaction, queue: Queue, document: Document, claim_id: str | None
) -> None:
    holder = holder_of(document, queue.now)
    if claim_id == holder:
        return
    if claim_id is None:
        raise MessageIsClaimed
    if not is_live(transaction, queue, claim_id):
        raise ClaimDoesNotExist
    raise MessageNotClaimed if holder is None else MessageNotClaimedBy
