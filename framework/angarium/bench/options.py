"""What the command line says."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from angarium.bench.cases import Sizes

_SECRET: Final = "***"  # noqa: S105 - what stands in the place of one
_USER: Final = re.compile(r"://[^/@\s]*@")


@dataclass(frozen=True)
class Options:
    """The options of ``angarium bench`` by their names.

    :ivar own: the configuration that ``angarium`` was given, for a server to start.
    """

    targets: Sequence[str]
    config_files: Sequence[str]
    own: Sequence[str]
    token: str | None
    project: str
    workloads: Sequence[str]
    sizes: Sizes
    seconds: float
    rounds: int
    connections: int
    processes: int
    floor: str | None
    workers: int
    threads: int
    json_file: Path | None
    html_file: Path | None

    @property
    def settings(self) -> dict[str, Any]:
        """What the figures depend on, for the document."""
        names = ("seconds", "rounds", "connections", "processes", "workers", "threads")
        return {**{name: getattr(self, name) for name in names}, **dataclasses.asdict(self.sizes)}


def command_line(arguments: Sequence[str]) -> str:
    """The command as it could be typed again, without tokens and passwords."""
    shown: list[str] = []
    for argument in arguments:
        if shown and shown[-1] == "--token":
            argument = _SECRET
        elif argument.startswith("--token="):
            argument = f"--token={_SECRET}"
        shown.append(_USER.sub(f"://{_SECRET}@", argument))
    return shlex.join(["angarium", *shown])
