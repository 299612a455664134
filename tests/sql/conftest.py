"""Databases and drivers on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import stores
from tests.sql.drivers import Drivers


@pytest.fixture
def drivers(tmp_path: Path) -> Iterator[Drivers]:
    """Opens drivers, and closes them in the end."""
    opened = Drivers(tmp_path / "state")
    yield opened
    opened.close()


@contextmanager
def empty_database(kind: str, directory: Path, postgresql: Callable[[], str]) -> Iterator[str]:
    """The URL of a database of a kind, without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{directory}/store.db"
        return
    server = postgresql() if kind == "postgresql" else os.environ[stores.MYSQL_VARIABLE]
    with stores.database(server) as url:
        yield url


@pytest.fixture(params=stores.SQL_STORES)
def url(
    request: pytest.FixtureRequest, tmp_path: Path, postgresql: Callable[[], str]
) -> Iterator[str]:
    """The URL of an empty database, of each kind in turn."""
    with empty_database(request.param, tmp_path, postgresql) as found:
        yield found


@pytest.fixture(params=stores.SQL_SERVERS)
def server_url(
    request: pytest.FixtureRequest, tmp_path: Path, postgresql: Callable[[], str]
) -> Iterator[str]:
    """The URL of an empty database on a server, of each kind in turn."""
    with empty_database(request.param, tmp_path, postgresql) as found:
        yield found
