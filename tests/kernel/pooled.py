"""Installations with pools, on stores in memory: any number of processes, and moves between them.

What stores of databases owe such an installation, the conformance kit holds them to.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg

from angarium.actions import flavors, pools
from angarium.actions.base import Services
from angarium.clock import Clock
from angarium.config import options
from angarium.errors import InvalidBody
from angarium.limits import Limits
from angarium.model import ModelControlDriver, ModelDataDriver
from angarium.notifications.confirming import Confirmations
from angarium.notifications.subscribers import Subscribers
from angarium.signatures import Signer
from angarium.storage.catalogue import Catalogue
from angarium.storage.driver import ControlDriver, DataDriver, StoreEnvironment
from angarium.storage.models import PoolRecord, QueueRecord, Scope
from angarium.storage.pipeline import PIPELINES, Pipeline
from angarium.storage.pools import Pools
from angarium.storage.schemes import Schemes, scheme_of
from angarium.storage.store import Store
from angarium.validation import SchemaLibrary
from tests.kernel.faults import Hook, hooked
from tests.kernel.installation import CONTEXT

_SCHEMAS = SchemaLibrary(Limits())


class Unlinked(ModelDataDriver):
    """A store that cannot move dead letters by itself, as between the slots of a cluster."""

    def moves_dead_letters(self, source: Scope, target: Scope) -> bool:
        return False


class _ModelSchemes(Schemes):
    """Serves ``model://`` and ``unlinked://`` beside what is installed."""

    def __init__(self, hook: Hook | None) -> None:
        super().__init__()
        self._hook = hook

    def driver_class(self, uri: str) -> Any:
        chosen = {"model": ModelDataDriver, "unlinked": Unlinked}.get(scheme_of(uri))
        if chosen is None:
            raise InvalidBody("No driver serves the scheme of uri.")
        hook = self._hook
        if hook is None:
            return chosen
        return lambda environment: hooked(chosen(environment), hook)


class Pooled:
    """One installation: a management store, a default store, and pools made by the test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.name = uuid.uuid4().hex
        self.conf = cfg.ConfigOpts()
        options.register(self.conf)
        self.conf([], default_config_files=[], default_config_dirs=[])

    def uri(self, name: str, scheme: str = "model") -> str:
        """The uri of a store of this installation."""
        return f"{scheme}://{self.name}/{name}"

    def add(self, name: str, weight: int = 1, flavor: str = "", scheme: str = "model") -> None:
        """Register a pool, straight in the management store."""
        control = self.process().control
        control.put_pool(PoolRecord(name, self.uri(name, scheme), weight, flavor))

    def process(
        self, hook: Hook | None = None, *, pooling: bool = True, virtual: bool = False
    ) -> Services:
        """A further process, whose calls to the stores go through a hook."""
        environment = StoreEnvironment(self.conf, self.clock)
        control: ControlDriver = ModelControlDriver(
            StoreEnvironment(self.conf, self.clock, self.uri("control"))
        )
        default: DataDriver = ModelDataDriver(
            StoreEnvironment(self.conf, self.clock, self.uri("default"))
        )
        if hook is not None:
            control, default = hooked(control, hook), hooked(default, hook)
        made = Pools(
            control,
            default,
            environment,
            is_pooling=pooling,
            has_virtual=virtual,
            schemes=_ModelSchemes(hook),
        )
        catalogue = Catalogue(made, Limits(), cache_size=100)
        store, signer = Store(catalogue, {name: Pipeline() for name in PIPELINES}), Signer(None)
        return Services(
            store=store,
            control=control,
            pools=made,
            subscribers=Subscribers({}, frozenset()),
            confirmations=Confirmations(self.conf, store, signer, self.clock),
            schemas=_SCHEMAS,
            limits=Limits(),
            signer=signer,
            clock=self.clock,
        )

    def store(self, name: str, scheme: str = "model") -> ModelDataDriver:
        """What is in the store of a pool, beside all plans."""
        uri = self.uri(name, scheme)
        return ModelDataDriver(StoreEnvironment(self.conf, self.clock, uri))


def record_of(services: Services, name: str = "plums") -> QueueRecord | None:
    """The record of a queue in whatever state it is."""
    return services.control.get_queue(Scope(CONTEXT.project, name))


def pool_of(services: Services, name: str = "plums") -> str | None:
    """The pool of a queue."""
    record = record_of(services, name)
    return None if record is None else record.pool


def put_pool(services: Services, name: str, uri: str, **fields: Any) -> None:
    """As an administrator over the API."""
    parameters = {"pool_name": name, "uri": uri, "weight": 1, **fields}
    pools.pool_create(services, CONTEXT, parameters)


def patch_pool(services: Services, name: str, **fields: Any) -> None:
    """As an administrator over the API."""
    pools.pool_update(services, CONTEXT, {"pool_name": name, **fields})


def put_flavor(services: Services, name: str, *pool_list: str) -> None:
    """As an administrator over the API."""
    parameters: Mapping[str, Any] = {"flavor_name": name, "pool_list": list(pool_list)}
    flavors.flavor_create(services, CONTEXT, parameters)
