"""Messages of queues and topics (contract, ``rest-v2.md`` 7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from angarium.actions.base import (
    Action,
    Handler,
    HttpBinding,
    Parameters,
    Services,
    SocketBinding,
    scope_of,
)
from angarium.codec import encode
from angarium.context import RequestContext
from angarium.errors import InvalidRequest, MessageDoesNotExist, QueueDoesNotExist
from angarium.ids import UNKNOWN, is_well_formed, new_message_id
from angarium.storage import operations as op
from angarium.storage.models import Kind, Message, NewMessage, Page, Scope
from angarium.storage.settings import QueueSettings

DELAYED_BODY: Final = "v2/messages/message_post.json#/$defs/delayed_body"
_MESSAGES: Final = "/v2/queues/{queue_name}/messages"
_MESSAGE: Final = f"{_MESSAGES}/{{message_id}}"


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of messages, and whether the queue delays messages."""

    page: Page
    is_delayed_queue: bool


def message_post(
    services: Services, context: RequestContext, parameters: Parameters
) -> tuple[str, ...]:
    """Store a batch and return the ids in posting order; creates the queue."""
    documents: Sequence[dict[str, Any]] = parameters["messages"]
    ids = tuple(new_message_id() for _ in documents)
    bodies = [encode(document["body"]) for document in documents]
    checksums = [_checksum(services, document["body"]) for document in documents]

    def build(settings: QueueSettings) -> op.PostMessages:
        # Looked at before on a plan that may have been outdated; these settings are what counts.
        _refuse_if_larger(parameters["body_size"], settings)
        if settings.is_delayed:
            services.schemas.part(DELAYED_BODY).check({"messages": documents})
        messages = tuple(
            NewMessage(
                id=ids[index],
                body=bodies[index],
                ttl=document.get("ttl", settings.message_ttl),
                delay=document.get("delay", settings.message_delay) if settings.is_delayed else 0,
                checksum=checksums[index],
            )
            for index, document in enumerate(documents)
        )
        return op.PostMessages(messages, context.client_id)

    services.store.post_messages(context, scope_of(context, parameters), build)
    return ids


def _checksum(services: Services, body: Any) -> str | None:
    if not services.checksums or body is None:
        return None
    digest = hashlib.md5(json.dumps(body).encode(), usedforsecurity=False).hexdigest()
    return f"MD5:{digest}"


def check_post_size(
    services: Services, context: RequestContext, parameters: Parameters, size: int
) -> None:
    """Refuse a post that is larger than this queue takes (``_max_messages_post_size``)."""
    scope, catalogue = scope_of(context, parameters), services.store.catalogue
    plan = catalogue.plan(scope)
    if plan is not None and size > plan.settings.max_post_size:
        plan = catalogue.plan_anew(scope)  # nobody is refused on outdated metadata
    if plan is not None:
        _refuse_if_larger(size, plan.settings)


def _refuse_if_larger(size: int, settings: QueueSettings) -> None:
    limit = settings.max_post_size
    if size > limit:
        raise InvalidRequest(f"The body of a post here may have at most {limit} bytes.")


def message_list(
    services: Services, context: RequestContext, parameters: Parameters
) -> MessagePage:
    """List messages from a marker on, oldest first."""
    limits = services.limits
    is_delayed_queue = False

    def build(settings: QueueSettings) -> op.ListMessages:
        nonlocal is_delayed_queue
        is_delayed_queue = settings.is_delayed
        return op.ListMessages(
            limit=parameters.get("limit", limits.page_size(limits.max_messages_per_page)),
            marker=parameters.get("marker"),
            exclude_client=None if parameters.get("echo") else context.client_id,
            include_claimed=parameters.get("include_claimed", False),
            include_delayed=parameters.get("include_delayed", False) or not settings.is_delayed,
        )

    try:
        page = services.store.list_messages(context, scope_of(context, parameters), build)
    except QueueDoesNotExist:
        page = Page((), None)
    return MessagePage(page, is_delayed_queue)


def message_get_many(
    services: Services, context: RequestContext, parameters: Parameters
) -> tuple[Message, ...]:
    """Read messages by id, in the order asked for; those that do not exist are left out."""
    ids = _known(parameters["ids"])
    if not ids:
        return ()
    try:
        return services.store.perform(
            context, scope_of(context, parameters), lambda _: op.GetMessages(ids)
        )
    except QueueDoesNotExist:
        return ()


