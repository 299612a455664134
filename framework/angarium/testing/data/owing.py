"""What is owed outlives everything but its fulfilment, and operators can see it.

Design principle 7; ``docs/interfaces.rst``, "Notices, duties and lanes".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from angarium.storage import operations as op
from angarium.storage.deliveries import Duty, DutyStatus, ListedDuty
from angarium.storage.driver import DataDriver
from angarium.storage.signals import StalePlan
from angarium.testing.data.base import DataCases
from angarium.testing.data.epochs import HOUR, STALE
from angarium.testing.data.reclaiming import reclaim_all
from angarium.testing.effort import scaled
from angarium.testing.notices import (
    LEASE,
    Ledger,
    announce,
    delivered,
    drain,
    failed,
    listed_duties,
    new_duty,
    new_notice,
    notice_ids,
    owe,
    owed,
    page,
)
from angarium.testing.queues import Queue, at_epoch, numbered
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs


def _bury(queue: Queue) -> None:
    queue.driver.unregister(at_epoch(queue, queue.ref.epoch + 1).ref)


def _bury_for_good(queue: Queue) -> None:
    _bury(queue)
    advance(queue.driver, HOUR + 60)
    reclaim_all(queue.driver)


def _create_again(queue: Queue) -> None:
    _bury(queue)
    queue.driver.register(at_epoch(queue, queue.ref.epoch + 2).ref)


def _expire(queue: Queue) -> None:
    advance(queue.driver, 4000)
    assert queue.everything() == []
    reclaim_all(queue.driver)


def _claim_and_delete(queue: Queue) -> None:
    claimed = queue.claim()
    queue.delete_all(claimed.ids, [claimed.id])


FATES: Final[dict[str, Callable[[Queue], object]]] = {
    "claimed": lambda queue: queue.claim(),
    "claimed-and-deleted": _claim_and_delete,
    "deleted": lambda queue: queue.delete_all([it.id for it in queue.page().messages]),
    "popped": lambda queue: queue.pop(),
    "purged": lambda queue: queue.purge(),
    "expired": _expire,
    "queue-deleted": _bury,
    "queue-deleted-for-good": _bury_for_good,
    "queue-created-again": _create_again,
    "epoch-raised": lambda queue: queue.driver.register(at_epoch(queue, queue.ref.epoch + 1).ref),
}
"""What may happen to the messages, or to their queue, before they are delivered."""


class OwingCases(DataCases):
    """Cases about what stays owed, what an operator sees of it, and what he can do."""

    @pytest.mark.parametrize("fate", FATES)
    @needs(Trait.NOTICES)
    def test_debt_outlives_messages_and_queue(self, ledger: Ledger, fate: str) -> None:
        """Notices, duties and what was given up: all are there, and deliveries go on."""
        queue, worker = ledger.queue(), ledger.worker()
        waiting = owe(queue, "waiting", due=2 * HOUR)
        given_up = owe(queue, "given-up")
        lane = worker.lane()
        worker.settle(lane, failed(lane.duties[0], keep=4 * HOUR))
        due = owe(queue, "due")
        fresh = announce(queue)
        FATES[fate](queue)
        advance(ledger.driver, 2 * HOUR)
        taken = worker.notice()
        assert (taken.scope, taken.id, taken.payload) == (queue.ref.scope, fresh.id, fresh.payload)
        worker.expand(page(taken, new_duty("fresh")))
        assert queue.driver.replay_duty(queue.ref.scope, "given-up", given_up.id, b"once more")
        done = {duty.notice_id: duty.payload for duty in drain(worker)}
        assert done == {it.id: it.payload for it in (waiting, given_up, due, fresh)}
        assert owed(queue) == []

    # --- Listing --------------------------------------------------------------------------------

    @within_one_second
    @needs(Trait.NOTICES)
    def test_listed_duty_tells_everything(self, driver: DataDriver, ledger: Ledger) -> None:
        """In the status asked for; seconds until it is due are told of one that waits."""
        queue, worker = ledger.anew(), ledger.worker()
        ended = [owe(queue, "a"), owe(queue, "a")]
        lane = worker.lane()
        outcomes = (failed(lane.duties[0], keep=900), delivered(lane.duties[1], keep=900))
        worker.settle(lane, *outcomes)
        due, waiting = owe(queue, "b"), owe(queue, "c", due=50)
        advance(driver, 20)
        scope, pending = queue.ref.scope, DutyStatus.PENDING
        expected = [
            ListedDuty(scope, "b", due.id, pending, b"state of b", due.payload, 20, 0),
            ListedDuty(scope, "c", waiting.id, pending, b"state of c", waiting.payload, 20, 30),
        ]
        assert listed_duties(queue, pending) == expected
        for notice, status in zip(ended, (DutyStatus.FAILED, DutyStatus.DELIVERED), strict=True):
            over = ListedDuty(scope, "a", notice.id, status, status.encode(), notice.payload, 20, 0)
            assert listed_duties(queue, status) == [over]

    @pytest.mark.parametrize("limit", [1, 3, 100])
    @needs(Trait.NOTICES)
    def test_duties_are_listed_page_by_page(self, ledger: Ledger, limit: int) -> None:
        """Of the whole store, each once and complete, in whichever status."""
        queues, worker = [ledger.queue(), ledger.queue()], ledger.worker()
        for queue in queues:
            owe(queue, *"abcdef")
        for lane in worker.lanes():
            if lane.subscription_id in "ab":
                worker.settle(lane, failed(lane.duties[0], keep=9000))
            elif lane.subscription_id in "cd":
                worker.settle(lane, delivered(lane.duties[0], keep=9000))
        for queue in queues:
            owe(queue, *"abc")
        for status, expected in zip(DutyStatus, ("abcef", "cd", "ab"), strict=True):
            for queue in queues:
                found = [it.subscription_id for it in listed_duties(queue, status, limit)]
                assert sorted(found) == list(expected)

    @needs(Trait.NOTICES)
    def test_listing_of_duties_changes_nothing(self, ledger: Ledger) -> None:
        """It takes nothing from those who deliver."""
        queue = ledger.queue()
        made = owe(queue).id
        for _ in range(2):
            assert len(owed(queue)) == 1
        assert notice_ids(ledger.worker().lane()) == [made]

    # --- Replaying ------------------------------------------------------------------------------

    @pytest.mark.parametrize("status", DutyStatus)
    @within_one_second
    @needs(Trait.NOTICES)
    def test_duty_is_replayed(self, driver: DataDriver, ledger: Ledger, status: DutyStatus) -> None:
        """Be it over or waiting, it is due at once, with the state that is given."""
        queue, worker = ledger.anew(), ledger.worker()
        made = owe(queue, due=0 if status.value != "pending" else 9000)
        for lane in worker.lanes():
            report = failed if status is DutyStatus.FAILED else delivered
            worker.settle(lane, report(lane.duties[0], keep=100))
        advance(driver, 30)
        assert driver.replay_duty(queue.ref.scope, "s", made.id, b"replayed")
        assert owed(queue) == [(made.id, "s", "pending", b"replayed")]
        advance(driver, 200)
        (duty,) = worker.lane().duties
        position = duty.position
        assert duty == Duty(made.id, made.payload, b"replayed", position, 230, 200)
        assert len(drain(worker)) == 1
        assert owed(queue) == []

    @needs(Trait.NOTICES)
    def test_unknown_duty_is_not_replayed(self, ledger: Ledger) -> None:
        """Nor one that was kept long enough, or of another queue."""
        queue, worker = ledger.queue(), ledger.worker()
        made, scope = owe(queue).id, queue.ref.scope
        lane = worker.lane()
        worker.settle(lane, failed(lane.duties[0], keep=1000))
        replay = ledger.driver.replay_duty
        assert not replay(scope, "other", made, b"")
        assert not replay(scope, "s", "0190-unknown", b"")
        assert not replay(ledger.queue().ref.scope, "s", made, b"")
        advance(ledger.driver, 1500)
        assert not replay(scope, "s", made, b"")
        assert worker.lanes() == ()
        assert owed(queue) == []

    @needs(Trait.NOTICES)
    def test_duty_is_replayed_into_a_lane_that_is_held(self, ledger: Ledger) -> None:
        """Its owner gets it, and nobody else meanwhile."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = [owe(queue).id for _ in range(2)]
        lane = first.lane()
        kept = first.settle(lane, failed(lane.duties[0], keep=1000), seconds=LEASE)
        assert notice_ids(kept) == made[1:]
        assert ledger.driver.replay_duty(queue.ref.scope, "s", made[0], b"replayed")
        assert second.lanes() == ()
        assert notice_ids(first.settle(lane, delivered(lane.duties[1]), seconds=LEASE)) == made[:1]

    # --- Notices without messages ---------------------------------------------------------------

    @within_one_second
    @needs(Trait.NOTICES)
    def test_notice_without_a_message(self, driver: DataDriver, ledger: Ledger) -> None:
        """It comes with its duties, and is no message of the queue."""
        queue, worker = ledger.anew(), ledger.worker()
        made = new_notice()
        duties = (new_duty("a"), new_duty("b", due=50, is_ordered=True, is_suspect=True))
        queue.do(op.AddNotice(made, duties))
        assert queue.everything() == []
        assert worker.notices() == ()
        advance(driver, 20)
        lane = worker.lane()
        assert lane.subscription_id == "a"
        assert lane.duties == (Duty(made.id, made.payload, b"state of a", 0, 20, 20),)
        advance(driver, 30)
        suspect = worker.lane(suspects=True)
        assert (suspect.subscription_id, suspect.is_ordered) == ("b", True)
        assert suspect.duties == (Duty(made.id, made.payload, b"state of b", 0, 50, 0),)

    @needs(Trait.NOTICES)
    def test_added_notice_takes_its_turn(self, ledger: Ledger) -> None:
        """After what was posted, and before what is posted later, in an ordered lane too."""
        queue, worker = ledger.queue(), ledger.worker()
        queue.post("A")
        added = new_notice()
        queue.do(op.AddNotice(added, (new_duty(is_ordered=True),)))
        later = owe(queue, is_ordered=True).id
        (duty,) = worker.lane().duties
        assert (duty.notice_id, str(duty.position)) == (added.id, queue.page(limit=1).marker)
        assert [it.notice_id for it in drain(worker)] == [added.id, later]

    @needs(Trait.NOTICES)
    def test_known_notice_is_not_added_again(self, ledger: Ledger) -> None:
        """It is added again after a lost connection."""
        queue = ledger.queue()
        made = new_notice()
        queue.do(op.AddNotice(made, (new_duty("a"),)))
        queue.do(op.AddNotice(made, (new_duty("a", state=b"x"), new_duty("b"))))
        assert owed(queue) == [(made.id, "a", "pending", b"state of a")]

    @pytest.mark.parametrize("stale", STALE)
    @needs(Trait.NOTICES)
    def test_stale_plan_adds_no_notice(self, ledger: Ledger, stale: str) -> None:
        """The queue may have moved to another store."""
        queue = ledger.queue()
        planned = STALE[stale](queue)
        with pytest.raises(StalePlan) as refusal:
            planned.do(op.AddNotice(new_notice(), (new_duty(),)))
        assert refusal.value.scope == planned.ref.scope
        assert ledger.worker().lanes() == ()
        assert owed(queue) == owed(planned) == []

    # --- Space ----------------------------------------------------------------------------------

    @needs(Trait.NOTICES)
    def test_reclaiming_touches_nothing_that_is_owed(self, ledger: Ledger) -> None:
        """Notices in the course of expansion, pending duties, and those that are still listed."""
        queue, worker = ledger.queue(), ledger.worker()
        brief, kept = owe(queue, "brief"), owe(queue, "kept")
        for lane in worker.lanes():
            keep = 100 if lane.subscription_id == "brief" else 9000
            worker.settle(lane, failed(lane.duties[0], keep=keep))
        waiting = owe(queue, "waiting", due=1000)
        announce(queue)
        worker.expand(page(worker.notice(), new_duty("half"), cursor="half"))
        queue.purge()
        advance(ledger.driver, 500)
        before = owed(queue)
        assert len(before) == 3
        reclaim_all(ledger.driver, 7)
        assert owed(queue) == before
        assert worker.notice().cursor == "half"
        advance(ledger.driver, 1000)
        reclaim_all(ledger.driver, 7)
        replay = ledger.driver.replay_duty
        assert not replay(queue.ref.scope, "brief", brief.id, b"")
        assert replay(queue.ref.scope, "kept", kept.id, b"")
        done = {duty.notice_id: duty.payload for duty in drain(worker)}
        assert done[kept.id] == kept.payload
        assert done[waiting.id] == waiting.payload
        assert len(done) == 3

    @needs(Trait.NOTICES, Trait.RECLAIMING)
    def test_duties_that_are_over_are_reclaimed_in_bounded_steps(self, ledger: Ledger) -> None:
        """At most so many things per call, all of them in the end."""
        driver, worker, many = ledger.driver, ledger.worker(), scaled(60, 1000)
        reclaim_all(driver)
        queue = ledger.queue()
        owe(queue, *numbered(many, "s"))
        for lane in worker.lanes(limit=many):
            worker.settle(lane, delivered(lane.duties[0], keep=100))
        advance(driver, 200)
        first = driver.reclaim(20)
        assert first <= 20
        assert first + reclaim_all(driver, 20) >= many
        assert driver.reclaim(20) == 0
