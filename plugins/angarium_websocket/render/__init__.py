"""How results look in messages: one function per action, one module per resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from angarium_websocket.render import (
    claims,
    discovery,
    flavors,
    messages,
    pools,
    queues,
    subscriptions,
)
from angarium_websocket.render.view import Result, View

Renderer = Callable[[Any, View], Result]

RENDERERS: Final[Mapping[str, Renderer]] = {
    function.__name__: function
    for function in (
        queues.queue_list,
        queues.queue_create,
        queues.queue_get,
        queues.queue_delete,
        queues.queue_get_stats,
        queues.queue_purge,
        messages.message_post,
        messages.message_list,
        messages.message_get_many,
        messages.message_get,
        messages.message_delete,
        messages.message_delete_many,
        claims.claim_create,
        claims.claim_get,
        claims.claim_update,
        claims.claim_delete,
        subscriptions.subscription_create,
        subscriptions.subscription_list,
        subscriptions.subscription_get,
        subscriptions.subscription_delete,
        discovery.get_home_doc,
        discovery.ping_node,
        discovery.check_node_health,
        pools.pool_list,
        pools.pool_create,
        pools.pool_get,
        pools.pool_update,
        pools.pool_delete,
        flavors.flavor_list,
        flavors.flavor_create,
        flavors.flavor_get,
        flavors.flavor_update,
        flavors.flavor_delete,
    )
}

__all__ = ["RENDERERS", "Renderer", "Result", "View"]
