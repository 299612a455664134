"""What transports read from the schema of an action."""

from __future__ import annotations

import pytest

from angarium.validation import MISSING, SchemaLibrary
from tests.validation.samples import REQUESTS

QUERIES = {
    "queue_list": {
        "marker": "string",
        "limit": "integer",
        "detailed": "boolean",
        "name": "string",
        "with_count": "boolean",
    },
    "message_list": {
        "marker": "string",
        "limit": "integer",
        "echo": "boolean",
        "include_claimed": "boolean",
        "include_delayed": "boolean",
    },
    "message_get_many": {"ids": "array"},
    "message_delete": {"claim_id": "string"},
    "message_delete_many": {"ids": "array", "claim_ids": "array", "pop": "integer"},
    "claim_create": {"limit": "integer"},
    "subscription_list": {"marker": "string", "limit": "integer"},
    "pool_list": {"marker": "string", "limit": "integer", "detailed": "boolean"},
    "pool_get": {"detailed": "boolean"},
    "flavor_list": {"marker": "string", "limit": "integer", "detailed": "boolean"},
}
QUERIES |= {
    "topic_list": {**QUERIES["queue_list"], "with_count": "string"},
    "topic_subscription_list": QUERIES["subscription_list"],
    "topic_message_list": QUERIES["message_list"],
    "topic_message_get_many": QUERIES["message_get_many"],
    "topic_message_delete": QUERIES["message_delete"],
    "topic_message_delete_many": {"ids": "array", "pop": "integer"},
}
# action: (whether a body is required, the parameter that it is, its members)
BODIES: dict[str, tuple[bool, str | None, frozenset[str]]] = {
    "queue_purge": (False, None, frozenset({"resource_types"})),
    "queue_share": (True, None, frozenset({"paths", "methods", "expires"})),
    "queue_update": (True, "operations", frozenset()),
    "message_post": (True, None, frozenset({"messages"})),
    "claim_create": (False, None, frozenset({"ttl", "grace"})),
    "claim_update": (True, None, frozenset({"ttl", "grace"})),
    "subscription_create": (True, None, frozenset({"subscriber", "ttl", "options"})),
    "subscription_update": (True, None, frozenset({"subscriber", "ttl", "options"})),
    "subscription_confirm": (True, None, frozenset({"confirmed"})),
    "pool_create": (True, None, frozenset({"uri", "weight", "flavor", "options"})),
    "pool_update": (True, None, frozenset({"uri", "weight", "flavor", "options"})),
    "flavor_create": (True, None, frozenset({"pool_list", "capabilities"})),
    "flavor_update": (True, None, frozenset({"pool_list"})),
}
BODIES |= {
    "topic_purge": BODIES["queue_purge"],
    "topic_update": BODIES["queue_update"],
    "topic_message_post": BODIES["message_post"],
    "topic_subscription_create": BODIES["subscription_create"],
    "topic_subscription_update": BODIES["subscription_update"],
    "topic_subscription_confirm": BODIES["subscription_confirm"],
}


@pytest.mark.parametrize("action", REQUESTS)
def test_query(library: SchemaLibrary, action: str) -> None:
    request = library.request(action)
    assert request.query_types == QUERIES.get(action, {})
    assert request.open_query == (action in ("queue_list", "topic_list"))


@pytest.mark.parametrize("action", sorted(REQUESTS.keys() - {"queue_create", "topic_create"}))
def test_body(library: SchemaLibrary, action: str) -> None:
    request = library.request(action)
    assert request.takes_body == (action in BODIES)
    found = (request.body_required, request.body_parameter, request.body_members)
    assert found == BODIES.get(action, (False, None, frozenset()))


@pytest.mark.parametrize("action", ["queue_create", "topic_create"])
def test_the_body_of_a_creation_is_the_metadata(library: SchemaLibrary, action: str) -> None:
    request = library.request(action)
    assert (request.takes_body, request.body_required) == (True, False)
    assert request.body_parameter == "metadata"


def test_only_a_patch_has_a_media_type(library: SchemaLibrary) -> None:
    found = {name: library.request(name).media_type for name in REQUESTS}
    for action in ("queue_update", "topic_update"):
        assert found.pop(action) == "application/openstack-messaging-v2.0-json-patch"
    assert set(found.values()) == {None}


def test_schemas_are_made_once(library: SchemaLibrary) -> None:
    assert library.request("queue_list") is library.request("queue_list")
    assert library.part("v2/error.json") is library.part("v2/error.json")


def test_missing_names_itself() -> None:
    assert repr(MISSING) == "MISSING"
