"""Kernels on real stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from angarium.kernel import Kernel
from tests import stores
from tests.kernel.installation import Installation, Options


@pytest.fixture
def store_options(store: str, server_urls: Callable[[str], str]) -> Iterator[Options]:
    """The options that put both stores into an empty database of each kind."""
    with stores.empty(store, server_urls) as options:
        yield options


@pytest.fixture
def installation(tmp_path: Path, store_options: Options) -> Iterator[Installation]:
    """An installation with the default configuration, on each kind of store."""
    with Installation(tmp_path, store_options) as made:
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
