"""The records of claims: found, made, and the filters of their messages."""

from __future__ import annotations

from collections.abc import Sequence

from angarium_mongodb.documents import Document, Queue
from angarium_mongodb.transaction import Transaction


def find(transaction: Transaction, queue: Queue, claim_id: str) -> Document | None:
    """The record of a claim, lapsed or not."""
    return transaction.claims.find_one(queue.claim(claim_id), session=transaction.session)


def is_live(transaction: Transaction, queue: Queue, claim_id: str) -> bool:
    """Whether a claim of this queue exists and has not lapsed."""
    record = find(transaction, queue, claim_id)
    return record is not None and record["expires"] > queue.now


def insert(
    transaction: Transaction, queue: Queue, claim_id: str, ttl: int, positions: Sequence[int]
) -> None:
    """Store a claim that is made now."""
    record = make(queue, claim_id, ttl, (queue.now, queue.now + ttl), positions)
    transaction.claims.insert_one(record, session=transaction.session)


def make(
    queue: Queue, claim_id: str, ttl: int, life: tuple[int, int], positions: Sequence[int]
) -> Document:
    """A record.

    :param life: when the claim was made or renewed, and when it lapses.
    """
    return {
        **queue.claim(claim_id),
        "life": queue.life,
        "id": claim_id,
        "ttl": ttl,
        "renewed": life[0],
        "expires": life[1],
        "positions": list(positions),
    }


def members(queue: Queue, record: Document) -> Document:
    """The filter of the messages that are in a claim, whether or not it has lapsed."""
    return {**queue.at(record["positions"]), "claim": record["id"]}


def live_members(queue: Queue, record: Document) -> Document:
    """The filter of the messages that a live claim holds."""
    alive = {"due": {"$gt": queue.now}, "expires": {"$gt": queue.now}}
    return {**members(queue, record), **alive}
