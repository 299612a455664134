"""The deliveries of one process: every store is asked for what it owes, and workers deliver it.

Any number of processes may do this at once: what one of them takes is leased, and when it is killed
the leases run out (design principle 7).
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from oslo_config import cfg

from angarium.actions.base import Services
from angarium.notifications.crew import Crew
from angarium.notifications.dead_letters import DeadLetters
from angarium.notifications.expanding import Expander
from angarium.notifications.lanes import LaneKeeper
from angarium.notifications.polling import Poller
from angarium.notifications.suspects import Suspects
from angarium.notifications.tally import Tally
from angarium.notifications.visiting import Visitor
from angarium.storage.driver import DataDriver

_LOOK: Final = 2.0  # seconds between two looks at what stores there are
_REPORT: Final = 60.0  # seconds between two reports to the log
_GRACE: Final = 8.0  # seconds for the attempts that are under way when the process stops


@dataclass(frozen=True)
class _Branch:
    """The work on one store."""

    data: DataDriver
    keeper: LaneKeeper
    pollers: tuple[Poller, ...]


class Deliveries:
    """Fulfils what the stores owe to subscribers, in threads of this process.

    :param conf: the configuration, of which ``[notification]`` counts.
    """

    def __init__(self, services: Services, conf: cfg.ConfigOpts) -> None:
        options = conf.notification
        self._services = services
        self._tally = Tally()
        self._suspects = Suspects(services.clock)
        self._stopping = threading.Event()
        self._crew = Crew(options.max_notifier_workers)
        self._needs_confirmation: bool = options.require_confirmation
        self._visitor = Visitor(
            control=services.control,
            subscribers=services.subscribers,
            dead_letters=DeadLetters(services.store),
            suspects=self._suspects,
            tally=self._tally,
            clock=services.clock,
            stopping=self._stopping,
            needs_confirmation=self._needs_confirmation,
            keep_delivered=options.keep_delivered,
            keep_failed=options.keep_failed,
        )
        self._branches: dict[str, _Branch] = {}
        self._pollers = (
            Poller("deliveries: looking for stores", self._look, _LOOK),
            Poller("deliveries: counting", self._tell, _REPORT),
        )

    def start(self) -> None:
        """Begin, in the process that calls this."""
        self._crew.start()
        for poller in self._pollers:
            poller.start()

    def stop(self) -> None:
        """Begin nothing any more, let attempts end for some seconds, give everything back."""
        deadline = time.monotonic() + _GRACE
        self._stopping.set()
        branches = list(self._branches.values())
        pollers = [*self._pollers, *(it for branch in branches for it in branch.pollers)]
        for poller in pollers:
            poller.stop()
        for poller in pollers:
            poller.join(max(0.0, deadline - time.monotonic()))
        self._crew.wait_for_all(max(0.0, deadline - time.monotonic()))
        for branch in branches:
            branch.keeper.give_back()
        self._tally.tell()

    def _look(self) -> bool:
        """Begin to work on stores that are new, and leave those that are gone."""
        found = self._services.pools.drivers()
        drivers = {name: it for name, it in found.items() if it.keeps_notices}
        for name, branch in list(self._branches.items()):
            if drivers.get(name) is not branch.data:
                for poller in branch.pollers:
                    poller.stop()
                del self._branches[name]
        for name, driver in drivers.items():
            if name not in self._branches and not self._stopping.is_set():
                self._branches[name] = self._open(name, driver)
        return False

    def _open(self, name: str, driver: DataDriver) -> _Branch:
        owner = uuid.uuid4().hex
        keeper = LaneKeeper(driver, self._visitor, self._crew, owner, self._stopping)
        place = f"pool {name}" if name else "message store"
        lanes = Poller(f"deliveries of {place}", self._when_free(keeper))
        expander = Expander(
            data=driver,
            control=self._services.control,
            catalogue=self._services.store.catalogue,
            suspects=self._suspects,
            owner=owner,
            needs_confirmation=self._needs_confirmation,
        )

        def expand() -> bool:
            found = expander.step()
            if found:
                lanes.wake()
            return found

        pollers = (lanes, Poller(f"notices of {place}", expand))
        for poller in pollers:
            poller.start()
        return _Branch(driver, keeper, pollers)

    def _when_free(self, keeper: LaneKeeper) -> Callable[[], bool]:
        """A step that waits for a worker first."""

        def step() -> bool:
            self._crew.wait_for_worker(1.0)
            return keeper.step()

        return step

    def _tell(self) -> bool:
        self._tally.tell()
        return False
