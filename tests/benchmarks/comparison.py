"""Single posts and post/claim/delete cycles on each store, beside a route that answers a constant.

Everything runs on this machine, and the measurements of a round follow each other directly, in
another order each time, so that whatever else happens here hits all of them alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from tests import stores
from tests.benchmarks import clients, report, workloads
from tests.benchmarks.clients import Client, Measurement
from tests.servers import ServerPark, free_port

_ROOT: Final = Path(__file__).parents[2]
_WARM_UP: Final = 0.5  # seconds


@dataclass(frozen=True)
class Row:
    """One kind of measurement: what is done, and at which server."""

    name: str
    port: int
    workload: Callable[[str], Client]


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    rounds: int
    seconds: float
    clients: int
    queues: int
    workers: int
    threads: int


def _constant(_: int) -> Client:
    return workloads.constant("")


@contextlib.contextmanager
def module(name: str, *arguments: int) -> Iterator[int]:
    """Run a server of this folder as a process; the port on which it listens."""
    port = free_port()
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *map(str, (port, *arguments))]
    process = subprocess.Popen(command, cwd=_ROOT)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                clients.run(port, _constant, 1, 0.1)
                break
            time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def angarium(names: list[str], settings: Settings) -> Iterator[dict[str, int]]:
    """Run a server on each store; their ports."""
    wsgi = {"workers": settings.workers, "threads": settings.threads}
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="angarium-")))
        databases = stack.enter_context(contextlib.ExitStack())  # which outlive the servers
        postgresql = partial(_postgresql, databases)
        park = stack.enter_context(contextlib.closing(ServerPark(directory, postgresql)))
        yield {
            name: park.get(name, options={"drivers:transport:wsgi": wsgi}).port for name in names
        }


def _postgresql(stack: contextlib.ExitStack) -> str:
    return stack.enter_context(stores.postgresql_server(f"benchmark-{os.getpid()}"))


def measure(row: Row, settings: Settings, number: int, seconds: float) -> Measurement:
    """One row in one round; each round uses queues of its own."""

    def make(client: int) -> Client:
        return row.workload(f"round-{number}-{row.workload.__name__}-{client % settings.queues}")

    return clients.run(row.port, make, settings.clients, seconds)


def compare(rows: list[Row], settings: Settings) -> dict[str, list[Measurement]]:
    """All rounds of all rows."""
    results: dict[str, list[Measurement]] = {row.name: [] for row in rows}
    for row in rows:
        measure(row, settings, -1, _WARM_UP)
    for number in range(settings.rounds):
        turn = number % len(rows)
        for row in rows[turn:] + rows[:turn]:
            results[row.name].append(measure(row, settings, number, settings.seconds))
        rates = (f"{name} {rounds[-1].rate:,.0f}" for name, rounds in results.items())
        click.echo(f"round {number + 1}: " + ", ".join(rates), err=True)
    return results


def ceiling(settings: Settings) -> float:
    """How many requests per second the clients send to a server that does nothing."""
    with module("trivial") as port:
        return clients.run(port, _constant, settings.clients, settings.seconds).rate


@click.command(help=__doc__)
@click.option("--rounds", default=10, show_default=True, help="How often to measure everything.")
@click.option("--seconds", default=3.0, show_default=True, help="Length of one measurement.")
@click.option("--clients", default=16, show_default=True, help="Concurrent connections.")
@click.option("--queues", default=1, show_default=True, help="Queues that the clients share.")
@click.option("--workers", default=2, show_default=True, help="Processes of each server.")
@click.option("--threads", default=8, show_default=True, help="Threads of each of them.")
@click.option(
    "--store",
    "names",
    multiple=True,
    type=click.Choice(stores.STORES),
    default=stores.STORES,
    show_default=True,
    help="Stores to measure; may be given several times.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("build/benchmark-rest.json"),
    show_default=True,
    help="Where all figures are written as JSON.",
)
def main(names: tuple[str, ...], output: Path, **values: Any) -> None:
    """Measure, print, write."""
    settings = Settings(**values)
    facts: dict[str, Any] = {**values, "client_ceiling": round(ceiling(settings))}
    click.echo(f"the clients alone: {facts['client_ceiling']:,} requests/s", err=True)
    with (
        module("constant", settings.workers, settings.threads) as constant,
        angarium(list(names), settings) as ports,
    ):
        results = compare(_rows(constant, ports), settings)
    whole = report.document(results, facts)
    report.show(whole)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(whole, indent=2) + "\n")
    click.echo(f"all figures: {output}")


def _rows(constant: int, ports: Mapping[str, int]) -> list[Row]:
    rows = [Row("constant Flask route", constant, workloads.constant)]
    for name, port in ports.items():
        rows.append(Row(f"{name}: posts", port, workloads.post))
        rows.append(Row(f"{name}: cycles", port, workloads.cycle))
    return rows


if __name__ == "__main__":
    main()
