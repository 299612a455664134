"""Kernels on real stores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.kernel import Kernel
from tests import stores
from tests.kernel.installation import Installation, store_options


@pytest.fixture
def store_url(store: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of an empty database of each kind; None for SQLite in its default place."""
    if store == "sqlite":
        yield None
    elif store == "postgresql":
        yield request.getfixturevalue("postgresql_url")
    else:
        with stores.database(os.environ[stores.MYSQL_VARIABLE]) as url:
            yield url


@pytest.fixture
def installation(tmp_path: Path, store_url: str | None) -> Iterator[Installation]:
    """An installation with the default configuration, on each kind of store."""
    with Installation(tmp_path, store_options(store_url)) as made:
        yield made


@pytest.fixture
def kernel(installation: Installation) -> Kernel:
    """One process of the installation."""
    return installation.open()


@pytest.fixture
def second(installation: Installation) -> Kernel:
    """Another process of the installation."""
    return installation.open()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Installation]:
    """An installation on SQLite, for what has nothing to do with the store."""
    with Installation(tmp_path) as made:
        yield made
