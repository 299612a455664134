"""Databases for the conformance kit: one for each suite and test process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests import stores

collect_ignore = [] if os.environ.get(stores.MYSQL_VARIABLE) else ["test_sql_mysql.py"]


@pytest.fixture(scope="class")
def postgresql_database(postgresql: Callable[[], str]) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with stores.database(postgresql()) as url:
        yield url


@pytest.fixture(scope="class")
def mysql_database() -> Iterator[str]:
    """The URL of an empty MySQL or MariaDB database."""
    with stores.database(os.environ[stores.MYSQL_VARIABLE]) as url:
        yield url


@pytest.fixture(scope="class")
def redis_uri(redis: Callable[[], str]) -> Iterator[str]:
    """The uri of an empty store on Redis."""
    with stores.redis_store(redis()) as uri:
        yield uri


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the long data suite, SecantusDB gets the numbered scenarios of the contract by default.

    It is written in Python, and takes minutes for all of the suite and hours for its full counts:
    ``ANGARIUM_TEST_MONGODB_WHOLE=1`` has all of it run, with the small ones. Your own MongoDB gets
    what the other stores get.
    """
    if any(os.environ.get(it) for it in (stores.MONGODB_VARIABLE, stores.MONGODB_WHOLE_VARIABLE)):
        return
    left_out = [it for it in items if "::TestMongodbData::" in it.nodeid and not _is_short(it.name)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [it for it in items if it not in left_out]


def _is_short(name: str) -> bool:
    return name.startswith("test_scenario_") and not name.startswith(
        ("test_scenario_01_", "test_scenario_21_")
    )
