"""Servers with two worker processes, and what the scenarios use them with."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.door import Door
from tests.scenarios.troupe import Troupe
from tests.servers import Server, ServerPark

TWO_WORKERS = {"drivers:transport:wsgi": {"workers": 2, "threads": 4}}


@pytest.fixture
def server(park: ServerPark, store: str) -> Server:
    return park.get(store, "two-workers", TWO_WORKERS)


@pytest.fixture
def project() -> str:
    return f"project-{uuid.uuid4().hex}"


@pytest.fixture
def door(server: Server, project: str) -> Door:
    return Door(server.port, project)


@pytest.fixture
def troupe(server: Server, project: str, tmp_path: Path) -> Iterator[Troupe]:
    actors = Troupe(server.port, project, tmp_path)
    yield actors
    actors.close()
