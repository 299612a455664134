"""Finding and loading plugins through stevedore; whatever is wrong with one stops the start."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, TypeVar

from stevedore.named import NamedExtensionManager

from angarium.errors import StartError

DATA: Final = "angarium.storage.data"
CONTROL: Final = "angarium.storage.control"
TRANSPORTS: Final = "angarium.transports"
IDENTITY: Final = "angarium.identity"
FILTERS: Final = "angarium.filters"
NOTIFIERS: Final = "angarium.notifiers"
GROUPS: Final = (TRANSPORTS, DATA, CONTROL, FILTERS, NOTIFIERS, IDENTITY)


class Versioned(Protocol):
    """What the base classes of all plugins have in common."""

    interface_version: ClassVar[int]


PluginT = TypeVar("PluginT", bound=Versioned)


@dataclass(frozen=True, slots=True, order=True)
class InstalledPlugin:
    """A plugin that some installed distribution offers, loaded or not.

    :ivar target: what its entry point names, as ``module:attribute``.
    """

    group: str
    name: str
    distribution: str
    version: str
    target: str

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


class _Manager(NamedExtensionManager[Any]):
    """Loads one name, raises what goes wrong, and looks at what is installed now.

    stevedore keeps its list of entry points in a cache on disk that forgets the distributions and
    can be out of date for two minutes after a reinstallation.
    """

    def list_entry_points(self) -> list[importlib.metadata.EntryPoint]:
        return list(importlib.metadata.entry_points(group=self.namespace))


def installed(group: str) -> list[InstalledPlugin]:
    """What is installed in a group, sorted by name; nothing is imported."""
    points = importlib.metadata.entry_points(group=group)
    return sorted({_describe(point) for point in points})


def load(group: str, name: str, *, option: str, base: type[PluginT]) -> type[PluginT]:
    """Load the class of the plugin that an option names.

    :param group: the entry-point group, one of :data:`GROUPS`.
    :param option: what asked for it, as ``[group] option``, for the error.
    :param base: the class that the plugin must derive from, with an ``interface_version``.
    :raises StartError: when it is missing, ambiguous, broken, no ``base``, or made for another
        version of the interface.
    """
    candidates = [plugin for plugin in installed(group) if plugin.name == name]
    if not candidates:
        raise StartError(
            f"{option} asks for {name!r}, which no installed package offers in the group {group} "
            f"(installed there: {_names(installed(group))}); install its package or correct "
            "the option"
        )
    if len(candidates) > 1:
        raise StartError(
            f"{option} asks for {name!r}, which several packages offer in the group {group}: "
            f"{_targets(candidates)}; uninstall all but one of them"
        )
    return _check(candidates[0], _import(candidates[0], option), option, base)


def _import(plugin: InstalledPlugin, option: str) -> object:
    failures: list[BaseException] = []
    try:
        manager = _Manager(
            plugin.group,
            names=[plugin.name],
            on_load_failure_callback=lambda _manager, _point, error: failures.append(error),
            on_missing_entrypoints_callback=lambda _names: None,  # one that fails counts as such
        )
    except (AssertionError, SystemExit) as error:  # stevedore passes these on
        failures.append(error)
    if failures:
        raise StartError(
            f"{option} asks for {_whose(plugin)}, which cannot be loaded: "
            f"{_one_line(failures[0])}; repair or reinstall {plugin.distribution}, or change "
            f"the option (installed in {plugin.group}: {_names(installed(plugin.group))})"
        ) from failures[0]
    return manager.extensions[0].plugin


def _check(
    plugin: InstalledPlugin, found: object, option: str, base: type[PluginT]
) -> type[PluginT]:
    if not isinstance(found, type) or not issubclass(found, base):
        raise StartError(
            f"{option} asks for {_whose(plugin)}, which is not a subclass of "
            f"{base.__module__}.{base.__qualname__}; correct the entry point of "
            f"{plugin.distribution}"
        )
    offered, expected = _declared_version(found, base), base.interface_version
    if offered is None:
        raise StartError(
            f"{option} asks for {_whose(plugin)}, which does not say for which version of the "
            f"interface {base.__qualname__} it was made: its class has to declare "
            f"interface_version = {expected!r}"
        )
    if offered != expected:
        raise StartError(
            f"{option} asks for {_whose(plugin)}, made for version {offered!r} of the interface "
            f"{base.__qualname__}, but this Angarium has version {expected!r}; install a "
            f"version of {plugin.distribution} that fits"
        )
    return found


def _declared_version(found: type[object], base: type[object]) -> object:
    """What a plugin itself says; what it inherits from ``base`` would always fit: that is None."""
    bodies = (vars(cls) for cls in found.__mro__ if cls not in base.__mro__)
    return next((body["interface_version"] for body in bodies if "interface_version" in body), None)


def _describe(point: importlib.metadata.EntryPoint) -> InstalledPlugin:
    distribution = point.dist
    return InstalledPlugin(
        point.group,
        point.name,
        distribution.name if distribution else "unknown",
        distribution.version if distribution else "unknown",
        point.value,
    )


def _whose(plugin: InstalledPlugin) -> str:
    return (
        f"{plugin.name!r} ({plugin.target} of {plugin.distribution} {plugin.version}, "
        f"group {plugin.group})"
    )


def _names(plugins: Iterable[InstalledPlugin]) -> str:
    return ", ".join(str(plugin) for plugin in plugins) or "nothing"


def _targets(plugins: Iterable[InstalledPlugin]) -> str:
    return ", ".join(
        f"{plugin.distribution} {plugin.version} ({plugin.target})" for plugin in plugins
    )


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
