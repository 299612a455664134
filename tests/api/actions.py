"""Every operation once, for cases that are about all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.api.client import Api
from tests.api.wire import Answer


@dataclass(frozen=True)
class Asked:
    """One way to ask for an operation on a queue.

    :ivar rule: its policy rule (``configuration.md`` 5).
    """

    name: str
    rule: str
    ask: Callable[[Api, str], Answer]


ON_QUEUES: Final = (
    Asked("list queues", "queues:get_all", lambda api, queue: api.queue_list()),
    Asked("create a queue", "queues:create", lambda api, queue: api.queue_create(queue)),
    Asked("show a queue", "queues:get", lambda api, queue: api.queue_get(queue)),
    Asked("update a queue", "queues:update", lambda api, queue: api.queue_update(queue, [])),
    Asked("delete a queue", "queues:delete", lambda api, queue: api.queue_delete(queue)),
    Asked("statistics", "queues:stats", lambda api, queue: api.queue_get_stats(queue)),
    Asked("purge", "queues:purge", lambda api, queue: api.queue_purge(queue)),
    Asked("post", "messages:create", lambda api, queue: api.message_post(queue, {"body": 1})),
    Asked("list messages", "messages:get_all", lambda api, queue: api.message_list(queue)),
    Asked(
        "get messages",
        "messages:get_all",
        lambda api, queue: api.message_get_many(queue, ["unknown"]),
    ),
    Asked("get a message", "messages:get", lambda api, queue: api.message_get(queue, "unknown")),
    Asked(
        "delete a message",
        "messages:delete",
        lambda api, queue: api.message_delete(queue, "unknown"),
    ),
    Asked(
        "delete messages",
        "messages:delete_all",
        lambda api, queue: api.message_delete_many(queue, ids="unknown"),
    ),
    Asked("pop", "messages:delete_all", lambda api, queue: api.message_delete_many(queue, pop=1)),
    Asked("claim", "claims:create", lambda api, queue: api.claim_create(queue)),
    Asked("show a claim", "claims:get", lambda api, queue: api.claim_get(queue, "unknown")),
    Asked("renew", "claims:update", lambda api, queue: api.claim_update(queue, "unknown", {})),
    Asked(
        "subscribe",
        "subscription:create",
        lambda api, queue: api.subscription_create(queue, {"subscriber": "http://hooks.example/"}),
    ),
    Asked(
        "list subscriptions",
        "subscription:get_all",
        lambda api, queue: api.subscription_list(queue),
    ),
    Asked(
        "show a subscription",
        "subscription:get",
        lambda api, queue: api.subscription_get(queue, "unknown"),
    ),
    Asked(
        "update a subscription",
        "subscription:update",
        lambda api, queue: api.subscription_update(queue, "unknown", {"ttl": 60}),
    ),
    Asked(
        "unsubscribe",
        "subscription:delete",
        lambda api, queue: api.subscription_delete(queue, "unknown"),
    ),
    Asked(
        "confirm a subscription",
        "subscription:confirm",
        lambda api, queue: api.subscription_confirm(queue, "unknown", {"confirmed": True}),
    ),
    Asked("release", "claims:delete", lambda api, queue: api.claim_delete(queue, "unknown")),
)
"""All that touches a store."""


def _on_topics(asked: Asked) -> Asked:
    return Asked(
        f"{asked.name} of topics",
        asked.rule.replace("queues:", "topics:"),
        lambda api, queue: asked.ask(api.of("topic"), queue),
    )


ON_TOPICS: Final = tuple(_on_topics(it) for it in ON_QUEUES if not it.rule.startswith("claims:"))
"""The same on topics, with rules of their own where the topic itself is meant."""

_POOL: Final = {"uri": "none://", "weight": 0}  # refused as late as can be, so that nothing is left
POOLING: Final = (
    Asked("list pools", "pools:get_all", lambda api, name: api.pool_list()),
    Asked("create a pool", "pools:create", lambda api, name: api.pool_create(name, _POOL)),
    Asked("show a pool", "pools:get", lambda api, name: api.pool_get(name)),
    Asked("update a pool", "pools:update", lambda api, name: api.pool_update(name, {"weight": 1})),
    Asked("delete a pool", "pools:delete", lambda api, name: api.pool_delete(name)),
    Asked("list flavors", "flavors:get_all", lambda api, name: api.flavor_list()),
    Asked(
        "create a flavor",
        "flavors:create",
        lambda api, name: api.flavor_create(name, {"pool_list": [name]}),
    ),
    Asked("show a flavor", "flavors:get", lambda api, name: api.flavor_get(name)),
    Asked(
        "update a flavor",
        "flavors:update",
        lambda api, name: api.flavor_update(name, {"pool_list": [name]}),
    ),
    Asked("delete a flavor", "flavors:delete", lambda api, name: api.flavor_delete(name)),
)
"""What needs pooling; the name is that of the pool or flavor."""

SHARE: Final = Asked("share", "queues:share", lambda api, queue: api.queue_share(queue, {}))
PING: Final = Asked("ping", "ping:get", lambda api, queue: api.ping_node())
HEALTH: Final = Asked("health", "health:get", lambda api, queue: api.check_node_health())
