"""The connection is lost at the commit: never a false success, never a message twice."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from angarium.errors import ApiError, OutcomeUnknown, StoreUnreachable
from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef
from angarium.testing import DriverFactory
from angarium_mongodb.data import MongoDataDriver
from angarium_mongodb.deployment import DEADLINE
from tests.forwarder import Forwarder

_COMMIT = b"commitTransaction"
_SLACK = 5.0  # seconds, for a busy machine
_POST = op.PostMessages(tuple(NewMessage(it, b"{}", 600) for it in ("A", "B")), "client")


@pytest.fixture
def wire(factory: DriverFactory[MongoDataDriver]) -> Iterator[Forwarder]:
    """A wire to the server."""
    assert factory.uri is not None
    wire = Forwarder(factory.uri)
    yield wire
    wire.close()


@pytest.fixture
def far(
    factory: DriverFactory[MongoDataDriver], wire: Forwarder, queue: QueueRef
) -> Iterator[MongoDataDriver]:
    """A driver at the end of that wire, connected."""
    driver = DriverFactory(MongoDataDriver, factory.clock_path, wire.url, factory.options).open()
    driver.list_messages(queue, op.ListMessages(1))
    yield driver
    driver.close()


def _listed(driver: MongoDataDriver, queue: QueueRef) -> list[str]:
    return [it.id for it in driver.list_messages(queue, op.ListMessages(10)).messages]


@pytest.mark.parametrize("answered", [False, True])
def test_outcome_is_learnt_from_the_second_try(
    driver: MongoDataDriver, far: MongoDataDriver, wire: Forwarder, queue: QueueRef, answered: bool
) -> None:
    """The wire is back at once."""
    wire.cut_at(_COMMIT, answered=answered, once=True)
    far.post_messages(queue, _POST)
    assert _listed(driver, queue) == ["A", "B"]
    wire.cut_at(_COMMIT, answered=answered, once=True)
    assert [it.id for it in far.pop_messages(queue, op.PopMessages(1))] == ["A"]
    assert _listed(driver, queue) == ["B"]


@pytest.mark.parametrize(("answered", "silently"), [(False, False), (True, True)])
def test_outcome_stays_unknown(
    driver: MongoDataDriver,
    far: MongoDataDriver,
    wire: Forwarder,
    queue: QueueRef,
    answered: bool,
    silently: bool,
) -> None:
    """Posting again later stores the messages once, and soon if the transaction was left open."""
    wire.cut_at(_COMMIT, answered=answered, silently=silently)
    start = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        far.post_messages(queue, _POST)
    assert time.monotonic() - start < DEADLINE + _SLACK
    assert _listed(driver, queue) == (["A", "B"] if answered else [])
    wire.mend()
    far.post_messages(queue, _POST)
    assert _listed(driver, queue) == ["A", "B"]


def test_silence_before_the_commit(
    driver: MongoDataDriver, far: MongoDataDriver, wire: Forwarder, queue: QueueRef
) -> None:
    """Nothing was changed, nobody waits long, and what was left open keeps nobody off."""
    wire.cut_at(b"insert", answered=True, silently=True)
    start = time.monotonic()
    with pytest.raises(StoreUnreachable):
        far.post_messages(queue, _POST)
    assert time.monotonic() - start < DEADLINE + _SLACK
    assert _listed(driver, queue) == []
    wire.mend()
    far.post_messages(queue, _POST)
    assert _listed(driver, queue) == ["A", "B"]


def test_wait_is_what_the_connection_string_says(
    factory: DriverFactory[MongoDataDriver], wire: Forwarder, queue: QueueRef
) -> None:
    uri = f"{wire.url}&socketTimeoutMS=300&serverSelectionTimeoutMS=300"
    driver = DriverFactory(MongoDataDriver, factory.clock_path, uri, factory.options).open()
    wire.cut_at(b"findAndModify", silently=True)
    start = time.monotonic()
    with pytest.raises(ApiError):
        driver.post_messages(queue, _POST)
    assert time.monotonic() - start < DEADLINE
    driver.close()
