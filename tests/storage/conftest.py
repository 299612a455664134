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
