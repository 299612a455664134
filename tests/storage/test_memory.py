"""The kit on the stores in memory: the model in plain Python, so it asks for nothing else."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from angarium.storage.models import Capability
from angarium.testing import ControlSuite, DataSuite, DriverFactory, Trait
from angarium_memory.control import MemoryControlDriver
from angarium_memory.data import MemoryDataDriver


class TestMemoryData(DataSuite):
    capabilities = frozenset({Capability.FIFO, Capability.CLAIMS, Capability.AOD})
    traits = frozenset({Trait.MOVING, Trait.NOTICES})

    @pytest.fixture(scope="class")
    @classmethod
    def factory(cls, tmp_path_factory: pytest.TempPathFactory) -> DriverFactory[MemoryDataDriver]:
        clock: Path = tmp_path_factory.mktemp("memory") / "clock"
        return DriverFactory(MemoryDataDriver, clock, f"memory://{uuid.uuid4()}")


class TestMemoryControl(ControlSuite):
    traits = frozenset({Trait.POOLS, Trait.SUBSCRIPTIONS})

    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[MemoryControlDriver]:
        clock: Path = tmp_path_factory.mktemp("memory") / "clock"
        return DriverFactory(MemoryControlDriver, clock, f"memory://{uuid.uuid4()}")
