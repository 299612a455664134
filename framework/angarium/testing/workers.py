"""What runs in other processes: functions of one argument that open the store by themselves."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from angarium.storage.driver import ControlDriver, DataDriver
from angarium.storage.models import (
    NewSubscription,
    QueueChange,
    QueueRecord,
    QueueRef,
    Scope,
    Subscription,
)
from angarium.storage.signals import RecordChanged
from angarium.testing.effort import PATIENCE
from angarium.testing.factory import DriverFactory
from angarium.testing.queues import Queue, names

STOP: Final = "stop"
ENOUGH: Final = 1_000_000  # rounds; more than anybody waits for


@dataclass(frozen=True)
class Site:
    """Where a worker works."""

    factory: DriverFactory[DataDriver]
    ref: QueueRef

    @contextmanager
    def open(self) -> Iterator[Queue]:
        """The queue, on a driver of this process."""
        driver = self.factory.open()
        yield Queue(driver, self.ref)
        driver.close()


@dataclass(frozen=True)
class Producing:
    """Post ``count`` messages named ``prefix`` and number, in batches; then tell workers to stop.

    :ivar stops: how many consumers there are.
    """

    site: Site
    prefix: str
    count: int
    batch: int
    stops: int = 0


@dataclass(frozen=True)
class Reading:
    """Follow markers until ``total`` messages have been seen."""

    site: Site
    total: int


def produce(task: Producing) -> list[str]:
    """Post; nothing to tell."""
    with task.site.open() as queue:
        for start in range(0, task.count, task.batch):
            end = min(start + task.batch, task.count)
            queue.post(*(f"{task.prefix}{number}" for number in range(start, end)))
        for _ in range(task.stops):
            queue.post(STOP)
    return []


def read(task: Reading) -> list[str]:
    """Follow markers until all are seen; the names in the order seen."""
    with task.site.open() as queue:
        return follow(queue, task.total)


def follow(queue: Queue, total: int) -> list[str]:
    """Read page by page until so many messages are seen; an omission ends in a time-out.

    :raises AssertionError: they do not all appear.
    """
    seen: list[str] = []
    marker, deadline = None, time.monotonic() + PATIENCE / 2
    while len(seen) < total:
        page = queue.page(limit=20, marker=marker)
        seen += names(page.messages)
        marker = page.marker or marker
        assert time.monotonic() < deadline, f"a reader saw {len(seen)} of {total} messages"
    return seen


def consume(task: Site) -> list[str]:
    """Claim and delete until a message says stop; the names handled."""
    handled: list[str] = []
    deadline = time.monotonic() + PATIENCE / 2
    with task.open() as queue:
        while STOP not in handled:
            assert time.monotonic() < deadline, "a worker waits in vain for the last messages"
            handled += _consume_once(queue)
    return handled[:-1]


def _consume_once(queue: Queue) -> list[str]:
    """Do what one claim gives, up to a message that says stop; the rest is for others."""
    claimed = queue.claim(5)
    handled: list[str] = []
    for message, name in zip(claimed.messages, claimed.names, strict=True):
        queue.delete(message.id, claimed.id)
        handled.append(name)
        if name == STOP:
            break
    queue.release(claimed.id)
    return handled


def post_some(queue: Queue, wanted: Sequence[str]) -> None:
    """Post one by one."""
    for name in wanted:
        queue.post(name)


def in_fork(job: Callable[[], None]) -> None:
    """Run a job in a fork of this process.

    :raises AssertionError: it failed or hangs.
    """
    child = multiprocessing.get_context("fork").Process(target=job)
    child.start()
    child.join(PATIENCE)
    if child.is_alive():
        child.kill()
        child.join()
    assert child.exitcode == 0, "the job failed in the forked process"


def killed_amid(work: Callable[[Any, Connection], None], task: object, reports: int) -> list[Any]:
    """Let a process work, and end it with SIGKILL after so many reports; all that it reported.

    :param work: a function of a module that works for ever and reports on the connection.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(task, there))
    process.start()
    there.close()
    told: list[Any] = []
    try:
        while len(told) < reports:
            assert here.poll(PATIENCE / 2), "the process to be killed does not work"
            told.append(here.recv())
    finally:
        process.kill()
        process.join()
    while here.poll():
        try:
            told.append(here.recv())
        except EOFError:
            break
    return told


