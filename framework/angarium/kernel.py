"""Build a service: configuration, then plugins, then everything that requests pass through."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from oslo_config import cfg

from angarium import clock as clocks
from angarium import logs, plugins
from angarium.actions import table
from angarium.actions.base import Services
from angarium.dispatch import Dispatcher
from angarium.errors import StartError, StoreUnreachable
from angarium.housekeeper import Housekeeper
from angarium.identity import IdentityPlugin
from angarium.limits import Limits
from angarium.notifications.confirming import Confirmations
from angarium.notifications.delivering import Deliveries
from angarium.notifications.subscribers import Subscribers
from angarium.policy import Policy
from angarium.signatures import Signer
from angarium.storage.catalogue import Catalogue
from angarium.storage.driver import ControlDriver, DataDriver, Driver, StoreEnvironment
from angarium.storage.pipeline import PIPELINES, Filter, Pipeline
from angarium.storage.pools import Pools
from angarium.storage.store import Store
from angarium.validation import SchemaLibrary

DriverT = TypeVar("DriverT", ControlDriver, DataDriver)

_MANAGEMENT_STORE: Final = "management store"
_MESSAGE_STORE: Final = "message store"
_NOTIFIER: Final = "zaqar.notification.notifier"  # accepted in a pipeline; means what is always on


@dataclass(frozen=True)
class Kernel:
    """A service that is ready to be put behind transports."""

    conf: cfg.ConfigOpts
    services: Services
    dispatcher: Dispatcher
    identity: IdentityPlugin

    def drivers(self) -> dict[str, Driver]:
        """The drivers of all stores as they are registered now, by what to call them.

        :raises StoreUnreachable: the management store does not answer.
        """
        pools = {
            f"pool {name}" if name else _MESSAGE_STORE: driver
            for name, driver in self.services.pools.drivers().items()
        }
        return {_MANAGEMENT_STORE: self.services.control, **pools}

    @property
    def is_cooperative(self) -> bool:
        """Whether a request never blocks the thread that carries it out.

        Filters, auth strategies and pools promise nothing of the kind, so there are none then.
        """
        stores = (self.services.control, self.services.pools.default)
        has_filters = any(self.conf.storage[name] for name in PIPELINES)
        has_others = has_filters or self.conf.pooling or not self.identity.open
        return not has_others and all(driver.cooperative for driver in stores)

    def prepare(self) -> None:
        """Get the stores ready, once, before any worker serves.

        A pool that is not ready, or does not answer, is logged: the queues of the others are fine.

        :raises StartError: a store needs something of the operator.
        :raises StoreUnreachable: a store does not answer.
        """
        pools = self.services.pools
        self.services.control.prepare()
        if pools.uses_default:
            pools.default.prepare()
        for name, driver in pools.drivers().items():
            if name:
                _prepare_pool(name, driver)

    def upgrade(self) -> Iterator[tuple[str, str]]:
        """Bring the structure of all stores up to date; yields what was done, by store.

        The management store comes first: only then can it say which pools there are.

        :raises StoreUnreachable: a store does not answer; those before it are done.
        """
        services = self.services
        yield _MANAGEMENT_STORE, services.control.upgrade()
        yield _MESSAGE_STORE, services.pools.default.upgrade()
        for name, driver in self.drivers().items():
            if driver not in (services.control, services.pools.default):
                yield name, driver.upgrade()

    def housekeeper(self) -> Housekeeper:
        """What reclaims space in the background of a worker, not yet started."""
        return Housekeeper(lambda: self.drivers().values(), self.conf.storage.reclaim_interval)

    def deliveries(self) -> Deliveries:
        """What fulfils the duties to subscribers, not yet started."""
        return Deliveries(self.services, self.conf)

    def start_companions(self) -> None:
        """Start what runs beside the requests of a process that serves, until it ends.

        That is the housekeeper and, if a store is inside the process, the deliveries: no other
        process could see what is owed.
        """
        atexit.register(self.close)
        housekeeper = self.housekeeper()
        housekeeper.start()
        atexit.register(housekeeper.stop)
        if self.services.control.is_private or self.services.pools.default.is_private:
            deliveries = self.deliveries()
            deliveries.start()
            atexit.register(deliveries.stop)

    def close(self) -> None:
        """Give back the connections of the drivers and notifiers."""
        self.services.subscribers.close()
        self.services.pools.close()
        self.services.pools.default.close()
        self.services.control.close()


def delivery_processes(conf: cfg.ConfigOpts) -> int:
    """How many processes deliver beside those that serve: one, or none if these have to.

    :raises StartError: a driver cannot be loaded.
    """
    control = _driver_class(conf, plugins.CONTROL, "management_store", ControlDriver)
    data = _driver_class(conf, plugins.DATA, "message_store", DataDriver)
    return 0 if control.is_private or data.is_private else 1


def build(conf: cfg.ConfigOpts, clock: clocks.Clock | None = None, *, processes: int = 1) -> Kernel:
    """Load what the configuration selects. Contacts no store.

    :param processes: how many processes use the same stores at the same time.
    :raises StartError: a plugin or an option makes it wrong to start.
    """
    limits = Limits.from_conf(conf)
    environment = StoreEnvironment(conf, clock or clocks.from_environment(), processes=processes)
    control = _driver_class(conf, plugins.CONTROL, "management_store", ControlDriver)(environment)
    data = _driver_class(conf, plugins.DATA, "message_store", DataDriver)(environment)
    pools = Pools(
        control,
        data,
        environment,
        is_pooling=conf.pooling,
        has_virtual=conf["pooling:catalog"].enable_virtual_pool,
    )
    _insist_on_pools(conf, control)
    catalogue = Catalogue(pools, limits, cache_size=conf.storage.plan_cache_size)
    store = Store(catalogue, {name: _pipeline(conf, name) for name in PIPELINES})
    signer = Signer(conf.signed_url.secret_key)
    services = Services(
        store=store,
        control=control,
        pools=pools,
        subscribers=Subscribers.from_conf(conf),
        confirmations=Confirmations(conf, store, signer, environment.clock),
        schemas=SchemaLibrary(limits),
        limits=limits,
        signer=signer,
        clock=environment.clock,
        checksums=conf.enable_checksum,
        admin_mode=conf.admin_mode,
    )
    actions = table.select(admin_mode=conf.admin_mode, pooling=conf.pooling)
    return Kernel(
        conf=conf,
        services=services,
        dispatcher=Dispatcher(services, Policy(conf), actions),
        identity=_identity(conf),
    )


def _prepare_pool(name: str, driver: DataDriver) -> None:
    try:
        driver.prepare()
    except (StartError, StoreUnreachable) as error:
        logs.START.warning("pool %s cannot be used now: %s", name, error)


def _insist_on_pools(conf: cfg.ConfigOpts, control: ControlDriver) -> None:
    if conf.pooling and type(control).list_pools is ControlDriver.list_pools:
        raise StartError(
            f"[DEFAULT] pooling is on, but {conf.drivers.management_store!r} of [drivers] "
            "management_store keeps no pools; choose another one or switch pooling off"
        )


def _driver_class(
    conf: cfg.ConfigOpts, group: str, option: str, base: type[DriverT]
) -> type[DriverT]:
    return plugins.load(group, conf.drivers[option], base=base, option=f"[drivers] {option}")


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
