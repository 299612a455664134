"""The kit on Redis behind Sentinel and on a Redis Cluster.

What a driver does is the same everywhere, so by default only the contract's scenarios run here, and
what is particular to a cluster: keys, listings, totals and reclaiming over all nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.storage.models import Capability
from angarium.testing import ControlSuite, DataSuite, DriverFactory, Trait
from angarium.testing.effort import IS_FULL
from angarium_redis.control import RedisControlDriver
from angarium_redis.data import RedisDataDriver
from tests import redis_servers

CAPABILITIES = frozenset(Capability) - {Capability.DURABILITY}
CHOSEN = ("test_scenario", "reclaim", "totals", "tombstone", "lease", "import", "in_order", "pool")


def chosen(suite: type) -> type:
    """A suite with the cases that run by default."""
    for name in dir(suite):
        is_case = name.startswith("test_")
        if is_case and not IS_FULL and not any(part in name for part in CHOSEN):
            setattr(suite, name, None)
    return suite


@pytest.fixture(scope="module")
def cluster_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Three nodes, of which the driver is told one."""
    with redis_servers.cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers[0].uri.replace("redis://", "redis-cluster://")


@pytest.fixture(scope="module")
def sentinel_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A primary and a replica, which every change waits for."""
    with redis_servers.sentinels(tmp_path_factory.mktemp("sentinel")) as made:
        yield f"{made.uri}&wait_replicas=1&wait_timeout=10000"


@chosen
class TestClusterData(DataSuite):
    """Without the case about whose turn it is: across buckets, order of time is kept roughly."""

    traits = frozenset(Trait)
    capabilities = CAPABILITIES

    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, cluster_uri: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[RedisDataDriver]:
        directory: Path = tmp_path_factory.mktemp("cluster-data")
        return DriverFactory(RedisDataDriver, directory / "clock", f"{cluster_uri}?key_prefix=data")


setattr(TestClusterData, "test_lane_that_is_due_for_longest_comes_first", None)  # noqa: B010 - untyped


@chosen
class TestClusterControl(ControlSuite):
    traits = frozenset(Trait)

    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, cluster_uri: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[RedisControlDriver]:
        directory: Path = tmp_path_factory.mktemp("cluster-control")
        return DriverFactory(RedisControlDriver, directory / "clock", cluster_uri)


@chosen
class TestSentinelData(DataSuite):
    traits = frozenset(Trait)
    capabilities = CAPABILITIES

    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, sentinel_uri: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[RedisDataDriver]:
        directory: Path = tmp_path_factory.mktemp("sentinel-data")
        return DriverFactory(RedisDataDriver, directory / "clock", sentinel_uri)
