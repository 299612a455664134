"""The schemas of answers take what the contract shows and refuse what it forbids."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from angarium.actions import discovery
from angarium.actions.home import home_document
from angarium.actions.metadata import display_defaults
from angarium.limits import Limits
from angarium.storage.models import Kind
from angarium.validation import SchemaLibrary
from tests.validation.corpus import replaced, without

QUEUE = "/v2/queues/invoices"
LINK = {"rel": "next", "href": "/v2/queues?limit=1&marker=invoices"}
MESSAGE = {"id": "m1", "href": f"{QUEUE}/messages/m1", "ttl": 60, "age": 0, "body": None}
CLAIMED = {**MESSAGE, "href": f"{QUEUE}/messages/m1?claim_id=c1", "checksum": f"MD5:{'0a' * 16}"}
POPPED = {"id": "m1", "ttl": 60, "age": 0, "body": [], "claim_id": None, "claim_count": 1}
METADATA = {**display_defaults(Limits()), "own": {}}
STATS_MESSAGE = {"href": f"{QUEUE}/messages/m1", "age": 5, "created": "2026-03-01T10:15:00Z"}
STATS = {"free": 1, "claimed": 0, "total": 1, "oldest": STATS_MESSAGE, "newest": STATS_MESSAGE}
EMPTY_STATS = {"free": 0, "claimed": 0, "total": 0}
PROBE = {"succeeded": True, "seconds": 0.1, "ref": None}
FAILED_PROBE = {"succeeded": False, "seconds": 0, "ref": "9d3c"}
HEALTH = {
    "storage_reachable": True,
    "message_volume": EMPTY_STATS,
    "operation_status": {"create_queue": PROBE, "delete_queue": FAILED_PROBE},
}
CREDENTIAL = {
    "paths": [f"{QUEUE}/messages"],
    "methods": ["GET"],
    "project": "p",
    "expires": "2026-03-02T10:15:00",
    "signature": "0f" * 32,
}
LISTED = {"name": "invoices", "href": QUEUE}
TOPIC = "/v2/topics/invoices"
TOPIC_LINK = {"rel": "next", "href": "/v2/topics?limit=1&marker=invoices"}
LISTED_TOPIC = {"name": "invoices", "href": TOPIC}
TOPIC_METADATA = {**display_defaults(Limits(), Kind.TOPIC), "own": {}}
TOPIC_MESSAGE = {**MESSAGE, "href": f"{TOPIC}/messages/m1", "checksum": f"MD5:{'0a' * 16}"}
TOPIC_MOMENT = {**STATS_MESSAGE, "href": f"{TOPIC}/messages/m1"}
TOPIC_STATS = {**STATS, "oldest": TOPIC_MOMENT, "newest": TOPIC_MOMENT}
CLAIM = {"age": 0, "ttl": 60, "href": f"{QUEUE}/claims/c1", "messages": [CLAIMED]}

SUBSCRIPTION = {
    "id": "s1",
    "source": "invoices",
    "subscriber": "https://hooks.example.org/",
    "ttl": 60,
    "age": 0,
    "options": {"own": 1},
    "confirmed": False,
}

GOOD: list[tuple[str, int, Any]] = [
    ("list_versions", 300, discovery.VERSIONS),
    ("get_home_doc", 200, home_document(admin_mode=False)),
    ("get_home_doc", 200, home_document(admin_mode=True)),
    ("check_node_health", 200, HEALTH),
    ("check_node_health", 200, {"catalog_reachable": True}),
    ("check_node_health", 200, {"catalog_reachable": True, "pool-1": HEALTH}),
    ("queue_list", 200, {"queues": [], "links": []}),
    ("queue_list", 200, {"queues": [LISTED], "links": [LINK], "count": 4}),
    ("queue_list", 200, {"queues": [{**LISTED, "metadata": METADATA}], "links": [LINK]}),
    ("queue_get", 200, METADATA),
    ("queue_update", 200, METADATA),
    ("queue_get_stats", 200, {"messages": STATS}),
    ("queue_get_stats", 200, {"messages": EMPTY_STATS}),
    ("queue_share", 200, CREDENTIAL),
    ("message_post", 201, {"resources": [f"{QUEUE}/messages/m1"]}),
    ("message_list", 200, {"messages": [], "links": []}),
    ("message_list", 200, {"messages": [MESSAGE, CLAIMED], "links": [LINK]}),
    ("message_get_many", 200, {"messages": [MESSAGE, CLAIMED]}),
    ("message_get", 200, CLAIMED),
    ("message_delete_many", 200, {"messages": []}),
    ("message_delete_many", 200, {"messages": [POPPED]}),
    ("claim_create", 201, {"messages": [CLAIMED]}),
    ("claim_get", 200, CLAIM),
    ("claim_get", 200, {**CLAIM, "messages": []}),
    ("subscription_create", 201, {"subscription_id": "s1"}),
    ("subscription_get", 200, SUBSCRIPTION),
    ("subscription_list", 200, {"subscriptions": [], "links": []}),
    ("subscription_list", 200, {"subscriptions": [SUBSCRIPTION], "links": [LINK]}),
    ("topic_subscription_create", 201, {"subscription_id": "s1"}),
    ("topic_subscription_get", 200, SUBSCRIPTION),
    ("topic_subscription_list", 200, {"subscriptions": [SUBSCRIPTION], "links": [TOPIC_LINK]}),
    ("topic_list", 200, {"topics": [], "links": []}),
    ("topic_list", 200, {"topics": [LISTED_TOPIC], "links": [TOPIC_LINK]}),
    (
        "topic_list",
        200,
        {"topics": [{**LISTED_TOPIC, "metadata": TOPIC_METADATA}], "links": [TOPIC_LINK]},
    ),
    ("topic_get", 200, TOPIC_METADATA),
    ("topic_update", 200, TOPIC_METADATA),
    ("topic_get_stats", 200, {"messages": TOPIC_STATS}),
    ("topic_get_stats", 200, {"messages": EMPTY_STATS}),
    ("topic_message_post", 201, {"resources": [f"{TOPIC}/messages/m1"]}),
    ("topic_message_list", 200, {"messages": [TOPIC_MESSAGE], "links": [TOPIC_LINK]}),
    ("topic_message_get_many", 200, {"messages": [TOPIC_MESSAGE]}),
    ("topic_message_get", 200, TOPIC_MESSAGE),
    ("topic_message_delete_many", 200, {"messages": [POPPED]}),
]

BAD: list[tuple[str, int, Any]] = [
    ("subscription_create", 201, {"subscription_id": "s 1"}),
    ("subscription_create", 201, {"subscription_id": "s1", "message": "created"}),
    ("subscription_get", 200, {**SUBSCRIPTION, "delivery_secret": "x"}),
    ("subscription_get", 200, {**SUBSCRIPTION, "options": {"_signing_secret": "x"}}),
    ("subscription_get", 200, {**SUBSCRIPTION, "options": {"_delivery_secret": "x"}}),
    ("subscription_get", 200, {**SUBSCRIPTION, "confirmed": None}),
    ("subscription_list", 200, {"subscriptions": [], "links": [LINK]}),
    ("subscription_list", 200, {"subscriptions": [SUBSCRIPTION], "links": []}),
    ("list_versions", 300, {"versions": []}),
    ("get_home_doc", 200, {"resources": {}}),
    ("check_node_health", 200, {**HEALTH, "operation_status": {"sleep": PROBE}}),
    ("check_node_health", 200, replaced(HEALTH, ("operation_status", "create_queue", "ref"), "x")),
    ("check_node_health", 200, {"catalog_reachable": True, "pool-1": {}}),
    ("queue_list", 200, {"queues": [], "links": [LINK]}),
    ("queue_list", 200, {"queues": [LISTED], "links": []}),
    ("queue_list", 200, {"queues": [LISTED], "links": [LINK, LINK]}),
    ("queue_list", 200, {"queues": [LISTED], "links": [LINK], "count": 0}),
    ("queue_list", 200, {"queues": [{**LISTED, "age": 1}], "links": [LINK]}),
    ("queue_get", 200, without(METADATA, ("_max_claim_count",))),
    ("queue_get", 200, {**METADATA, "_enable_encrypt_messages": None}),
    ("queue_get_stats", 200, {"messages": {**EMPTY_STATS, "total": 1}}),
    ("queue_get_stats", 200, {"messages": {**STATS, "total": 0}}),
    ("queue_get_stats", 200, replaced({"messages": STATS}, ("messages", "oldest", "age"), -1)),
    (
        "queue_get_stats",
        200,
        replaced({"messages": STATS}, ("messages", "oldest", "href"), CLAIMED["href"]),
    ),
    ("queue_share", 200, {**CREDENTIAL, "expires": "2026-03-02T10:15:00Z"}),
    ("queue_share", 200, {**CREDENTIAL, "paths": [f"{QUEUE}/stats"]}),
    ("message_post", 201, {"resources": []}),
    ("message_post", 201, {"resources": [f"{QUEUE}/messages/m1"], "partial": False}),
    ("message_list", 200, {"messages": [{**MESSAGE, "claim_count": 0}], "links": [LINK]}),
    ("message_list", 200, {"messages": [MESSAGE], "links": [{**LINK, "href": "/v2/queues"}]}),
    ("message_get_many", 200, {"messages": []}),
    ("message_get_many", 200, {"messages": [MESSAGE], "links": []}),
    ("message_get", 200, without(MESSAGE, ("body",))),
    ("message_get", 200, {**MESSAGE, "id": "a=b"}),
    ("message_get", 200, {**MESSAGE, "href": f"http://host{QUEUE}/messages/m1"}),
    ("message_delete_many", 200, {"messages": [MESSAGE]}),
    ("message_delete_many", 200, {"messages": [{**POPPED, "claim_id": "c1"}]}),
    ("claim_create", 201, {"messages": []}),
    ("claim_create", 201, {"messages": [MESSAGE]}),
    ("claim_get", 200, {**CLAIM, "grace": 60}),
    ("claim_get", 200, {**CLAIM, "messages": [MESSAGE]}),
    ("topic_list", 200, {"topics": [LISTED_TOPIC], "links": [TOPIC_LINK], "count": 1}),
    ("topic_list", 200, {"topics": [LISTED], "links": [TOPIC_LINK]}),
    ("topic_list", 200, {"queues": [], "links": []}),
    ("topic_get", 200, without(TOPIC_METADATA, ("_default_message_ttl",))),
    ("topic_get_stats", 200, {"messages": STATS}),
    ("topic_get_stats", 200, {"messages": {**TOPIC_STATS, "claimed": 1}}),
    ("topic_message_post", 201, {"resources": [f"{QUEUE}/messages/m1"]}),
    ("topic_message_list", 200, {"messages": [MESSAGE], "links": [TOPIC_LINK]}),
    ("topic_message_get_many", 200, {"messages": []}),
    ("topic_message_get_many", 200, {"messages": [MESSAGE]}),
    ("topic_message_get", 200, MESSAGE),
    ("topic_message_get", 200, {**TOPIC_MESSAGE, "href": f"{TOPIC}/messages/m1?claim_id=c1"}),
]


def is_valid(schema: Any, instance: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(instance))


@pytest.mark.parametrize(("action", "status", "body"), GOOD)
def test_good(library: SchemaLibrary, action: str, status: int, body: Any) -> None:
    schema = library.response(action, status)
    assert schema is not None
    Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize(("action", "status", "body"), BAD)
def test_bad(library: SchemaLibrary, action: str, status: int, body: Any) -> None:
    assert not is_valid(library.response(action, status), body)


@pytest.mark.parametrize(
    ("body", "good"),
    [
        ({"title": "404 Not Found"}, True),
        ({"title": "Not found", "description": "There is no such queue."}, True),
        ({}, False),
        ({"title": "Not found", "code": "not-found"}, False),
        ({"title": "Not found", "description": None}, False),
        ({"title": "Not found", "link": {"text": "t", "href": "h", "rel": "help"}}, False),
        ({"title": "406 Not Acceptable"}, False),
        ({"title": "406 Not Acceptable", "link": {"text": "t", "href": "h", "rel": "help"}}, True),
        ({"title": "406 Not Acceptable", "link": {"text": "t", "href": "h"}}, False),
    ],
)
def test_errors(library: SchemaLibrary, body: Any, good: bool) -> None:
    assert is_valid(library.error(), body) == good


def test_the_401_has_a_shape_of_its_own(library: SchemaLibrary) -> None:
    schema = library.part("v2/error.json#/$defs/unauthorized").schema
    error = {"code": 401, "title": "Unauthorized", "message": "Authenticate."}
    assert is_valid(schema, {"error": error})
    assert not is_valid(schema, {"title": "Unauthorized"})
