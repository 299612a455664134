"""Which operation sees a message in which state: the whole table of storage-semantics.md 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from angarium.testing.data.base import DataCases
from angarium.testing.queues import ALICE, BOB, Queue, names
from angarium.testing.timing import advance


def _get(queue: Queue, wanted: str) -> list[str]:
    return names(queue.get(wanted))


def _listing(**how: bool | str) -> Callable[[Queue, str], list[str]]:
    def look(queue: Queue, _: str) -> list[str]:
        return queue.listed(**how)

    return look


def _purge(queue: Queue, _: str) -> list[str]:
    """Purging removes a message in whatever state; here it is seen as gone afterwards."""
    before = queue.stats().total
    queue.purge()
    return ["A"] if before and not queue.stats().total else []


OPERATIONS: Final[dict[str, Callable[[Queue, str], list[str]]]] = {
    "get": _get,
    "list": _listing(exclude_client=ALICE),
    "list-claimed": _listing(exclude_client=ALICE, include_claimed=True),
    "list-delayed": _listing(exclude_client=ALICE, include_delayed=True),
    "list-claimed-delayed": _listing(
        exclude_client=ALICE, include_claimed=True, include_delayed=True
    ),
    "echo": _listing(),
    "echo-claimed": _listing(include_claimed=True),
    "echo-delayed": _listing(include_delayed=True),
    "claim": lambda queue, _: queue.claim().names,
    "pop": lambda queue, _: names(queue.pop()),
    "purge": _purge,
}

_LISTS: Final = {name for name in OPERATIONS if name.startswith(("list", "echo"))}
_ECHO: Final = {name for name in _LISTS if name.startswith("echo")}
_ALWAYS: Final = {"get", "purge"}

VISIBLE: Final[dict[str, set[str]]] = {
    "available": set(OPERATIONS),
    "own": {*_ALWAYS, *_ECHO, "claim", "pop"},
    "claimed": {*_ALWAYS, "list-claimed", "list-claimed-delayed", "echo-claimed"},
    "own-claimed": {*_ALWAYS, "echo-claimed"},
    "delayed": {*_ALWAYS, "list-delayed", "list-claimed-delayed", "echo-delayed"},
    "own-delayed": {*_ALWAYS, "echo-delayed"},
    "released": set(OPERATIONS),
    "lapsed": set(OPERATIONS),
    "delay-over": set(OPERATIONS),
    "expired": set(),
    "expired-while-delayed": set(),
    "expired-with-its-claim": set(),
}
"""For each state the operations that see the message; ALICE looks, with or without echo."""


def put(queue: Queue, state: str) -> str:
    """Post the message A and bring it into a state; its id."""
    client = ALICE if state.startswith("own") else BOB
    is_short = state.startswith("expired")
    is_delayed = state.endswith(("delayed", "delay-over"))
    (message_id,) = queue.post(
        "A", ttl=100 if is_short else 3600, delay=200 if is_delayed else 0, client=client
    )
    if state.endswith(("claimed", "released", "lapsed", "claim")):
        claimed = queue.claim(ttl=100, grace=0)
        assert claimed.names == ["A"]
        if state == "released":
            claimed.release()
    if is_short or state in ("lapsed", "delay-over"):
        advance(queue.driver, 250)
    return message_id


class VisibilityCases(DataCases):
    """Every cell of the table, and the states that end in one of its rows."""

    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize("state", VISIBLE)
    def test_operation_sees_state(self, queue: Queue, state: str, operation: str) -> None:
        """An operation sees the message exactly if the table says so."""
        message_id = put(queue, state)
        seen = OPERATIONS[operation](queue, message_id)
        assert seen == (["A"] if operation in VISIBLE[state] else [])

    @pytest.mark.parametrize("state", ["expired", "expired-while-delayed"])
    def test_neighbours_of_an_expired_message_are_seen(self, queue: Queue, state: str) -> None:
        """What is invisible does not hide what follows it."""
        message_id = put(queue, state)
        queue.post("B")
        queue.post("C", client=ALICE)
        assert queue.everything() == ["B", "C"]
        assert queue.get(message_id) == ()
        assert queue.claim(1).names == ["B"]
        assert names(queue.pop(1)) == ["C"]
