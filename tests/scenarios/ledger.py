"""What clients under load know for sure, and whether a queue agrees with it.

The rules are those of the contract (``README.md``, data loss): what was acknowledged with 201 is
there, what was acknowledged as deleted is gone, an error means that nothing was stored unless it
calls the outcome unknown, and a batch is there as a whole or not at all.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any

from tests.scenarios.door import Door, UnexpectedAnswer

Key = tuple[str, int]
"""Names a message by what is in its body: who posted it, and its number."""


def key_of(body: dict[str, Any]) -> Key:
    return body["by"], body["number"]


class Ledger:
    """One client's book; every client of a load keeps its own, so nothing is shared."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, Key] = {}  # by message id
        self.refused: set[Key] = set()  # an error that promises that nothing was stored
        self.unknown: list[list[Key]] = []  # batches whose answer was lost, or calls it unknown
        self.tried: dict[str, Key] = {}  # deletions that were asked for
        self.deleted: dict[str, Key] = {}  # deletions that were acknowledged
        self.failures: list[str] = []  # answers that no server may give here

    def attempt(self, action: Callable[[], None]) -> bool | None:
        """Whether the action was acknowledged; None if its outcome is unknown.

        503 is an answer that a server may give while its store is down.
        """
        try:
            action()
        except (OSError, http.client.HTTPException):
            return None
        except UnexpectedAnswer as error:
            if error.status != 503:
                self.failures.append(str(error))
            return None if "unknown" in str(error.answer) else False
        return True

    def post(self, door: Door, queue: str, bodies: list[dict[str, Any]]) -> dict[str, Key]:
        """Post a batch and write down what came of it; the messages that were acknowledged."""
        ids: list[str] = []
        keys = [key_of(body) for body in bodies]
        outcome = self.attempt(lambda: ids.extend(door.post(queue, bodies)))
        if outcome is None:
            self.unknown.append(keys)
        elif not outcome:
            self.refused |= set(keys)
        posted = dict(zip(ids, keys, strict=True)) if outcome else {}
        self.acknowledged |= posted
        return posted

    def claim(self, door: Door, queue: str, limit: int) -> list[dict[str, Any]]:
        """Claim messages; none when the server does not answer."""
        messages: list[dict[str, Any]] = []
        self.attempt(lambda: messages.extend(door.claim(queue, limit)))
        return messages

    def delete(self, messages: dict[str, Key], action: Callable[[], None]) -> None:
        """Delete messages by some action and write down what came of it."""
        outcome = self.attempt(action)
        if outcome is not False:
            self.tried |= messages
        if outcome:
            self.deleted |= messages

    def add(self, other: Ledger) -> None:
        """Take another client's book over."""
        self.acknowledged |= other.acknowledged
        self.refused |= other.refused
        self.unknown += other.unknown
        self.tried |= other.tried
        self.deleted |= other.deleted
        self.failures += other.failures

    def check(self, door: Door, queue: str) -> None:
        """Compare with everything that the queue holds now."""
        assert not self.failures, self.failures[:5]
        listed = door.listing(queue, echo=True, include_claimed=True, limit=20)
        stored = {message["id"]: key_of(message["body"]) for message in listed}
        assert len(stored) == len(listed), "an id is there twice"
        assert door.stats(queue)["total"] == len(listed)
        lost = self.acknowledged.keys() - self.tried.keys() - stored.keys()
        assert not lost, f"{len(lost)} acknowledged messages are lost: {sorted(lost)[:5]}"
        undead = self.deleted.keys() & stored.keys()
        assert not undead, f"deleted messages are back: {sorted(undead)[:5]}"
        self._check_contents(stored)
        _check_order(list(stored.values()))

    def _check_contents(self, stored: dict[str, Key]) -> None:
        keys = set(stored.values())
        assert len(keys) == len(stored), "a message was stored twice"
        assert not keys & self.refused, "a refused post was stored"
        for batch in self.unknown:
            known = keys.union(self.tried.values()).intersection(batch)
            assert len(known) in (0, len(batch)), f"a part of a batch was stored: {known}"
        explained = {*self.acknowledged.values(), *(key for batch in self.unknown for key in batch)}
        assert keys <= explained, f"nobody posted {sorted(keys - explained)[:5]}"


def _check_order(keys: list[Key]) -> None:
    last: dict[str, int] = {}
    for by, number in keys:
        assert number > last.get(by, -1), f"{by} {number} comes after {last[by]}"
        last[by] = number
