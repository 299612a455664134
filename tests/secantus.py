"""A server that speaks the MongoDB protocol, as a process of its own.

It is SecantusDB, which is not MongoDB: it presents itself as a replica set of one member.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.servers import free_port

_READY_WITHIN: Final = 30.0  # seconds
_STOP_WITHIN: Final = 10.0
_PROGRAM: Final = Path(sys.executable).parent / "secantusd-py"


class SecantusServer:
    """A server with a port of its own; its data outlive a restart.

    :param directory: for its data and its log.
    :param arguments: further ones of its command line.
    """

    def __init__(self, directory: Path, arguments: Sequence[str] = ()) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._directory = directory
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its connection string."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [_PROGRAM, "--port", str(self.port), "--storage-path", self._directory / "data"]
        with (self._directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--log-level", "WARNING", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _READY_WITHIN
        while not self._answers():
            log_text = (self._directory / "server.log").read_text()
            assert self._process.poll() is None, f"the server ended:\n{log_text}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{log_text}"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with MongoClient(self.url, serverSelectionTimeoutMS=500) as client:
                client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        shutil.rmtree(self._directory)
