"""Loading a configuration: the command line, then the environment, then the files."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from angarium import logs
from angarium.config import checks, options
from angarium.config.environment import AngariumEnvironment
from angarium.errors import StartError
from angarium.version import version

_LOCATION = re.compile(r"LocationInfo\(location=<Locations\.(\w+): [^>]*>, detail='([^']*)'\)")


class Configuration(cfg.ConfigOpts):
    """A configuration whose environment variables start with ``ANGARIUM_``."""

    def __init__(self) -> None:
        super().__init__()
        # oslo.config has no public way to replace this source; a test holds the attribute.
        self._env_driver = AngariumEnvironment()


def load(arguments: Sequence[str] = ()) -> cfg.ConfigOpts:
    """Load the configuration of project ``angarium``.

    :param arguments: ``--config-file``, ``--config-dir`` (each any number of times),
        ``--admin_mode`` and the logging options; without a file or directory the usual places
        are searched (contract, ``configuration.md`` 1).
    :raises StartError: a file cannot be read, or a value is wrong or contradicts another.
    """
    conf = Configuration()
    logs.register(conf)
    options.register(conf)
    _read_sources(conf, arguments)
    check_values(conf)
    checks.check(conf)
    return conf


def _read_sources(conf: cfg.ConfigOpts, arguments: Sequence[str]) -> None:
    said = io.StringIO()
    try:
        # oslo.config prints and exits when an option of the command line has a bad value in a file.
        with contextlib.redirect_stderr(said):
            conf(list(arguments), project="angarium", version=version())
    except (cfg.Error, OSError) as error:
        raise StartError(explain(error)) from error
    except SystemExit as error:
        raise StartError(" ".join(said.getvalue().split())) from error


def check_values(conf: cfg.ConfigOpts) -> None:
    """Read every registered option once, as oslo.config looks at a value only when it is read.

    :raises StartError: a value has the wrong type or lies outside its range.
    """
    for name in list(conf):
        value = _read(conf, name, "DEFAULT")
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            for option in list(value):
                _read(value, option, name)


def _read(section: Mapping[str, Any], option: str, group: str) -> object:
    try:
        return section[option]
    except (cfg.Error, ValueError) as error:
        raise StartError(f"[{group}] {explain(error)}") from error


def files(conf: cfg.ConfigOpts) -> list[str]:
    """The files that a loaded configuration came from."""
    found = [*conf.config_file, *(f"{directory}/" for directory in conf.config_dir)]
    return [str(name) for name in found]


def explain(error: Exception) -> str:
    """The text of an error of oslo.config in one line, without its internals."""
    return _LOCATION.sub(r"\2", " ".join(str(error).split()))