def message_get(services: Services, context: RequestContext, parameters: Parameters) -> Message:
    """Read one message."""
    found = message_get_many(services, context, {**parameters, "ids": [parameters["message_id"]]})
    if not found:
        raise MessageDoesNotExist
    return found[0]


def message_delete(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Delete one message, if its claim allows it; silent when it does not exist."""
    identifier, claim_id = parameters["message_id"], parameters.get("claim_id")
    if not is_well_formed(identifier):
        return
    if claim_id is not None and not is_well_formed(claim_id):
        claim_id = UNKNOWN
    deletion = op.DeleteMessage(identifier, claim_id)
    with suppress(QueueDoesNotExist):
        services.store.perform(context, scope_of(context, parameters), lambda _: deletion)


def message_delete_many(
    services: Services, context: RequestContext, parameters: Parameters
) -> tuple[Message, ...] | None:
    """Delete messages by id (None), or pop messages from the front (those popped)."""
    ids, claim_ids, pop = (parameters.get(key) for key in ("ids", "claim_ids", "pop"))
    if (ids is None) == (pop is None):
        raise InvalidRequest("Give exactly one of ids and pop.")
    scope = scope_of(context, parameters)
    if scope.kind is Kind.TOPIC or not services.limits.message_delete_with_claim_id:
        claim_ids = None
    elif (ids is None) != (claim_ids is None):
        raise InvalidRequest("Here ids and claim_ids are needed together.")
    if pop is not None:
        return _pop(services, context, scope, pop)
    deletion = op.DeleteMessages(
        _known(ids or ()), None if claim_ids is None else _known(claim_ids)
    )
    if deletion.ids:
        with suppress(QueueDoesNotExist):
            services.store.perform(context, scope, lambda _: deletion)
    return None


def _pop(
    services: Services, context: RequestContext, scope: Scope, limit: int
) -> tuple[Message, ...]:
    try:
        return services.store.perform(context, scope, lambda _: op.PopMessages(limit))
    except QueueDoesNotExist:
        return ()


def _known(ids: Iterable[str]) -> tuple[str, ...]:
    """Those that a store could have issued, each once, in order."""
    return tuple(dict.fromkeys(filter(is_well_formed, ids)))


_IDS: Final = {"ids": "message_ids"}
_ON_SOCKETS: Final = {
    "message_post": SocketBinding(measured="messages", checks_client_id=True),
    "message_list": SocketBinding(
        truth_values=frozenset({"include_delayed"}), checks_client_id=True
    ),
    "message_get": SocketBinding(),
    "message_get_many": SocketBinding(renamed=_IDS),
    "message_delete": SocketBinding(),
    "message_delete_many": SocketBinding(renamed=_IDS),
}


def _action(
    name: str, rule: str, summary: str, http: HttpBinding, handler: Handler, **rest: Any
) -> Action:
    socket = _ON_SOCKETS[name]
    return Action(
        name, "messages", f"messages:{rule}", summary, http, handler, socket=socket, **rest
    )


ACTIONS: Final = (
    _action(
        "message_post",
        "create",
        "Post messages to a queue.",
        HttpBinding("POST", _MESSAGES),
        message_post,
        check_size=check_post_size,
    ),
    _action(
        "message_get_many",
        "get_all",
        "Get messages of a queue by id.",
        HttpBinding("GET", _MESSAGES, needs_query="ids"),
        message_get_many,
    ),
    _action(
        "message_list",
        "get_all",
        "List the messages of a queue.",
        HttpBinding("GET", _MESSAGES),
        message_list,
    ),
    _action(
        "message_delete_many",
        "delete_all",
        "Delete messages of a queue by id, or pop messages.",
        HttpBinding("DELETE", _MESSAGES),
        message_delete_many,
    ),
    _action(
        "message_get",
        "get",
        "Get one message of a queue.",
        HttpBinding("GET", _MESSAGE),
        message_get,
    ),
    _action(
        "message_delete",
        "delete",
        "Delete one message of a queue.",
        HttpBinding("DELETE", _MESSAGE),
        message_delete,
    ),
)
