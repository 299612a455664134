"""The kit on the MongoDB protocol: on the test server, or on a deployment of your own."""

from pathlib import Path

import pytest

from angarium.testing import ControlSuite, DataSuite, DriverFactory
from angarium_mongodb.control import MongoControlDriver
from angarium_mongodb.data import MongoDataDriver
from tests.stores import MongoDatabase


class TestMongodbData(DataSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, mongodb_database: MongoDatabase, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[MongoDataDriver]:
        clock: Path = tmp_path_factory.mktemp("mongodb-data") / "clock"
        return DriverFactory(
            MongoDataDriver,
            clock,
            mongodb_database.patient_url,
            {"database": mongodb_database.name},
        )


class TestMongodbControl(ControlSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def factory(
        cls, mongodb_database: MongoDatabase, tmp_path_factory: pytest.TempPathFactory
    ) -> DriverFactory[MongoControlDriver]:
        clock: Path = tmp_path_factory.mktemp("mongodb-control") / "clock"
        return DriverFactory(
            MongoControlDriver,
            clock,
            mongodb_database.patient_url,
            {"database": mongodb_database.name},
        )
