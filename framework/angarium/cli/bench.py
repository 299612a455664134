"""``angarium bench``: how fast a server of this API is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from angarium.bench.cases import FULL, WORKLOADS, Sizes
from angarium.bench.options import Options
from angarium.cli.common import FunctionT
from angarium.errors import StartError

_FILE = click.Path(dir_okay=False, path_type=Path)


def _sizes(name: str, text: str) -> Callable[[FunctionT], FunctionT]:
    return click.option(
        f"--{name}",
        name,
        multiple=True,
        type=click.IntRange(min=1),
        help=f"{text}; may be repeated. [default: {', '.join(map(str, getattr(Sizes(), name)))}]",
    )


@click.command()
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="[NAME=]URL",
    help="A running server, such as http://127.0.0.1:8888. Any number; they take turns.",
)
@click.option(
    "--config-file",
    "config_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    help="Start a server with this configuration and measure it. Any number. Without this and "
    "--target, one with the embedded store is started.",
)
@click.option("--token", help="Sent as X-Auth-Token with every request to a target.")
@click.option("--project", default="benchmark", show_default=True, help="Sent as X-Project-Id.")
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    type=click.Choice(list(WORKLOADS)),
    default=("post", "cycle"),
    show_default=True,
    help="What to do; may be repeated.",
)
@_sizes("batches", "Messages of one post of the workload batch")
@_sizes("depths", "Messages in the queue of the workload deep")
@_sizes("queues", "How many queues the workload queues posts to")
@_sizes("claims", "Claims that are held in the workload claims")
@click.option(
    "--full", is_flag=True, help="The large sizes: 1,000,000 messages, 100,000 queues and claims."
)
@click.option("--seconds", default=3.0, type=click.FloatRange(0.1), show_default=True)
@click.option("--rounds", default=10, type=click.IntRange(1), show_default=True)
@click.option("--connections", default=16, type=click.IntRange(1), show_default=True)
@click.option(
    "--processes",
    default=1,
    type=click.IntRange(1),
    show_default=True,
    help="Processes of the clients.",
)
@click.option(
    "--floor",
    metavar="URL",
    help="The back end of the servers: a route that does one write there is measured beside them.",
)
@click.option(
    "--workers",
    default=2,
    type=click.IntRange(1),
    show_default=True,
    help="Processes of each server that is started.",
)
@click.option(
    "--threads",
    default=8,
    type=click.IntRange(1),
    show_default=True,
    help="Threads of each of them.",
)
@click.option("--json", "json_file", type=_FILE, help="Write all figures to this file.")
@click.option("--html", "html_file", type=_FILE, help="Write a report with plots to this file.")
@click.pass_context
def bench(context: click.Context, /, full: bool, **given: Any) -> None:
    """Measure how fast a server of this API is.

    Everything is measured over several rounds, in turns with all that it is compared with. Errors
    are counted; a run that met any ends with exit status 1.
    """
    try:
        from angarium.bench.command import run
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise StartError(
            f"bench needs the package {package}, which the extra brings: "
            "pip install 'angarium[bench]'"
        ) from error
    base = FULL if full else Sizes()
    sizes = {field.name: given.pop(field.name) for field in fields(Sizes)}
    chosen = {name: values or getattr(base, name) for name, values in sizes.items()}
    context.exit(run(Options(sizes=Sizes(**chosen), own=context.obj, **given)))
