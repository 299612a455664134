"""Registering, deleting and purging queues: the messages stay where they are, to be reclaimed."""

from __future__ import annotations

import uuid

from angarium.storage import operations as op
from angarium.storage.models import QueueRef
from angarium_mongodb.documents import Document, queue_key
from angarium_mongodb.transaction import Transaction


def register(transaction: Transaction, queue: QueueRef) -> None:
    """Make a queue known, or raise its epoch."""
    record = _record(transaction, queue)
    if record is not None and record["epoch"] >= queue.epoch:
        return
    if record is not None and record["deleted"] is None:
        _set(transaction, queue, {})
        return
    space = uuid.uuid4().hex
    fresh: Document = {"space": space, "life": space, "deleted": None}
    if record is None:
        fresh["position"] = 0
    _set(transaction, queue, fresh)


def unregister(transaction: Transaction, queue: QueueRef, now: int) -> None:
    """Put a tombstone in the place of a queue."""
    record = _record(transaction, queue)
    if record is not None and record["epoch"] >= queue.epoch:
        return
    if record is not None and record["deleted"] is None:
        _drop(transaction, record)
    tombstone: Document = {"space": None, "life": None, "deleted": now}
    if record is None:
        tombstone["position"] = 0
    _set(transaction, queue, tombstone)


def purge(transaction: Transaction, queue: QueueRef, operation: op.PurgeMessages) -> None:
    """Give the queue an empty space; positions go on, and claims stay, without messages."""
    found = transaction.queue(queue)
    _drop(transaction, {"_id": found.scope, "space": found.space})
    _set(transaction, queue, {"space": uuid.uuid4().hex})


def _record(transaction: Transaction, queue: QueueRef) -> Document | None:
    return transaction.queues.find_one(queue_key(queue.scope), session=transaction.session)


def _set(transaction: Transaction, queue: QueueRef, changes: Document) -> None:
    transaction.queues.update_one(
        queue_key(queue.scope),
        {"$set": {"epoch": queue.epoch, **changes}},
        upsert=True,
        session=transaction.session,
    )


def _drop(transaction: Transaction, record: Document) -> None:
    space = {"_id": record["space"], "scope": record["_id"]}
    transaction.spaces.insert_one(space, session=transaction.session)
