from __future__ import annotations

from pathlib import Path

import pytest
from zaqarclient.transport import errors

from tests.clients.zaqar import Zaqar
from tests.servers import Options, Server, ServerPark

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


def test_ping_tells_whether_the_server_is_there(park: ServerPark, zaqar: Zaqar, store: str) -> None:
    assert zaqar.client.ping()
    stopped = park.make(store, f"never-started-{store}")
    assert not Zaqar(stopped, zaqar.project).client.ping()


def test_the_home_document_names_the_resources(zaqar: Zaqar) -> None:
    resources = zaqar.client.homedoc()["resources"]
    assert resources["rel/queue"]["href-template"] == "/v2/queues/{queue_name}"
    assert set(resources["rel/claim"]["hints"]["allow"]) == {"GET"}
    assert {"rel/queues", "rel/messages", "rel/post_claim", "rel/ping"} <= set(resources)


def test_health_does_not_exist_without_admin_mode(zaqar: Zaqar) -> None:
    with pytest.raises(errors.ResourceNotFound):
        zaqar.client.health()


def test_health_needs_the_role_that_this_client_cannot_send(
    park: ServerPark, store: str, project: str
) -> None:
    server = park.get(store, "admin", {"DEFAULT": {"admin_mode": True}})
    with pytest.raises(errors.ForbiddenError):
        Zaqar(server, project).client.health()


@pytest.fixture
def open_health(park: ServerPark, store: str, tmp_path: Path) -> Server:
    policy = tmp_path / "policy.yaml"
    policy.write_text('"health:get": ""\n')
    options: Options = {
        "DEFAULT": {"admin_mode": True},
        "oslo_policy": {"policy_file": policy},
    }
    return park.get(store, "open-health", options)


def test_health_reports_every_probe(open_health: Server, project: str) -> None:
    health = Zaqar(open_health, project).client.health()
    assert health["storage_reachable"] is True
    assert set(health["message_volume"]) == {"free", "claimed", "total"}
    assert set(health["operation_status"]) == PROBES
    for name, probe in health["operation_status"].items():
        assert probe["succeeded"] is True, name
        assert probe["ref"] is None
        assert probe["seconds"] >= 0
