"""``angarium-server``: serve the configured transports, and deliver to subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import click
from oslo_config import cfg

from angarium import kernel, logs, plugins
from angarium.cli import common
from angarium.config.loading import check_values, files
from angarium.errors import AngariumError, StartError
from angarium.notifications.service import serve as serve_deliveries
from angarium.processes import run_together
from angarium.storage.schemes import without_secrets
from angarium.transport import Transport
from angarium.version import version

_OPTION = "[drivers] transport"
_DELIVERIES = "deliveries"
"""The name of the service that delivers, beside those of the transports."""


@click.command("angarium-server")
@click.option(
    "--admin_mode",
    "--admin-mode",
    is_flag=True,
    help="Expose what is meant for operators: /v2/health and, with pooling, pools and flavors.",
)
@click.option(
    "--only",
    "only",
    multiple=True,
    metavar="SERVICE",
    help="Run this service and no other: a transport by its name, or deliveries. May be repeated.",
)
@common.configured
def serve(
    config_files: tuple[str, ...],
    config_dirs: tuple[str, ...],
    debug: bool,
    admin_mode: bool,
    only: tuple[str, ...],
) -> None:
    """Serve the messaging API, and deliver messages to subscribers.

    Without any configuration it listens on 127.0.0.1 port 8888 and keeps everything in an SQLite
    file. Every option can also be given in the environment, as ANGARIUM_<GROUP>__<OPTION>;
    `angarium config sample` prints all of them. Ctrl-C stops it in order, a second one at once.
    """
    arguments = common.arguments(config_files, config_dirs, debug=debug)
    if admin_mode:
        arguments.append("--admin_mode")
    conf = common.load(arguments)
    names = choose(conf, only)
    transports = {name: _load(name, conf, arguments) for name in conf.drivers.transport}
    chosen = [transport for name, transport in transports.items() if name in names]
    for transport in chosen:
        transport.check()
    processes = sum(it.processes for it in transports.values()) + kernel.delivery_processes(conf)
    prepare(conf, processes)
    announce(conf, names, chosen)
    if len(names) > 1:
        target = partial(_serve_one, arguments, processes)
        run_together(target, names, replaced={_DELIVERIES} & {*names})
    elif chosen:
        chosen[0].serve()
    else:
        _deliver(arguments, processes)


def choose(conf: cfg.ConfigOpts, only: Sequence[str]) -> list[str]:
    """The names of the services to run.

    :param only: those that were asked for; none for all.
    :raises StartError: one of them is not there to be run.
    """
    is_separate = kernel.delivery_processes(conf) > 0
    names = [*conf.drivers.transport, *([_DELIVERIES] if is_separate else [])]
    for name in only:
        if name == _DELIVERIES and not is_separate:
            raise StartError(
                "--only deliveries: a store is inside the process that serves, which therefore "
                "delivers as well; choose stores that processes share"
            )
        if name not in names:
            raise StartError(
                f"--only {name}: there is no such service; there are {', '.join(names)}, as "
                f"{_OPTION} says"
            )
    return [name for name in names if name in only or not only]


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


def announce(conf: cfg.ConfigOpts, names: Sequence[str], transports: Sequence[Transport]) -> None:
    """Tell a person what was started, and a log as well."""
    stores = f"messages {_place(conf, 'message_store')}, queues {_place(conf, 'management_store')}"
    read = ", ".join(files(conf)) or "none, the defaults apply"
    click.echo(f"Angarium {version()}\nConfiguration: {read}\nStores: {stores}")
    for transport in transports:
        click.echo("\n".join(transport.announce()))
    click.echo(_about_deliveries(conf, names))
    click.echo("Ctrl-C stops it.")
    logs.START.info("serving %s; %s", ", ".join(names), stores)


def _about_deliveries(conf: cfg.ConfigOpts, names: Sequence[str]) -> str:
    workers = conf.notification.max_notifier_workers
    if _DELIVERIES in names:
        return f"Deliveries to subscribers: up to {workers} at a time."
    if not kernel.delivery_processes(conf):
        return f"Deliveries to subscribers: up to {workers} at a time, by the process that serves."
    return "Deliveries to subscribers: not here; run angarium-server --only deliveries somewhere."


def _place(conf: cfg.ConfigOpts, kind: str) -> str:
    """The driver of a store and where it keeps things, without what only it should know."""
    name = conf.drivers[kind]
    group = f"drivers:{kind}:{name}"
    uri = conf[group].uri if group in conf and "uri" in conf[group] else None
    return f"in {name} ({without_secrets(uri) if uri else f'state in {conf.state_path}'})"


def _serve_one(arguments: Sequence[str], processes: int, name: str) -> None:
    """Run one of several services, in a process of its own."""
    try:
        if name == _DELIVERIES:
            _deliver(arguments, processes)
        else:
            _load(name, common.load(arguments), arguments).serve()
    except AngariumError as error:
        common.fail(f"angarium-server ({name})", str(error))


def _deliver(arguments: Sequence[str], processes: int) -> None:
    serve_deliveries(lambda: kernel.build(common.load(arguments), processes=processes))


def _load(name: str, conf: cfg.ConfigOpts, arguments: Sequence[str]) -> Transport:
    chosen = plugins.load(plugins.TRANSPORTS, name, option=_OPTION, base=Transport)
    return chosen(conf, arguments)


def main() -> None:
    """The entry point of the command."""
    common.run(serve)
