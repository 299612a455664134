"""Installations in one process: kernels on one store, each as another process would have it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from angarium import config, kernel
from angarium.clock import Clock
from angarium.context import RequestContext
from angarium.kernel import Kernel
from tests.stores import Options

CONTEXT = RequestContext(
    request_id="req-00000000-0000-4000-8000-000000000000",
    project="orchard",
    client_id="30387f00-39fc-11ea-81a4-5254006b8ac2",
)


class Installation:
    """One configuration and one store, opened as often as a test wants processes.

    :param directory: for the configuration and SQLite's file.
    :param options: by group; the store is SQLite unless they say otherwise.
    """

    def __init__(self, directory: Path, options: Options | None = None) -> None:
        self.clock = Clock()
        self._kernels: list[Kernel] = []
        self._directory = directory
        self._file = self.configure(options or {})
        first = self.open()
        list(first.upgrade())
        first.prepare()

    def configure(self, options: Options) -> Path:
        """Write a configuration file."""
        merged: dict[str, Mapping[str, object]] = {**options}
        merged["DEFAULT"] = {"state_path": self._directory / "state", **options.get("DEFAULT", {})}
        lines = []
        for group, values in merged.items():
            lines.append(f"[{group}]")
            lines += [f"{name} = {value}" for name, value in values.items()]
        path = self._directory / "angarium.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def open(self) -> Kernel:
        """A further kernel on the store; it shares no cache with the others."""
        made = kernel.build(config.load(["--config-file", str(self._file)]), self.clock)
        self._kernels.append(made)
        return made

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._kernels:
            each.close()
