"""Posting: positions are handed out in the order of the commits.

Whoever posts changes the record of the queue first, so of two that post at once one fails and
begins again after the other's commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pymongo.errors import PyMongoError

from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef
from angarium_mongodb import failures, noticing
from angarium_mongodb.documents import Document, Queue
from angarium_mongodb.transaction import Transaction


class KnownIds(Exception):
    """Raised when a message of a batch, maybe expired, or its notice is there; nothing changed."""


def post(transaction: Transaction, queue: QueueRef, operation: op.PostMessages) -> None:
    """Store a batch of which neither a message nor the notice is there yet.

    :raises KnownIds: one is.
    """
    try:
        _store(transaction, queue, operation)
    except PyMongoError as error:
        if failures.is_duplicate(error):
            raise KnownIds from error
        raise


def post_again(transaction: Transaction, queue: QueueRef, operation: op.PostMessages) -> None:
    """Store a batch unless a message of it is there and shows that it was stored before."""
    found = transaction.queue(queue)
    known = found_by_id(transaction, found, [message.id for message in operation.messages])
    if not any(document["expires"] > found.now for document in known):
        delete(transaction, found, known)
        notice = operation.notice
        if notice is not None and noticing.is_known(transaction, found, notice):
            operation = replace(operation, notice=None)
        _store(transaction, queue, operation)


def _store(transaction: Transaction, queue: QueueRef, operation: op.PostMessages) -> None:
    count = len(operation.messages)
    found = transaction.advance(queue, {"$add": ["$position", count]})
    first = found.position - count + 1
    documents = [
        _document(found, message, first + place, operation.client_id)
        for place, message in enumerate(operation.messages)
    ]
    transaction.messages.insert_many(documents, session=transaction.session)
    if operation.notice is not None:
        noticing.announce(transaction, found, operation.notice)


def found_by_id(transaction: Transaction, queue: Queue, ids: Sequence[str]) -> list[Document]:
    """Messages of a queue, whatever their state, without their bodies."""
    return list(
        transaction.messages.find(queue.named(ids), {"body": 0}, session=transaction.session)
    )


def delete(transaction: Transaction, queue: Queue, documents: Sequence[Document]) -> None:
    """Delete messages that were read."""
    if documents:
        ids = [document["_id"] for document in documents]
        condition = {"_id": {"$in": ids}, "scope": queue.scope}
        transaction.messages.delete_many(condition, session=transaction.session)


def _document(queue: Queue, message: NewMessage, position: int, client_id: str) -> Document:
    is_delayed = message.delay > 0
    return {
        "_id": queue.message_id(message.id),
        "scope": queue.scope,
        "space": queue.space,
        "position": position,
        "ready": 0 if is_delayed else position,
        "due": queue.now + message.delay if is_delayed else 0,
        "expires": queue.now + message.ttl,
        "created": queue.now,
        "ttl": message.ttl,
        "claims": 0,
        "claim": None,
        "client": client_id,
        "checksum": message.checksum,
        "body": message.body,
    }
