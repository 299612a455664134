"""An operation is one transaction of a fixed number of commands (design, principle 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pymongo import monitoring

from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef
from angarium.testing import DriverFactory
from angarium_mongodb.data import MongoDataDriver


class _Counter(monitoring.CommandListener):
    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
def counted(
    factory: DriverFactory[MongoDataDriver], driver: MongoDataDriver, queue: QueueRef
) -> Iterator[tuple[MongoDataDriver, _Counter]]:
    """A driver with a connection and a session, whose further commands are counted."""
    counter = _Counter()
    with _listening(counter):
        watched = factory.open()
        watched.get_messages(queue, op.GetMessages(("none",)))
    counter.names.clear()
    yield watched, counter
    watched.close()


@contextmanager
def _listening(listener: monitoring.CommandListener) -> Iterator[None]:
    listeners = monitoring._LISTENERS.command_listeners  # no public way to take one off again
    listeners.append(listener)
    try:
        yield
    finally:
        listeners.remove(listener)


def _ids(count: int) -> tuple[str, ...]:
    return tuple(f"message-{number}" for number in range(count))


def _post(count: int) -> op.PostMessages:
    return op.PostMessages(tuple(NewMessage(it, b"{}", 60) for it in _ids(count)), "client")


Build = Callable[[int], op.DataOperation[object]]
_OPERATIONS: dict[str, tuple[Build, int]] = {
    "post": (_post, 3),
    "list": (lambda count: op.ListMessages(limit=count), 4),
    "get": (lambda count: op.GetMessages(_ids(count)), 3),
    "delete": (lambda count: op.DeleteMessages(_ids(count)), 4),
    "pop": (lambda count: op.PopMessages(count), 5),
    "claim": (lambda count: op.CreateClaim("claim", 60, 60, count), 7),
    "purge": (lambda count: op.PurgeMessages(), 4),
    "stats": (lambda count: op.GetStats(), 7),
}
_ON_CLAIMS: dict[str, tuple[op.DataOperation[object], int]] = {
    "get": (op.GetClaim("claim"), 4),
    "renew": (op.RenewClaim("claim", 60, 60), 5),
    "release": (op.ReleaseClaim("claim"), 4),
}


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("name", _OPERATIONS)
def test_commands_of_an_operation(
    counted: tuple[MongoDataDriver, _Counter], queue: QueueRef, name: str, count: int
) -> None:
    """The last of them commits."""
    watched, counter = counted
    build, expected = _OPERATIONS[name]
    if name != "post":
        watched.post_messages(queue, _post(count))
    counter.names.clear()
    build(count).perform(watched, queue)
    assert (len(counter.names), counter.names[-1]) == (expected, "commitTransaction")


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("name", _ON_CLAIMS)
def test_commands_of_an_operation_on_a_claim(
    counted: tuple[MongoDataDriver, _Counter], queue: QueueRef, name: str, count: int
) -> None:
    watched, counter = counted
    operation, expected = _ON_CLAIMS[name]
    watched.post_messages(queue, _post(count))
    watched.create_claim(queue, op.CreateClaim("claim", 60, 60, count))
    counter.names.clear()
    operation.perform(watched, queue)
    assert (len(counter.names), counter.names[-1]) == (expected, "commitTransaction")
