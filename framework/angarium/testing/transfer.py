"""Messages on their way between two stores, taken there as the kernel does it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from oslo_config import cfg

from angarium import ids
from angarium.clock import Clock
from angarium.model import ModelDataDriver
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.models import Extract, StoredClaim, StoredMessage
from angarium.storage.signals import DeadLettersLeased
from angarium.testing.comparing import insist_on_plain_values, plain
from angarium.testing.queues import ALICE, MAX_CALLS, Claimed, Queue, new_project, new_queue


class StillClock(Clock):
    """The clock of another pool: years behind, and moved by nothing but the offset of a driver."""

    def __init__(self, driver: DataDriver) -> None:
        super().__init__()
        self._clock = driver.clock

    def now(self) -> int:
        """Seconds since 1970."""
        return 10**9 + self._clock.offset


def model_beside(driver: DataDriver) -> ModelDataDriver:
    """An empty store in memory, for which as much time passes as for that of the driver."""
    environment = StoreEnvironment(cfg.ConfigOpts(), StillClock(driver), uri=new_project())
    return ModelDataDriver(environment)


ROUTES: Final[dict[str, Callable[[DataDriver], tuple[Queue, Queue]]]] = {
    "within-the-store": lambda it: (new_queue(it), new_queue(it)),
    "from-the-model": lambda it: (new_queue(model_beside(it)), new_queue(it)),
    "to-the-model": lambda it: (new_queue(it), new_queue(model_beside(it))),
}
"""Where a queue moves: the queue as it is, and an empty one that it is to become."""


def stored(name: str, position: int, **special: Any) -> StoredMessage:
    """A message as another store hands it over."""
    message = StoredMessage(
        position=position,
        id=ids.new_message_id(),
        body=f'"{name}"'.encode(),
        client_id=ALICE,
        remaining=1000,
        ttl=3000,
        age=200,
    )
    return replace(message, **special)


def bare(message: StoredMessage, **special: Any) -> StoredMessage:
    """The same message without its body, in another state."""
    return replace(message, body=None, **special)


def pages(queue: Queue, limit: int = 1000, *, after: int = 0, bodies: bool = True) -> list[Extract]:
    """All parts of an export.

    :raises AssertionError: a part is too large, or does not lead on.
    """
    parts: list[Extract] = []
    for _ in range(MAX_CALLS):
        part = queue.do(op.ExportMessages(after, limit, bodies))
        insist_on_plain_values(part, "extract")
        parts.append(part)
        assert len(part.messages) <= limit
        if part.complete:
            return parts
        assert part.messages, "an incomplete extract has no message to go on from"
        assert part.messages[0].position > after
        after = part.messages[-1].position
    raise AssertionError(f"an export is not complete after {MAX_CALLS} parts")


def exported(queue: Queue, **how: Any) -> list[StoredMessage]:
    """All messages of an export."""
    return [message for part in pages(queue, **how) for message in part.messages]


def last_position(queue: Queue) -> int:
    """The highest position that the queue has given to a message."""
    return queue.do(op.ExportMessages(0, 1)).last_position


def exported_claims(queue: Queue, limit: int = 1000) -> list[StoredClaim]:
    """All live claims, by id.

    :raises AssertionError: a part is too large, or there is no end.
    """
    claims: list[StoredClaim] = []
    cursor = None
    for _ in range(MAX_CALLS):
        part = queue.do(op.ExportClaims(cursor, limit))
        insist_on_plain_values(part, "extract")
        assert len(part.claims) <= limit
        claims += part.claims
        cursor = part.cursor
        if cursor is None:
            return sorted(claims, key=lambda claim: claim.id)
    raise AssertionError(f"an export of claims is not complete after {MAX_CALLS} parts")


def import_all(
    queue: Queue, messages: Sequence[StoredMessage], after: int = 0, upto: int | None = None
) -> None:
    """Make a stretch of the queue what it is told, by default all that there is of it."""
    last = max([last_position(queue), *(message.position for message in messages)])
    end = last if upto is None else upto
    queue.do(op.ImportMessages(after, end, tuple(messages), last))


def copy_messages(source: Queue, target: Queue, limit: int = 4, *, bodies: bool = True) -> None:
    """Make the messages of one queue those of the other, stretch by stretch."""
    after = 0
    for part in pages(source, limit, bodies=bodies):
        end = max(part.last_position, last_position(target))
        upto = end if part.complete else part.messages[-1].position
        target.do(op.ImportMessages(after, upto, part.messages, part.last_position))
        after = upto


def copy_claims(source: Queue, target: Queue, limit: int = 2) -> None:
    """Make the claims on one queue those on the other, once the messages are there."""
    claims = exported_claims(source, limit)
    target.do(op.ImportClaims(tuple(claims[:limit]), replaces=True))
    for start in range(limit, len(claims), limit):
        target.do(op.ImportClaims(tuple(claims[start : start + limit]), replaces=False))


def copy(source: Queue, target: Queue) -> None:
    """Make one queue what the other is."""
    copy_messages(source, target)
    copy_claims(source, target)


def state_of(queue: Queue) -> Any:
    """Everything about a queue that a client can see or another store is told."""
    page = queue.page(include_claimed=True, include_delayed=True)
    delayed = queue.listed(include_claimed=True)
    claims = exported_claims(queue)
    read = tuple(plain(queue.get_claim(claim.id)) for claim in claims)
    members = [(claim.id, claim.ttl, claim.positions) for claim in claims]
    positions = [message.position for message in exported(queue)]
    return plain(page), page.marker, plain(queue.stats()), delayed, read, members, positions


def claim_carrying(
    queue: Queue, dead: Queue, max_claims: int, limit: int = 1000, *, ttl: int | None = None
) -> Claimed:
    """Claim; what was claimed too often is carried to a queue that the claim cannot reach."""
    for _ in range(MAX_CALLS):
        lease = ids.new_claim_id()
        letter = replace(dead.after(max_claims, ttl=ttl), lease_id=lease)
        try:
            return queue.claim(limit, dead_letter=letter)
        except DeadLettersLeased as leased:
            dead.do(op.AcceptDeadLetters(leased.messages, ttl))
            queue.delete_all([message.id for message in leased.messages], [lease])
    raise AssertionError(f"there are dead letters after {MAX_CALLS} claims")


def use(queue: Queue, chance: random.Random) -> None:
    """Do something to a queue, as its clients do."""
    claims = [claim.id for claim in exported_claims(queue)]
    message_ids = [message.id for message in exported(queue, bodies=False)]
    name = f"{chance.randrange(10**9)}"
    match chance.randrange(8):
        case 0 | 1 | 2:
            queue.post(name, f"{name}-2", ttl=chance.choice([300_500, 900_500]))
        case 3:
            queue.post(name, delay=chance.choice([0, 100_250]))
        case 4:
            queue.claim(chance.randrange(1, 4), ttl=chance.choice([100_250, 500_250]))
        case 5 if claims:
            queue.release(chance.choice(claims))
        case 6 if claims:
            queue.renew(chance.choice(claims), ttl=200_250)
        case 7 if message_ids:
            queue.delete_all([chance.choice(message_ids)])
