"""Several nodes with one store: a push finds the node of its socket (``websocket-v2.md`` 9)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import BOTH_DOORS, Options, Server, ServerPark
from tests.websocket.client import Client, connected
from tests.websocket.test_subscriptions import another, push, rest, subscribers, until

TTL = 900  # seconds
DELIVERING: Options = {**BOTH_DOORS, "notification": {}}


@pytest.fixture
def nodes(park: ServerPark) -> Iterator[tuple[Server, Server]]:
    """Two servers with both doors and deliveries, on one store."""
    made = [park.make("sqlite", f"node-{number}", DELIVERING) for number in (1, 2)]
    for node in made:
        node.start()
    yield made[0], made[1]
    for node in made:
        if node.is_running:
            node.kill()


def port_of(node: Server) -> int:
    assert node.socket_port is not None
    return node.socket_port


def test_a_node_that_dies_takes_its_sockets_along_and_no_others(
    nodes: tuple[Server, Server], park: ServerPark, queue: str
) -> None:
    doomed, living = nodes
    document = {"messages": [{"body": "posted on the other node", "ttl": 3600}]}
    with connected(port_of(doomed)) as one, connected(port_of(living)) as two:
        client = Client(one)
        client.ask("subscription_create", queue_name=queue, ttl=TTL).ok(201)
        assert rest(living, client, "POST", f"{queue}/messages", document) == 201
        assert push(client)["body"] == "posted on the other node"
        [first] = subscribers(client, queue)
        neighbour = another(client, two)
        neighbour.ask("subscription_create", queue_name=queue, ttl=4 * TTL).ok(201)
        doomed.kill()
        [second] = {*subscribers(neighbour, queue)} - {first}
        neighbour.ask("message_post", queue_name=queue, messages=[{"body": "after"}]).ok(201)
        assert push(neighbour)["body"] == "after"
        # The default policy goes on for 180 seconds; each look lets some of them pass.
        until(lambda: park.clock.advance(15) or "a delivery was given up" in living.log)
        neighbour.ask("message_post", queue_name=queue, messages=[{"body": "later"}]).ok(201)
        assert push(neighbour)["body"] == "later"
        assert {*subscribers(neighbour, queue)} == {first, second}, "it remains until its ttl"
        park.clock.advance(TTL)
        assert subscribers(neighbour, queue) == [second]
