"""An installation with subscribers in this process: stores in memory, and a notifier that records.

Deliveries are made as in a process of their own, by threads; time passes by the clock's offset.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from angarium.actions.base import Services
from angarium.ids import new_subscription_id
from angarium.notifications.delivering import Deliveries
from angarium.notifications.duties import DutyState
from angarium.notifications.notifier import (
    Delivered,
    Delivery,
    GivenUp,
    Notifier,
    TryAgain,
    Verdict,
)
from angarium.notifications.subscribers import Subscribers
from angarium.storage.deliveries import DutyStatus
from angarium.storage.models import NewSubscription, Scope
from tests.kernel.faults import Hook
from tests.kernel.installation import CONTEXT
from tests.kernel.pooled import Pooled
from tests.kernel.queues import Queue

PATIENCE: Final = 20.0  # seconds
FAILS: Final = TryAgain("it answers 500")
REFUSES: Final = GivenUp("it answers 400")

Answer = Callable[[Delivery], Verdict]


class Recorder(Notifier):
    """Delivers to ``test://`` addresses: keeps everything, and answers as it is told to.

    :ivar seen: all deliveries, in the order in which they began.
    :ivar answers: by subscriber; the others have what they get.
    """

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type] # it needs nothing
        self.seen: list[Delivery] = []
        self.answers: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def deliver(self, delivery: Delivery) -> Verdict:
        with self._lock:
            self.seen.append(delivery)
        answer = self.answers.get(delivery.subscriber)
        return answer(delivery) if answer else Delivered()

    def bodies(self, subscriber: str) -> list[Any]:
        """What a subscriber was offered, in order, repetitions included."""
        return [it.document["body"] for it in self.seen if it.subscriber == subscriber]

    def attempts(self, subscriber: str) -> int:
        """How often it was tried to deliver to a subscriber."""
        return sum(it.subscriber == subscriber for it in self.seen)


class Unruly(Recorder):
    """The same with no say for retry policies."""

    obeys_retry_policy = False


@dataclass
class World:
    """The installation.

    :ivar services: of the process that serves.
    """

    options: dict[str, Any] = field(default_factory=dict)
    recorder: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        self.pooled = Pooled()
        for name, value in self.options.items():
            self.pooled.conf.set_override(name, value, "notification")
        self.services = self.process()
        self.clock = self.pooled.clock

    def process(self, hook: Hook | None = None, *, pooling: bool = False) -> Services:
        """A further process of the installation."""
        services = self.pooled.process(hook, pooling=pooling)
        subscribers = Subscribers({"test": self.recorder}, frozenset({"test"}))
        return replace(services, subscribers=subscribers)

    def queue(self, name: str = "plums") -> Queue:
        """A queue as clients use it."""
        return Queue(self.services, name)

    def subscribe(
        self,
        subscriber: str,
        queue: str = "plums",
        *,
        ttl: int = 3600,
        confirmed: bool = False,
        secret: str | None = None,
        **options: Any,
    ) -> str:
        """Subscribe ``test://`` and a name to a queue; the id."""
        new = NewSubscription(
            scope=Scope(CONTEXT.project, queue),
            id=new_subscription_id(),
            subscriber=subscriber,
            ttl=ttl,
            options=options,
            confirmed=confirmed,
            delivery_secret=secret,
        )
        return self.services.store.catalogue.subscribe(new)[0].id

    @contextmanager
    def delivering(self, services: Services | None = None) -> Iterator[Deliveries]:
        """A delivery process."""
        deliveries = Deliveries(services or self.process(), self.pooled.conf)
        deliveries.start()
        try:
            yield deliveries
        finally:
            deliveries.stop()

    def settle(self) -> None:
        """Deliver until nothing is due any more."""
        with self.delivering():
            self.wait_until_quiet()

    def wait_until_quiet(self) -> None:
        """Wait until nothing is due."""
        wait_until(lambda: not self._has_work())

    def _has_work(self) -> bool:
        owed, now = self.services.pools.default._owed, self.clock.now()
        has_notices = any(notice.cursor is not None for notice in owed.notices.values())
        return has_notices or any(lane.due(now) for lane in list(owed.lanes.values()))

    def pass_time(self, seconds: int) -> None:
        """Let the clock of all processes go on."""
        self.clock.offset += seconds

    def duties(self, status: DutyStatus) -> list[DutyState]:
        """The states of all duties in the message store."""
        found = self.services.pools.default.list_duties(status, None, 1000)
        return [DutyState.decode(duty.state) for duty in found.duties]


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again; what is never true fails the test."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
