"""What HTTP has for operators, as messages (``websocket-v2.md`` 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from angarium import config, kernel
from tests.websocket.client import Client
from tests.websocket.conversation import Conversation, Tokens

OPERATIONS = {
    "create_queue",
    "post_messages",
    "claim_messages",
    "list_messages",
    "delete_claim",
    "delete_messages",
    "bulk_delete_messages",
    "delete_queue",
}


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Conversation]:
    """An administrator's session where queues are spread over pools."""
    conf = config.load(["--admin_mode"])
    conf.set_override("state_path", str(tmp_path))
    conf.set_override("pooling", True)
    built = kernel.build(conf)
    built.prepare()
    tokens = Tokens(built.conf, built.services.clock.now)
    talk = Conversation(replace(built, identity=tokens))
    talk.authenticate("admin")
    yield talk
    built.close()


def test_the_home_document_and_ping_need_no_headers(client: Client) -> None:
    document = client.ask("get_home_doc", {}).ok(200)
    assert document["resources"]["rel/queue"]["href-template"] == "/v2/queues/{queue_name}"
    assert client.ask("ping_node", {}).ok(204) == {}


def test_they_need_a_token_where_others_do(admin: Conversation) -> None:
    for action in ("get_home_doc", "ping_node", "check_node_health", "pool_list"):
        stranger = Conversation(admin.kernel)
        assert stranger.ask(action, pool_name="any")[0] == 403
        stranger.authenticate("member")
    assert stranger.ask("ping_node", {}) == (204, {})
    assert stranger.ask("ping_node", {"X-Project-ID": "theirs"})[0] == 403
    assert stranger.ask("check_node_health", {})[0] == 403, "members are no administrators"
    assert stranger.ask("pool_list", pool_name="any")[0] == 403
    assert stranger.ask("flavor_list", flavor_name="any") == (200, {"flavors": []})


def test_health(admin: Conversation) -> None:
    assert admin.ask("check_node_health", {}) == (200, {"catalog_reachable": True})
    pool = {"pool_name": "north", "uri": uri(admin), "weight": 1}
    assert admin.ask("pool_create", **pool) == (201, {})
    report = admin.ask("check_node_health", {})[1]["north"]
    assert set(report["operation_status"]) == OPERATIONS
    assert all(it["succeeded"] for it in report["operation_status"].values())


def uri(admin: Conversation) -> str:
    return f"sqlite:///{admin.kernel.conf.state_path}/north.db"


def test_the_life_of_a_pool_and_a_flavor(admin: Conversation) -> None:
    shown = {"name": "north", "uri": uri(admin), "weight": 40, "flavor": None}
    north: dict[str, Any] = {"pool_name": "north"}
    created = admin.ask("pool_create", **north, uri=uri(admin), weight=40, options={})
    assert created == (201, {})
    assert admin.ask("pool_get", **north) == (200, shown)
    detailed = admin.ask("pool_get", **north, detailed=True)
    assert detailed == (200, {**shown, "options": {}})
    assert admin.ask("pool_list", pool_name="any") == (200, {"pools": [shown]})
    assert admin.ask("pool_list", pool_name="any", marker="north") == (200, {"pools": []})
    assert admin.ask("pool_update", **north, weight=7) == (200, {**shown, "weight": 7})
    fast: dict[str, Any] = {"flavor_name": "fast"}
    assert admin.ask("flavor_create", **fast, pool_name="north", capabilities={}) == (201, {})
    flavor = {"name": "fast", "pool_list": ["north"]}
    assert admin.ask("flavor_list", flavor_name="any") == (200, {"flavors": [flavor]})
    status, found = admin.ask("flavor_get", **fast)
    assert (status, found["pool_list"], "FIFO" in found["capabilities"]) == (200, ["north"], True)
    assert admin.ask("flavor_update", **fast, pool_name="north")[0] == 200
    assert admin.ask("flavor_delete", **fast) == (204, {})
    assert admin.ask("flavor_get", **fast)[0] == 404
    assert admin.ask("pool_delete", **north) == (204, {})
    assert admin.ask("pool_get", **north)[0] == 404


@pytest.mark.parametrize(
    ("action", "body", "named"),
    [
        ("pool_create", {"pool_name": "p", "uri": "nowhere://x", "weight": 1}, "uri"),
        ("pool_create", {"pool_name": "p", "weight": 1}, "uri"),
        ("pool_create", {"pool_name": "p", "uri": "x", "weight": -1}, "weight"),
        ("pool_list", {}, "pool_name"),
        ("flavor_list", {}, "flavor_name"),
        ("flavor_create", {"flavor_name": "f"}, "pool_name"),
        ("flavor_create", {"flavor_name": "f", "pool_name": ["a"]}, "pool_name"),
        ("flavor_create", {"flavor_name": "f", "pool_name": "absent"}, "absent"),
    ],
)
def test_what_is_refused(
    admin: Conversation, action: str, body: dict[str, Any], named: str
) -> None:
    status, answered = admin.ask(action, **body)
    assert status == 400
    assert named in (answered.get("exception") or answered["error"])
