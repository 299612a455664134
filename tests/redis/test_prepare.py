"""What stops the start: servers that do not suit, and log-ins that are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from angarium.errors import StartError, StoreUnreachable
from angarium.storage.models import Capability
from angarium.testing.queues import new_queue
from angarium_redis.server import check_kind
from tests import redis_servers
from tests.redis.conftest import Drivers
from tests.redis_servers import RedisServer

Start = Callable[..., RedisServer]


def refusal_of(drivers: Drivers, uri: str, **own: object) -> str:
    with pytest.raises(StartError) as refusal:
        drivers.data(uri, **own).prepare()
    return str(refusal.value)


def test_plain_server_suits(drivers: Drivers, server: RedisServer) -> None:
    drivers.data(server.uri).prepare()
    drivers.control(server.uri).prepare()
    with server.client() as client:
        assert client.dbsize() == 0


def test_log_in(drivers: Drivers, start: Start) -> None:
    server = start("--requirepass", "paper-boat")
    port = server.port
    drivers.data(f"redis://:paper-boat@127.0.0.1:{port}").prepare()
    for uri in (server.uri, f"redis://:wrong@127.0.0.1:{port}"):
        text = refusal_of(drivers, uri)
        assert "refuses the log-in" in text
        assert "wrong" not in text.replace("WRONGPASS", "")


def test_user_with_too_few_rights(drivers: Drivers, start: Start) -> None:
    server = start(
        *["--user", "whole", "on", ">pw", "~angarium:*", "+@all", "-@dangerous", "+info"],
        *["--user", "reader", "on", ">pw", "~*", "+info", "+eval", "+evalsha", "+@read"],
        *["--user", "stranger", "on", ">pw", "~other:*", "+@all"],
    )
    driver = drivers.data(f"redis://whole:pw@127.0.0.1:{server.port}?dbid=1&wait_timeout=1")
    driver.prepare()
    driver.ping()
    new_queue(driver).post("A")
    assert driver.get_totals().total == 1
    assert "UNLINK" in refusal_of(drivers, f"redis://reader:pw@127.0.0.1:{server.port}")
    text = refusal_of(drivers, f"redis://stranger:pw@127.0.0.1:{server.port}")
    assert "refuses what the service needs" in text


def test_cluster_and_one_server_are_told_apart(drivers: Drivers, start: Start) -> None:
    node = start("--cluster-enabled", "yes")
    assert "use redis-cluster://" in refusal_of(drivers, node.uri)
    text = refusal_of(drivers, start().uri.replace("redis://", "redis-cluster://"))
    assert "use redis://" in text


def test_replica_is_refused(drivers: Drivers, start: Start) -> None:
    primary = start()
    replica = start("--replicaof", "127.0.0.1", str(primary.port))
    assert "is a replica" in refusal_of(drivers, replica.uri)


def test_server_that_throws_data_away(drivers: Drivers, start: Start) -> None:
    server = start("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    assert "maxmemory-policy allkeys-lru" in refusal_of(drivers, server.uri)


def test_durability_needs_an_append_only_file(drivers: Drivers, start: Start) -> None:
    assert "append-only file" in refusal_of(drivers, start().uri, durability=True)
    driver = drivers.data(start("--appendonly", "yes").uri, durability=True)
    driver.prepare()
    assert Capability.DURABILITY in driver.capabilities


def test_old_version_is_refused() -> None:
    """By what the server says of itself; there is no wheel of one that old."""
    with pytest.raises(StartError, match=r"version 6\.0\.16, and 6\.2 is the oldest"):
        check_kind({"redis_version": "6.0.16"}, "Redis", is_cluster=False)
    check_kind({"redis_version": "7.2.4"}, "Redis", is_cluster=False)


def test_nobody_answers(drivers: Drivers) -> None:
    driver = drivers.data(f"redis://127.0.0.1:{redis_servers.free_port()}")
    for call in (driver.prepare, driver.ping):
        with pytest.raises(StoreUnreachable):
            call()
