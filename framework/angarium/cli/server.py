"""``angarium-server``: serve the configured transports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import click
from oslo_config import cfg

from angarium import kernel, logs, plugins
from angarium.cli import common
from angarium.config.loading import check_values, files
from angarium.errors import AngariumError
from angarium.processes import run_together
from angarium.storage.schemes import without_secrets
from angarium.transport import Transport
from angarium.version import version

_OPTION = "[drivers] transport"


@click.command("angarium-server")
@click.option(
    "--admin_mode",
    "--admin-mode",
    is_flag=True,
    help="Expose what is meant for operators: /v2/health and, with pooling, pools and flavors.",
)
@common.configured
def serve(
    config_files: tuple[str, ...], config_dirs: tuple[str, ...], debug: bool, admin_mode: bool
) -> None:
    """Serve the messaging API.

    Without any configuration it listens on 127.0.0.1 port 8888 and keeps everything in an SQLite
    file. Every option can also be given in the environment, as ANGARIUM_<GROUP>__<OPTION>;
    `angarium config sample` prints all of them. Ctrl-C stops it in order, a second one at once.
    """
    arguments = common.arguments(config_files, config_dirs, debug=debug)
    if admin_mode:
        arguments.append("--admin_mode")
    conf = common.load(arguments)
    transports = load_transports(conf, arguments)
    prepare(conf, sum(transport.processes for transport in transports))
    announce(conf, transports)
    if len(transports) == 1:
        transports[0].serve()
    else:
        run_together(partial(_serve_one, arguments), conf.drivers.transport)


def load_transports(conf: cfg.ConfigOpts, arguments: Sequence[str]) -> list[Transport]:
    """The configured transports, each able to serve as far as one can tell.

    :raises StartError: one cannot be loaded, or could not serve.
    """
    transports = [_load(name, conf, arguments) for name in conf.drivers.transport]
    for transport in transports:
        transport.check()
    return transports


def prepare(conf: cfg.ConfigOpts, processes: int) -> None:
    """Check the whole configuration and get the stores ready for so many processes.

    :raises StartError: a plugin, a policy file or a store makes it wrong to start.
    """
    service = kernel.build(conf, processes=processes)
    check_values(conf)
    try:
        with logs.explained():
            service.prepare()
    finally:
        service.close()


def announce(conf: cfg.ConfigOpts, transports: Sequence[Transport]) -> None:
    """Tell a person what was started, and a log as well."""
    stores = f"messages {_place(conf, 'message_store')}, queues {_place(conf, 'management_store')}"
    read = ", ".join(files(conf)) or "none, the defaults apply"
    click.echo(f"Angarium {version()}\nConfiguration: {read}\nStores: {stores}")
    for transport in transports:
        click.echo("\n".join(transport.announce()))
    click.echo("Ctrl-C stops it.")
    logs.START.info("serving %s; %s", ", ".join(conf.drivers.transport), stores)


def _place(conf: cfg.ConfigOpts, kind: str) -> str:
    """The driver of a store and where it keeps things, without what only it should know."""
    name = conf.drivers[kind]
    group = f"drivers:{kind}:{name}"
    uri = conf[group].uri if group in conf and "uri" in conf[group] else None
    return f"in {name} ({without_secrets(uri) if uri else f'state in {conf.state_path}'})"


def _serve_one(arguments: Sequence[str], name: str) -> None:
    """Serve one of several transports, in a process of its own."""
    try:
        _load(name, common.load(arguments), arguments).serve()
    except AngariumError as error:
        common.fail(f"angarium-server ({name})", str(error))


def _load(name: str, conf: cfg.ConfigOpts, arguments: Sequence[str]) -> Transport:
    chosen = plugins.load(plugins.TRANSPORTS, name, option=_OPTION, base=Transport)
    return chosen(conf, arguments)


def main() -> None:
    """The entry point of the command."""
    common.run(serve)
