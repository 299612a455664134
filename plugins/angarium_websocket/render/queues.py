"""Queues (contract, ``websocket-v2.md`` 7.1 to 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from angarium.actions.queues import QueuePage, QueueStats
from angarium.storage.models import MessageMoment, QueueRecord
from angarium_websocket.render.view import Result, View


def queue_list(result: QueuePage, view: View) -> Result:
    """200 with a page, metadata as stored."""
    return Result(200, {"queues": [_item(record, result.is_detailed) for record in result.records]})


def _item(record: QueueRecord, is_detailed: bool) -> dict[str, Any]:
    item: dict[str, Any] = {"name": record.scope.name}
    if is_detailed:
        item["metadata"] = dict(record.metadata)
    return item


def queue_create(result: bool, view: View) -> Result:
    """201, or 204 if the queue existed."""
    return Result(201 if result else 204, f"Queue {view.body['queue_name']} created.")


def queue_get(result: Mapping[str, Any], view: View) -> Result:
    """200 with the metadata as stored."""
    return Result(200, dict(result))


def queue_delete(result: None, view: View) -> Result:
    """204."""
    return Result(204, f"Queue {view.body['queue_name']} removed.")


def queue_get_stats(result: QueueStats, view: View) -> Result:
    """200, or 404 with zeros if there is no such queue."""
    stats = result.stats
    numbers: dict[str, Any] = {
        "claimed": stats.claimed,
        "free": stats.free,
        "total": stats.total,
    }
    if stats.oldest is not None and stats.newest is not None:
        numbers["oldest"] = _moment(stats.oldest)
        numbers["newest"] = _moment(stats.newest)
    return Result(200 if result.exists else 404, {"messages": numbers})


def _moment(moment: MessageMoment) -> dict[str, Any]:
    created = datetime.fromtimestamp(moment.created, UTC)
    return {
        "id": moment.id,
        "age": moment.age,
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def queue_purge(result: None, view: View) -> Result:
    """204."""
    return Result(204, {})
