"""Values from environment variables: ``ANGARIUM_<GROUP>__<OPTION>``."""

from __future__ import annotations

import os
import re
from typing import Any

from oslo_config import cfg, sources
from oslo_config.sources import _environment

PREFIX = "ANGARIUM"


def variable(group: str | None, option: str) -> str:
    """The variable of an option: upper case, all but letters and digits as ``_``.

    >>> variable("drivers:transport:wsgi", "port")
    'ANGARIUM_DRIVERS_TRANSPORT_WSGI__PORT'
    """
    parts = (re.sub(r"[^A-Z0-9]", "_", part.upper()) for part in (group or "DEFAULT", option))
    return f"{PREFIX}_{'__'.join(parts)}"


class AngariumEnvironment(_environment.EnvironmentConfigurationSource):
    """Takes the place of oslo.config's own source, which reads ``OS_<GROUP>__<OPTION>`` only."""

    @staticmethod
    def get_name(group_name: str | None, option_name: str) -> str:
        """The name of the variable; oslo.config shows it in errors."""
        return variable(group_name, option_name)

    def get(
        self, group_name: str | None, option_name: str, opt: cfg.Opt
    ) -> tuple[Any, cfg.LocationInfo | None]:
        """Read a value, converted by oslo.config later."""
        name = variable(group_name, option_name)
        if name not in os.environ:
            return sources._NoValue, None
        return os.environ[name], cfg.LocationInfo(cfg.Locations.environment, name)
