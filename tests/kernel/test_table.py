"""The table of actions: nothing twice, everything complete (design principle 3)."""

from __future__ import annotations

import re

import pytest

from angarium.actions import table
from angarium.actions.base import Action
from angarium.limits import Limits
from angarium.policy import list_rules
from angarium.storage.models import Kind
from angarium.validation import SchemaLibrary
from angarium_rest.render import RENDERERS
from angarium_websocket.render import RENDERERS as SOCKET_RENDERERS

SCHEMAS = SchemaLibrary(Limits())


def test_names_are_unique() -> None:
    names = [action.name for action in table.ALL]
    assert len(set(names)) == len(names)


def test_a_binding_means_one_action() -> None:
    bindings = [action.http for action in table.ALL]
    assert len(set(bindings)) == len(bindings)


@pytest.mark.parametrize("action", table.ALL, ids=lambda action: action.name)
def test_an_action_is_declared_in_full(action: Action) -> None:
    schema = SCHEMAS.request(action.name)
    declared = set(schema.schema.get("properties", {}).get("path", {}).get("properties", {}))
    assert set(re.findall(r"{(\w+)}", action.http.path)) == declared
    if action.kind is Kind.QUEUE:
        assert action.handler.__name__ == action.name
        assert action.handler.__module__.rpartition(".")[2] == action.resource
    assert action.summary.endswith(".")
    assert action.handler.__name__ in RENDERERS
    if action.http.needs_query is not None:
        assert action.http.needs_query in schema.query_types


def test_every_rule_of_the_table_is_a_policy_and_the_other_way_round() -> None:
    rules = {action.rule for action in table.ALL if action.rule is not None}
    assert rules == {rule.name for rule in list_rules()} - {"context_is_admin", "admin_or_owner"}


def test_nothing_is_rendered_that_is_no_action() -> None:
    assert set(RENDERERS) == {action.handler.__name__ for action in table.ALL}


def test_the_actions_of_the_sub_protocol() -> None:
    """``websocket-v2.md`` 7 and 8."""
    missing = {"list_versions", "ping_process", "queue_update", "queue_share"}
    missing |= {"subscription_update", "subscription_confirm"}
    found = {action.name for action in table.ALL if action.socket is not None}
    there = {action.name for action in table.ALL if action.resource != "topics"}
    assert found == {name for name in there if not name.startswith("topic_")} - missing
    assert set(SOCKET_RENDERERS) == found


@pytest.mark.parametrize(
    "action", [it for it in table.ALL if it.socket is not None], ids=lambda action: action.name
)
def test_a_binding_to_sockets_names_what_the_schema_has(action: Action) -> None:
    binding, schema = action.socket, SCHEMAS.request(action.name)
    assert binding is not None
    assert binding.left_out | binding.truth_values <= set(schema.query_types)
    assert set(binding.renamed) <= {*schema.query_types, *schema.body_members}
    assert binding.single <= schema.body_members
    assert binding.measured in (None, schema.body_parameter, *schema.body_members)


