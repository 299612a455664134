"""An operation is one transaction of a fixed number of commands (design, principle 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from angarium.storage import operations as op
from angarium.storage.deliveries import NewNotice
from angarium.storage.models import NewMessage, QueueRef
from angarium_mongodb.data import MongoDataDriver
from tests.mongodb.conftest import CommandNames


def _ids(count: int) -> tuple[str, ...]:
    return tuple(f"message-{number}" for number in range(count))


def _post(count: int) -> op.PostMessages:
    return op.PostMessages(tuple(NewMessage(it, b"{}", 60) for it in _ids(count)), "client")


def _announced(count: int) -> op.PostMessages:
    return replace(_post(count), notice=NewNotice("notice", b"{}"))


Build = Callable[[int], op.DataOperation[object]]
_OPERATIONS: dict[str, tuple[Build, int]] = {
    "post": (_post, 3),
    "post with a notice": (_announced, 4),
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
    counted: tuple[MongoDataDriver, CommandNames], queue: QueueRef, name: str, count: int
) -> None:
    """The last of them commits."""
    watched, counter = counted
    build, expected = _OPERATIONS[name]
    if not name.startswith("post"):
        watched.post_messages(queue, _post(count))
    counter.names.clear()
    build(count).perform(watched, queue)
    assert (len(counter.names), counter.names[-1]) == (expected, "commitTransaction")


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("name", _ON_CLAIMS)
def test_commands_of_an_operation_on_a_claim(
    counted: tuple[MongoDataDriver, CommandNames], queue: QueueRef, name: str, count: int
) -> None:
    watched, counter = counted
    operation, expected = _ON_CLAIMS[name]
    watched.post_messages(queue, _post(count))
    watched.create_claim(queue, op.CreateClaim("claim", 60, 60, count))
    counter.names.clear()
    operation.perform(watched, queue)
    assert (len(counter.names), counter.names[-1]) == (expected, "commitTransaction")
