"""What a person sees of a run in the terminal; needs the package ``rich``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from angarium.bench.tables import COLUMNS, TEXTS

_WIDTH: Final = 160


class _Rate(ProgressColumn):
    """How fast a task goes."""

    def render(self, task: Task) -> Text:
        """Units per second since it began."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {task.fields['unit']}/s" if speed else "")


class Terminal:
    """Progress on standard error while something runs; the outcome on standard output."""

    def __init__(self) -> None:
        self._progress = Console(stderr=True)
        self._output = Console()
        if not self._output.is_terminal:
            self._output.width = _WIDTH

    def say(self, text: str) -> None:
        """One line about what was done."""
        self._progress.print(escape(text), highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Something that must not be overlooked."""
        self._progress.print(escape(text), style="red", highlight=False, soft_wrap=True)

    @contextmanager
    def task(self, title: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        """A bar with rate and time left, for as long as it takes."""
        shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=self._progress,
            transient=True,
            disable=not self._progress.is_terminal,
        )
        with shown:
            task = shown.add_task(escape(title), total=total, unit=unit)
            seen = 0.0

            def done(count: int) -> None:
                nonlocal seen
                now = time.monotonic()
                if now - seen > 0.1 or count >= total:
                    seen = now
                    shown.update(task, completed=count)

            yield done

    def show(self, whole: Mapping[str, Any]) -> None:
        """The table of all results, and the errors."""
        table = Table(
            title="Units per second, over the rounds", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        for number, name in enumerate(COLUMNS):
            table.add_column(name, justify="left" if number < TEXTS else "right")
        for row in whole["results"]:
            table.add_row(*_cells(row))
        self._output.print(table)
        for error in whole["errors"]:
            self.warn("{count:,} times {error}: {case} at {target}".format(**error))


def _cells(row: Mapping[str, Any]) -> Iterator[str]:
    rate, latency = row["rate"], row["latency"]
    low, high = rate["quartiles"]
    errors = sum(row["errors"].values())
    for name in ("case", "target", "unit"):
        yield escape(row[name])
    yield f"{rate['median']:,.0f}"
    yield f"{low:,.0f}…{high:,.0f}"
    yield f"{rate['least']:,.0f}…{rate['most']:,.0f}"
    yield percent(row["share_of_floor"])
    yield percent(row["share_of_constant"])
    for name in ("p50", "p95", "p99"):
        yield "" if latency[name] is None else f"{latency[name]:,.1f}"
    yield f"{row['clients_busy']:.0%}"
    yield f"[red]{errors:,}[/red]" if errors else "0"


def percent(share: float | None) -> str:
    """A share for people; empty when there is nothing to compare with."""
    return "" if share is None else f"{share:.0%}"
