"""The kit on one Redis server."""

from pathlib import Path

import pytest

from angarium.storage.models import Capability
from angarium.testing import ControlSuite, DataSuite, DriverFactory, Trait
from angarium_redis.control import RedisControlDriver
from angarium_redis.data import RedisDataDriver


class TestRedisData(DataSuite):
    traits = frozenset(Trait)
    capabilities = frozenset(Capability) - {Capability.DURABILITY}

    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, redis_uri: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[RedisDataDriver]:
        directory: Path = tmp_path_factory.mktemp("redis-data")
        return DriverFactory(RedisDataDriver, directory / "clock", redis_uri)


class TestRedisControl(ControlSuite):
    traits = frozenset(Trait)

    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, redis_uri: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[RedisControlDriver]:
        directory: Path = tmp_path_factory.mktemp("redis-control")
        return DriverFactory(RedisControlDriver, directory / "clock", redis_uri)
