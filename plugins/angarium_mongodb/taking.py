"""What claims and pops have in common: finding the oldest available messages, in bounded steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from angarium.storage.signals import Again
from angarium_mongodb.documents import Document, Pipeline, Queue
from angarium_mongodb.transaction import Transaction

BOUND: Final = 200  # messages that a claim or a pop moves, beside those that it was asked for
MAKE_READY: Final[Pipeline] = [{"$set": {"ready": "$position", "due": 0, "claim": None}}]


@dataclass(frozen=True, slots=True)
class Taken:
    """Messages in queue order.

    :ivar good: to be claimed or popped.
    :ivar over_claimed: to be moved to the dead-letter queue.
    :ivar is_short: there may be more good ones, behind very many that are to be moved.
    """

    good: list[Document]
    over_claimed: list[Document]
    is_short: bool


def make_due_ready(transaction: Transaction, queue: Queue) -> None:
    """Make available what is overdue: delayed messages, and those of lapsed claims.

    :raises Again: there may be more; nothing else was done.
    """
    # Not "$lte": SecantusDB misses equality in the midst of an index.
    condition = {**queue.messages, "due": {"$gt": 0, "$lt": queue.now + 1}}
    due = list(
        transaction.messages.find(condition, {"_id": 1}, session=transaction.session)
        .sort("due", 1)
        .limit(BOUND)
    )
    if due:
        named = {"_id": {"$in": [it["_id"] for it in due]}, "scope": queue.scope}
        transaction.messages.update_many(named, MAKE_READY, session=transaction.session)
    if len(due) == BOUND:
        raise Again


def take(
    transaction: Transaction, queue: Queue, limit: int, max_claims: int | None = None
) -> Taken:
    """Find the oldest available messages."""
    for window in (limit, limit + BOUND):
        found = _ready(transaction, queue, window)
        over = [it for it in found if max_claims and it["claims"] >= max_claims]
        good = [it for it in found if not max_claims or it["claims"] < max_claims]
        if len(good) >= limit or len(found) < window:
            break
    is_short = len(good) < limit and len(found) == window
    good = good[:limit]
    if len(good) == limit:
        over = [it for it in over if it["position"] < good[-1]["position"]]
    return Taken(good, over, is_short)


def _ready(transaction: Transaction, queue: Queue, limit: int) -> list[Document]:
    condition = {**queue.messages, "ready": {"$gt": 0}, "expires": {"$gt": queue.now}}
    return list(
        transaction.messages.find(condition, session=transaction.session)
        .sort("ready", 1)
        .limit(limit)
    )
