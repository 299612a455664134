"""python-zaqarclient, set up for the servers of the test run."""

from __future__ import annotations

import uuid

import pytest

from tests.clients.zaqar import Zaqar
from tests.servers import Server, ServerPark


@pytest.fixture
def server(park: ServerPark, store: str) -> Server:
    return park.get(store)


@pytest.fixture
def project() -> str:
    return f"project-{uuid.uuid4().hex}"


@pytest.fixture
def zaqar(server: Server, project: str) -> Zaqar:
    """A client of a project that nobody else uses."""
    return Zaqar(server, project)
