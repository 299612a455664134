"""What a notice says: copies of the posted messages, or a document, as JSON that only we read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from angarium.notifications.notifier import MessageType
from angarium.storage.models import NewMessage


@dataclass(frozen=True, slots=True)
class AnnouncedMessage:
    """A message that subscribers are to be told of.

    :ivar body: as decoded from JSON.
    :ivar ttl: seconds, as posted.
    :ivar delay: seconds; None where the queue delays nothing.
    """

    id: str
    body: Any
    ttl: int
    delay: int | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """A notice as the delivery process reads it.

    :ivar messages: of a notification, in posting order.
    :ivar retry_policy: of the queue at the time of the post; empty if it has none.
    :ivar document: what is to be delivered if it is no notification, else None.
    """

    type: MessageType
    messages: tuple[AnnouncedMessage, ...] = ()
    retry_policy: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None


def encode_batch(
    messages: Sequence[NewMessage], retry_policy: Mapping[str, Any] | None, *, is_delayed: bool
) -> bytes:
    """The payload for a batch of messages.

    :param retry_policy: of the queue, if it has one.
    :param is_delayed: whether the queue delays messages.
    """
    return orjson.dumps(
        {
            "type": MessageType.NOTIFICATION,
            "retry_policy": retry_policy or {},
            "messages": [
                [it.id, orjson.Fragment(it.body), it.ttl, it.delay if is_delayed else None]
                for it in messages
            ],
        }
    )


def encode_document(type_: MessageType, document: Mapping[str, Any]) -> bytes:
    """The payload for a document that no message belongs to."""
    return orjson.dumps({"type": type_, "document": document})


def decode(payload: bytes) -> Announcement:
    """Read what one of the two wrote."""
    found = orjson.loads(payload)
    return Announcement(
        type=MessageType(found["type"]),
        messages=tuple(AnnouncedMessage(*it) for it in found.get("messages", ())),
        retry_policy=found.get("retry_policy", {}),
        document=found.get("document"),
    )