def test_the_methods_of_the_routes() -> None:
    found = {route.path: route.methods for route in table.routes(table.ALL)}
    queue, topic = "/v2/queues/{queue_name}", "/v2/topics/{topic_name}"
    assert found == {
        "/": ["GET"],
        "/v2/": ["GET"],
        "/v2/ping": ["GET", "HEAD"],
        "/v2/health": ["GET"],
        "/v2/queues": ["GET"],
        queue: ["DELETE", "GET", "PATCH", "PUT"],
        f"{queue}/stats": ["GET"],
        f"{queue}/share": ["POST"],
        f"{queue}/purge": ["POST"],
        f"{queue}/messages": ["DELETE", "GET", "POST"],
        f"{queue}/messages/{{message_id}}": ["DELETE", "GET"],
        f"{queue}/claims": ["POST"],
        f"{queue}/claims/{{claim_id}}": ["DELETE", "GET", "PATCH"],
        f"{queue}/subscriptions": ["GET", "POST"],
        f"{queue}/subscriptions/{{subscription_id}}": ["DELETE", "GET", "PATCH"],
        f"{queue}/subscriptions/{{subscription_id}}/confirm": ["PUT"],
        "/v2/topics": ["GET"],
        topic: ["DELETE", "GET", "PATCH", "PUT"],
        f"{topic}/stats": ["GET"],
        f"{topic}/purge": ["POST"],
        f"{topic}/messages": ["DELETE", "GET", "POST"],
        f"{topic}/messages/{{message_id}}": ["DELETE", "GET"],
        f"{topic}/subscriptions": ["GET", "POST"],
        f"{topic}/subscriptions/{{subscription_id}}": ["DELETE", "GET", "PATCH"],
        f"{topic}/subscriptions/{{subscription_id}}/confirm": ["PUT"],
        "/v2/pools": ["GET"],
        "/v2/pools/{pool_name}": ["DELETE", "GET", "PATCH", "PUT"],
        "/v2/flavors": ["GET"],
        "/v2/flavors/{flavor_name}": ["DELETE", "GET", "PATCH", "PUT"],
    }


def test_actions_that_need_a_parameter_come_first() -> None:
    found = {
        route.path: [action.name for action in route.actions["GET"]]
        for route in table.routes(table.ALL)
        if route.path.endswith("/messages")
    }
    assert found == {
        "/v2/queues/{queue_name}/messages": ["message_get_many", "message_list"],
        "/v2/topics/{topic_name}/messages": ["topic_message_get_many", "topic_message_list"],
    }


def test_an_action_on_topics_does_what_its_counterpart_does() -> None:
    """With a rule of its own where the topic itself is meant."""
    others = {action.name: action for action in table.ALL if action.kind is Kind.QUEUE}
    found = {}
    for action in table.ALL:
        if action.kind is Kind.TOPIC:
            name = action.name.removeprefix("topic_")
            other = others[
                name if name.startswith(("message_", "subscription_")) else f"queue_{name}"
            ]
            found[other.name] = action.rule
            assert action.resource == "topics"
            assert action.http.method == other.http.method
            assert action.http.path == other.http.path.replace("queue", "topic")
            assert action.http.needs_query == other.http.needs_query
            assert action.summary == other.summary.replace("queue", "topic")
            assert action.check_size is other.check_size
            assert (action.handler is other.handler) == (action.name != "topic_list")
    assert found == {
        "subscription_create": "subscription:create",
        "subscription_list": "subscription:get_all",
        "subscription_get": "subscription:get",
        "subscription_update": "subscription:update",
        "subscription_delete": "subscription:delete",
        "subscription_confirm": "subscription:confirm",
        "queue_list": "topics:get_all",
        "queue_create": "topics:create",
        "queue_get": "topics:get",
        "queue_update": "topics:update",
        "queue_delete": "topics:delete",
        "queue_get_stats": "topics:stats",
        "queue_purge": "topics:purge",
        "message_post": "messages:create",
        "message_list": "messages:get_all",
        "message_get_many": "messages:get_all",
        "message_delete_many": "messages:delete_all",
        "message_get": "messages:get",
        "message_delete": "messages:delete",
    }


def test_the_administrative_surface_exists_only_in_admin_mode() -> None:
    everybody = set(table.select(admin_mode=False, pooling=True))
    admins = set(table.select(admin_mode=True, pooling=False))
    assert {action.name for action in admins - everybody} == {"check_node_health"}
    assert everybody < admins


def test_pools_and_flavors_exist_only_with_pooling_too() -> None:
    both = set(table.select(admin_mode=True, pooling=True))
    hidden = both - set(table.select(admin_mode=True, pooling=False))
    assert both == set(table.ALL)
    assert {action.resource for action in hidden} == {"pools", "flavors"}
