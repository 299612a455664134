"""What ends a benchmark early."""

from __future__ import annotations

from angarium.errors import AngariumError


class BenchError(AngariumError):
    """Raised when something that was asked for cannot be measured; its text says what to do."""


class ServerDied(BenchError):
    """Raised when a server that the benchmark started ends by itself.

    :ivar log: the end of what it wrote.
    """

    def __init__(self, name: str, status: int, log: str) -> None:
        super().__init__(f"the server of {name} ended with status {status}; its log is above")
        self.log = log
