"""What queues owe their subscribers, as delivery processes see it: one short line per step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final

from angarium import ids
from angarium.storage import operations as op
from angarium.storage.deliveries import (
    Duty,
    DutyStatus,
    Expansion,
    Lane,
    ListedDuty,
    NewDuty,
    NewNotice,
    Notice,
    Outcome,
    Settlement,
)
from angarium.storage.driver import DataDriver
from angarium.storage.models import QueueRef
from angarium.testing.comparing import insist_on_plain_values
from angarium.testing.queues import ALICE, MAX_CALLS, Queue, new_batch, new_queue, repeated

LEASE: Final = 60
"""Seconds for which workers hold what they take."""

_LAST_EPOCH: Final = 2**52
_workers = itertools.count(1)


class Ledger:
    """The queues of a case that come to owe something. In the end they owe nothing any more.

    Deliveries are a matter of the whole store, so a case must not leave any to the next one.
    """

    def __init__(self, driver: DataDriver) -> None:
        self.driver = driver
        self._queues: list[Queue] = []

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def queue(self, name: str = "orders", **where: Any) -> Queue:
        """A registered queue, in a project of its own unless one is given."""
        return self.note(new_queue(self.driver, name, **where))

    def note(self, queue: Queue) -> Queue:
        """Take a queue into account, whatever store it is in."""
        self._queues.append(queue)
        return queue

    def anew(self) -> Queue:
        """A queue for a case that may have run before, within a second that ended too early."""
        self.clear()
        return self.queue()

    def clear(self) -> None:
        """Forget everything that is owed."""
        for queue in self._queues:
            queue.driver.drop_notices(QueueRef(queue.ref.scope, _LAST_EPOCH))
        self._queues.clear()

    def worker(self) -> Worker:
        """A further delivery process."""
        return new_worker(self.driver)


@dataclass(frozen=True, slots=True)
class Worker:
    """A delivery process. Calls are repeated while the driver asks for it."""

    driver: DataDriver
    name: str

    def notices(self, limit: int = 1000, *, seconds: int = LEASE) -> tuple[Notice, ...]:
        """Take notices to expand."""
        taken = repeated(lambda: self.driver.lease_notices(self.name, seconds, limit))
        insist_on_plain_values(taken, "notices")
        assert len(taken) <= limit
        return taken

    def notice(self) -> Notice:
        """Take the one notice that there is."""
        (taken,) = self.notices()
        return taken

    def expand(self, *pages: Expansion) -> None:
        """Store pages of duties."""
        repeated(lambda: self.driver.expand_notices(self.name, pages))

    def lanes(
        self, limit: int = 1000, duties: int = 1000, *, seconds: int = LEASE, suspects: bool = False
    ) -> tuple[Lane, ...]:
        """Take lanes in which something is due."""
        taken = repeated(
            lambda: self.driver.lease_lanes(self.name, seconds, limit, duties, suspects=suspects)
        )
        insist_on_plain_values(taken, "lanes")
        assert len(taken) <= limit
        for lane in taken:
            check_lane(lane, duties)
        return taken

    def lane(self, duties: int = 1000, **how: Any) -> Lane:
        """Take the one lane in which something is due."""
        (taken,) = self.lanes(duties=duties, **how)
        return taken

    def settle(
        self,
        lane: Lane,
        *outcomes: Outcome,
        seconds: int = 0,
        duties: int = 1000,
        is_suspect: bool = False,
    ) -> Lane | None:
        """Report, and give the lane back unless it is kept for so many seconds."""
        settlement = Settlement(
            lane.scope, lane.subscription_id, outcomes, seconds, duties, is_suspect
        )
        kept = repeated(lambda: self.driver.settle_lane(self.name, settlement))
        if kept is not None:
            insist_on_plain_values((kept,), "lane")
            check_lane(kept, duties)
        return kept


def check_lane(lane: Lane, limit: int) -> None:
    """A lane is handed out with something that is due, in order, and within the limit.

    :raises AssertionError: it is not so.
    """
    assert 1 <= len(lane.duties) <= (1 if lane.is_ordered else limit)
    positions = [duty.position for duty in lane.duties]
    assert positions == sorted(positions)
    assert all(duty.late >= 0 for duty in lane.duties)


def new_worker(driver: DataDriver) -> Worker:
    """A delivery process with a name that nobody else has."""
    return Worker(driver, f"worker-{next(_workers)}-{ids.new_claim_id()}")


# --- Notices -------------------------------------------------------------------------------------


def new_notice(payload: bytes | None = None) -> NewNotice:
    """A notice with a fresh id, which its payload says unless it is given."""
    made = ids.new_message_id()
    return NewNotice(made, f"payload of {made}".encode() if payload is None else payload)


def announce(queue: Queue, *wanted: str, notice: NewNotice | None = None) -> NewNotice:
    """Post messages of these names as one batch with a notice."""
    made = notice or new_notice()
    queue.do(op.PostMessages(new_batch(wanted or ("A",)), ALICE, made))
    return made


def page(
    notice: Notice, *duties: NewDuty, after: str | None = None, cursor: str | None = None
) -> Expansion:
    """A page of the expansion of a notice, from where it stands: the last one without a cursor."""
    start = notice.cursor if after is None else after
    return Expansion(notice.scope, notice.id, start, duties, cursor)


# --- Duties --------------------------------------------------------------------------------------


def new_duty(subscription_id: str = "s", **special: Any) -> NewDuty:
    """A duty to a subscription whose state says to which."""
    return replace(NewDuty(subscription_id, f"state of {subscription_id}".encode()), **special)


def owe(queue: Queue, *subscriptions: str, **special: Any) -> NewNotice:
    """Post a message and expand its notice into a duty to each of these subscriptions.

    :param special: fields of the duties.
    """
    made = announce(queue)
    worker = new_worker(queue.driver)
    (taken,) = (it for it in worker.notices() if it.id == made.id)
    worker.expand(page(taken, *(new_duty(it, **special) for it in subscriptions or ("s",))))
    return made


def delivered(duty: Duty, state: bytes = b"delivered", *, keep: int = 0) -> Outcome:
    """The duty is fulfilled."""
    return Outcome(duty.notice_id, state, DutyStatus.DELIVERED, keep=keep)


def failed(duty: Duty, state: bytes = b"failed", *, keep: int = 0) -> Outcome:
    """The duty is given up."""
    return Outcome(duty.notice_id, state, DutyStatus.FAILED, keep=keep)


def again(duty: Duty, due: int, state: bytes = b"again") -> Outcome:
    """The duty is due once more, in so many seconds."""
    return Outcome(duty.notice_id, state, due=due)


def notice_ids(lane: Lane | None) -> list[str]:
    """The notices of the duties of a lane, in order."""
    return [duty.notice_id for duty in lane.duties] if lane else []


def subscription_ids(lanes: tuple[Lane, ...]) -> list[str]:
    """The subscriptions of lanes, in order."""
    return [lane.subscription_id for lane in lanes]


def all_duties(driver: DataDriver, status: DutyStatus, limit: int = 1000) -> list[ListedDuty]:
    """All that a listing of the store says, by notice and subscription.

    :raises AssertionError: a page is too large, or there is no end.
    """
    found: list[ListedDuty] = []
    marker = None
    for _ in range(MAX_CALLS):
        part = driver.list_duties(status, marker, limit)
        insist_on_plain_values(part, "duties")
        assert len(part.duties) <= limit
        found += part.duties
        marker = part.marker
        if marker is None:
            return sorted(found, key=lambda duty: (duty.notice_id, duty.subscription_id))
    raise AssertionError(f"a listing of duties is not complete after {MAX_CALLS} pages")


def listed_duties(queue: Queue, status: DutyStatus, limit: int = 1000) -> list[ListedDuty]:
    """All that a listing says of a queue, by notice and subscription."""
    found = all_duties(queue.driver, status, limit)
    return [duty for duty in found if duty.scope == queue.ref.scope]


def owed(queue: Queue) -> list[tuple[str, str, str, bytes]]:
    """All duties of a queue that a listing shows: notice, subscription, status and state."""
    return [
        (duty.notice_id, duty.subscription_id, duty.status, duty.state)
        for status in DutyStatus
        for duty in listed_duties(queue, status)
    ]


def drain(worker: Worker) -> list[Duty]:
    """Fulfil all that is due now in lanes that are free; what that was, lane by lane."""
    done: list[Duty] = []
    for suspects in (False, True):
        for _ in range(MAX_CALLS):
            lanes = worker.lanes(suspects=suspects)
            if not lanes:
                break
            for lane in lanes:
                done += lane.duties
                worker.settle(lane, *map(delivered, lane.duties), is_suspect=suspects)
    return done
