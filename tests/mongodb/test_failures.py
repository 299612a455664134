"""A server that is gone, comes back, or holds what a killed process left behind."""

from __future__ import annotations

import time

import pytest

from angarium.errors import StoreUnreachable
from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef, Scope
from angarium.testing import DriverFactory
from angarium_mongodb.data import MongoDataDriver
from angarium_mongodb.deployment import DEADLINE
from angarium_mongodb.documents import queue_key
from tests.secantus import SecantusServer

_QUEUE = QueueRef(Scope("project", "queue"), 1)
_SLACK = 5.0  # seconds, for a busy machine


def _post(id_: str) -> op.PostMessages:
    return op.PostMessages((NewMessage(id_, b"{}", 600),), "client")


def _listed(driver: MongoDataDriver) -> list[str]:
    return [it.id for it in driver.list_messages(_QUEUE, op.ListMessages(10)).messages]


def test_a_server_that_is_gone(server: SecantusServer, own: MongoDataDriver) -> None:
    """Nothing was changed, and nobody waits for long."""
    own.register(_QUEUE)
    server.stop()
    for operation in (_post("refused"), op.ListMessages(1)):
        start = time.monotonic()
        with pytest.raises(StoreUnreachable):
            operation.perform(own, _QUEUE)
        assert time.monotonic() - start < DEADLINE + _SLACK


def test_a_server_that_is_restarted(server: SecantusServer, own: MongoDataDriver) -> None:
    """What was acknowledged is there."""
    own.register(_QUEUE)
    own.post_messages(_QUEUE, _post("before"))
    server.stop()
    server.start()
    own.post_messages(_QUEUE, _post("after"))
    assert _listed(own) == ["before", "after"]


def test_a_transaction_that_a_killed_process_left_open(
    factory: DriverFactory[MongoDataDriver], driver: MongoDataDriver, queue: QueueRef
) -> None:
    """It holds the record of the queue; who wants to post ends it."""
    dead = factory.open()
    orphan = dead.deployment._open()
    session = orphan.client.start_session()
    orphan["sessions"].insert_one({"_id": session.session_id["id"], "owner": "a dead process"})
    session.start_transaction()
    key = queue_key(queue.scope)
    orphan["queues"].update_one(key, {"$inc": {"position": 9}}, session=session)
    driver.post_messages(queue, _post("alive"))
    assert driver.list_messages(queue, op.ListMessages(10)).marker == "1"
    dead.close()
