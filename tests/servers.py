"""Angarium servers as processes of their own, for tests that look at the service from outside.

A :class:`ServerPark` starts them when they are first asked for, one for each pair of store and
configuration variant, and stops them in the end. All servers of a park share one clock offset, so
tests move time instead of waiting for it. Servers of one store share its database: that is how
several processes serve one installation.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from angarium.clock import ENVIRONMENT_VARIABLE, SharedClock
from tests import stores
from tests.ports import free_port
from tests.stores import Options

READY_WITHIN: Final = 120.0  # seconds
STOP_WITHIN: Final = 15.0  # seconds
_BIN: Final = Path(sys.executable).parent
_WSGI: Final = "drivers:transport:wsgi"
_WEBSOCKET: Final = "drivers:transport:websocket"

BOTH_DOORS: Final[Options] = {"drivers": {"transport": "wsgi, websocket"}}
"""What makes a server listen for WebSockets, too."""


class TestClock:
    """The time of the servers of a park, as an offset to real time that only ever grows."""

    __test__ = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clock = SharedClock(path)

    @property
    def offset(self) -> int:
        """Seconds by which the servers are ahead of real time."""
        return self._clock.offset

    def advance(self, seconds: int) -> None:
        """Let so many seconds pass at once."""
        self._clock.offset += seconds


class Server:
    """One ``angarium-server`` with a configuration file, a log and a port of its own.

    :param directory: where configuration and log are written.
    :param options: the configuration; bind and port are filled in, and REST alone with few workers
        and threads unless it names others. Only with a group ``notification`` does it deliver, in
        a process of its own.
    :param clock: moves its time.
    :ivar socket_port: for WebSockets; None unless the transport is configured.
    """

    host = "127.0.0.1"

    def __init__(self, directory: Path, options: Options, clock: TestClock) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.config_file = directory / "angarium.conf"
        self.log_file = directory / "server.log"
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        wsgi: dict[str, object] = {"workers": 1, "threads": 4, **options.get(_WSGI, {})}
        wsgi |= {"bind": self.host, "port": self.port}
        drivers: dict[str, object] = {"transport": "wsgi", **options.get("drivers", {})}
        self.options: Options = {**options, _WSGI: wsgi, "drivers": drivers}
        self.socket_port: int | None = None
        if "websocket" in str(drivers["transport"]):
            self.socket_port = free_port()
            websocket = {**options.get(_WEBSOCKET, {}), "port": self.socket_port}
            self.options = {**self.options, _WEBSOCKET: websocket}
        _write(self.config_file, self.options)

    @property
    def command(self) -> Sequence[str | Path]:
        """What is run."""
        return [_BIN / "angarium-server", "--config-file", self.config_file, *self._only]

    @property
    def _only(self) -> list[str]:
        if "notification" in self.options:
            return []
        transports = str(self.options.get("drivers", {}).get("transport", "wsgi"))
        return [part for name in transports.split(",") for part in ("--only", name.strip())]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the process: nothing of the caller's own configuration enters it."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANGARIUM_")}
        return {**kept, ENVIRONMENT_VARIABLE: str(self._clock.path)}

    @property
    def log(self) -> str:
        """All that the server has written to its standard output and error."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The started process."""
        assert self._process is not None, "the server is not running"
        return self._process

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not been stopped, killed or waited for."""
        return self._process is not None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_WITHIN
        while not self.answers():
            status = self.process.poll()
            assert status is None, f"the server ended with status {status}:\n{self.log}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{self.log}"
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the version list can be read now, and the status page of the other door."""
        socket_port = self.socket_port
        return self._gets(self.port, 300) and (socket_port is None or self._gets(socket_port, 200))

    def _gets(self, port: int, status: int) -> bool:
        connection = http.client.HTTPConnection(self.host, port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def manage(self, *arguments: str) -> None:
        """Run ``angarium-manage`` with the configuration of this server."""
        done = subprocess.run(
            [_BIN / "angarium-manage", "--config-file", self.config_file, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> int:
        """Ask the server to stop, insist after a while, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end of a server that was asked to stop; its exit status."""
        try:
            return self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self._process = None

    def kill(self) -> None:
        """Kill the server and all its processes at once (signal 9), if there still are any."""
        while victims := _session(self.process.pid):
            for victim in victims:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
            self.process.poll()
        self.process.wait()
        self._process = None


def _session(leader: int) -> list[int]:
    """The processes of a session that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            state, *numbers = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(numbers[2]) == leader and state != "Z":
                found.append(int(entry.name))
    return found


def _write(path: Path, options: Options) -> None:
    lines = []
    for group, values in options.items():
        lines.append(f"[{group}]")
        lines += [f"{name} = {value}" for name, value in values.items()]
    path.write_text("\n".join(lines) + "\n")


class ServerPark:
    """The servers of one test process.

    :param directory: where everything is kept.
    :param server_url: returns the URL of a database server; called when it is first needed.
    """

    def __init__(self, directory: Path, server_url: Callable[[str], str]) -> None:
        self.clock = TestClock(directory / "clock-offset")
        self._directory = directory
        self._server_url = server_url
        self._stack = ExitStack()
        self._store_options: dict[str, Options] = {}
        self._servers: dict[tuple[str, str, int], Server] = {}

    def get(
        self, store: str, variant: str = "default", options: Options | None = None, number: int = 1
    ) -> Server:
        """The server of a store and a variant, started now if it is not running yet.

        :param variant: names the options; they count only when the server is started.
        :param number: tells servers of one variant apart that serve one database.
        """
        key = (store, variant, number)
        if key not in self._servers:
            server = self.make(store, f"{store}-{variant}-{number}", options)
            server.start()
            self._servers[key] = server
        return self._servers[key]

    def make(self, store: str, name: str, options: Options | None = None) -> Server:
        """A server on the park's database of a store, not started: the caller starts and stops it.

        :param name: of its directory.
        """
        if store not in self._store_options:
            self._store_options[store] = self._prepare(store)
        merged = {**self._store_options[store]}
        for group, values in (options or {}).items():
            merged[group] = {**merged.get(group, {}), **values}
        return Server(self._directory / name, merged, self.clock)

    def _prepare(self, store: str) -> Options:
        """Make the database of a store and return the options that select it."""
        state_path = self._directory / f"state-{store}"
        found = self._stack.enter_context(stores.empty(store, self._server_url))
        options: Options = {"DEFAULT": {"state_path": state_path}, **found}
        if store not in stores.EMBEDDED:
            directory = self._directory / f"manage-{store}"
            Server(directory, options, self.clock).manage("db", "upgrade")
        return options

    def logs(self) -> dict[str, Path]:
        """The log files of the servers, by name."""
        return {"-".join(map(str, key)): server.log_file for key, server in self._servers.items()}

    def close(self) -> None:
        """Stop all servers and remove their databases."""
        with self._stack:
            for server in self._servers.values():
                server.kill()
