"""Every option there is, that of installed plugins included, and where its value comes from."""

from __future__ import annotations

import importlib.metadata
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from oslo_config import cfg, generator

from angarium import plugins
from angarium.errors import StartError

_ENTRY_POINTS: Final = "oslo.config.opts"
_LIBRARIES: Final = ("oslo.log", "oslo.policy")
_SOURCES: Final = {
    cfg.Locations.opt_default: "default",
    cfg.Locations.set_default: "default",
    cfg.Locations.set_override: "set by Angarium",
}
_HIDDEN: Final = "****"


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of one option.

    :ivar value: as text; stars in place of a secret.
    :ivar source: ``default``, the command line, a variable or a file.
    """

    group: str
    option: str
    value: str
    source: str
    is_default: bool


def namespaces() -> list[str]:
    """Whose options belong to a service: ours, those of installed plugins, and two libraries."""
    offering = {
        plugin.distribution for group in plugins.GROUPS for plugin in plugins.installed(group)
    }
    points = importlib.metadata.entry_points(group=_ENTRY_POINTS)
    ours = {point.name for point in points if point.dist and point.dist.name in offering}
    return [*sorted(ours), *_LIBRARIES]


def sample(names: list[str]) -> str:
    """A configuration file with every option of some namespaces, its meaning and its default."""
    # The generator warns of every library that does not say which options may change at run time.
    logging.getLogger("oslo_config.generator").setLevel(logging.ERROR)
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    conf([f"--namespace={name}" for name in names], default_config_files=[])
    output = io.StringIO()
    generator.generate(conf, output)
    return output.getvalue()


def register_all(conf: cfg.ConfigOpts) -> None:
    """Make the options of all namespaces known to a configuration.

    :raises StartError: the options of a plugin cannot be read.
    """
    points = {point.name: point for point in importlib.metadata.entry_points(group=_ENTRY_POINTS)}
    for name in namespaces():
        try:
            found = points[name].load()()
        except Exception as error:
            raise StartError(f"the options of {name} cannot be read: {error}") from error
        for group, options in found:
            conf.register_opts(options, group=None if group == "DEFAULT" else group)


def settings(conf: cfg.ConfigOpts) -> Iterator[Setting]:
    """The values of all registered options, ``[DEFAULT]`` first."""
    yield from _section(conf, "DEFAULT")
    for name in sorted(conf):
        if isinstance(conf[name], cfg.ConfigOpts.GroupAttr):
            yield from _section(conf, name)


def _section(conf: cfg.ConfigOpts, group: str) -> Iterator[Setting]:
    section = conf if group == "DEFAULT" else conf[group]
    for option in sorted(section):
        value = section[option]
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            continue
        location = conf.get_location(option, None if group == "DEFAULT" else group)
        yield Setting(
            group=group,
            option=option,
            value=_HIDDEN if _is_secret(conf, option, group) and value else _text(value),
            source=_source(location),
            is_default=location is None or not location.location.is_user_controlled,
        )


def _is_secret(conf: cfg.ConfigOpts, option: str, group: str) -> bool:
    information = conf._get_opt_info(option, None if group == "DEFAULT" else group)
    return bool(information["opt"].secret)


def _source(location: cfg.LocationInfo | None) -> str:
    if location is None:
        return "default"
    if location.location in _SOURCES:
        return _SOURCES[location.location]
    if location.location is cfg.Locations.command_line:
        return "command line"
    return str(location.detail)


def _text(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
