"""The kit on SQLite, the embedded default."""

from pathlib import Path

import pytest

from angarium.storage.models import Capability
from angarium.testing import ControlSuite, DataSuite, DriverFactory, Trait
from angarium_sql.control import SqlControlDriver
from angarium_sql.data import SqlDataDriver


class TestSqliteData(DataSuite):
    capabilities = frozenset(Capability) - {Capability.HIGH_THROUGHPUT}
    traits = frozenset(Trait) - {Trait.CLOCK}

    @pytest.fixture(scope="class")
    @classmethod
    def factory(cls, tmp_path_factory: pytest.TempPathFactory) -> DriverFactory[SqlDataDriver]:
        directory: Path = tmp_path_factory.mktemp("sqlite-data")
        return DriverFactory(SqlDataDriver, directory / "clock", f"sqlite:///{directory}/store.db")


class TestSqliteControl(ControlSuite):
    traits = frozenset(Trait) - {Trait.CLOCK}

    @pytest.fixture(scope="class")
    @classmethod
    def factory(cls, tmp_path_factory: pytest.TempPathFactory) -> DriverFactory[SqlControlDriver]:
        directory: Path = tmp_path_factory.mktemp("sqlite-control")
        uri = f"sqlite:///{directory}/store.db"
        return DriverFactory(SqlControlDriver, directory / "clock", uri)
