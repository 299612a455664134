"""Queues and topics (contract, ``rest-v2.md`` 5 and 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from angarium.actions.metadata import with_defaults
from angarium.actions.queues import QueuePage, QueueStats
from angarium.signatures import Credential
from angarium.storage.models import MessageMoment, QueueRecord
from angarium_rest.render.view import View
from angarium_rest.replies import Reply


def queue_list(result: QueuePage, view: View) -> Reply:
    """200 with a page; ``count`` only if it was asked for and is not zero."""
    marker = result.records[-1].scope.name if result.records else None
    document: dict[str, Any] = {
        view.collection: [_item(record, result.is_detailed, view) for record in result.records],
        "links": view.next_link(f"/v2/{view.collection}", marker),
    }
    if result.count:
        document["count"] = result.count
    return Reply.json(200, document)


def topic_list(result: QueuePage, view: View) -> Reply:
    """200 with a page."""
    return queue_list(result, view)


def _item(record: QueueRecord, is_detailed: bool, view: View) -> dict[str, Any]:
    name = record.scope.name
    item: dict[str, Any] = {"name": name, "href": f"/v2/{view.collection}/{name}"}
    if is_detailed:
        item["metadata"] = with_defaults(record.metadata, view.metadata_defaults)
    return item


def queue_create(result: bool, view: View) -> Reply:
    """201, or 204 if the queue existed."""
    return Reply(201 if result else 204, headers={"Location": view.queue})


def queue_get(result: Mapping[str, Any], view: View) -> Reply:
    """200 with the metadata."""
    return Reply.json(200, with_defaults(result, view.metadata_defaults))


def queue_update(result: Mapping[str, Any], view: View) -> Reply:
    """200 with the metadata as it is now."""
    return queue_get(result, view)


def queue_delete(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)


def queue_get_stats(result: QueueStats, view: View) -> Reply:
    """200; a queue that does not exist shows zeros."""
    stats = result.stats
    numbers: dict[str, Any] = {
        "free": stats.free,
        "claimed": stats.claimed,
        "total": stats.total,
    }
    if stats.oldest is not None and stats.newest is not None:
        numbers["oldest"] = _moment(stats.oldest, view)
        numbers["newest"] = _moment(stats.newest, view)
    return Reply.json(200, {"messages": numbers})


def _moment(moment: MessageMoment, view: View) -> dict[str, Any]:
    created = datetime.fromtimestamp(moment.created, UTC)
    return {
        "href": f"{view.queue}/messages/{moment.id}",
        "age": moment.age,
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def queue_purge(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)


def queue_share(result: Credential, view: View) -> Reply:
    """200 with the credential."""
    return Reply.json(
        200,
        {
            "paths": result.paths,
            "methods": result.methods,
            "project": result.project,
            "expires": result.expires,
            "signature": result.signature,
        },
    )