def post_for_ever(task: Producing, reports: Connection) -> None:
    """Post numbered batches; report the number of each that is acknowledged."""
    with task.site.open() as queue:
        for number in range(ENOUGH):
            queue.post(*(f"{task.prefix}{number}-{index}" for index in range(task.batch)))
            reports.send(number)


def move_for_ever(task: tuple[Site, Site], reports: Connection) -> None:
    """Wear out the messages of two queues that are each other's dead-letter queue."""
    with task[0].open() as queue:
        source, target = queue, Queue(queue.driver, task[1].ref)
        for number in range(ENOUGH):
            claimed = source.claim(7, dead_letter=target.after(1))
            if not claimed.messages:
                source, target = target, source
            elif number % 3:
                claimed.release()
            reports.send(number)


@dataclass(frozen=True)
class Creating:
    """Create so many queues in a project, as others do at the same time."""

    factory: DriverFactory[ControlDriver]
    project: str
    count: int


def create_many(task: Creating) -> list[str]:
    """Create; the names of the queues that this worker was the one to create."""
    driver = task.factory.open()
    created = []
    for number in range(task.count):
        scope = Scope(task.project, f"queue-{number}")
        record, is_mine = driver.create_queue(scope, {}, "")
        if is_mine:
            created.append(scope.name)
            driver.publish(record.ref)
    driver.close()
    return created


@dataclass(frozen=True)
class Changing:
    """Carry out one change of a record."""

    factory: DriverFactory[ControlDriver]
    record: QueueRecord
    change: QueueChange


def change(task: Changing) -> bool:
    """Whether it was carried out."""
    driver = task.factory.open()
    try:
        driver.change_queue(task.record, task.change)
    except RecordChanged:
        return False
    finally:
        driver.close()
    return True


@dataclass(frozen=True)
class Subscribing:
    """Create one subscription."""

    factory: DriverFactory[ControlDriver]
    new: NewSubscription


def subscribe(task: Subscribing) -> tuple[Subscription, bool]:
    """The subscription that is there, and whether this worker created it."""
    driver = task.factory.open()
    try:
        return driver.create_subscription(task.new)
    finally:
        driver.close()


@dataclass(frozen=True)
class Shifted:
    """Work in a process whose own clock is wrong.

    :ivar seconds: by which it is ahead.
    :ivar work: a function of a module.
    """

    seconds: int
    work: Callable[[Any], Any]
    task: Any


def with_shifted_clock(task: Shifted) -> Any:
    """Set this process's clock wrong for good, and work; only for a process of its own."""
    shift_clock(task.seconds)
    return task.work(task.task)


_TIME: Final = (time.time, time.time_ns)


def shift_clock(seconds: int) -> None:
    """Set this process's clock so far ahead of the real time."""
    seconds_now, nanoseconds_now = _TIME
    time.time = lambda: seconds_now() + seconds
    time.time_ns = lambda: nanoseconds_now() + seconds * 10**9


JUMPS: Final = {"ahead": 10**6, "back": 0, "behind": -(10**6)}
"""Seconds by which a clock is ahead, one after the other."""


def live_with_a_jumping_clock(sites: tuple[Site, Site]) -> list[tuple[list[str], int, int]]:
    """Use a queue and its dead-letter queue while the clock of this process jumps.

    Each time a message named after the jump is posted and claimed. In the end, what is available
    else is claimed too often. Returns, for each jump, the names that were listed before, the age of
    the oldest message, and that of the claim after its renewal.
    """
    seen = []
    with sites[0].open() as queue:
        dead = Queue(queue.driver, sites[1].ref)
        for name, seconds in JUMPS.items():
            shift_clock(seconds)
            listed, oldest = queue.listed(), queue.stats().oldest
            assert oldest is not None
            others = queue.claim(ttl=500)
            queue.post(name, ttl=1000)
            claimed = queue.claim(ttl=100)
            others.release()
            queue.renew(claimed.id, ttl=500)
            seen.append((listed, oldest.age, claimed.read().age))
        assert queue.claim(dead_letter=dead.after(1)).messages == ()
    return seen


def reclaim(factory: DriverFactory[DataDriver]) -> None:
    """Give back all there is to give back."""
    driver = factory.open()
    while driver.reclaim(1000) >= 1000:
        pass
    driver.close()
