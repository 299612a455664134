"""The primary is killed; a replica takes over, by sentinels or within a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.testing.effort import scaled
from angarium.testing.queues import Queue, new_queue
from angarium_redis.data import RedisDataDriver
from angarium_redis.failures import Failed
from angarium_redis.keys import keys_of
from tests import redis_servers
from tests.failover.load import Load
from tests.redis.conftest import Drivers
from tests.redis_servers import RedisServer, replicas_of, wait_until

WAITING = "wait_replicas=1&wait_timeout=1000&reconnect_sleep=0.1"
KILLS = scaled(1, 5)
STEPS = scaled(50, 1000)


@pytest.fixture
def drivers() -> Iterator[Drivers]:
    made = Drivers()
    yield made
    made.close()


def primary_of(driver: RedisDataDriver, queue: Queue, servers: list[RedisServer]) -> RedisServer:
    """The server that holds a queue now."""
    _, port = driver.client.node_of(keys_of(driver.prefix, queue.ref.scope).slot)
    return next(server for server in servers if server.port == port)


def is_replaced(
    driver: RedisDataDriver, queue: Queue, servers: list[RedisServer], killed: RedisServer
) -> bool:
    try:
        return primary_of(driver, queue, servers) is not killed
    except Failed:
        return False


def kill_under_load(driver: RedisDataDriver, servers: list[RedisServer], replicas: int) -> None:
    """Where the primary had one replica, nothing is acknowledged until it has one again."""
    queue = new_queue(driver)
    with Load(queue) as load:
        for _ in range(KILLS):
            load.go_on(STEPS)
            killed = primary_of(driver, queue, servers)
            killed.stop()
            wait_until(lambda killed=killed: is_replaced(driver, queue, servers, killed))
            if replicas > 1:
                load.go_on(STEPS)
            killed.start()
            load.go_on(STEPS)
            with primary_of(driver, queue, servers).client() as client:
                wait_until(lambda client=client: replicas_of(client) == replicas)
    load.check()


def test_sentinel(drivers: Drivers, tmp_path: Path) -> None:
    with redis_servers.sentinels(tmp_path, replicas=2, watchers=3) as made:
        kill_under_load(drivers.data(f"{made.uri}&{WAITING}"), made.servers, replicas=2)


def test_cluster(drivers: Drivers, tmp_path: Path) -> None:
    with redis_servers.cluster(tmp_path, replicas=1) as servers:
        uri = servers[0].uri.replace("redis://", "redis-cluster://")
        kill_under_load(drivers.data(f"{uri}?{WAITING}"), servers, replicas=1)
