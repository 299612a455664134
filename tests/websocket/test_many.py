"""Many clients that say nothing cost next to nothing (``websocket-v2.md`` 11)."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from angarium.testing import effort
from tests.servers import Server, ServerPark
from tests.websocket.client import Client, connected
from tests.websocket.raw import RawClient

COUNT = effort.scaled(300, 5000)
_BASE = 150  # MB of a process without clients
_PER_CLIENT = 0.07  # MB
_OBSERVED = effort.scaled(2, 20)  # seconds


@pytest.fixture
def alone(park: ServerPark) -> Iterator[Server]:
    """A server of this test's own with enough file descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * COUNT + 1000), hard))
    options = {
        "drivers": {"transport": "wsgi, websocket"},
        # They are sent pings, which they do not answer.
        "drivers:transport:websocket": {"first_message_timeout": 0, "ping_timeout": 3600},
    }
    server = park.make("sqlite", "many", options)
    server.start()
    yield server
    server.kill()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_idle_clients(alone: Server) -> None:
    port = alone.socket_port
    assert port is not None
    with ExitStack() as stack:
        for _ in range(COUNT):
            assert stack.enter_context(RawClient(port)).status == 101
        connection = stack.enter_context(connected(port))
        talker = Client(connection)
        for _ in range(100):
            talker.ask("queue_list").ok(200)
        process = _serving(alone, port)
        megabytes = process.memory_info().rss / 1e6
        before = sum(process.cpu_times()[:2])
        time.sleep(_OBSERVED)
        busy = (sum(process.cpu_times()[:2]) - before) / _OBSERVED
        print(f"{COUNT} idle clients: {megabytes:.0f} MB, {100 * busy:.1f} % of a processor")
        assert megabytes < _BASE + _PER_CLIENT * COUNT
        assert busy < 0.1
        assert _connections(process, port) > COUNT, "nobody was cut off"
        talker.ask("queue_list").ok(200)


def _serving(server: Server, port: int) -> psutil.Process:
    """The process that has the connections: the one with the most of them."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return max(children, key=lambda child: _connections(child, port))


def _connections(process: psutil.Process, port: int) -> int:
    """How many connections to a port a process has."""
    found = process.net_connections("tcp")
    return sum(1 for each in found if each.laddr and each.laddr.port == port and each.raddr)
