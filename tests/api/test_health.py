"""Health (``rest-v2.md`` 4)."""

from __future__ import annotations

from tests.api.client import Api
from tests.api.helpers import claim, ok, post, refused
from tests.servers import TestClock

LONGEST_LIFE = 2_000_000
"""Seconds after which no message of an earlier test is left."""

PROBES = {
    "create_queue",
    "post_messages",
    "claim_messages",
    "list_messages",
    "delete_messages",
    "delete_claim",
    "bulk_delete_messages",
    "delete_queue",
}


def test_the_report(admin: Api, queue: str) -> None:
    post(admin, queue, *range(5))
    claim(admin, queue, limit=2)
    report = ok(admin.check_node_health(), 200)
    assert set(report) == {"storage_reachable", "message_volume", "operation_status"}
    assert report["storage_reachable"] is True
    assert set(report["operation_status"]) == PROBES
    for probe, status in report["operation_status"].items():
        assert set(status) == {"succeeded", "seconds", "ref"}, probe
        assert status["succeeded"] is True, probe
        assert status["seconds"] >= 0
        assert status["ref"] is None


def test_the_volume_is_that_of_the_whole_store(admin: Api, queue: str, clock: TestClock) -> None:
    clock.advance(LONGEST_LIFE)
    volume = ok(admin.check_node_health(), 200)["message_volume"]
    assert volume == {"free": 0, "claimed": 0, "total": 0}
    post(admin, queue, *range(5))
    claim(admin, queue, limit=2)
    post(admin.other_project(), queue, 1)
    volume = ok(admin.check_node_health(), 200)["message_volume"]
    assert volume == {"free": 4, "claimed": 2, "total": 6}


def test_the_probe_leaves_nothing_behind(admin: Api, clock: TestClock) -> None:
    clock.advance(LONGEST_LIFE)
    first = ok(admin.check_node_health(), 200)["message_volume"]
    second = ok(admin.check_node_health(), 200)["message_volume"]
    assert first == second == {"free": 0, "claimed": 0, "total": 0}
    assert ok(admin.queue_list(), 200)["queues"] == []


def test_it_is_for_the_role_admin(features: Api, admin: Api) -> None:
    refused(features.check_node_health(), 403, "Not authorized")
    for roles in ("", "member", "administrator", "not-admin"):
        answer = features.call("GET", "/v2/health", headers={"X-Roles": roles})
        refused(answer, 403, "Not authorized")
    for roles in ("admin", "ADMIN", "member,admin"):
        ok(features.call("GET", "/v2/health", headers={"X-Roles": roles}), 200)


def test_it_exists_in_admin_mode_only(api: Api) -> None:
    answer = api.call("GET", "/v2/health", headers={"X-Roles": "admin"})
    assert (answer.status, answer.body) == (404, {"title": "404 Not Found"})


def test_pools_and_flavors_need_pooling_too(admin: Api) -> None:
    for path in ("/v2/pools", "/v2/pools/p", "/v2/flavors", "/v2/flavors/f"):
        assert admin.call("GET", path).body == {"title": "404 Not Found"}
