"""Taking the lanes of a store in which something is due, and working on them."""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from angarium.errors import StoreUnreachable
from angarium.notifications.crew import Crew
from angarium.notifications.visiting import Visitor
from angarium.storage.deliveries import Lane, Settlement
from angarium.storage.driver import DataDriver

LOG = logging.getLogger(__name__)
_LEASE: Final = 120  # seconds at least; renewed by every report
_MARGIN: Final = 60  # seconds above the longest attempt
_DUTIES: Final = 10  # taken of a lane at a time
_TURN: Final = 2.0  # seconds after which a lane is given back, so that others have their turn


@dataclass(frozen=True, eq=False)
class _Report:
    """A report to the store.

    :ivar owner: who holds the lane.
    :ivar until: when the lease is over that it is made under, on the monotonic clock.
    """

    owner: str
    settlement: Settlement
    until: float


@dataclass(eq=False)
class LaneKeeper:
    """Works on the lanes of one store: one thread calls :meth:`step`, the crew does the rest.

    :ivar owner: a name that nobody else has.
    :ivar stopping: set when no further attempt is to be begun.
    """

    data: DataDriver
    visitor: Visitor
    crew: Crew
    owner: str
    stopping: threading.Event
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _suspects_first: bool = False
    _held: dict[int, tuple[str, Lane]] = field(default_factory=dict)
    _unreported: list[_Report] = field(default_factory=list)

    @property
    def _lease(self) -> int:
        """Seconds; nobody else may begin with a lane while an attempt is under way in it."""
        return max(_LEASE, math.ceil(self.visitor.subscribers.longest_attempt) + _MARGIN)

    def step(self) -> bool:
        """Take lanes for the workers that are free; False if there was nothing to take.

        :raises StoreUnreachable: the store does not answer.
        """
        self._report_again()
        # In turns, so that neither kind starves if one worker has to serve both.
        self._suspects_first = not self._suspects_first
        has_first = self._take(suspects=self._suspects_first)
        has_second = self._take(suspects=not self._suspects_first)
        return has_first or has_second

    def give_back(self) -> None:
        """Give back all lanes that are still being worked on, before the process ends."""
        for owner, lane in list(self._held.values()):
            settlement = Settlement(
                lane.scope, lane.subscription_id, outcomes=(), is_suspect=lane.is_suspect
            )
            try:
                self.data.settle_lane(owner, settlement)
            except StoreUnreachable:
                return  # then the leases run out

    def _take(self, *, suspects: bool) -> bool:
        workers = self.crew.reserve(suspects=suspects)
        if not workers:
            return False
        lanes: tuple[Lane, ...] = ()
        try:
            # Who holds a lane would be handed it once more: so every call has a name of its own.
            owner = f"{self.owner}-{next(self._numbers)}"
            lanes = self.data.lease_lanes(owner, self._lease, workers, _DUTIES, suspects=suspects)
        finally:
            self.crew.dismiss(workers - len(lanes), suspects=suspects)
        for lane in lanes:
            self.crew.assign(partial(self._work, owner, lane), suspects=suspects)
        return bool(lanes)

    def _work(self, owner: str, lane: Lane) -> None:
        """Visit a lane until it is empty, its turn is over, or other workers are to go on."""
        place = threading.get_ident()
        turn = time.monotonic() + _TURN
        following: Lane | None = lane
        try:
            while following is not None:
                self._held[place] = owner, following
                following = self._visit(owner, following, lane.is_suspect, turn)
        finally:
            self._held.pop(place, None)

    def _visit(self, owner: str, lane: Lane, of_suspects: bool, turn: float) -> Lane | None:
        until = time.monotonic() + self._lease
        report = self.visitor.visit(lane)
        is_over = self.stopping.is_set() or time.monotonic() >= turn
        goes_on = not is_over and report.is_suspect == of_suspects
        settlement = Settlement(
            lane.scope,
            lane.subscription_id,
            report.outcomes,
            seconds=self._lease if goes_on else 0,
            duties=_DUTIES if goes_on else 0,
            is_suspect=report.is_suspect,
        )
        try:
            return self.data.settle_lane(owner, settlement)
        except StoreUnreachable as error:
            LOG.warning("what was delivered is to be reported later: %s", error)
            self._unreported.append(_Report(owner, settlement, until))
            return None

    def _report_again(self) -> None:
        """Report what a store could not be told of, and give back the lanes."""
        for report in list(self._unreported):
            if time.monotonic() < report.until:
                said = report.settlement
                self.data.settle_lane(
                    report.owner,
                    Settlement(
                        said.scope, said.subscription_id, said.outcomes, is_suspect=said.is_suspect
                    ),
                )
            self._unreported.remove(report)
