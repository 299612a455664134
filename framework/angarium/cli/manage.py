"""``angarium-manage``: look after the stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from angarium import kernel, logs
from angarium.cli import common
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
@click.pass_obj
def db_upgrade(arguments: list[str]) -> None:
    """Bring the structure of both stores up to date. Safe to repeat."""
    with _drivers(arguments) as drivers:
        for name, driver in drivers.items():
            click.echo(f"{name}: {driver.upgrade()}")


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
            for name, driver in _named(service).items():
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
            yield _named(service)
    finally:
        service.close()


def _named(service: kernel.Kernel) -> dict[str, Driver]:
    return {"management store": service.services.control, "message store": service.services.data}


def main() -> None:
    """The entry point of the command."""
    common.run(manage)
