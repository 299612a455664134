"""One service for all cases, in this process and on a real SQLite store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from angarium.kernel import Kernel
from angarium_rest.app import create_app
from tests.badinput.world import World
from tests.kernel.installation import Installation, Options

_STORES = ("message_store", "management_store")
OPTIONS: Options = {
    "DEFAULT": {"admin_mode": True, "pooling": True},
    "pooling:catalog": {"enable_virtual_pool": True},
    "signed_url": {"secret_key": "paper-boat-42"},
    # Nothing here outlives a crash of the machine, so nothing has to wait for the disk.
    "drivers:message_store:sqlalchemy": {"durability": False},
}


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kernel, Any]]:
    """A kernel with all its actions, and the application in front of it."""
    with Installation(tmp_path_factory.mktemp("badinput"), OPTIONS) as installation:
        kernel = installation.open()
        yield kernel, create_app(kernel).wsgi_app


@pytest.fixture
def world(service: tuple[Kernel, Any]) -> World:
    """A project of its own for each test."""
    return World(*service)
