"""Servers that a test may break, and drivers on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from oslo_config import cfg

from angarium.clock import Clock
from angarium.config import options
from angarium.storage.driver import StoreEnvironment
from angarium_redis.base import RedisDriver
from angarium_redis.control import RedisControlDriver
from angarium_redis.data import RedisDataDriver
from tests import redis_servers
from tests.redis_servers import RedisServer


class Drivers:
    """Opens drivers, and closes them in the end."""

    def __init__(self) -> None:
        self._opened: list[RedisDriver] = []

    def data(self, uri: str, **own: object) -> RedisDataDriver:
        """A message store."""
        driver = RedisDataDriver(self._environment(uri, own))
        self._opened.append(driver)
        return driver

    def control(self, uri: str, **own: object) -> RedisControlDriver:
        """A management store."""
        driver = RedisControlDriver(self._environment(uri, own))
        self._opened.append(driver)
        return driver

    def _environment(self, uri: str, own: dict[str, object]) -> StoreEnvironment:
        conf = cfg.ConfigOpts()
        options.register(conf)
        conf([], default_config_files=[], default_config_dirs=[])
        return StoreEnvironment(conf, Clock(), uri, own)

    def close(self) -> None:
        """Close all."""
        for driver in self._opened:
            driver.close()


@pytest.fixture
def drivers() -> Iterator[Drivers]:
    """Opens drivers."""
    made = Drivers()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts servers of this test's own, by their further arguments."""
    with ExitStack() as stack:
        count = 0

        def start_one(*arguments: str) -> RedisServer:
            nonlocal count
            count += 1
            directory = tmp_path / f"server-{count}"
            return stack.enter_context(redis_servers.one(directory, *arguments))

        yield start_one


@pytest.fixture
def server(start: Callable[..., RedisServer]) -> RedisServer:
    """A server of this test's own."""
    return start()
