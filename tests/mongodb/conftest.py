"""Drivers on a place of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import monitoring

from angarium.storage import operations as op
from angarium.storage.models import QueueRef, Scope
from angarium.testing import DriverFactory
from angarium_mongodb.data import MongoDataDriver
from tests.secantus import SecantusServer
from tests.stores import MongoDatabase


class CommandNames(monitoring.CommandListener):
    """Notes the names of commands."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@contextmanager
def _listening(listener: monitoring.CommandListener) -> Iterator[None]:
    listeners = monitoring._LISTENERS.command_listeners  # no public way to take one off again
    listeners.append(listener)
    try:
        yield
    finally:
        listeners.remove(listener)


@pytest.fixture
def factory(mongodb_database: MongoDatabase, tmp_path: Path) -> DriverFactory[MongoDataDriver]:
    """Opens message stores on an empty place."""
    options = {"database": mongodb_database.name}
    return DriverFactory(MongoDataDriver, tmp_path / "clock", mongodb_database.url, options)


@pytest.fixture
def driver(factory: DriverFactory[MongoDataDriver]) -> Iterator[MongoDataDriver]:
    """A message store, ready."""
    driver = factory.open()
    driver.prepare()
    yield driver
    driver.close()


@pytest.fixture
def queue(driver: MongoDataDriver) -> QueueRef:
    """A queue of it."""
    queue = QueueRef(Scope("project", "queue"), 1)
    driver.register(queue)
    return queue


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SecantusServer]:
    """A server of the test's own, running."""
    server = SecantusServer(tmp_path / "server")
    server.start()
    yield server
    server.remove()


@pytest.fixture
def own(server: SecantusServer, tmp_path: Path) -> Iterator[MongoDataDriver]:
    """A message store on that server, ready."""
    driver = DriverFactory(MongoDataDriver, tmp_path / "clock", server.url).open()
    driver.prepare()
    yield driver
    driver.close()


@pytest.fixture
def counted(
    factory: DriverFactory[MongoDataDriver], driver: MongoDataDriver, queue: QueueRef
) -> Iterator[tuple[MongoDataDriver, CommandNames]]:
    """A driver with a connection and a session, whose further commands are counted."""
    counter = CommandNames()
    with _listening(counter):
        watched = factory.open()
        watched.get_messages(queue, op.GetMessages(("none",)))
    counter.names.clear()
    yield watched, counter
    watched.close()
