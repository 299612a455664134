"""The figures of a run as a table for people and as a document for programs."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.clients import Measurement

Results = Mapping[str, Sequence[Measurement]]
"""The rounds of each row, by its name; the first row is what the others are compared with."""


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    packages = ("angarium", "granian", "flask", "sqlalchemy", "psycopg")
    return {
        "processors": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in packages},
    }


def figures(rounds: Sequence[Measurement], base: float) -> dict[str, Any]:
    """Median and spread of one row, and how it compares; latencies in milliseconds."""
    rates = [each.rate for each in rounds]
    middle = median(rates)
    low, _, high = quantiles(rates, method="inclusive") if len(rates) > 1 else rates * 3
    return {
        "median": round(middle, 1),
        "quartiles": [round(low, 1), round(high, 1)],
        "least": round(min(rates), 1),
        "most": round(max(rates), 1),
        "share_of_constant": round(middle / base, 3),
        "latency_p50_ms": round(1000 * median(each.percentile(50) for each in rounds), 2),
        "latency_p99_ms": round(1000 * median(each.percentile(99) for each in rounds), 2),
        "clients_busy": round(median(each.busy for each in rounds), 2),
        "rounds": [round(rate, 1) for rate in rates],
    }


def document(results: Results, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All that is known about the run."""
    base = median(each.rate for each in next(iter(results.values())))
    rows = {name: figures(rounds, base) for name, rounds in results.items()}
    return {"machine": machine(), "settings": dict(settings), "results": rows}


def show(whole: Mapping[str, Any]) -> None:
    """Print the table."""
    console = Console()
    console.width = max(console.width, 110)
    for part in ("machine", "settings"):
        console.print(", ".join(f"{key} {value}" for key, value in whole[part].items()))
    table = Table("", *_COLUMNS, title="per second, over the rounds")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in whole["results"].items():
        low, high = row["quartiles"]
        table.add_row(
            name,
            f"{row['median']:,.0f}",
            f"{low:,.0f} … {high:,.0f}",
            f"{row['least']:,.0f} … {row['most']:,.0f}",
            f"{row['share_of_constant']:.0%}",
            f"{row['latency_p50_ms']:.1f}",
            f"{row['latency_p99_ms']:.1f}",
            f"{row['clients_busy']:.0%}",
        )
    console.print(table)


_COLUMNS = ("median", "quartiles", "range", "of constant", "p50 ms", "p99 ms", "clients' CPU")
