"""Build a service: configuration, then plugins, then everything that requests pass through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from oslo_config import cfg

from angarium import clock as clocks
from angarium import plugins
from angarium.actions import table
from angarium.actions.base import Services
from angarium.dispatch import Dispatcher
from angarium.housekeeper import Housekeeper
from angarium.identity import IdentityPlugin
from angarium.limits import Limits
from angarium.policy import Policy
from angarium.signatures import Signer
from angarium.storage.catalogue import Catalogue
from angarium.storage.driver import ControlDriver, DataDriver, Driver, StoreEnvironment
from angarium.storage.pipeline import PIPELINES, Filter, Pipeline
from angarium.storage.store import Store
from angarium.validation import SchemaLibrary

DriverT = TypeVar("DriverT", ControlDriver, DataDriver)

_NOTIFIER: Final = "zaqar.notification.notifier"  # accepted in a pipeline; means what is always on


@dataclass(frozen=True)
class Kernel:
    """A service that is ready to be put behind transports."""

    conf: cfg.ConfigOpts
    services: Services
    dispatcher: Dispatcher
    identity: IdentityPlugin

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """The drivers of both stores."""
        return (self.services.control, self.services.data)

    def prepare(self) -> None:
        """Get the stores ready, once, before any worker serves.

        :raises StartError: a store needs something of the operator.
        :raises StoreUnreachable: a store does not answer.
        """
        for driver in self.drivers:
            driver.prepare()

    def housekeeper(self) -> Housekeeper:
        """What reclaims space in the background of a worker, not yet started."""
        return Housekeeper(self.drivers, self.conf.storage.reclaim_interval)

    def close(self) -> None:
        """Give back the connections of the drivers."""
        for driver in self.drivers:
            driver.close()


def build(conf: cfg.ConfigOpts, clock: clocks.Clock | None = None, *, processes: int = 1) -> Kernel:
    """Load what the configuration selects. Contacts no store.

    :param processes: how many processes use the same stores at the same time.
    :raises StartError: a plugin or an option makes it wrong to start.
    """
    limits = Limits.from_conf(conf)
    environment = StoreEnvironment(conf, clock or clocks.from_environment(), processes=processes)
    control = _driver("angarium.storage.control", "management_store", ControlDriver, environment)
    data = _driver("angarium.storage.data", "message_store", DataDriver, environment)
    catalogue = Catalogue(control, data, limits, cache_size=conf.storage.plan_cache_size)
    services = Services(
        store=Store(catalogue, {name: _pipeline(conf, name) for name in PIPELINES}),
        control=control,
        data=data,
        schemas=SchemaLibrary(limits),
        limits=limits,
        signer=Signer(conf.signed_url.secret_key),
        clock=environment.clock,
        checksums=conf.enable_checksum,
        admin_mode=conf.admin_mode,
    )
    actions = table.select(admin_mode=conf.admin_mode)
    return Kernel(
        conf=conf,
        services=services,
        dispatcher=Dispatcher(services, Policy(conf), actions),
        identity=_identity(conf),
    )


def _driver(group: str, option: str, base: type[DriverT], environment: StoreEnvironment) -> DriverT:
    name = environment.conf.drivers[option]
    return plugins.load(group, name, base=base, option=f"[drivers] {option}")(environment)


def _identity(conf: cfg.ConfigOpts) -> IdentityPlugin:
    return plugins.load(
        "angarium.identity",
        conf.auth_strategy or "noauth",
        base=IdentityPlugin,
        option="[DEFAULT] auth_strategy",
    )(conf)


def _pipeline(conf: cfg.ConfigOpts, option: str) -> Pipeline:
    names = [name for name in conf.storage[option] if name != _NOTIFIER]
    return Pipeline(
        [
            plugins.load("angarium.filters", name, base=Filter, option=f"[storage] {option}")(conf)
            for name in names
        ]
    )
