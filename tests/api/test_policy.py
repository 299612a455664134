"""Policy rules: which operation asks for which, and when (``rest-v2.md`` 1.8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from angarium.actions import table
from tests.api.actions import HEALTH, ON_QUEUES, ON_TOPICS, PING, POOLING, SHARE, Asked
from tests.api.client import Api
from tests.api.conftest import SECRET
from tests.api.helpers import exists, ok, refused
from tests.api.test_signed import signed
from tests.servers import Options, Server, ServerPark

OPERATIONS = (*ON_QUEUES, *ON_TOPICS, *POOLING, SHARE, PING, HEALTH)
RULES = sorted({asked.rule for asked in OPERATIONS})


def role(rule: str) -> str:
    """The role that a rule demands here: one of its own."""
    return rule.replace(":", "-")


def test_every_action_with_a_rule_is_among_them() -> None:
    rules = {action.rule for action in table.ALL if action.rule is not None}
    assert rules == set(RULES)


@pytest.fixture(scope="module")
def guarded(park: ServerPark, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server where every operation needs a role of its own."""
    policy: Path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    policy.write_text("".join(f'"{rule}": "role:{role(rule)}"\n' for rule in RULES))
    options: Options = {
        "DEFAULT": {"admin_mode": True, "pooling": True},
        "pooling:catalog": {"enable_virtual_pool": True},
        "oslo_policy": {"policy_file": policy},
        "signed_url": {"secret_key": SECRET},
    }
    return park.get("sqlite", "policy", options)


def with_roles(server: Server, *roles: str) -> Api:
    return Api(server, headers={"X-Roles": ",".join(roles)})


@pytest.mark.parametrize("asked", OPERATIONS, ids=lambda it: it.name)
def test_each_operation_asks_for_its_rule(guarded: Server, queue: str, asked: Asked) -> None:
    nobody = Api(guarded)
    refused(asked.ask(nobody, queue), 403, "Not authorized")
    others = [role(rule) for rule in RULES if rule != asked.rule]
    refused(asked.ask(with_roles(guarded, *others), queue), 403, "Not authorized")
    assert asked.ask(with_roles(guarded, role(asked.rule)), queue).status != 403
    assert asked.ask(with_roles(guarded, "x", role(asked.rule).upper()), queue).status != 403


def test_a_refusal_changes_nothing(guarded: Server, queue: str) -> None:
    nobody = Api(guarded)
    reader = Api(guarded, nobody.project, headers={"X-Roles": role("queues:get_all")})
    refused(nobody.queue_create(queue), 403, "Not authorized")
    refused(nobody.message_post(queue, {"body": 1}), 403, "Not authorized")
    assert not exists(reader, queue)


def test_the_policy_comes_before_query_and_body(guarded: Server, queue: str) -> None:
    nobody = Api(guarded)
    for method, target, body in (
        ("PUT", f"/v2/queues/{queue}", b"{"),
        ("PATCH", f"/v2/queues/{queue}", b"{"),
        ("POST", f"/v2/queues/{queue}/messages", b"x" * 300000),
        ("POST", f"/v2/queues/{queue}/claims?limit=x", b"["),
        ("DELETE", f"/v2/queues/{queue}/messages", b""),
        ("PUT", "/v2/pools/", b"{"),
        ("PATCH", "/v2/pools/rack", b"[" * 1000),
        ("GET", "/v2/pools?limit=x", b""),
        ("PUT", f"/v2/flavors/{'a' * 256}", b"["),
        ("PATCH", "/v2/flavors/durable", b""),
    ):
        refused(nobody.call(method, target, body), 403, "Not authorized")


def test_versions_home_and_options_have_no_rule(guarded: Server) -> None:
    nobody = Api(guarded)
    ok(nobody.list_versions(), 300)
    ok(nobody.get_home_doc(), 200)
    assert nobody.call("OPTIONS", "/v2/queues").headers["allow"] == "GET"
    assert nobody.call("OPTIONS", "/v2/ping").headers["allow"] == "GET, HEAD"


def test_both_methods_of_ping_have_its_rule(guarded: Server) -> None:
    assert Api(guarded).ping_process().status == 403
    assert with_roles(guarded, role("ping:get")).ping_process().status == 204


def test_signed_requests_have_no_roles(guarded: Server, queue: str) -> None:
    """Whatever roles the headers claim."""
    everything = with_roles(guarded, *map(role, RULES))
    path = f"/v2/queues/{queue}/messages"
    ok(everything.call("GET", path), 200)
    headers = signed(everything, [path], ["GET"])
    refused(everything.call("GET", path, headers=headers), 403, "Not authorized")
