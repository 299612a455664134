"""The message stores of a process: the configured one, and a driver for each registered pool."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from angarium.errors import InvalidBody, NoPoolFound, NotOffered, StartError, StoreUnreachable
from angarium.storage.driver import ControlDriver, DataDriver, StoreEnvironment
from angarium.storage.models import PoolRecord
from angarium.storage.schemes import Schemes, without_secrets

LOG = logging.getLogger(__name__)
_PAGE: Final = 100  # pools read at a time
_ANSWER_WITHIN: Final = 5.0  # seconds for a store that is to become a pool
_GRACE: Final = 60.0  # seconds in which requests that are under way leave a retired driver


@dataclass(slots=True)
class _Held:
    pool: PoolRecord
    driver: DataDriver

    def serves(self, pool: PoolRecord) -> bool:
        return self.pool.uri == pool.uri and self.pool.options == pool.options


@dataclass
class Pools:
    """Drivers by the name of their pool, the empty name for the configured message store.

    There is one for each name, uri and options, built when a process first needs it. Safe for
    threads.

    :ivar default: the driver of the configured message store.
    :ivar is_pooling: whether new queues are spread over pools.
    :ivar has_virtual: whether the configured message store is a pool without a name then.
    :ivar schemes: finds the driver for a uri.
    :ivar on_retire: called with a driver that is not to be used any more.
    """

    control: ControlDriver
    default: DataDriver
    environment: StoreEnvironment
    is_pooling: bool = False
    has_virtual: bool = False
    schemes: Schemes = field(default_factory=Schemes)
    on_retire: list[Callable[[DataDriver], None]] = field(default_factory=list)
    _held: dict[str, _Held] = field(default_factory=dict)
    _retired: list[tuple[float, DataDriver]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def uses_default(self) -> bool:
        """Whether queues in the configured message store can be reached."""
        return self.has_virtual or not self.is_pooling

    def driver(self, name: str) -> DataDriver:
        """The driver of a pool as it is registered now.

        :raises NoPoolFound: there is no such pool, or no driver for it here.
        """
        if not name:
            return self.default
        pool = self.control.get_pool(name)
        if pool is None:
            raise NoPoolFound("The pool of this queue is missing; please retry when it is back.")
        return self.of(pool)

    def of(self, pool: PoolRecord) -> DataDriver:
        """The driver of a pool that was just read.

        :raises NoPoolFound: no driver for it is installed here.
        """
        held = self._held.get(pool.name)
        if held is not None and held.serves(pool):
            return held.driver
        with self._lock:
            held = self._held.get(pool.name)
            if held is None or not held.serves(pool):
                made = _Held(pool, self._build(pool))
                self._retire(pool.name)
                self._held[pool.name] = held = made
            return held.driver

    def holds(self, name: str, driver: DataDriver) -> bool:
        """Whether this is the driver of the pool now, as far as this process has heard."""
        if not name:
            return True
        held = self._held.get(name)
        return held is not None and held.driver is driver

    def each(self) -> Iterator[PoolRecord]:
        """All registered pools by name; none where the management store keeps none."""
        marker = ""
        while True:
            try:
                page = self.control.list_pools(marker=marker, limit=_PAGE)
            except NotOffered:
                return
            yield from page
            if len(page) < _PAGE:
                return
            marker = page[-1].name

    def reachable(self) -> Iterator[DataDriver]:
        """The drivers of all stores that hold messages.

        :raises NoPoolFound: there is no driver for one of them here.
        """
        if self.uses_default:
            yield self.default
        if self.is_pooling:
            yield from map(self.of, self.each())

    def drivers(self) -> Mapping[str, DataDriver]:
        """The drivers of all stores that hold messages, read anew; the empty name comes first.

        Those of pools that are gone or changed are retired, and closed after a while.
        """
        found = {"": self.default} if self.uses_default else {}
        names = {""}
        for pool in self.each():
            names.add(pool.name)
            try:
                found[pool.name] = self.of(pool)
            except NoPoolFound as error:
                LOG.warning("pool %s: %s", pool.name, error)
        with self._lock:
            for name in self._held.keys() - names:
                self._retire(name)
        self._close_retired(time.monotonic() - _GRACE)
        return found

    def try_out(self, pool: PoolRecord) -> DataDriver:
        """A new driver for a pool that is to be, on a store that is ready; the caller closes it.

        :raises InvalidBody: there is no driver for it, or its store is not ready or not there.
        """
        driver = self.build(pool.uri, pool)
        failures: list[Exception] = []
        trial = threading.Thread(target=_try, args=(driver, failures), daemon=True)
        trial.start()
        trial.join(_ANSWER_WITHIN)
        if not trial.is_alive() and not failures:
            return driver
        cause = failures[0] if failures else None
        if cause is not None:
            driver.close()
        if isinstance(cause, StartError):
            raise InvalidBody(
                f"The store at uri is not ready to be a pool: {cause} For a store that is no pool "
                "yet, add --uri and its uri to the command."
            ) from cause
        LOG.warning("%s cannot be a pool: %r", without_secrets(pool.uri), cause or "no answer")
        raise InvalidBody("No store answers at uri.") from cause

    def build(self, uri: str, pool: PoolRecord | None = None) -> DataDriver:
        """A driver on the store at a uri; contacts nothing.

        :raises InvalidBody: there is none for it, or it does not understand uri or options.
        """
        options = pool.options if pool is not None else {}
        environment = replace(self.environment, uri=uri, options=options)
        driver_class = self.schemes.driver_class(uri)
        try:
            return driver_class(environment)
        except StartError as error:
            raise InvalidBody(f"The driver refuses the pool: {error}") from error
        except (ValueError, TypeError, LookupError) as error:
            LOG.warning("%s cannot be a pool: %r", without_secrets(uri), type(error))
            raise InvalidBody("The driver does not understand uri or options.") from None

    def close(self) -> None:
        """Give back the connections of all drivers of pools."""
        with self._lock:
            for name in list(self._held):
                self._retire(name)
        self._close_retired(time.monotonic())

    def _build(self, pool: PoolRecord) -> DataDriver:
        try:
            return self.build(pool.uri, pool)
        except InvalidBody as error:
            LOG.error("pool %s: %s", pool.name, error)
            raise NoPoolFound("The driver of this queue's pool cannot be used here.") from error

    def _retire(self, name: str) -> None:
        held = self._held.pop(name, None)
        if held is not None:
            self._retired.append((time.monotonic(), held.driver))
            for callback in self.on_retire:
                callback(held.driver)

    def _close_retired(self, before: float) -> None:
        with self._lock:
            due = [driver for since, driver in self._retired if since <= before]
            self._retired = [it for it in self._retired if it[0] > before]
        for driver in due:
            driver.close()


def _try(driver: DataDriver, failures: list[Exception]) -> None:
    try:
        driver.prepare()
        driver.ping()
    except (StartError, StoreUnreachable) as error:
        failures.append(error)
    except Exception as error:
        LOG.exception("%s failed on a store that is to be a pool", type(driver).__name__)
        failures.append(error)
