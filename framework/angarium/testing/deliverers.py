"""Delivery processes at work: in threads of this process, and as functions that open the store."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

from angarium.storage import operations as op
from angarium.storage.deliveries import Duty, Lane, NewDuty, NewNotice, Outcome
from angarium.storage.models import Scope
from angarium.testing.effort import PATIENCE
from angarium.testing.notices import (
    LEASE,
    Worker,
    again,
    announce,
    delivered,
    new_duty,
    new_notice,
    new_worker,
    page,
)
from angarium.testing.queues import Queue
from angarium.testing.workers import ENOUGH, Site

LONG: Final = 9000
"""Seconds of a lease that does not end while anybody works."""

PAGES: Final = (("ordered-1", "free-1"), ("ordered-2", "free-2"))
"""The subscriptions of a queue, page by page. Lanes are ordered if their names say so."""

SUBSCRIPTIONS: Final = tuple(name for names in PAGES for name in names)
_STOP: Final = "stop"


def is_ordered(subscription_id: str) -> bool:
    """Whether a subscription of :data:`PAGES` has an ordered lane."""
    return subscription_id.startswith("ordered")


def duties(names: Sequence[str]) -> list[NewDuty]:
    """A duty to each of these subscriptions."""
    return [new_duty(name, is_ordered=is_ordered(name)) for name in names]


def expand_some(worker: Worker, limit: int = 3, *, seconds: int = LONG) -> int:
    """Expand what there is, notice by notice and page by page; how many it was."""
    taken = worker.notices(limit, seconds=seconds)
    for notice in taken:
        worker.expand(page(notice, *duties(PAGES[0]), after="", cursor="half"))
        worker.expand(page(notice, *duties(PAGES[1]), after="half"))
    return len(taken)


@dataclass
class Record:
    """Who delivered what, as seen from outside the store.

    :ivar total: how many duties there will be.
    :ivar done: lane, position and notice of each delivery, in order.
    """

    total: int
    done: list[tuple[Scope, str, int, str]] = field(default_factory=list)
    _deadline: float = field(default_factory=lambda: time.monotonic() + PATIENCE / 2)
    _held: set[tuple[Scope, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, lane: Lane) -> None:
        """Somebody has a lane now.

        :raises AssertionError: somebody else has it, too.
        """
        key = lane.scope, lane.subscription_id
        with self._lock:
            assert key not in self._held, f"two workers hold the lane {key}"
            self._held.add(key)

    def end(self, lane: Lane, over: Sequence[Duty]) -> None:
        """He is about to report so many deliveries, and may lose it by that."""
        key = lane.scope, lane.subscription_id
        with self._lock:
            self._held.remove(key)
            self.done += ((*key, duty.position, duty.notice_id) for duty in over)

    def is_over(self) -> bool:
        """Whether all is delivered.

        :raises AssertionError: it takes too long.
        """
        assert time.monotonic() < self._deadline, f"{len(self.done)} of {self.total} are delivered"
        return len(self.done) >= self.total

    def expand(self, worker: Worker) -> None:
        """Expand notices until all is delivered."""
        while not self.is_over():
            expand_some(worker)

    def deliver(self, worker: Worker, chance: random.Random) -> None:
        """Work until all is delivered: some attempts fail, some lanes are kept."""
        while not self.is_over():
            for lane in worker.lanes(2, 3, seconds=LONG):
                kept: Lane | None = lane
                while kept is not None:
                    kept = self._work_off(worker, kept, chance)

    def _work_off(self, worker: Worker, lane: Lane, chance: random.Random) -> Lane | None:
        self.begin(lane)
        over = [duty for duty in lane.duties if chance.random() < 0.8]
        outcomes: list[Outcome] = [
            delivered(duty) if duty in over else again(duty, 0) for duty in lane.duties
        ]
        self.end(lane, over)
        return worker.settle(lane, *outcomes, seconds=chance.choice([0, LONG]), duties=2)


# --- In other processes --------------------------------------------------------------------------


@dataclass(frozen=True)
class Announcing:
    """Post so many batches that are announced, expand all, and then tell deliverers to stop.

    :ivar stops: how many deliverers there are.
    """

    site: Site
    count: int
    stops: int


@dataclass(frozen=True)
class Delivery:
    """A duty that was delivered by a process.

    :ivar moment: seconds, by a clock that all processes of the machine share.
    """

    moment: float
    subscription_id: str
    position: int
    notice_id: str


def announce_all(task: Announcing) -> list[Delivery]:
    """Post and expand; nothing is delivered."""
    with task.site.open() as queue:
        worker = new_worker(queue.driver)
        for _ in range(task.count):
            announce(queue, *"AB")
            expand_some(worker)
        stops = tuple(new_duty(f"{_STOP}-{number}") for number in range(task.stops))
        queue.do(op.AddNotice(new_notice(), stops))
    return []


def deliver_all(task: Site) -> list[Delivery]:
    """Deliver, a part of a lane at a time, until a duty says stop; what was delivered."""
    done: list[Delivery] = []
    deadline = time.monotonic() + PATIENCE / 2
    with task.open() as queue:
        worker = new_worker(queue.driver)
        while True:
            assert time.monotonic() < deadline, "a worker waits in vain for the last duties"
            for lane in worker.lanes(1, 2, seconds=LONG):
                outcomes = [delivered(duty) for duty in lane.duties]
                if lane.subscription_id.startswith(_STOP):
                    worker.settle(lane, *outcomes)
                    return done
                done += (
                    Delivery(time.monotonic(), lane.subscription_id, it.position, it.notice_id)
                    for it in lane.duties
                )
                worker.settle(lane, *outcomes)


def announce_for_ever(task: tuple[Site, str], reports: Connection) -> None:
    """Post numbered messages, announced under a prefix and the number, and expand some.

    The number of each post that is acknowledged is reported.
    """
    site, prefix = task
    with site.open() as queue:
        worker = new_worker(queue.driver)
        for number in range(ENOUGH):
            name = f"{prefix}{number}"
            announce(queue, name, notice=NewNotice(name, name.encode()))
            reports.send(number)
            if number % 3 == 0:
                expand_some(worker, 2, seconds=LEASE)


def deliver_for_ever(task: Site, reports: Connection) -> None:
    """Deliver; the names of each duty are reported before the store hears of it."""
    with task.open() as queue:
        worker = new_worker(queue.driver)
        while True:
            for lane in worker.lanes(1, 2):
                for duty in lane.duties:
                    reports.send((lane.subscription_id, duty.notice_id))
                worker.settle(lane, *(delivered(duty) for duty in lane.duties))


@dataclass(frozen=True)
class Seen:
    """What a process gets of the deliveries of a store.

    :ivar notices: how many notices.
    :ivar lanes: subscription, age and lateness of the first duty of each lane.
    """

    notices: int
    lanes: tuple[tuple[str, int, int], ...]


def look(task: Site) -> Seen:
    """Take what there is and keep it."""
    with task.open() as queue:
        worker = new_worker(queue.driver)
        lanes = worker.lanes()
        ages = ((it.subscription_id, it.duties[0].age, it.duties[0].late) for it in lanes)
        return Seen(len(worker.notices()), tuple(sorted(ages)))


def stored_names(queue: Queue, prefix: str) -> list[str]:
    """The names of the messages that begin so."""
    return [name for name in queue.everything() if name.startswith(prefix)]
