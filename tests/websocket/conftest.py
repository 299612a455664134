"""Servers and clients for the WebSocket door."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

import pytest

from angarium.testing import effort
from tests.servers import BOTH_DOORS, Options, Server, ServerPark
from tests.websocket import browser
from tests.websocket.client import Client, connected

SECRET: Final = "paper-boat-42"

OPTIONS: Final[Options] = {
    **BOTH_DOORS,
    "DEFAULT": {"enable_checksum": True},
    "signed_url": {"secret_key": SECRET},
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser to full runs on machines that have one; ``make test-full`` tells."""
    if effort.IS_FULL and browser.PROGRAM is not None:
        return
    left_out = [it for it in items if it.path.name == "test_browser.py"]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [it for it in items if it not in left_out]


@pytest.fixture
def server(park: ServerPark) -> Server:
    """A server with both doors, checksums and a key for signatures."""
    return park.get("sqlite", "websocket", OPTIONS)


@pytest.fixture
def port(server: Server) -> int:
    """Where its WebSocket door is."""
    assert server.socket_port is not None
    return server.socket_port


@pytest.fixture(params=["json", "msgpack"])
def client(request: pytest.FixtureRequest, port: int) -> Iterator[Client]:
    """A connected client of a project of its own, in each encoding."""
    with connected(port) as connection:
        yield Client(connection, is_text=request.param == "json")


@pytest.fixture
def queue() -> str:
    """A queue name that no other test uses."""
    return f"queue-{uuid.uuid4().hex[:12]}"
