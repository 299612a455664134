"""Good requests of every action and good instances of every part: the seeds of the corpus."""

from __future__ import annotations

from typing import Any

from angarium.validation import MISSING

METADATA = "v2/queues/queue_metadata.json"
FILTER = "v2/subscriptions/filter_policy.json"
DELAYED_BODY = "v2/messages/message_post.json#/$defs/delayed_body"

CLIENT_ID = "c07d9f5e-2a41-4b8c-8e6d-7f9012ab34cd"
HEADERS = {"Client-ID": CLIENT_ID, "X-Project-Id": "f2c1d6a0b7e94c55a4e8d3b2c9107e61"}

FULL_METADATA: dict[str, Any] = {
    "_max_messages_post_size": 1000,
    "_default_message_ttl": 900,
    "_default_message_delay": 5,
    "_dead_letter_queue": "invoices.failed",
    "_dead_letter_queue_messages_ttl": 60,
    "_max_claim_count": 3,
    "_enable_encrypt_messages": False,
    "_flavor": "fast",
    "_retry_policy": {
        "retries_with_no_delay": 1,
        "minimum_delay_retries": 1,
        "minimum_delay": 1,
        "maximum_delay": 60,
        "maximum_delay_retries": 1,
        "retry_backoff_function": "geometric",
        "ignore_subscription_override": True,
    },
    "team": {"name": "billing"},
}

FULL_FILTER: dict[str, Any] = {
    "state": ["paid", None, True, 7, 0.5, {"prefix": "re"}],
    "total": [{"numeric": [">=", 10, "<", 99.5]}, {"numeric": ["=", -1]}],
    "customer": {
        "name": [{"anything-but": ["a", 1, False, None]}, {"anything-but": "b"}],
        "address": {"city": {"code": {"x": [{"exists": True}]}}},
        "mail": [{"anything-but": {"prefix": "test"}}, {"exists": False}],
    },
}

FULL_OPTIONS: dict[str, Any] = {
    "_ordered": True,
    "_filter": {"state": ["paid"]},
    "_dead_letter": False,
    "_retry_policy": FULL_METADATA["_retry_policy"],
    "own": [{"a": None}],
}

PATHS: dict[str, dict[str, str]] = {
    "queue": {"queue_name": "invoice-render"},
    "message": {"queue_name": "invoice-render", "message_id": "m01"},
    "claim": {"queue_name": "invoice-render", "claim_id": "c01"},
    "subscription": {"queue_name": "invoice-render", "subscription_id": "s01"},
    "topic": {"topic_name": "invoice-render"},
    "topic message": {"topic_name": "invoice-render", "message_id": "m01"},
    "topic subscription": {"topic_name": "invoice-render", "subscription_id": "s01"},
    "pool": {"pool_name": "rack-3"},
    "flavor": {"flavor_name": "durable"},
    "none": {},
}

