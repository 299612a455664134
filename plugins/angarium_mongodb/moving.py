"""What a queue takes along to another store (``docs/interfaces.rst``, Moving a queue).

The epoch of a queue is checked on a snapshot, so an operation that began before the epoch was
raised may commit after that, and after a reader that came later has read. The pages that decide,
those without bodies and those of claims, therefore change what they read: then such an operation
fails and begins again, on the new epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pymongo import InsertOne, UpdateOne

from angarium.storage import operations as op
from angarium.storage.models import (
    ClaimExtract,
    Extract,
    QueueRef,
    StoredClaim,
    StoredMessage,
)
from angarium_mongodb import claim_records
from angarium_mongodb.documents import Document, Queue, id_of
from angarium_mongodb.posting import delete
from angarium_mongodb.stored import state_of, to_document, to_stored
from angarium_mongodb.transaction import Transaction

_TOUCH: Final = {"$inc": {"exports": 1}}


def export_messages(
    transaction: Transaction, queue: QueueRef, operation: op.ExportMessages
) -> Extract:
    """Messages in queue order, whatever their state."""
    found = transaction.queue(queue)
    condition = {
        **found.messages,
        "position": {"$gt": operation.after},
        "expires": {"$gt": found.now},
    }
    documents = list(
        transaction.messages.find(
            condition, None if operation.bodies else {"body": 0}, session=transaction.session
        )
        .sort("position", 1)
        .limit(operation.limit + 1)
    )
    page = documents[: operation.limit]
    if page and not operation.bodies:
        named = {"_id": {"$in": [it["_id"] for it in page]}, "scope": found.scope}
        transaction.messages.update_many(named, _TOUCH, session=transaction.session)
    return Extract(
        messages=tuple(to_stored(it, found.now) for it in page),
        last_position=found.position,
        complete=len(documents) <= operation.limit,
    )


def import_messages(
    transaction: Transaction, queue: QueueRef, operation: op.ImportMessages
) -> None:
    """Make a stretch of positions exactly what it is told."""
    target = transaction.advance(queue, {"$max": ["$position", operation.last_position]})
    wanted = {it.id: it for it in operation.messages}
    present = _present(transaction, target, operation)
    kept = {
        id_of(it): it
        for it in present
        if id_of(it) in wanted and wanted[id_of(it)].position == it["position"]
    }
    delete(transaction, target, [it for it in present if id_of(it) not in kept])
    changes: list[UpdateOne | InsertOne[Document]] = [
        _update(target, it) if it.id in kept else InsertOne(to_document(target, it))
        for it in operation.messages
        if it.id in kept or it.body is not None
    ]
    if changes:
        transaction.messages.bulk_write(changes, ordered=False, session=transaction.session)


def _present(
    transaction: Transaction, queue: Queue, operation: op.ImportMessages
) -> list[Document]:
    """What is in the stretch, and namesakes of what is to be there."""
    stretch = {"position": {"$gt": operation.after, "$lte": operation.upto}}
    namesakes = queue.named([it.id for it in operation.messages])
    condition = {"$or": [{**queue.messages, **stretch}, namesakes]}
    found = transaction.messages.find(condition, {"position": 1}, session=transaction.session)
    return list(found)


def _update(queue: Queue, message: StoredMessage) -> UpdateOne:
    named = {"_id": queue.message_id(message.id), "scope": queue.scope}
    return UpdateOne(named, {"$set": state_of(queue, message)})


def export_claims(
    transaction: Transaction, queue: QueueRef, operation: op.ExportClaims
) -> ClaimExtract:
    """Live claims by id, with the positions of what they hold."""
    found = transaction.queue(queue)
    condition: dict[str, Any] = {
        "scope": found.scope,
        "life": found.life,
        "expires": {"$gt": found.now},
    }
    if operation.cursor is not None:
        condition["id"] = {"$gt": operation.cursor}
    records = list(
        transaction.claims.find(condition, session=transaction.session)
        .sort("id", 1)
        .limit(operation.limit)
    )
    if not records:
        return ClaimExtract((), None)
    named = {"_id": {"$in": [it["_id"] for it in records]}, "scope": found.scope}
    transaction.claims.update_many(named, _TOUCH, session=transaction.session)
    held = _held(transaction, found, records)
    claims = tuple(_to_claim(it, held.get(it["id"], []), found.now) for it in records)
    is_full = len(records) == operation.limit
    return ClaimExtract(claims, records[-1]["id"] if is_full else None)


def _held(
    transaction: Transaction, queue: Queue, records: Sequence[Document]
) -> dict[str, list[int]]:
    """The positions of the messages that claims hold, by claim id."""
    positions = [position for record in records for position in record["positions"]]
    condition = {
        **queue.at(positions),
        "claim": {"$in": [record["id"] for record in records]},
        "due": {"$gt": queue.now},
        "expires": {"$gt": queue.now},
    }
    held: dict[str, list[int]] = {}
    found = transaction.messages.find(
        condition, {"position": 1, "claim": 1}, session=transaction.session
    )
    for document in found.sort("position", 1):
        held.setdefault(document["claim"], []).append(document["position"])
    return held


def _to_claim(record: Document, positions: Sequence[int], now: int) -> StoredClaim:
    return StoredClaim(
        id=record["id"],
        ttl=record["ttl"],
        age=max(now - record["renewed"], 0),
        remaining=record["expires"] - now,
        positions=tuple(positions),
    )


def import_claims(transaction: Transaction, queue: QueueRef, operation: op.ImportClaims) -> None:
    """Store claims as they are."""
    found = transaction.queue(queue)
    records = [
        claim_records.make(
            found, it.id, it.ttl, (found.now - it.age, found.now + it.remaining), it.positions
        )
        for it in operation.claims
    ]
    replaced: Document = {"scope": found.scope, "life": found.life}
    if not operation.replaces:
        replaced["id"] = {"$in": [it["id"] for it in records]}
    transaction.claims.delete_many(replaced, session=transaction.session)
    if records:
        transaction.claims.insert_many(records, session=transaction.session)
