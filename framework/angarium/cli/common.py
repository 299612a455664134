"""What the three commands share: where the configuration comes from, and how they fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeVar

import click
from oslo_config import cfg

from angarium import config, logs
from angarium.config.loading import explain
from angarium.errors import AngariumError
from angarium.version import version

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

CONFIG_FILE = click.option(
    "--config-file",
    "config_files",
    multiple=True,
    metavar="PATH",
    help="Read this file, and not the usual places. Any number; later ones win.",
)
CONFIG_DIR = click.option(
    "--config-dir",
    "config_dirs",
    multiple=True,
    metavar="PATH",
    help="Read every *.conf in this directory after the files. Any number.",
)
DEBUG = click.option("--debug", is_flag=True, help="Log everything there is to log.")
VERSION = click.version_option(version(), "--version", message="%(prog)s %(version)s")


def configured(command: FunctionT) -> FunctionT:
    """Give a command the options that every command has."""
    for option in (VERSION, DEBUG, CONFIG_DIR, CONFIG_FILE):  # the last one is shown first
        command = option(command)
    return command


def arguments(
    config_files: Sequence[str], config_dirs: Sequence[str], *, debug: bool = False
) -> list[str]:
    """The options of :func:`configured` as :func:`angarium.config.load` takes them."""
    found = [part for path in config_files for part in ("--config-file", path)]
    found += [part for path in config_dirs for part in ("--config-dir", path)]
    return [*found, "--debug"] if debug else found


def load(command_line: Sequence[str]) -> cfg.ConfigOpts:
    """Load the configuration and start logging.

    :raises StartError: something is wrong with either.
    """
    conf = config.load(command_line)
    logs.setup(conf)
    return conf


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text in columns."""
    lines = [titles, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def run(command: click.Command) -> NoReturn:
    """Run a command; what an operator can mend comes out as one line, with exit status 1."""
    program = command.name or "angarium"
    try:
        command.main(prog_name=program)
    except AngariumError as error:
        fail(program, str(error))
    except cfg.Error as error:
        fail(program, explain(error))
    sys.exit(0)


def fail(program: str, text: str) -> NoReturn:
    """End the program with one line on standard error."""
    print(f"{program}: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(1)
