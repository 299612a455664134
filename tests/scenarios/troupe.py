"""Starts actors as processes and tells from their journals what they have done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 60.0  # seconds


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again; what is never true fails the test."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


class Player:
    """One actor as a process."""

    def __init__(self, role: str, part: dict[str, Any]) -> None:
        self.name: str = part["name"]
        self._journal = Path(part["journal"])
        self._errors = self._journal.with_suffix(".err")
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.scenarios.actors", role, json.dumps(part)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stderr=errors,
            )

    def events(self, kind: str | None = None) -> Iterator[dict[str, Any]]:
        """What the actor has noted so far, of one kind or all."""
        text = self._journal.read_text() if self._journal.exists() else ""
        complete = text[: text.rfind("\n") + 1]  # a killed process may leave half a line
        for line in complete.splitlines():
            event = json.loads(line)
            if kind in (None, event["event"]):
                yield event

    def ids(self, kind: str) -> list[str]:
        """The messages of all events of a kind."""
        return [
            each for event in self.events(kind) for each in event.get("ids") or [event.get("id")]
        ]

    def finish(self) -> None:
        """Wait until the actor has played its part to the end."""
        self._expect_end()

    def stop(self) -> None:
        """Ask the actor to end, and wait for it."""
        self.process.send_signal(signal.SIGTERM)
        self._expect_end()

    def _expect_end(self) -> None:
        status = self.process.wait(PATIENCE)
        assert status == 0, f"{self.name} ended with {status}:\n{self._errors.read_text()}"

    def kill(self) -> None:
        """End it at once (signal 9), whatever it is doing; harmless when it has ended."""
        self.process.kill()
        self.process.wait()


class Troupe:
    """All actors of one test: they use one server and one project.

    :param directory: for the journals.
    """

    def __init__(self, port: int, project: str, directory: Path) -> None:
        self._common = {"port": port, "project": project}
        self._directory = directory
        self._players: list[Player] = []

    def start(self, role: str, name: str, queue: str, **part: object) -> Player:
        """Let an actor begin."""
        journal = str(self._directory / f"{name}.journal")
        whole = {**self._common, "name": name, "queue": queue, "journal": journal, **part}
        player = Player(role, whole)
        self._players.append(player)
        return player

    def close(self) -> None:
        """End everyone who is still there."""
        for player in self._players:
            player.kill()
