"""Every operation that python-zaqarclient has for queues, messages and claims is really sent."""

from __future__ import annotations

from typing import Any

import pytest
from zaqarclient.queues.v2.api import V2
from zaqarclient.transport.http import HttpTransport

from tests.clients.zaqar import Zaqar, bodies, ids_of
from tests.servers import Server, ServerPark

ANOTHER_RESOURCE = ("pool_", "flavor_", "subscription_")
NEVER_SENT = {"message_pop"}  # the client pops with its operation message_delete_many


@pytest.fixture
def server(park: ServerPark, store: str) -> Server:
    return park.get(store, "signed", {"signed_url": {"secret_key": "the key of the tour"}})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the operations that the client has sent."""
    names: set[str] = set()
    send = HttpTransport.send

    def recording(self: Any, request: Any) -> Any:
        names.add(request.operation)
        return send(self, request)

    monkeypatch.setattr(HttpTransport, "send", recording)
    return names


def test_a_tour_sends_every_operation(zaqar: Zaqar, sent: set[str]) -> None:
    client = zaqar.client
    assert client.ping()
    assert client.homedoc()["resources"]
    with pytest.raises(Exception, match="404"):
        client.health()
    queue = client.queue("tour", force_create=True)
    assert queue.exists()
    assert queue.metadata(new_meta={"purpose": "tour"})["purpose"] == "tour"
    assert [found.name for found in client.queues()[0]] == ["tour"]
    first, second, *_ = ids_of(queue.post([{"body": number} for number in range(6)]))
    assert bodies(queue.messages(echo=True)) == list(range(6))
    assert queue.message(first).body == 0
    assert bodies(queue.messages(second, first)) == [1, 0]
    claim = queue.claim(ttl=100, grace=100, limit=2)
    claim.update(ttl=200, grace=100)
    assert claim.age >= 0
    next(iter(queue.claim(id=claim.id))).delete()
    claim.delete()
    assert bodies(queue.pop(2)) == [1, 2]
    queue.delete_messages(first)
    assert queue.stats["messages"]["total"] == 3
    assert queue.signed_url()["signature"]
    queue.purge()
    assert queue.stats["messages"]["total"] == 0
    queue.delete()
    assert list(client.queues()[0]) == []
    expected = {name for name in V2.schema if not name.startswith(ANOTHER_RESOURCE)}
    assert sent - {""} == expected - NEVER_SENT
