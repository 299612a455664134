"""When the store cannot be reached (``rest-v2.md`` 1.7, 3 and 4; data-loss rule 15)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from angarium.testing.effort import IS_FULL
from tests import stores
from tests.api.actions import ON_QUEUES, ON_TOPICS, Asked
from tests.api.client import Api
from tests.api.helpers import ok, post, refused, totals
from tests.forwarder import Forwarder
from tests.servers import Options, Server, ServerPark

IMPATIENT = {
    "redis": {"max_reconnect_attempts": 2, "reconnect_sleep": 0.05},
    "mongodb": {"max_reconnect_attempts": 1},
}
"""Options of drivers that would try again for seconds."""

WAITS = {"mongodb": "&serverSelectionTimeoutMS=1500&socketTimeoutMS=10000"}
"""The same, in their uris."""


@pytest.fixture(
    scope="module", params=(*stores.SERVER_STORES, *(stores.SLOW_STORES if IS_FULL else ()))
)
def wired(request: pytest.FixtureRequest, park: ServerPark) -> Iterator[tuple[Server, Forwarder]]:
    """A server whose way to its database can be cut."""
    direct = park.make(request.param, f"direct-{request.param}").options
    groups = [group for group in direct if "_store:" in group]
    forwarder = Forwarder(str(direct[groups[0]]["uri"]))
    through = {
        **direct[groups[0]],
        "uri": forwarder.url + WAITS.get(request.param, ""),
        **IMPATIENT.get(request.param, {}),
    }
    options: Options = {"DEFAULT": {"admin_mode": True}, **dict.fromkeys(groups, through)}
    server = park.make(request.param, f"wired-{request.param}", options)
    server.start()
    yield server, forwarder
    server.kill()
    forwarder.close()


@pytest.fixture
def down(wired: tuple[Server, Forwarder]) -> Iterator[Api]:
    """A client of a server that cannot reach its store."""
    server, forwarder = wired
    forwarder.cut()
    yield Api(server)
    forwarder.mend()


@pytest.mark.parametrize("asked", [*ON_QUEUES, *ON_TOPICS], ids=lambda it: it.name)
def test_every_operation_that_touches_it_is_503(down: Api, queue: str, asked: Asked) -> None:
    answer = refused(asked.ask(down, queue), 503, "Service temporarily unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_ping_tells_without_a_body(down: Api) -> None:
    answer = down.ping_node()
    assert (answer.status, answer.raw) == (503, b"")
    assert down.ping_process().status == 204


def test_the_status_cannot_be_determined(down: Api) -> None:
    answer = down.call("GET", "/v2/health", headers={"X-Roles": "admin"})
    refused(answer, 503, "Service temporarily unavailable")


def test_what_needs_no_store_works(down: Api, queue: str) -> None:
    ok(down.list_versions(), 300)
    ok(down.get_home_doc(), 200)
    refused(down.queue_create(queue, {"_max_claim_count": -1}), 400, "Invalid API request")
    refused(down.claim_create(queue, {"ttl": 1}), 400, "Invalid API request")


def test_it_goes_on_when_the_store_is_back(wired: tuple[Server, Forwarder], queue: str) -> None:
    """What was acknowledged is there, what was refused is not."""
    server, forwarder = wired
    api = Api(server)
    post(api, queue, "before")
    for _ in range(3):
        forwarder.cut()
        answer = api.message_post(queue, {"body": "refused"})
        refused(answer, 503, "Service temporarily unavailable")
        forwarder.mend()
        assert totals(api, queue) == (1, 0, 1)
    post(api, queue, "after")
    assert totals(api, queue) == (2, 0, 2)
