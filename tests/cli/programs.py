"""The commands as processes, each with a configuration of its own."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

BIN: Final = Path(sys.executable).parent
WSGI: Final = "drivers:transport:wsgi"
HEADERS: Final = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-Id": "p"}

Options = Mapping[str, Mapping[str, object]]


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without the caller's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANGARIUM_")}
    return {**kept, **(variables or {})}


def write(directory: Path, options: Options) -> Path:
    """A configuration file whose state is kept beside it; of REST alone unless it says more."""
    merged = {"DEFAULT": {"state_path": directory / "state"}, **options}
    merged["drivers"] = {"transport": "wsgi", **merged.get("drivers", {})}
    merged["DEFAULT"] = {"state_path": directory / "state", **merged["DEFAULT"]}
    lines = []
    for group, values in merged.items():
        lines.append(f"[{group}]")
        lines += [f"{name} = {value}" for name, value in values.items()]
    path = directory / "angarium.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(
    command: str, *arguments: str | Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [BIN / command, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(variables),
        timeout=60,
        check=False,
    )


class Program:
    """A running ``angarium-server``.

    :ivar url: host and port as it announced them.
    """

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output
        self.host = ""
        self.port = 0

    @property
    def output(self) -> str:
        """All that it has written so far."""
        return self._output.read_text()

    def wait_until_it_answers(self) -> None:
        """Read the announced address and wait for the first answer."""
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def _answers(self) -> bool:
        found = [line for line in self.output.splitlines() if line.startswith("REST API on ")]
        if not found:
            return False
        netloc = found[0].split("//")[1].split("/")[0]
        self.host, _, port = netloc.rpartition(":")
        self.port = int(port)
        try:
            return self.get("/")[0] == 300
        except OSError:
            return False

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of a GET."""
        return self.send("GET", path, None, headers)

    def send(
        self,
        method: str,
        path: str,
        body: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of a request."""
        connection = http.client.HTTPConnection(self.host.strip("[]"), self.port, timeout=30)
        try:
            connection.request(method, path, body, {**HEADERS, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def children(self) -> list[int]:
        """The processes that serve."""
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listing.split() if is_serving(int(pid))]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


def is_serving(pid: int) -> bool:
    """Whether a process is alive and was made to serve."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def start(
    config_file: Path,
    output: IO[str],
    variables: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start an ``angarium-server`` in a process group of its own."""
    return subprocess.Popen(
        [BIN / "angarium-server", "--config-file", config_file, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment({"PYTHONUNBUFFERED": "1", **(variables or {})}),
        start_new_session=True,
    )


def listens(port: int) -> bool:
    """Whether a port of loopback takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


@contextmanager
def serving(
    directory: Path,
    options: Options | None = None,
    variables: Mapping[str, str] | None = None,
    arguments: Sequence[str] = ("--only", "wsgi"),
) -> Iterator[Program]:
    """An ``angarium-server`` on a free port that answers already; without deliveries."""
    settings = {**(options or {})}
    settings[WSGI] = {"port": 0, "workers": 1, "threads": 2, **settings.get(WSGI, {})}
    output = directory / "output"
    with output.open("w") as file:
        process = start(write(directory, settings), file, variables, arguments)
    program = Program(process, output)
    try:
        program.wait_until_it_answers()
        yield program
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
