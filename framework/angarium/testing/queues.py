"""A queue as the cases use it: one short line per operation."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any, Final, TypeVar

from angarium import ids
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver
from angarium.storage.models import (
    Claim,
    DeadLetter,
    Kind,
    Message,
    NewMessage,
    Page,
    QueueRef,
    Scope,
    Stats,
    StoredMessage,
)
from angarium.storage.signals import Again

ResultT = TypeVar("ResultT")

ALICE: Final = "3381af92-2b9e-11e3-b191-71861300734c"
BOB: Final = "3381af92-2b9e-11e3-b191-71861300734d"
"""Two clients."""

_NAMES: Final = 100_000
"""How many names are tried: a cluster may reach one queue in thousands."""

MAX_CALLS: Final = 2000
"""How often an operation may ask to be called again; each call makes progress."""


def repeated(call: Callable[[], ResultT]) -> ResultT:
    """Call until it does more than :class:`~angarium.storage.signals.Again`, as the kernel does."""
    for _ in range(MAX_CALLS):
        try:
            return call()
        except Again:
            continue
    raise AssertionError(f"the driver has asked {MAX_CALLS} times to be called again")


def new_message(name: str, *, ttl: int = 3600, delay: int = 0) -> NewMessage:
    """A message with a fresh id whose body is its name."""
    return NewMessage(ids.new_message_id(), json.dumps(name).encode(), ttl, delay)


def new_batch(names: Iterable[str], *, ttl: int = 3600, delay: int = 0) -> tuple[NewMessage, ...]:
    """A message for each name."""
    return tuple(new_message(name, ttl=ttl, delay=delay) for name in names)


def numbered(count: int, prefix: str = "") -> list[str]:
    """That many different names, in order."""
    return [f"{prefix}{number}" for number in range(count)]


def names(messages: Iterable[Message | StoredMessage]) -> list[str]:
    """The names of messages, in order."""
    return [json.loads(message.body or b"") for message in messages]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue on a driver. Operations are repeated while the driver asks for it.

    :ivar ref: the scope and the epoch that operations are planned on.
    """

    driver: DataDriver
    ref: QueueRef

    def do(self, operation: op.DataOperation[ResultT]) -> ResultT:
        """Carry out any operation."""
        return repeated(lambda: operation.perform(self.driver, self.ref))

    def on(self, driver: DataDriver) -> Queue:
        """The same queue through another driver."""
        return replace(self, driver=driver)

    # --- Messages -------------------------------------------------------------------------------

    def post(
        self, *wanted: str, ttl: int = 3600, delay: int = 0, client: str = ALICE
    ) -> tuple[str, ...]:
        """Post messages of these names as one batch; their ids."""
        return self.post_batch(new_batch(wanted, ttl=ttl, delay=delay), client)

    def post_batch(self, batch: Sequence[NewMessage], client: str = ALICE) -> tuple[str, ...]:
        """Post a batch; its ids."""
        self.do(op.PostMessages(tuple(batch), client))
        return tuple(message.id for message in batch)

    def page(self, *, limit: int = 1000, marker: str | None = None, **how: Any) -> Page:
        """A page as the kernel hands it out: short only at the end of the queue.

        :param how: ``exclude_client``, ``include_claimed`` or ``include_delayed``.
        """
        page = self.do(op.ListMessages(limit, marker, **how))
        for _ in range(MAX_CALLS):
            if page.complete:
                return page
            assert page.marker is not None, "an incomplete page has no marker to go on from"
            rest = self.do(op.ListMessages(limit - len(page.messages), page.marker, **how))
            page = Page((*page.messages, *rest.messages), rest.marker, rest.complete)
        raise AssertionError(f"a page is not complete after {MAX_CALLS} continuations")

    def listed(self, **how: Any) -> list[str]:
        """The names on the first page."""
        return names(self.page(**how).messages)

    def everything(self) -> list[str]:
        """The names of all messages, in order, whatever their state."""
        return self.listed(limit=100_000, include_claimed=True, include_delayed=True)

    def get(self, *wanted: str) -> tuple[Message, ...]:
        """Messages by id."""
        return self.do(op.GetMessages(wanted))

    def get_one(self, wanted: str) -> Message:
        """The one message with an id; it has to be there."""
        (message,) = self.get(wanted)
        return message

    def delete(self, wanted: str, claim_id: str | None = None) -> None:
        """Delete one message."""
        self.do(op.DeleteMessage(wanted, claim_id))

    def delete_all(self, wanted: Sequence[str], claim_ids: Sequence[str] | None = None) -> None:
        """Delete by ids."""
        self.do(op.DeleteMessages(tuple(wanted), None if claim_ids is None else tuple(claim_ids)))

    def pop(self, limit: int = 1000) -> tuple[Message, ...]:
        """Pop messages."""
        return self.do(op.PopMessages(limit))

    def purge(self) -> None:
        """Remove all messages."""
        self.do(op.PurgeMessages())

    def stats(self) -> Stats:
        """Count."""
        return self.do(op.GetStats())

    def counts(self) -> tuple[int, int, int]:
        """Total, claimed and free."""
        stats = self.stats()
        return stats.total, stats.claimed, stats.free

    # --- Claims ---------------------------------------------------------------------------------

    def claim(
        self,
        limit: int = 1000,
        *,
        ttl: int = 300,
        grace: int = 60,
        claim_id: str | None = None,
        dead_letter: DeadLetter | None = None,
    ) -> Claimed:
        """Claim messages."""
        made = claim_id or ids.new_claim_id()
        return Claimed(self, made, self.do(op.CreateClaim(made, ttl, grace, limit, dead_letter)))

    def get_claim(self, claim_id: str) -> Claim:
        """Read a claim."""
        return self.do(op.GetClaim(claim_id))

    def renew(self, claim_id: str, *, ttl: int = 300, grace: int = 60) -> None:
        """Renew a claim."""
        self.do(op.RenewClaim(claim_id, ttl, grace))

    def release(self, claim_id: str) -> None:
        """Release a claim."""
        self.do(op.ReleaseClaim(claim_id))

    # --- As a dead-letter queue -----------------------------------------------------------------

    def after(self, max_claims: int, *, ttl: int | None = None) -> DeadLetter:
        """What a claim elsewhere needs to move messages here after so many claims."""
        return DeadLetter(max_claims, self.ref.scope, self.ref.epoch, ttl)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The result of a claim."""

    queue: Queue
    id: str
    messages: tuple[Message, ...]

    @property
    def names(self) -> list[str]:
        """The names of its messages when it was made."""
        return names(self.messages)

    @property
    def ids(self) -> list[str]:
        """The ids of its messages when it was made."""
        return [message.id for message in self.messages]

    def read(self) -> Claim:
        """The claim as it is now."""
        return self.queue.get_claim(self.id)

    def names_now(self) -> list[str]:
        """The names of the messages that are still in it."""
        return names(self.read().messages)

    def release(self) -> None:
        """End it."""
        self.queue.release(self.id)


_epochs = itertools.count(1)


def new_project() -> str:
    """The id of a project that nobody used yet: every case works in projects of its own."""
    return uuid.uuid4().hex


def new_queue(
    driver: DataDriver,
    name: str = "orders",
    *,
    project: str | None = None,
    kind: Kind = Kind.QUEUE,
) -> Queue:
    """A registered queue, in a project of its own unless one is given."""
    scope = Scope(new_project() if project is None else project, name, kind)
    queue = Queue(driver, QueueRef(scope, next(_epochs)))
    driver.register(queue.ref)
    return queue


def within_reach(driver: DataDriver, here: Scope, name: str = "dead-letters") -> Scope:
    """A scope of the same project, such that claims can move messages to and fro."""
    for number in range(_NAMES):
        there = replace(here, name=f"{name}-{number}" if number else name)
        if all(starmap(driver.moves_dead_letters, [(here, there), (there, here)])):
            return there
    raise AssertionError(f"no queue is within reach of the claims on {here}")


def sibling(queue: Queue, name: str = "dead-letters") -> Queue:
    """Another queue of the same project, such that claims can move messages to and fro."""
    there = within_reach(queue.driver, queue.ref.scope, name)
    return new_queue(queue.driver, there.name, project=there.project)


def at_epoch(queue: Queue, epoch: int) -> Queue:
    """The same queue, planned on another epoch."""
    return replace(queue, ref=QueueRef(queue.ref.scope, epoch))
