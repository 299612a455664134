"""What is stored in the message store, and what the kernel sees of it.

Whatever belongs to a queue has its ``scope``, which is the shard key: so it is in every document,
in front of every index and in every filter. Times are whole seconds since 1970.

A queue (collection ``queues``, ``_id`` is its scope): ``epoch``; ``position``, the last that was
given to a message; ``space`` and ``life``; ``deleted``, the time, if it is a tombstone. A space
holds the messages of a queue until it is purged or deleted: then the queue gets another space, and
the old one is noted in ``spaces``, to be emptied later. Its life is the space that it began with:
claims belong to it, since they survive a purge but not a deletion.

A message (``messages``, ``_id`` is made of space and message id) is either ready (available;
``ready`` repeats its ``position``, so that the index on it holds the available messages in order
and nothing else), or it waits until ``due``: under a claim if ``claim`` is set, else delayed. One
that is overdue counts as available; the next claim or pop moves it.

A claim (``claims``, ``_id`` is made of life and claim id) has in ``positions`` those of its
messages when it was made; the ones still in it carry its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from angarium.storage.models import Kind, Message, Scope

Document: TypeAlias = dict[str, Any]
Filter: TypeAlias = Mapping[str, Any]
Pipeline: TypeAlias = Sequence[Mapping[str, Any]]

READ_CLOCK: Final = {"$toLong": "$$NOW"}
"""The time of the server in milliseconds, as an expression."""

_ID_BEGINS: Final = 33  # characters of a message's _id before the message id: a space and "/"


@dataclass(frozen=True, slots=True)
class Queue:
    """The pool's record of a queue whose epoch is the right one, and the time.

    :ivar scope: as stored.
    :ivar position: the last that was given to a message.
    """

    scope: str
    space: str
    life: str
    position: int
    now: int

    @property
    def messages(self) -> Document:
        """The filter of its messages."""
        return {"scope": self.scope, "space": self.space}

    def message_id(self, id_: str) -> str:
        """The ``_id`` of a message."""
        return f"{self.space}/{id_}"

    def named(self, ids: Iterable[str]) -> Document:
        """The filter of messages by id."""
        return {"_id": {"$in": [self.message_id(it) for it in ids]}, "scope": self.scope}

    def at(self, positions: Sequence[int]) -> Document:
        """The filter of messages by position."""
        return {**self.messages, "position": {"$in": list(positions)}}

    def claim(self, claim_id: str) -> Document:
        """The filter of a claim."""
        return {"_id": f"{self.life}/{claim_id}", "scope": self.scope}


def scope_key(scope: Scope) -> str:
    """A scope as it is stored: two that differ have keys that differ, whatever they contain."""
    return f"{quoted(scope.project)}/{scope.kind}/{scope.name}"


def to_scope(key: str) -> Scope:
    """The scope that is stored so."""
    project, kind, name = key.split("/", 2)
    return Scope(project.replace("%2F", "/").replace("%25", "%"), name, Kind(kind))


def quoted(text: str) -> str:
    """A text without a slash; two that differ stay different."""
    return text.replace("%", "%25").replace("/", "%2F")


def queue_key(scope: Scope) -> Document:
    """The filter of the record of a queue."""
    key = scope_key(scope)
    return {"_id": key, "scope": key}


def id_of(document: Document) -> str:
    """The id of a message."""
    id_: str = document["_id"][_ID_BEGINS:]
    return id_


def holder_of(document: Document, now: int) -> str | None:
    """The live claim that holds a message."""
    claim_id: str | None = document["claim"]
    return claim_id if claim_id is not None and document["due"] > now else None


def to_message(document: Document, now: int) -> Message:
    """A message as the kernel sees it."""
    return Message(
        id=id_of(document),
        body=document["body"],
        ttl=document["ttl"],
        age=max(now - document["created"], 0),
        claim_id=holder_of(document, now),
        claim_count=document["claims"],
        checksum=document["checksum"],
    )


def to_messages(documents: Iterable[Document], now: int) -> tuple[Message, ...]:
    """Messages as the kernel sees them."""
    return tuple(to_message(document, now) for document in documents)
