"""Servers with two worker processes, and what the scenarios use them with."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.door import Door
from tests.scenarios.troupe import Troupe
from tests.servers import Options, Server, ServerPark

TWO_WORKERS: Options = {"drivers:transport:wsgi": {"workers": 2, "threads": 4}}


@pytest.fixture
def server(park: ServerPark, store: str) -> Server:
    return park.get(store, "two-workers", TWO_WORKERS)


@pytest.fixture
def mortal(park: ServerPark, store: str, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, to stop or kill: no other one uses its state directory."""
    options = {**TWO_WORKERS, "DEFAULT": {"state_path": tmp_path / "state"}}
    server = park.make(store, f"mortal-{uuid.uuid4().hex}", options)
    server.start()
    yield server
    if server.is_running:
        server.kill()


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
