"""The kit on MySQL or MariaDB."""

from pathlib import Path

import pytest

from angarium.testing import ControlSuite, DataSuite, DriverFactory
from angarium_sql.control import SqlControlDriver
from angarium_sql.data import SqlDataDriver


class TestMysqlData(DataSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, mysql_database: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[SqlDataDriver]:
        directory: Path = tmp_path_factory.mktemp("mysql-data")
        return DriverFactory(SqlDataDriver, directory / "clock", mysql_database)


class TestMysqlControl(ControlSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, mysql_database: str, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[SqlControlDriver]:
        directory: Path = tmp_path_factory.mktemp("mysql-control")
        return DriverFactory(SqlControlDriver, directory / "clock", mysql_database)
