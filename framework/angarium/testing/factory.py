"""How the kit opens drivers: any number of them on one store, in this process and in others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from oslo_config import cfg

from angarium.clock import SharedClock
from angarium.config import options
from angarium.storage.driver import Driver, StoreEnvironment

DriverT = TypeVar("DriverT", bound=Driver)


@dataclass(frozen=True)
class DriverFactory(Generic[DriverT]):
    """Opens drivers on one store. It is sent to other processes, so it can be pickled.

    :ivar driver_class: the class under test; importable by its name.
    :ivar clock_path: a file for the offset of the clock, shared by all who open the store.
    :ivar uri: where the store is; None for the default of the driver's own option.
    :ivar options: storage-specific options, as those of a pool.
    """

    driver_class: type[DriverT]
    clock_path: Path
    uri: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def open(self) -> DriverT:
        """A further driver on the store; contacts nothing yet."""
        conf = cfg.ConfigOpts()
        options.register(conf)
        conf([], default_config_files=[], default_config_dirs=[])
        clock = SharedClock(self.clock_path)
        return self.driver_class(StoreEnvironment(conf, clock, self.uri, self.options))
