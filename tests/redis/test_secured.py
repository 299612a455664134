"""Ways to a server that is not open to all: TLS, users with few rights, a UNIX socket."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from angarium.errors import StartError, StoreUnreachable
from angarium.testing.queues import new_queue
from tests import redis_servers
from tests.redis.conftest import Drivers
from tests.redis.tls import Authority, Terminator
from tests.redis_servers import RedisServer

Start = Callable[..., RedisServer]
RIGHTS = (
    "~angarium:* +eval +evalsha +info +ping +time +wait +select +@hash +@sortedset +@string "
    "+@keyspace"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def terminator(server: RedisServer, authority: Authority) -> Iterator[Terminator]:
    """TLS in front of the server."""
    made = Terminator(server.port, authority)
    yield made
    made.close()


def is_served(drivers: Drivers, uri: str) -> bool:
    """Whether both stores work there."""
    driver, control = drivers.data(uri), drivers.control(uri)
    driver.prepare()
    control.prepare()
    queue = new_queue(driver)
    control.create_queue(queue.ref.scope, {}, "")
    queue.post("A", "B")
    return queue.pop(1) != () and queue.claim().names == ["B"]


def test_tls(drivers: Drivers, terminator: Terminator, authority: Authority) -> None:
    uri = f"rediss://127.0.0.1:{terminator.port}?tls_ca_file={authority.file}"
    assert is_served(drivers, uri)
    assert terminator.count > 0


def test_tls_to_a_stranger(
    drivers: Drivers, terminator: Terminator, authority: Authority, tmp_path: Path
) -> None:
    """Nothing is said to a server that no known authority vouches for, or under another name."""
    stranger = Authority(tmp_path)
    for query in ("", f"tls_ca_file={stranger.file}"):
        uri = f"rediss://127.0.0.1:{terminator.port}?{query}&max_reconnect_attempts=1"
        with pytest.raises(StoreUnreachable):
            drivers.data(uri).ping()
    by_name = f"rediss://localhost:{terminator.port}?tls_ca_file={authority.file}"
    with pytest.raises(StoreUnreachable):
        drivers.data(f"{by_name}&max_reconnect_attempts=1").ping()


def test_unix_socket(drivers: Drivers, start: Start) -> None:
    with tempfile.TemporaryDirectory(prefix="angarium-redis-") as directory:  # of a short path
        path = f"{directory}/redis.sock"
        start("--unixsocket", path, "--requirepass", "paper-boat")
        assert is_served(drivers, f"redis://:paper-boat@{path}?dbid=2")


def test_user_with_the_rights_of_the_manual(drivers: Drivers, start: Start) -> None:
    server = start("--user", "relay", "on", ">paper-boat", *RIGHTS.split())
    assert is_served(drivers, f"redis://relay:paper-boat@127.0.0.1:{server.port}?wait_replicas=0")


def test_sentinels_with_a_log_in(drivers: Drivers, tmp_path: Path) -> None:
    """Their user is not the one of the servers."""
    with redis_servers.sentinels(tmp_path) as made:
        for sentinel in made.sentinels:
            with sentinel.client() as client:
                client.execute_command("ACL", "SETUSER", "watcher", "on", ">tide", "+@all")
                client.execute_command("ACL", "SETUSER", "default", "resetpass", "off")
        for server in made.servers:
            with server.client() as client:
                client.execute_command("ACL", "SETUSER", "relay", "on", ">pw", *RIGHTS.split())
        uri = made.uri.replace("redis://", "redis://relay:pw@")
        assert is_served(drivers, f"{uri}&sentinel_username=watcher&sentinel_password=tide")
        with pytest.raises(StartError, match="refuses the log-in"):
            drivers.data(f"{uri}&sentinel_username=watcher&sentinel_password=ebb").prepare()
