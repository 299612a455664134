"""Real drivers with trouble in front of them: processes that die, stores that fail, slow work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from angarium.kernel import Kernel
from angarium.limits import Limits
from angarium.storage.catalogue import Catalogue
from angarium.storage.pipeline import PIPELINES, Pipeline
from angarium.storage.pools import Pools
from angarium.storage.store import Store

Hook = Callable[[str, Callable[[], Any]], Any]
"""Gets the name of a method and what calls it; returns or raises in its place."""


class ProcessDied(BaseException):
    """Ends a change where it stands, as kill -9 would; nothing in the kernel handles it."""


class _Hooked:
    """A driver whose methods are called through a hook."""

    def __init__(self, driver: object, hook: Hook) -> None:
        self._driver = driver
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._driver, name)
        if not callable(method):
            return method
        return lambda *args, **named: self._hook(name, lambda: method(*args, **named))


def hooked_catalogue(kernel: Kernel, hook: Hook) -> Catalogue:
    """A catalogue of its own on the drivers of a kernel, with all their calls through a hook."""
    return Catalogue(hooked_pools(kernel.services.pools, hook), Limits(), cache_size=100)


def hooked_pools(pools: Pools, hook: Hook) -> Pools:
    """Pools of their own, with all calls of the two configured drivers through a hook."""
    return Pools(
        hooked(pools.control, hook),
        hooked(pools.default, hook),
        pools.environment,
        is_pooling=pools.is_pooling,
        has_virtual=pools.has_virtual,
    )


def hooked(driver: Any, hook: Hook) -> Any:
    """A driver whose methods are called through a hook; it has all that the driver has."""
    return _Hooked(driver, hook)


def hooked_store(kernel: Kernel, hook: Hook) -> Store:
    """A store on such a catalogue, without filters."""
    return Store(hooked_catalogue(kernel, hook), {name: Pipeline() for name in PIPELINES})


def with_hook(kernel: Kernel, hook: Hook) -> Kernel:
    """The kernel with such a store in the place of its own."""
    return replace(kernel, services=replace(kernel.services, store=hooked_store(kernel, hook)))


class DiesAfter:
    """Lets a number of calls through to the stores; the process dies when the last one is done."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        result = call()
        self.left -= 1
        if self.left <= 0:
            raise ProcessDied(name)
        return result


class Counts:
    """Counts the calls by name."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        self.names.append(name)
        return call()


class Fails:
    """Raises an error in the place of the first calls of one method."""

    def __init__(self, method: str, error: Exception, times: int = 1) -> None:
        self.left = times
        self._method = method
        self._error = error

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        if name == self._method and self.left > 0:
            self.left -= 1
            raise self._error
        return call()
