"""Messages (contract, ``websocket-v2.md`` 7.7 to 7.12)."""

from __future__ import annotations

from typing import Any

from angarium.actions.messages import MessagePage
from angarium.storage.models import Message
from angarium_websocket.render.view import Result, View


def document(message: Message, view: View, claim_id: str | None = None) -> dict[str, Any]:
    """A message as every action but pop shows it.

    :param claim_id: of the claim that is asked about, if one is.
    """
    return {
        "id": message.id,
        "claim_id": claim_id,
        "ttl": message.ttl,
        "age": message.age,
        "body": view.stored(message.body),
    }


def _popped(message: Message, view: View) -> dict[str, Any]:
    shown = {**document(message, view), "claim_count": message.claim_count}
    if message.checksum is not None:
        shown["checksum"] = message.checksum
    return shown


def message_post(result: tuple[str, ...], view: View) -> Result:
    """201 with the ids, in posting order."""
    return Result(201, {"message_ids": list(result)})


def message_list(result: MessagePage, view: View) -> Result:
    """200 with a page, and where the next one starts if this one has anything."""
    page = result.page
    shown: dict[str, Any] = {"messages": [document(message, view) for message in page.messages]}
    if page.messages:
        shown["marker"] = page.marker
    return Result(200, shown)


def message_get_many(result: tuple[Message, ...], view: View) -> Result:
    """200 with those that exist."""
    return Result(200, {"messages": [document(message, view) for message in result]})


def message_get(result: Message, view: View) -> Result:
    """200 with one message under the plural key."""
    return Result(200, {"messages": document(result, view)})


def message_delete(result: None, view: View) -> Result:
    """204."""
    return Result(204, {})


def message_delete_many(result: tuple[Message, ...] | None, view: View) -> Result:
    """204 after deleting by id; 200 with what was popped."""
    if result is None:
        return Result(204, {})
    return Result(200, {"messages": [_popped(message, view) for message in result]})
