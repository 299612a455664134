"""Queues (contract, ``rest-v2.md`` 5).

Topics are handled here too: which of them a request is about, its scope tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from angarium.actions import metadata as queue_metadata
from angarium.actions.base import (
    Action,
    HttpBinding,
    Parameters,
    Services,
    SocketBinding,
    scope_of,
)
from angarium.context import RequestContext
from angarium.errors import FlavorDoesNotExist, InvalidBody, InvalidRequest, QueueDoesNotExist
from angarium.signatures import Credential, normalise_expiry
from angarium.storage import operations as op
from angarium.storage.models import Kind, QueueFilter, QueueRecord, Scope, Stats
from angarium.storage.subscriptions import PurgeSubscriptions

_SHARE_LIFETIME: Final = 86400  # seconds
_QUEUE: Final = "/v2/queues/{queue_name}"


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of queues.

    :ivar count: all queues of the project, if asked for.
    """

    records: tuple[QueueRecord, ...]
    is_detailed: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Statistics, and whether there is such a queue at all."""

    stats: Stats
    exists: bool


def queue_list(services: Services, context: RequestContext, parameters: Parameters) -> QueuePage:
    """List queues by name."""
    page = list_page(services, context, parameters, Kind.QUEUE)
    if not parameters.get("with_count"):
        return page
    return replace(page, count=services.store.catalogue.count(context.project, Kind.QUEUE))


def list_page(
    services: Services, context: RequestContext, parameters: Parameters, kind: Kind
) -> QueuePage:
    """A page of queues or of topics, not counted."""
    limits = services.limits
    select = QueueFilter(
        name_contains=parameters.get("name", ""),
        metadata={key: _filter_value(text) for key, text in parameters["filters"].items()},
    )
    listing = op.ListQueues(
        marker=parameters.get("marker", ""),
        limit=parameters.get("limit", limits.page_size(limits.max_queues_per_page)),
        select=select,
    )
    records = services.store.manage(context, Scope(context.project, "", kind), listing)
    return QueuePage(records, parameters.get("detailed", False))


def _filter_value(text: str) -> int | str:
    try:
        return int(text) if text.strip() == text and "_" not in text else text
    except ValueError:
        return text


def queue_create(services: Services, context: RequestContext, parameters: Parameters) -> bool:
    """Create a queue; False if it existed, in which case nothing changes."""
    scope = scope_of(context, parameters)
    metadata = parameters.get("metadata") or {}
    queue_metadata.check(metadata, scope.name, services.schemas, InvalidRequest)
    try:
        return services.store.manage(context, scope, op.CreateQueue(metadata))
    except FlavorDoesNotExist as error:
        raise InvalidRequest("_flavor must name a flavor of the project.") from error


def queue_get(
    services: Services, context: RequestContext, parameters: Parameters
) -> Mapping[str, Any]:
    """Read the stored metadata; an unknown queue reads as an unconfigured one."""
    return services.store.manage(context, scope_of(context, parameters), op.GetQueue()) or {}


def queue_update(
    services: Services, context: RequestContext, parameters: Parameters
) -> Mapping[str, Any]:
    """Apply a patch to the metadata and return the result as stored."""
    scope = scope_of(context, parameters)
    patch = queue_metadata.parse_patch(parameters["operations"])
    shown = queue_metadata.display_defaults(services.limits, scope.kind)

    def change(stored: Mapping[str, Any]) -> Mapping[str, Any]:
        result = queue_metadata.apply_patch(stored, patch, shown)
        queue_metadata.check(result, scope.name, services.schemas, InvalidBody)
        queue_metadata.check_size(result, services.limits)
        return result

    return services.store.manage(context, scope, op.UpdateQueue(change))


def queue_delete(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Delete a queue with its messages and claims."""
    services.store.manage(context, scope_of(context, parameters), op.DeleteQueue())


def queue_get_stats(
    services: Services, context: RequestContext, parameters: Parameters
) -> QueueStats:
    """Count messages; a queue that does not exist has none."""
    scope = scope_of(context, parameters)
    try:
        stats = services.store.perform(context, scope, lambda _: op.GetStats())
    except QueueDoesNotExist:
        return QueueStats(Stats(), exists=False)
    return QueueStats(stats, exists=True)


def queue_purge(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Remove all messages of a queue, claimed and delayed ones included, or its subscriptions."""
    scope = scope_of(context, parameters)
    kinds = parameters.get("resource_types", ("messages", "subscriptions"))
    if "messages" in kinds:
        with suppress(QueueDoesNotExist):
            services.store.perform(context, scope, lambda _: op.PurgeMessages())
    if "subscriptions" in kinds:
        services.store.manage(context, scope, PurgeSubscriptions())


def queue_share(services: Services, context: RequestContext, parameters: Parameters) -> Credential:
    """Issue a pre-signed credential for a queue."""
    if not services.signer.is_enabled:
        raise InvalidRequest("Sharing needs [signed_url] secret_key, which is not set here.")
    now = services.clock.now()
    queue = _QUEUE.format_map(parameters)
    default = datetime.fromtimestamp(now + _SHARE_LIFETIME, UTC).isoformat()
    try:
        expires = normalise_expiry(parameters.get("expires", default), now)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest("expires must be an ISO 8601 date and time in the future.") from error
    return services.signer.issue(
        [f"{queue}/{path}" for path in parameters.get("paths") or ["messages"]],
        parameters.get("methods") or ["GET"],
        context.project,
        expires,
    )


_ON_SOCKETS: Final = {
    "queue_list": SocketBinding(left_out=frozenset({"name", "with_count"})),
    "queue_create": SocketBinding(measured="metadata"),
    "queue_get": SocketBinding(),
    "queue_delete": SocketBinding(),
    "queue_get_stats": SocketBinding(),
    "queue_purge": SocketBinding(),
}


def _action(name: str, rule: str, summary: str, method: str, path: str, handler: Any) -> Action:
    return Action(
        name,
        "queues",
        f"queues:{rule}",
        summary,
        HttpBinding(method, path),
        handler,
        socket=_ON_SOCKETS.get(name),
    )


ACTIONS: Final = (
    _action("queue_list", "get_all", "List queues.", "GET", "/v2/queues", queue_list),
    _action("queue_create", "create", "Create a queue.", "PUT", _QUEUE, queue_create),
    _action("queue_get", "get", "Show the metadata of a queue.", "GET", _QUEUE, queue_get),
    _action("queue_delete", "delete", "Delete a queue.", "DELETE", _QUEUE, queue_delete),
    _action(
        "queue_update", "update", "Change the metadata of a queue.", "PATCH", _QUEUE, queue_update
    ),
    _action(
        "queue_get_stats",
        "stats",
        "Show the statistics of a queue.",
        "GET",
        f"{_QUEUE}/stats",
        queue_get_stats,
    ),
    _action(
        "queue_share",
        "share",
        "Issue a pre-signed credential for a queue.",
        "POST",
        f"{_QUEUE}/share",
        queue_share,
    ),
    _action(
        "queue_purge",
        "purge",
        "Remove the messages or subscriptions of a queue.",
        "POST",
        f"{_QUEUE}/purge",
        queue_purge,
    ),
)
