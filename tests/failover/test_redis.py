"""The primary is killed; a replica takes over, by sentinels or within a cluster.

Once programs use the driver itself, once a service of two processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from angarium.storage.models import Scope
from angarium.testing.effort import scaled
from angarium.testing.queues import new_project, new_queue
from angarium_redis import topology
from angarium_redis.address import parse
from angarium_redis.failures import Failed
from angarium_redis.keys import keys_of
from tests import redis_servers
from tests.failover.load import Load, Target
from tests.failover.service import Service
from tests.redis.conftest import Drivers
from tests.redis_servers import RedisServer, replicas_of, wait_until
from tests.servers import Server, TestClock

WAITING = "wait_replicas=1&wait_timeout=1000&reconnect_sleep=0.1"
KILLS = scaled(1, 5)
STEPS = scaled(50, 1000)
KINDS = ("message_store", "management_store")


@pytest.fixture
def drivers() -> Iterator[Drivers]:
    made = Drivers()
    yield made
    made.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """Starts a service on a store."""
    started: list[Server] = []

    def start(uri: str) -> Server:
        options = {
            "DEFAULT": {"state_path": tmp_path / "state"},
            "drivers": dict.fromkeys(KINDS, "redis"),
            "drivers:transport:wsgi": {"workers": 2, "threads": 8},
            **{f"drivers:{kind}:redis": {"uri": uri} for kind in KINDS},
        }
        server = Server(tmp_path / "service", options, TestClock(tmp_path / "clock"))
        server.manage("db", "upgrade")
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


def primary_of(uri: str, scope: Scope, servers: list[RedisServer]) -> RedisServer:
    """The server that holds a queue now, by those that have to know."""
    _, port = topology.of(parse(uri, "test")).node_of(keys_of(b"", scope).slot)
    return next(server for server in servers if server.port == port)


def is_replaced(uri: str, scope: Scope, servers: list[RedisServer], killed: RedisServer) -> bool:
    try:
        return primary_of(uri, scope, servers) is not killed
    except Failed:
        return False


def kill_under_load(
    target: Target, scope: Scope, uri: str, servers: list[RedisServer], replicas: int
) -> None:
    """Where the primary had one replica, nothing is acknowledged until it has one again."""
    with Load(target) as load:
        for number in range(KILLS):
            load.go_on(STEPS)
            killed = primary_of(uri, scope, servers)
            killed.stop()
            wait_until(lambda killed=killed: is_replaced(uri, scope, servers, killed))
            if replicas > 1:
                load.go_on(STEPS)
            killed.start()
            load.go_on(STEPS)
            if number < KILLS - 1:
                with primary_of(uri, scope, servers).client() as client:
                    wait_until(lambda client=client: replicas_of(client) == replicas)
    load.check()


def cluster_uri(servers: list[RedisServer]) -> str:
    """All its nodes, so that any of them may be the one that is killed."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"redis-cluster://{hosts}"


def test_sentinel(drivers: Drivers, tmp_path: Path) -> None:
    with redis_servers.sentinels(tmp_path, replicas=2, watchers=3) as made:
        queue = new_queue(drivers.data(f"{made.uri}&{WAITING}"))
        kill_under_load(queue, queue.ref.scope, made.uri, made.servers, replicas=2)


def test_cluster(drivers: Drivers, tmp_path: Path) -> None:
    with redis_servers.cluster(tmp_path, replicas=1) as servers:
        uri = cluster_uri(servers)
        # The driver is told one node, and hears of the others from it.
        queue = new_queue(drivers.data(f"{uri.partition(',')[0]}?{WAITING}"))
        kill_under_load(queue, queue.ref.scope, uri, servers, replicas=1)


def test_service_on_sentinel(serve: Callable[[str], Server], tmp_path: Path) -> None:
    scope = Scope(new_project(), "orders")
    with redis_servers.sentinels(tmp_path, replicas=2, watchers=3) as made:
        service = Service(serve(f"{made.uri}&{WAITING}").port, scope)
        kill_under_load(service, scope, made.uri, made.servers, replicas=2)
    assert service.others == []


def test_service_on_cluster(serve: Callable[[str], Server], tmp_path: Path) -> None:
    scope = Scope(new_project(), "orders")
    with redis_servers.cluster(tmp_path, replicas=1) as servers:
        uri = cluster_uri(servers)
        service = Service(serve(f"{uri}?{WAITING}").port, scope)
        kill_under_load(service, scope, uri, servers, replicas=1)
    assert service.others == []
