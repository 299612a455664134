"""Reading without changing anything: by id, by page, and counting."""

from __future__ import annotations

from typing import Any, Final

from angarium.storage import operations as op
from angarium.storage.markers import position_after
from angarium.storage.models import Message, MessageMoment, Page, QueueRef, Stats
from angarium_mongodb.documents import Document, Queue, id_of, to_messages
from angarium_mongodb.transaction import Transaction

SCAN: Final = 1000  # messages that one listing looks at to fill a page


def get_messages(
    transaction: Transaction, queue: QueueRef, operation: op.GetMessages
) -> tuple[Message, ...]:
    """Messages by id, in the order asked for, each once."""
    found = transaction.queue(queue)
    wanted = dict.fromkeys(operation.ids)
    condition = {**found.named(wanted), "expires": {"$gt": found.now}}
    documents = transaction.messages.find(condition, session=transaction.session)
    messages = {message.id: message for message in to_messages(documents, found.now)}
    return tuple(messages[id_] for id_ in wanted if id_ in messages)


def list_messages(transaction: Transaction, queue: QueueRef, operation: op.ListMessages) -> Page:
    """A page, or as much of it as is among the next messages that one call looks at."""
    found = transaction.queue(queue)
    positions: Document = {"$gt": position_after(operation.marker)}
    end = _scan_end(transaction, found, positions)
    if end is not None:
        positions["$lte"] = end
    documents = list(
        transaction.messages.find(
            _visible(found, positions, operation), session=transaction.session
        )
        .sort("position", 1)
        .limit(operation.limit)
    )
    complete = len(documents) == operation.limit or end is None
    last = (documents[-1]["position"] if documents else None) if complete else end
    messages = to_messages(documents, found.now)
    return Page(messages, None if last is None else str(last), complete)


def _scan_end(transaction: Transaction, queue: Queue, positions: Document) -> int | None:
    """Where the scan stops; None if there are fewer messages than it may look at."""
    found = list(
        transaction.messages.find(
            {**queue.messages, "position": positions},
            {"_id": 0, "position": 1},
            session=transaction.session,
        )
        .sort("position", 1)
        .skip(SCAN - 1)
        .limit(1)
    )
    return found[0]["position"] if found else None


def _visible(queue: Queue, positions: Document, operation: op.ListMessages) -> Document:
    condition: dict[str, Any] = {
        **queue.messages,
        "position": positions,
        "expires": {"$gt": queue.now},
    }
    if operation.exclude_client is not None:
        condition["client"] = {"$ne": operation.exclude_client}
    is_over = {"due": {"$lte": queue.now}}
    if not operation.include_claimed and not operation.include_delayed:
        condition.update(is_over)
    elif not operation.include_claimed:
        condition["$or"] = [is_over, {"claim": None}]
    elif not operation.include_delayed:
        condition["$or"] = [is_over, {"claim": {"$ne": None}}]
    return condition


def get_stats(transaction: Transaction, queue: QueueRef, operation: op.GetStats) -> Stats:
    """The numbers of a queue, read from indexes alone."""
    found = transaction.queue(queue)
    expired = {**found.messages, "expires": {"$lte": found.now}}
    return Stats(
        total=_count(transaction, found.messages) - _count(transaction, expired),
        claimed=_count(transaction, _claimed(found)),
        oldest=_moment(transaction, found, 1),
        newest=_moment(transaction, found, -1),
    )


def _claimed(queue: Queue) -> Document:
    return {
        **queue.messages,
        "due": {"$gt": queue.now},
        "claim": {"$ne": None},
        "expires": {"$gt": queue.now},
    }


def _count(transaction: Transaction, condition: Document) -> int:
    return transaction.messages.count_documents(condition, session=transaction.session)


def _moment(transaction: Transaction, queue: Queue, direction: int) -> MessageMoment | None:
    found = list(
        transaction.messages.find(
            {**queue.messages, "expires": {"$gt": queue.now}},
            {"created": 1},
            session=transaction.session,
        )
        .sort("position", direction)
        .limit(1)
    )
    if not found:
        return None
    created = found[0]["created"]
    return MessageMoment(id_of(found[0]), max(queue.now - created, 0), created)


def get_totals(transaction: Transaction, now: int) -> Stats:
    """The numbers of the whole store."""
    dropped = [it["_id"] for it in transaction.spaces.find({}, session=transaction.session)]
    alive: Document = {"expires": {"$gt": now}}
    if dropped:
        alive["space"] = {"$nin": dropped}
    is_claimed = {"$and": [{"$gt": ["$due", now]}, {"$ne": ["$claim", None]}]}
    group = {
        "_id": None,
        "total": {"$sum": 1},
        "claimed": {"$sum": {"$cond": [is_claimed, 1, 0]}},
    }
    found = list(
        transaction.messages.aggregate(
            [{"$match": alive}, {"$group": group}], session=transaction.session
        )
    )
    return Stats(total=found[0]["total"], claimed=found[0]["claimed"]) if found else Stats()
