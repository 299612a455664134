"""Messages as two stores hand them to each other."""

from __future__ import annotations

from angarium.storage.models import StoredMessage
from angarium_mongodb.documents import Document, Queue, holder_of, id_of


def to_stored(document: Document, now: int) -> StoredMessage:
    """A message as another store is told of it."""
    return StoredMessage(
        position=document["position"],
        id=id_of(document),
        body=document.get("body"),
        client_id=document["client"],
        remaining=document["expires"] - now,
        ttl=document["ttl"],
        age=max(now - document["created"], 0),
        claim_count=document["claims"],
        claim_id=holder_of(document, now),
        due=max(document["due"] - now, 0),
        checksum=document["checksum"],
    )


def state_of(queue: Queue, message: StoredMessage) -> Document:
    """All that may change in a message of another store while it is copied."""
    return {
        "ready": 0 if message.due else message.position,
        "due": queue.now + message.due if message.due else 0,
        "expires": queue.now + message.remaining,
        "created": queue.now - message.age,
        "ttl": message.ttl,
        "claims": message.claim_count,
        "claim": message.claim_id,
    }


def to_document(queue: Queue, message: StoredMessage) -> Document:
    """A message of another store as it is stored here, in the same state."""
    return {
        "_id": queue.message_id(message.id),
        **queue.messages,
        "position": message.position,
        **state_of(queue, message),
        "client": message.client_id,
        "checksum": message.checksum,
        "body": message.body,
    }


def as_dead_letter(
    queue: Queue, message: StoredMessage, position: int, ttl: int | None
) -> Document:
    """A message of another queue as it is stored here: available, and never claimed here."""
    lifetime = {} if ttl is None else {"ttl": ttl, "expires": queue.now + ttl}
    document = to_document(queue, message)
    moved = {"position": position, "ready": position, "due": 0, "claims": 0, "claim": None}
    return {**document, **moved, **lifetime}
