"""The servers that a benchmark starts, each with a log of its own, and how they end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from angarium.bench.constant import app as constant_app
from angarium.bench.errors import BenchError, ServerDied
from angarium.bench.serve import URL_VARIABLE
from angarium.bench.wire import Address
from angarium.config.environment import variable

FLOORS: Final = "angarium.bench.floors"
"""The entry-point group of floors: URL scheme -> a function that makes a WSGI callable of a URL."""

_READY_WITHIN: Final = 60.0  # seconds
_STOP_WITHIN: Final = 15.0
_LAST_LINES: Final = 30
_WSGI: Final = "drivers:transport:wsgi"
_SERVER: Final = "from angarium.cli.server import main; main()"


class Started:
    """A server process of the benchmark.

    :ivar address: where it listens.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        port: int,
        arguments: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        self.address = Address("http", "127.0.0.1", port)
        self._log = directory / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this very Python, no shell
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C is for the benchmark, which ends it in order
            )

    @property
    def log(self) -> str:
        """The end of what it has written."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LAST_LINES:])

    def check(self) -> None:
        """Look whether it is still there.

        :raises ServerDied: it is not.
        """
        status = self._process.poll()
        if status is not None:
            raise ServerDied(self.name, status, self.log)

    def wait(self) -> None:
        """Wait until it takes connections.

        :raises ServerDied: it ended instead.
        :raises BenchError: it does not in time.
        """
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            self.check()
            with suppress(OSError):
                self.address.connect().close()
                return
            time.sleep(0.05)
        raise BenchError(f"the server of {self.name} does not listen after {_READY_WITHIN:.0f} s")

    def stop(self) -> None:
        """End it and its processes, by force when it takes too long."""
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_WITHIN)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def angarium(
    name: str, directory: Path, arguments: Sequence[str], workers: int, threads: int
) -> Started:
    """An ``angarium-server`` of this installation on loopback.

    :param arguments: its configuration; without any, it is the embedded default with everything
        below ``directory``.
    """
    port = _free_port()
    settings = {"bind": "127.0.0.1", "port": port, "workers": workers, "threads": threads}
    environment = {variable(_WSGI, option): str(value) for option, value in settings.items()}
    environment[variable("drivers", "transport")] = "wsgi"
    if not arguments:
        environment[variable(None, "state_path")] = str(directory / "state")
        arguments = ("--config-file", os.devnull)
    arguments = (*arguments, "--only", "wsgi")
    return Started(name, directory, port, ["-c", _SERVER, *arguments], environment)


def constant(directory: Path, workers: int, threads: int) -> Started:
    """The Flask route that does nothing."""
    target = f"{constant_app.__module__}:{constant_app.__name__}"
    return _serving("constant", target, "", directory, workers, threads)


def floor(url: str, directory: Path, workers: int, threads: int) -> Started:
    """The Flask route whose only work is one write to the back end of a URL.

    :raises BenchError: no installed package offers one for this kind of URL.
    """
    return _serving("floor", _floor_of(url).value, url, directory, workers, threads)


def _floor_of(url: str) -> EntryPoint:
    scheme = urlsplit(url).scheme
    offered = {point.name: point for point in entry_points(group=FLOORS)}
    if scheme not in offered:
        names = ", ".join(sorted(offered)) or "none"
        raise BenchError(
            f"--floor: no installed package offers a floor for URLs like {scheme or url}:// "
            f"(installed: {names})"
        )
    return offered[scheme]


def _serving(
    name: str, target: str, url: str, directory: Path, workers: int, threads: int
) -> Started:
    port = _free_port()
    arguments = ["-m", "angarium.bench.serve", target, str(port), str(workers), str(threads)]
    return Started(name, directory, port, arguments, {URL_VARIABLE: url})


def trivial(directory: Path) -> Started:
    """A server that does as good as nothing."""
    port = _free_port()
    return Started("trivial", directory, port, ["-m", "angarium.bench.trivial", str(port)], {})