# action: (what its path names, good pairs of query and body)
REQUESTS: dict[str, tuple[str, list[tuple[dict[str, Any], Any]]]] = {
    "list_versions": ("none", [({}, MISSING)]),
    "get_home_doc": ("none", [({}, MISSING)]),
    "ping_node": ("none", [({}, MISSING)]),
    "ping_process": ("none", [({}, MISSING)]),
    "check_node_health": ("none", [({}, MISSING)]),
    "queue_list": (
        "none",
        [
            ({}, MISSING),
            (
                {
                    "marker": "a",
                    "limit": 20,
                    "detailed": True,
                    "name": "render",
                    "with_count": False,
                    "size": "30",
                },
                MISSING,
            ),
        ],
    ),
    "queue_create": ("queue", [({}, MISSING), ({}, {}), ({}, FULL_METADATA)]),
    "queue_get": ("queue", [({}, MISSING)]),
    "queue_update": (
        "queue",
        [
            ({}, []),
            (
                {},
                [
                    {"op": "add", "path": "/metadata/a", "value": None},
                    {"op": "replace", "path": "/metadata/b", "value": [1]},
                    {"op": "remove", "path": "/metadata/c"},
                ],
            ),
        ],
    ),
    "queue_delete": ("queue", [({}, MISSING)]),
    "queue_get_stats": ("queue", [({}, MISSING)]),
    "queue_purge": (
        "queue",
        [
            ({}, MISSING),
            ({}, {"resource_types": []}),
            ({}, {"resource_types": ["messages", "subscriptions"]}),
        ],
    ),
    "queue_share": (
        "queue",
        [
            ({}, {}),
            ({}, {"paths": None, "methods": None}),
            (
                {},
                {
                    "paths": ["messages", "claims", "subscriptions"],
                    "methods": ["GET", "anything"],
                    "expires": "2036-03-02T10:15:00+02:00",
                },
            ),
        ],
    ),
    "message_post": (
        "queue",
        [
            ({}, {"messages": [{"body": None}]}),
            (
                {},
                {
                    "messages": [
                        {"body": {"a": [1.5, True]}, "ttl": 60, "delay": "unread"},
                        {"body": "text", "ttl": 1209600},
                    ],
                    "other": 1,
                },
            ),
        ],
    ),
    "message_list": (
        "queue",
        [
            ({}, MISSING),
            (
                {
                    "marker": "17",
                    "limit": 1,
                    "echo": True,
                    "include_claimed": True,
                    "include_delayed": False,
                },
                MISSING,
            ),
        ],
    ),
    "message_get_many": ("queue", [({"ids": ["m01", "?"]}, MISSING)]),
    "message_get": ("message", [({}, MISSING)]),
    "message_delete": ("message", [({}, MISSING), ({"claim_id": "c01"}, MISSING)]),
    "message_delete_many": (
        "queue",
        [({"ids": ["m01"]}, MISSING), ({"pop": 20, "claim_ids": []}, MISSING)],
    ),
    "claim_create": (
        "queue",
        [
            ({}, MISSING),
            ({"limit": 1}, {}),
            ({"limit": 20}, {"ttl": None, "grace": None}),
            ({}, {"ttl": 60, "grace": 43200, "other": []}),
        ],
    ),
    "claim_get": ("claim", [({}, MISSING)]),
    "subscription_create": (
        "queue",
        [
            ({}, {"subscriber": "https://hooks.example.org/render?team=7"}),
            ({}, {"subscriber": "mailto:ops@example.org", "ttl": None, "options": None}),
            ({}, {"subscriber": None, "ttl": 60, "options": FULL_OPTIONS, "unknown": 1}),
        ],
    ),
    "subscription_list": ("queue", [({}, MISSING), ({"marker": "s01", "limit": 20}, MISSING)]),
    "subscription_get": ("subscription", [({}, MISSING)]),
    "subscription_update": (
        "subscription",
        [
            ({}, {"ttl": 60}),
            ({}, {"subscriber": "https://hooks.example.org/", "ttl": None, "options": None}),
            ({}, {"options": {}, "unknown": 1}),
            ({}, {"options": FULL_OPTIONS}),
        ],
    ),
    "subscription_delete": ("subscription", [({}, MISSING)]),
    "subscription_confirm": (
        "subscription",
        [({}, {"confirmed": True}), ({}, {"confirmed": False, "unknown": 1})],
    ),
    "pool_list": (
        "none",
        [({}, MISSING), ({"marker": "a", "limit": 20, "detailed": True}, MISSING)],
    ),
    "pool_create": (
        "pool",
        [
            ({}, {"uri": "redis://store-1", "weight": 0}),
            ({}, {"uri": "u" * 255, "weight": 2**32 - 1, "flavor": "", "options": {"a": [1]}}),
        ],
    ),
    "pool_get": ("pool", [({}, MISSING), ({"detailed": False}, MISSING)]),
    "pool_update": (
        "pool",
        [
            ({}, {"weight": 7}),
            ({}, {"flavor": "f" * 255}),
            ({}, {"options": {}}),
            ({}, {"uri": "redis://store-2", "unknown": None}),
        ],
    ),
    "pool_delete": ("pool", [({}, MISSING)]),
    "flavor_list": (
        "none",
        [({}, MISSING), ({"marker": "a", "limit": 1, "detailed": False}, MISSING)],
    ),
    "flavor_create": (
        "flavor",
        [({}, {"pool_list": ["a", "b"]}), ({}, {"pool_list": ["a"], "capabilities": {"x": 1}})],
    ),
    "flavor_get": ("flavor", [({}, MISSING)]),
    "flavor_update": ("flavor", [({}, {"pool_list": ["a"], "unknown": 1})]),
    "flavor_delete": ("flavor", [({}, MISSING)]),
    "claim_update": (
        "claim",
        [({}, {}), ({}, {"ttl": 43200, "grace": -1}), ({}, {"ttl": None, "grace": None})],
    ),
    "claim_delete": ("claim", [({}, MISSING)]),
}

_ON_TOPICS = (
    "queue_create",
    "queue_get",
    "queue_update",
    "queue_delete",
    "queue_get_stats",
    "queue_purge",
    "message_post",
    "message_list",
    "message_get_many",
    "message_get",
    "message_delete",
    "message_delete_many",
    "subscription_create",
    "subscription_list",
    "subscription_get",
    "subscription_update",
    "subscription_delete",
    "subscription_confirm",
)
_OF_TOPICS = {
    "queue": "topic",
    "message": "topic message",
    "subscription": "topic subscription",
}
REQUESTS |= {
    f"topic_{name.removeprefix('queue_')}": (_OF_TOPICS[REQUESTS[name][0]], REQUESTS[name][1])
    for name in _ON_TOPICS
}
REQUESTS["topic_list"] = (
    "none",
    [
        ({}, MISSING),
        (
            {
                "marker": "a",
                "limit": 20,
                "detailed": True,
                "name": "render",
                "with_count": "maybe",
                "size": "30",
            },
            MISSING,
        ),
    ],
)

PARTS: dict[str, list[Any]] = {
    METADATA: [{}, FULL_METADATA, dict.fromkeys(FULL_METADATA)],
    FILTER: [FULL_FILTER],
    DELAYED_BODY: [{"messages": [{"body": 1, "ttl": 60, "delay": 0}, {"body": 1, "delay": 900}]}],
}
