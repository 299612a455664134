"""``angarium-manage``: look after the stores."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from angarium import kernel, logs
from angarium.cli import common
from angarium.cli.deliveries import deliveries
from angarium.cli.pools import pool
from angarium.config.loading import check_values
from angarium.storage.driver import Driver

_STEP: Final = 1000  # things reclaimed in one call
_BESIDE_A_SERVER: Final = 2  # processes that use the stores: that of the server, and this one


@click.group("angarium-manage")
@common.configured
@click.pass_context
def manage(
    context: click.Context,
    config_files: tuple[str, ...],
    config_dirs: tuple[str, ...],
    debug: bool,
) -> None:
    """Look after the stores of a service, which may be running."""
    context.obj = common.arguments(config_files, config_dirs, debug=debug)


@manage.group()
def db() -> None:
    """The structure of the stores."""


@db.command("upgrade")
@click.option(
    "--uri",
    "uri",
    metavar="URI",
    help="Only the store at this uri, which is to become a pool; - reads it from standard input.",
)
@click.pass_obj
def db_upgrade(arguments: list[str], uri: str | None) -> None:
    """Bring the structure of all stores up to date, those of pools included. Safe to repeat."""
    service = kernel.build(common.load(arguments), processes=_BESIDE_A_SERVER)
    try:
        with logs.explained():
            if uri is None:
                for name, done in service.upgrade():
                    click.echo(f"{name}: {done}")
            else:
                _upgrade_one(service, sys.stdin.readline().strip() if uri == "-" else uri)
    finally:
        service.close()


def _upgrade_one(service: kernel.Kernel, uri: str) -> None:
    driver = service.services.pools.build(uri)
    try:
        click.echo(driver.upgrade())
    finally:
        driver.close()


manage.add_command(pool)
manage.add_command(deliveries)


@manage.command()
@click.pass_obj
def reclaim(arguments: list[str]) -> None:
    """Free the space of everything that has expired or was deleted, now.

    The service does the same by itself, a little at a time.
    """
    with _drivers(arguments) as drivers:
        for name, driver in drivers.items():
            _reclaim(name, driver)


@manage.group()
def upgrade() -> None:
    """Upgrades of Angarium itself."""


@upgrade.command("check")
@click.pass_obj
def upgrade_check(arguments: list[str]) -> None:
    """Tell whether this version would start: options, plugins, policy, and the stores.

    The embedded store is brought up to date on the way, as at a start.
    """
    conf = common.load(arguments)
    service = kernel.build(conf)
    check_values(conf)
    click.echo("options, plugins and policy: fine")
    try:
        with logs.explained():
            service.prepare()
            click.echo("structure of the stores: up to date")
            for name, driver in service.drivers().items():
                driver.ping()
                click.echo(f"{name}: answers")
    finally:
        service.close()


def _reclaim(name: str, driver: Driver) -> None:
    total = 0
    while True:
        freed = driver.reclaim(_STEP)
        total += freed
        if freed < _STEP:
            break
        click.echo(f"{name}: {total} freed so far", err=True)
    click.echo(f"{name}: {total} freed")


@contextmanager
def _drivers(arguments: list[str]) -> Iterator[dict[str, Driver]]:
    service = kernel.build(common.load(arguments), processes=_BESIDE_A_SERVER)
    try:
        with logs.explained():
            service.prepare()
            yield service.drivers()
    finally:
        service.close()


def main() -> None:
    """The entry point of the command."""
    common.run(manage)
