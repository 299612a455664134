"""The kit on PostgreSQL."""

from pathlib import Path

import pytest

from angarium.testing import ControlSuite, DataSuite, DriverFactory
from angarium_sql.control import SqlControlDriver
from angarium_sql.data import SqlDataDriver


class TestPostgresqlData(DataSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, postgresql_database: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[SqlDataDriver]:
        directory: Path = tmp_path_factory.mktemp("postgresql-data")
        return DriverFactory(SqlDataDriver, directory / "clock", postgresql_database)


class TestPostgresqlControl(ControlSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, postgresql_database: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[SqlControlDriver]:
        directory: Path = tmp_path_factory.mktemp("postgresql-control")
        return DriverFactory(SqlControlDriver, directory / "clock", postgresql_database)
