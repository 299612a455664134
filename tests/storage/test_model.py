"""The kit on the model in plain Python, which shows that the kit asks for nothing else."""

from pathlib import Path

import pytest

from angarium.storage.models import Capability
from angarium.testing import (
    ControlSuite,
    DataSuite,
    DriverFactory,
    ModelControlDriver,
    ModelDataDriver,
    Trait,
)


class TestModelData(DataSuite):
    capabilities = frozenset({Capability.FIFO, Capability.CLAIMS, Capability.AOD})
    traits = frozenset({Trait.MOVING})

    @pytest.fixture(scope="class")
    @classmethod
    def factory(cls, tmp_path_factory: pytest.TempPathFactory) -> DriverFactory[ModelDataDriver]:
        clock: Path = tmp_path_factory.mktemp("model") / "clock"
        return DriverFactory(ModelDataDriver, clock, uri=str(clock))


class TestModelControl(ControlSuite):
    traits = frozenset({Trait.POOLS})

    @pytest.fixture(scope="class")
    @classmethod
    def factory(cls, tmp_path_factory: pytest.TempPathFactory) -> DriverFactory[ModelControlDriver]:
        clock: Path = tmp_path_factory.mktemp("model") / "clock"
        return DriverFactory(ModelControlDriver, clock, uri=str(clock))
