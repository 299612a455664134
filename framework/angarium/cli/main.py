"""``angarium``: what is installed, what is configured, and how fast it is."""

from __future__ import annotations

import click
from oslo_config import cfg

from angarium import plugins
from angarium.cli import common
from angarium.cli.bench import bench
from angarium.config import catalogue
from angarium.config.loading import files
from angarium.notifications.subscribers import SOCKET
from angarium.storage.pipeline import PIPELINES

_SELECTED = {
    plugins.TRANSPORTS: ("drivers", ("transport",)),
    plugins.DATA: ("drivers", ("message_store",)),
    plugins.CONTROL: ("drivers", ("management_store",)),
    plugins.FILTERS: ("storage", PIPELINES),
    plugins.NOTIFIERS: ("transport", ("subscriber_types",)),
    plugins.IDENTITY: (None, ("auth_strategy",)),
}


@click.group("angarium")
@common.configured
@click.pass_context
def angarium(
    context: click.Context,
    config_files: tuple[str, ...],
    config_dirs: tuple[str, ...],
    debug: bool,
) -> None:
    """Tell what is installed, how it is configured, and how fast it is."""
    context.obj = common.arguments(config_files, config_dirs, debug=debug)


angarium.add_command(bench)


@angarium.command("plugins")
@click.pass_obj
def list_plugins(arguments: list[str]) -> None:
    """List all plugins, the package and version they come from, and those in use (*)."""
    conf = common.load(arguments)
    rows = [
        (
            "*" if plugin.name in selected(conf, group) else "",
            group,
            plugin.name,
            f"{plugin.distribution} {plugin.version}",
            plugin.target,
        )
        for group in plugins.GROUPS
        for plugin in plugins.installed(group)
    ]
    click.echo(common.table(("", "GROUP", "NAME", "FROM", "TARGET"), rows))


@angarium.group("config")
def configuration() -> None:
    """The configuration."""


@configuration.command("sample")
def sample() -> None:
    """Print a configuration file with every option, its meaning and its default."""
    click.echo(catalogue.sample(catalogue.namespaces()), nl=False)


@configuration.command("show")
@click.option("--all", "everything", is_flag=True, help="Show the defaults as well.")
@click.argument("groups", nargs=-1)
@click.pass_obj
def show(arguments: list[str], everything: bool, groups: tuple[str, ...]) -> None:
    """Show the values in force and where each comes from; secrets are hidden.

    GROUPS restricts it to some sections, such as DEFAULT or storage.
    """
    conf = common.load(arguments)
    catalogue.register_all(conf)
    rows = [
        (f"[{it.group}]", it.option, it.value, it.source)
        for it in catalogue.settings(conf)
        if (everything or not it.is_default) and (not groups or it.group in groups)
    ]
    click.echo(f"Files: {', '.join(files(conf)) or 'none'}")
    if rows:
        click.echo(common.table(("GROUP", "OPTION", "VALUE", "FROM"), rows))
    else:
        click.echo("All values are defaults; --all shows them.")


def selected(conf: cfg.ConfigOpts, group: str) -> set[str]:
    """The names that the configuration selects in a group of plugins."""
    section, options = _SELECTED[group]
    values = conf if section is None else conf[section]
    names = {SOCKET} if group == plugins.NOTIFIERS else set()
    for option in options:
        value = values[option]
        names.update([value or "noauth"] if isinstance(value, str) else value)
    return names


def main() -> None:
    """The entry point of the command."""
    common.run(angarium)
