"""Working on one duty: attempts, one after the other, until it is over or has to wait.

Contract: ``notifications.md`` 6 and 7. Each message has a schedule of its own, and one that fails
stops none of the others, unless the subscription is ordered.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from angarium import logs
from angarium.errors import StoreUnreachable
from angarium.notifications.attempting import Batch
from angarium.notifications.dead_letters import DeadLetters
from angarium.notifications.duties import DutyState, Loss, Waiting
from angarium.notifications.notifier import Delivered, GivenUp, TryAgain
from angarium.notifications.tally import Event, Tally
from angarium.storage.deliveries import Duty, DutyStatus, Outcome

LOG = logging.getLogger(__name__)
LATER: Final = 5  # seconds until what a store kept from being done is tried again
_ATTEMPTS: Final = 20  # in a visit
_PERIOD: Final = 1.0  # seconds for a visit, beside the attempt that is under way then
_SLOW: Final = 1.0  # seconds for an attempt that makes a lane suspect
_LONGEST_REST: Final = 3600  # seconds for which a subscriber may ask to be left alone


@dataclass
class Course:
    """How a visit to a lane goes.

    :ivar stopping: set when no further attempt is to be begun.
    :ivar is_suspect: whether the last attempt failed or was slow.
    :ivar is_over: whether no further attempt is to be made.
    :ivar rest: seconds for which the subscriber asked to be left alone.
    :ivar is_gone: whether there is no subscriber any more.
    """

    stopping: threading.Event
    is_suspect: bool
    is_over: bool = False
    rest: int = 0
    is_gone: bool = False
    _attempts: int = 0
    _started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    def note(self, *, has_failed: bool, seconds: float) -> None:
        """Take an attempt into account that lasted so long."""
        self._attempts += 1
        is_slow = seconds > _SLOW
        self.is_suspect = has_failed or is_slow
        is_enough = self._attempts >= _ATTEMPTS or self.elapsed >= _PERIOD
        self.is_over = self.is_over or is_slow or is_enough or self.stopping.is_set()

    def silence(self, seconds: int) -> None:
        """Leave the subscriber alone."""
        self.rest = min(seconds, _LONGEST_REST)
        self.is_over = True


@dataclass
class Fulfilment:
    """The work on one duty during a visit.

    :ivar state: of the duty; it changes as the work goes on.
    """

    batch: Batch
    duty: Duty
    state: DutyState
    course: Course
    dead_letters: DeadLetters
    tally: Tally
    keep_delivered: int
    keep_failed: int

    def run(self) -> Outcome:
        """Do what can be done now; returns what is to be reported of it."""
        while not self.course.is_over:
            index = self.state.ready(self._age, len(self.batch))
            if index is None:
                break
            self._attempt(index)
        for index in self.state.unsettled:
            self._settle(index)
        return self._outcome()

    @property
    def _age(self) -> int:
        """Of the notice, now."""
        return self.duty.age + int(self.course.elapsed)

    def _attempt(self, index: int) -> None:
        state = self.state
        attempts = state.begin(index)
        started = time.monotonic()
        time_left = max(0, state.recipient.until - self._age)
        verdict = self.batch.attempt(index, attempt=attempts, time_left=time_left)
        attempts += 1
        match verdict:
            case Delivered():
                self.tally.count(Event.DELIVERED)
            case TryAgain(reason, not_before):
                self._try_again(index, attempts, reason, not_before)
            case GivenUp(reason, is_gone):
                self._lose(index, attempts, reason)
                if is_gone:
                    self._end(reason)
        has_failed = not isinstance(verdict, Delivered)
        self.course.note(has_failed=has_failed, seconds=time.monotonic() - started)

    def _try_again(self, index: int, attempts: int, reason: str, not_before: int) -> None:
        self.tally.count(Event.FAILED_ATTEMPTS)
        delay = self.batch.policy.delay(attempts)
        if delay is None:
            self._lose(index, attempts, reason)
        else:
            self.state.waiting[index] = Waiting(attempts, self._age + delay, reason)
        if not_before > 0:
            self.course.silence(not_before)

    def _lose(self, index: int, attempts: int, reason: str) -> None:
        """Give a message up."""
        self.tally.count(Event.GIVEN_UP)
        wants_letter = self.state.recipient.options.get("_dead_letter") is True
        is_settled = not (wants_letter and self.batch.is_notification)
        self.state.lost[index] = Loss(attempts, reason, is_settled)
        message = self.batch.message(index)
        logs.event(
            LOG,
            logging.WARNING,
            "a delivery was given up",
            project=self.batch.scope.project,
            queue=self.batch.scope.name,
            subscription=self.batch.subscription_id,
            message_id=message.id if message else None,
            type=self.batch.announcement.type.value,
            attempts=attempts,
            reason=reason,
        )

    def _end(self, reason: str) -> None:
        """Give up all the rest: the subscriber is gone."""
        self.course.is_gone = self.course.is_over = True
        for index, attempts in list(self.state.rest(len(self.batch))):
            self.state.begin(index)
            self._lose(index, attempts, reason)

    def _settle(self, index: int) -> None:
        """Store the dead letter of a loss; if that fails, it stays unsettled."""
        loss, message = self.state.lost[index], self.batch.message(index)
        batch = self.batch
        try:
            if message is not None and self.dead_letters.post(
                batch.scope,
                batch.subscription_id,
                message,
                attempts=loss.attempts,
                reason=loss.reason,
            ):
                self.tally.count(Event.DEAD_LETTERS)
        except StoreUnreachable as error:
            LOG.warning("a dead letter has to wait: %s", error)
        else:
            self.state.lost[index] = Loss(loss.attempts, loss.reason)

    def _outcome(self) -> Outcome:
        due = self.state.due(len(self.batch))
        state = self.state.encode()
        if due is not None or self.state.unsettled:
            wait = LATER if due is None else max(0, due - self._age)
            return Outcome(self.duty.notice_id, state, due=max(wait, self.course.rest))
        if self.state.lost:
            return Outcome(self.duty.notice_id, state, DutyStatus.FAILED, keep=self.keep_failed)
        return Outcome(self.duty.notice_id, state, DutyStatus.DELIVERED, keep=self.keep_delivered)
