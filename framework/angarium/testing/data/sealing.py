"""Operations under way while a queue is taken out of use, to be moved to another store."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Semaphore
from typing import Any, Final

from angarium.storage.driver import DataDriver
from angarium.storage.signals import StalePlan
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import PATIENCE, scaled
from angarium.testing.queues import Queue, at_epoch, new_queue, numbered
from angarium.testing.traits import Trait, needs
from angarium.testing.transfer import exported, exported_claims

_CLIENTS: Final = 4
_MESSAGES: Final = 200
_OPERATIONS: Final = 2000  # more than anybody gets to before the queue is taken out of use


@dataclass
class Ledger:
    """What a client of a queue was told.

    :ivar claims: its claims, their ttl and the messages that are in them.
    :ivar gone: messages that it deleted or popped.
    :ivar posted: messages that it posted.
    """

    claims: dict[str, tuple[int, frozenset[str]]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    posted: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Client:
    """Does what clients do, with claims that are its own, until its plan is refused."""

    queue: Queue
    chance: random.Random
    acknowledged: Semaphore
    ledger: Ledger = field(default_factory=Ledger)

    def work(self) -> None:
        """Return when the plan is refused."""
        try:
            for _ in range(_OPERATIONS):
                self.chance.choice(_STEPS)(self)
                self.acknowledged.release()
        except StalePlan:
            return

    def post(self) -> None:
        """Post a few."""
        self.ledger.posted |= set(self.queue.post(*numbered(5, "later")))

    def pop(self) -> None:
        """Pop a few."""
        self.ledger.gone |= {message.id for message in self.queue.pop(5)}

    def claim(self) -> None:
        """Claim some."""
        claimed = self.queue.claim(self.chance.choice([5, 40]), ttl=300)
        if claimed.messages:
            self.ledger.claims[claimed.id] = (300, frozenset(claimed.ids))

    def renew(self) -> None:
        """Renew a claim, for another time than before."""
        for claim_id in self._one_claim():
            ttl, members = self.ledger.claims[claim_id]
            self.queue.renew(claim_id, ttl=ttl + 1)
            self.ledger.claims[claim_id] = (ttl + 1, members)

    def release(self) -> None:
        """Release a claim."""
        for claim_id in self._one_claim():
            self.queue.release(claim_id)
            del self.ledger.claims[claim_id]

    def delete_one(self) -> None:
        """Delete a message of a claim."""
        for claim_id in self._one_claim():
            ttl, members = self.ledger.claims[claim_id]
            for message_id in sorted(members)[:1]:
                self.queue.delete(message_id, claim_id)
                self.ledger.claims[claim_id] = (ttl, members - {message_id})
                self.ledger.gone.add(message_id)

    def delete_several(self) -> None:
        """Delete all messages of a claim, which stays."""
        for claim_id in self._one_claim():
            ttl, members = self.ledger.claims[claim_id]
            self.queue.delete_all(sorted(members), [claim_id])
            self.ledger.claims[claim_id] = (ttl, frozenset())
            self.ledger.gone |= members

    def _one_claim(self) -> list[str]:
        return self.chance.sample(sorted(self.ledger.claims), min(len(self.ledger.claims), 1))


_STEPS: Final[list[Callable[[Client], None]]] = [
    *(Client.post, Client.pop, Client.claim, Client.claim, Client.renew, Client.release),
    *(Client.delete_one, Client.delete_several),
]


def told(clients: list[Client], before: tuple[str, ...]) -> Any:
    """What the clients were told, in the form of :func:`found`."""
    ledgers = [client.ledger for client in clients]
    claims = {claim_id: held for ledger in ledgers for claim_id, held in ledger.claims.items()}
    messages = set(before).union(*(ledger.posted for ledger in ledgers))
    messages.difference_update(*(ledger.gone for ledger in ledgers))
    return claims, messages


def found(queue: Queue) -> Any:
    """Live claims, their ttl and what is in them; and all messages."""
    messages = {message.position: message for message in exported(queue, bodies=False)}
    claims = exported_claims(queue)
    assert messages.keys() >= {position for claim in claims for position in claim.positions}
    by_claim = {it.id: frozenset(messages[at].id for at in it.positions) for it in claims}
    for message in messages.values():
        assert message.claim_id is None or message.id in by_claim.get(message.claim_id, ())
    return (
        {it.id: (it.ttl, by_claim[it.id]) for it in claims},
        {message.id for message in messages.values()},
    )


def take_out_of_use(queue: Queue, acknowledged: Semaphore, after: int) -> Any:
    """Raise the epoch once so many operations were acknowledged; what is exported then."""
    for _ in range(after):
        assert acknowledged.acquire(timeout=PATIENCE), "the clients do not work"
    queue.driver.register(queue.ref)
    queue.driver.seal(queue.ref)
    return found(queue)


class SealingCases(DataCases):
    """Cases about the moment from which on nothing changes a queue."""

    @needs(Trait.MOVING)
    def test_export_has_all_that_was_acknowledged_and_nothing_follows(
        self, driver: DataDriver
    ) -> None:
        """Clients go on until they are refused: whatever they were told is in the export."""
        chance = random.Random(11)  # noqa: S311 - not for security
        for _ in range(scaled(6, 60)):
            queue = new_queue(driver)
            before = queue.post(*numbered(_MESSAGES))
            acknowledged = Semaphore(0)
            clients = [
                Client(queue, random.Random(chance.random()), acknowledged)  # noqa: S311 - as above
                for _ in range(_CLIENTS)
            ]
            moved = at_epoch(queue, queue.ref.epoch + 1)
            move = partial(take_out_of_use, moved, acknowledged, chance.randrange(5, 30))
            *_, export = in_threads([*(client.work for client in clients), move])
            assert export == told(clients, before)
            assert found(moved) == export
