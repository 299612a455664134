"""Messages (contract, ``rest-v2.md`` 7). Stored bodies are JSON and go out as they are."""

from __future__ import annotations

from typing import Any, Final

import orjson

from angarium.actions.messages import MessagePage
from angarium.errors import NotFound
from angarium.storage.models import Message
from angarium_rest.render.view import View
from angarium_rest.replies import Reply

_LONGEST_LOCATION: Final = 60_000  # bytes; Python's own client reads header lines up to 65,536


def document(message: Message, view: View) -> dict[str, Any]:
    """A message as every operation but pop shows it."""
    href = f"{view.queue}/messages/{message.id}"
    if message.claim_id is not None:
        href = f"{href}?claim_id={message.claim_id}"
    shown = {
        "id": message.id,
        "href": href,
        "ttl": message.ttl,
        "age": message.age,
        "body": orjson.Fragment(message.body),
    }
    if message.checksum is not None:
        shown["checksum"] = message.checksum
    return shown


def _popped(message: Message) -> dict[str, Any]:
    shown = {
        "id": message.id,
        "age": message.age,
        "ttl": message.ttl,
        "body": orjson.Fragment(message.body),
        "claim_id": None,
        "claim_count": message.claim_count,
    }
    if message.checksum is not None:
        shown["checksum"] = message.checksum
    return shown


def message_post(result: tuple[str, ...], view: View) -> Reply:
    """201 with the paths of the messages, in posting order.

    The header names them too, unless HTTP clients would choke on its length.
    """
    collection = f"{view.queue}/messages"
    location = f"{collection}?ids={','.join(result)}"
    return Reply.json(
        201,
        {"resources": [f"{collection}/{message_id}" for message_id in result]},
        Location=location if len(location) <= _LONGEST_LOCATION else collection,
    )


def message_list(result: MessagePage, view: View) -> Reply:
    """200 with a page; on ordinary queues the link says ``include_delayed=true``."""
    page = result.page
    extra = None if result.is_delayed_queue else {"include_delayed": True}
    return Reply.json(
        200,
        {
            "messages": [document(message, view) for message in page.messages],
            "links": view.next_link(
                f"{view.queue}/messages", page.marker if page.messages else None, extra
            ),
        },
    )


def message_get_many(result: tuple[Message, ...], view: View) -> Reply:
    """200 with those that exist; 404 if none does."""
    if not result:
        raise NotFound("None of these messages exists here.")
    return Reply.json(200, {"messages": [document(message, view) for message in result]})


def message_get(result: Message, view: View) -> Reply:
    """200 with the message."""
    return Reply.json(200, document(result, view))


def message_delete(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)


def message_delete_many(result: tuple[Message, ...] | None, view: View) -> Reply:
    """204 after deleting by id; 200 with what was popped."""
    if result is None:
        return Reply(204)
    return Reply.json(200, {"messages": [_popped(message) for message in result]})
