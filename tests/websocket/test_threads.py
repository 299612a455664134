"""Storage work of one client holds up no other (``websocket-v2.md`` 1)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from angarium import clock as clocks
from angarium import config, kernel
from angarium.storage.driver import StoreEnvironment
from angarium.storage.pools import Pools
from angarium_sql.control import SqlControlDriver
from angarium_sql.data import SqlDataDriver
from tests.servers import BOTH_DOORS, Server, ServerPark
from tests.websocket.client import Client, connected


@pytest.fixture
def locked(park: ServerPark) -> Iterator[tuple[Server, sqlite3.Connection]]:
    """A server, and a connection to the file of its store that keeps others from writing."""
    server = park.get("sqlite", "both-doors", BOTH_DOORS)
    [path] = Path(str(server.options["DEFAULT"]["state_path"])).glob("*.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield server, connection


def test_a_store_that_keeps_one_client_waiting(locked: tuple[Server, sqlite3.Connection]) -> None:
    server, lock = locked
    assert server.socket_port is not None
    with connected(server.socket_port) as one, connected(server.socket_port) as other:
        waiting, reading = Client(one), Client(other)
        body = {"queue_name": "q", "messages": [{"body": 1}]}
        one.send(json.dumps({"action": "message_post", "headers": waiting.headers, "body": body}))
        for _ in range(20):
            reading.ask("queue_list").ok(200)
            assert other.ping().wait(10), "a pong comes"
        lock.execute("ROLLBACK")
        waiting.receive().ok(201)


class CooperativeData(SqlDataDriver):
    """Says that it never blocks."""

    interface_version = 1
    cooperative = True


class CooperativeControl(SqlControlDriver):
    """Says that it never blocks."""

    interface_version = 1
    cooperative = True


@pytest.mark.parametrize(
    ("group", "option", "value", "is_cooperative"),
    [
        ("storage", "reclaim_interval", 5.0, True),
        ("storage", "message_pipeline", ["audit"], False),
    ],
)
def test_requests_leave_the_threads_only_when_nothing_can_block(
    tmp_path: Path, group: str, option: str, value: Any, is_cooperative: bool
) -> None:
    conf = config.load([])
    conf.set_override("state_path", str(tmp_path))
    conf.set_override(option, value, group)
    service = kernel.build(conf)
    environment = StoreEnvironment(conf, clocks.Clock())
    data, control = CooperativeData(environment), CooperativeControl(environment)
    assert not service.is_cooperative
    pools = Pools(control, data, environment, is_pooling=False, has_virtual=False)
    half = replace(service.services, pools=pools)
    assert not replace(service, services=half).is_cooperative
    both = replace(service, services=replace(half, control=control))
    assert both.is_cooperative is is_cooperative
    service.close()
    both.close()
