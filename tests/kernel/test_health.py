"""The health report: every operation is tried, failures are told, nothing stays behind."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from angarium.actions.health import check_node_health
from angarium.errors import StoreUnreachable
from angarium.kernel import Kernel
from angarium.storage.models import Stats
from tests.kernel.installation import CONTEXT, Installation
from tests.kernel.queues import Queue

PROBES = [
    "create_queue",
    "post_messages",
    "claim_messages",
    "list_messages",
    "delete_claim",
    "delete_messages",
    "bulk_delete_messages",
    "delete_queue",
]


def report_of(kernel: Kernel) -> dict[str, Any]:
    return check_node_health(kernel.services, CONTEXT, {})


def unreachable(*arguments: object) -> None:
    raise StoreUnreachable


def test_a_healthy_service_says_so(kernel: Kernel) -> None:
    queue = Queue(kernel)
    queue.post("a", "b", "c")
    queue.claim(limit=1)
    report = report_of(kernel)
    assert report["storage_reachable"] is True
    assert report["message_volume"] == {"free": 2, "claimed": 1, "total": 3}
    assert sorted(report["operation_status"]) == sorted(PROBES)
    for probe in report["operation_status"].values():
        assert probe["succeeded"] is True
        assert probe["ref"] is None
        assert 0 <= probe["seconds"] < 60


def test_nothing_of_the_probe_stays_behind(kernel: Kernel) -> None:
    report_of(kernel)
    assert kernel.services.data.get_totals() == Stats()


@pytest.mark.parametrize(
    ("method", "failed"),
    [
        ("create_claim", ["claim_messages"]),
        ("list_messages", ["list_messages"]),
        ("release_claim", ["delete_messages", "delete_claim"]),  # the message stays claimed
        ("delete_message", ["delete_messages"]),
        ("delete_messages", ["bulk_delete_messages"]),
    ],
)
def test_a_failure_is_told_and_the_rest_is_tried(
    embedded: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    failed: list[str],
) -> None:
    kernel = embedded.open()
    monkeypatch.setattr(kernel.services.data, method, unreachable)
    with caplog.at_level(logging.ERROR):
        probes = report_of(kernel)["operation_status"]
    assert {name for name in PROBES if not probes[name]["succeeded"]} == set(failed)
    assert all(probes[name]["ref"] in caplog.text for name in failed)
    assert kernel.services.data.get_totals() == Stats()


def test_a_status_that_cannot_be_determined_is_an_error(
    embedded: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = embedded.open()
    monkeypatch.setattr(kernel.services.data, "get_totals", unreachable)
    with pytest.raises(StoreUnreachable):
        report_of(kernel)
