"""A visit to a lane: what is due in it is worked on, for a moment.

A visit is short, so that what it has done is soon known to the store, and never waits: what has to
wait gets a due time there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from angarium.clock import Clock
from angarium.errors import StoreUnreachable
from angarium.notifications import notice as payloads
from angarium.notifications.attempting import Batch
from angarium.notifications.dead_letters import DeadLetters
from angarium.notifications.duties import DutyState, Recipient
from angarium.notifications.fulfilling import LATER, Course, Fulfilment
from angarium.notifications.subscribers import Subscribers
from angarium.notifications.suspects import Suspects
from angarium.notifications.tally import Event, Tally
from angarium.storage.deliveries import Duty, DutyStatus, Lane, Outcome
from angarium.storage.driver import ControlDriver
from angarium.storage.models import Subscription

LOG = logging.getLogger(__name__)
_ROUNDING: Final = 2  # seconds by which ages may differ that two stores tell


@dataclass(frozen=True)
class Report:
    """What a visit has to tell the store.

    :ivar is_suspect: whether the lane counts as suspect from now on.
    """

    outcomes: tuple[Outcome, ...]
    is_suspect: bool


@dataclass(frozen=True)
class Visitor:
    """Visits lanes. Safe for threads.

    :ivar stopping: set when no further attempt is to be begun.
    :ivar needs_confirmation: whether nothing goes to unconfirmed subscriptions but the question.
    :ivar keep_delivered: seconds for which duties that are fulfilled are listed.
    :ivar keep_failed: the same for those of which a message was given up.
    """

    control: ControlDriver
    subscribers: Subscribers
    dead_letters: DeadLetters
    suspects: Suspects
    tally: Tally
    clock: Clock
    stopping: threading.Event
    needs_confirmation: bool
    keep_delivered: int
    keep_failed: int

    def visit(self, lane: Lane) -> Report:
        """Work on what is due in a lane that was leased."""
        key = lane.scope, lane.subscription_id
        course = Course(self.stopping, lane.is_suspect)
        rest = self.suspects.silent_for(key)
        if rest:
            course.silence(rest)
        outcomes = tuple(self._work(lane, course))
        if course.rest and not rest:
            self.suspects.silence(key, course.rest)
        self.suspects.note(key, is_suspect=course.is_suspect)
        return Report(outcomes, course.is_suspect)

    def _work(self, lane: Lane, course: Course) -> Iterator[Outcome]:
        try:
            subscription = self.control.get_subscription(lane.scope, lane.subscription_id)
        except StoreUnreachable:
            yield from (Outcome(it.notice_id, it.state, due=LATER) for it in lane.duties)
            return
        for duty in lane.duties:
            if course.is_gone:
                yield self._drop(duty)
            elif course.rest:
                yield Outcome(duty.notice_id, duty.state, due=course.rest)
            elif not course.is_over:
                yield self._fulfil(lane, duty, subscription, course)
                if course.is_gone:
                    self._delete(lane, subscription)

    def _fulfil(
        self, lane: Lane, duty: Duty, subscription: Subscription | None, course: Course
    ) -> Outcome:
        state = DutyState.decode(duty.state)
        announcement = payloads.decode(duty.payload)
        if subscription is not None:
            state.recipient = Recipient.of(subscription, duty.age)
        recipient = state.recipient
        batch = Batch(
            notifier=self.subscribers.notifier(recipient.subscriber, recipient.secret),
            scope=lane.scope,
            subscription_id=lane.subscription_id,
            recipient=recipient,
            notice_id=duty.notice_id,
            announcement=announcement,
            posted=self.clock.now() - duty.age,
        )
        if subscription is None:
            # One that has expired is served to the end, one that was deleted is not.
            is_unwanted = recipient.until > duty.age + _ROUNDING
        else:
            is_unwanted = (
                self.needs_confirmation and batch.is_notification and not subscription.confirmed
            )
        if is_unwanted:
            return self._drop(duty)
        return Fulfilment(
            batch,
            duty,
            state,
            course,
            self.dead_letters,
            self.tally,
            self.keep_delivered,
            self.keep_failed,
        ).run()

    def _drop(self, duty: Duty) -> Outcome:
        """Forget a duty that nobody wants to be fulfilled any more."""
        self.tally.count(Event.DROPPED)
        return Outcome(duty.notice_id, duty.state, DutyStatus.FAILED)

    def _delete(self, lane: Lane, subscription: Subscription | None) -> None:
        """Delete the subscription of a subscriber that is gone, unless it has got another one."""
        try:
            found = self.control.get_subscription(lane.scope, lane.subscription_id)
            if found and subscription and found.subscriber == subscription.subscriber:
                self.control.delete_subscription(lane.scope, lane.subscription_id)
        except StoreUnreachable as error:
            LOG.warning("the subscription of a subscriber that is gone stays: %s", error)
