"""What becomes of duties, and of the lane of who reports it (``docs/interfaces.rst``)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium.storage.deliveries import DutyStatus, Outcome
from angarium.storage.driver import DataDriver
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.notices import (
    Ledger,
    again,
    delivered,
    failed,
    listed_duties,
    notice_ids,
    owe,
    owed,
)
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs


class SettlingCases(DataCases):
    """Cases about ``settle_lane``."""

    # --- Outcomes -------------------------------------------------------------------------------

    @pytest.mark.parametrize("status", [DutyStatus.DELIVERED, DutyStatus.FAILED])
    @needs(Trait.NOTICES)
    def test_duty_that_is_over_is_forgotten(self, ledger: Ledger, status: DutyStatus) -> None:
        """Unless it is to be kept: it is neither due again nor listed."""
        queue, worker = ledger.queue(), ledger.worker()
        owe(queue)
        lane = worker.lane()
        assert worker.settle(lane, Outcome(lane.duties[0].notice_id, b"", status)) is None
        assert owed(queue) == []
        advance(ledger.driver, 1000)
        assert worker.lanes() == ()

    @pytest.mark.parametrize("status", [DutyStatus.DELIVERED, DutyStatus.FAILED])
    @within_one_second
    @needs(Trait.NOTICES)
    def test_duty_that_is_over_is_listed_for_a_while(
        self, driver: DataDriver, ledger: Ledger, status: DutyStatus
    ) -> None:
        """With the state that it ended in, up to the second that its outcome said."""
        queue, worker = ledger.anew(), ledger.worker()
        made = owe(queue).id
        worker.settle(worker.lane(), Outcome(made, b"the end", status, keep=100))
        for seconds in (0, 99):
            advance(driver, seconds)
            assert owed(queue) == [(made, "s", status, b"the end")]
            assert worker.lanes() == ()
        advance(driver, 1)
        assert owed(queue) == []

    @within_one_second
    @needs(Trait.NOTICES)
    def test_duty_is_due_again(self, driver: DataDriver, ledger: Ledger) -> None:
        """At its second, with its new state; it is late from then on, and its age goes on."""
        queue, worker = ledger.anew(), ledger.worker()
        owe(queue)
        advance(driver, 5)
        for number, wait in enumerate((0, 10, 40)):
            lane = worker.lane()
            worker.settle(lane, again(lane.duties[0], wait, f"attempt {number}".encode()))
            if wait:
                advance(driver, wait - 1)
                assert worker.lanes() == ()
                advance(driver, 1)
            (duty,) = worker.lane().duties
            assert (duty.state, duty.late) == (f"attempt {number}".encode(), 0)
        advance(driver, 7)
        (duty,) = worker.lane().duties
        assert (duty.age, duty.late) == (62, 7)

    @needs(Trait.NOTICES)
    def test_outcomes_of_some_duties(self, ledger: Ledger) -> None:
        """Each for itself; what is not reported stays due."""
        queue, worker = ledger.queue(), ledger.worker()
        made = [owe(queue).id for _ in range(5)]
        lane = worker.lane()
        first, second, third, fourth, _ = lane.duties
        outcomes = (
            failed(fourth, keep=1000),
            delivered(first),
            again(second, 500),
            delivered(third, keep=1000),
        )
        assert worker.settle(lane, *outcomes) is None
        assert notice_ids(worker.lane()) == made[4:]
        assert owed(queue) == [
            (made[1], "s", "pending", b"again"),
            (made[4], "s", "pending", b"state of s"),
            (made[2], "s", "delivered", b"delivered"),
            (made[3], "s", "failed", b"failed"),
        ]

    @needs(Trait.NOTICES)
    def test_outcome_of_what_is_not_pending_is_ignored(self, ledger: Ledger) -> None:
        """One by one: those of the others count."""
        queue, worker = ledger.queue(), ledger.worker()
        made = [owe(queue).id for _ in range(3)]
        lane = worker.lane()
        first, second, _ = lane.duties
        worker.settle(lane, delivered(first, keep=1000), seconds=60)
        outcomes = (
            again(first, 0, b"x"),
            failed(replace(second, notice_id="0190-unknown"), keep=1000),
            delivered(second),
        )
        assert notice_ids(worker.settle(lane, *outcomes, seconds=60)) == made[2:]
        assert owed(queue) == [
            (made[2], "s", "pending", b"state of s"),
            (made[0], "s", "delivered", b"delivered"),
        ]

    @needs(Trait.NOTICES)
    def test_repeated_report_is_harmless(self, ledger: Ledger) -> None:
        """It is repeated after a lost connection."""
        queue, worker = ledger.queue(), ledger.worker()
        made = [owe(queue).id for _ in range(2)]
        lane = worker.lane()
        outcomes = (delivered(lane.duties[0], keep=1000), again(lane.duties[1], 500, b"x"))
        for _ in range(3):
            assert worker.settle(lane, *outcomes) is None
            assert owed(queue) == [
                (made[1], "s", "pending", b"x"),
                (made[0], "s", "delivered", b"delivered"),
            ]

    @needs(Trait.NOTICES)
    def test_report_about_an_unknown_lane(self, ledger: Ledger) -> None:
        """It does nothing, here or elsewhere."""
        queue, worker = ledger.queue(), ledger.worker()
        made = owe(queue).id
        lane = worker.lane()
        outcome = delivered(lane.duties[0])
        unknown = replace(lane, subscription_id="unknown")
        foreign = replace(lane, scope=replace(lane.scope, name="other"))
        for one in (unknown, foreign):
            assert worker.settle(one, outcome, seconds=60) is None
        assert owed(queue) == [(made, "s", "pending", b"state of s")]

    @needs(Trait.NOTICES)
    def test_payload_is_there_as_long_as_a_duty_needs_it(self, ledger: Ledger) -> None:
        """Whatever became of the others, and of the messages."""
        queue, worker = ledger.queue(), ledger.worker()
        made = owe(queue, *"abc")
        for name, outcome in (("a", delivered), ("b", failed)):
            lane = next(it for it in worker.lanes() if it.subscription_id == name)
            worker.settle(lane, outcome(lane.duties[0]))
        queue.purge()
        lane = worker.lane()
        assert lane.duties[0].payload == made.payload
        worker.settle(lane, failed(lane.duties[0], keep=1000))
        (listed,) = listed_duties(queue, DutyStatus.FAILED)
        assert listed.payload == made.payload

    # --- Keeping the lane and giving it back ----------------------------------------------------

    @needs(Trait.NOTICES)
    def test_lane_is_given_back(self, ledger: Ledger) -> None:
        """What else is due in it is for whoever comes first."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = [owe(queue).id for _ in range(3)]
        lane = first.lane(duties=1, seconds=9000)
        assert first.settle(lane, delivered(lane.duties[0])) is None
        assert notice_ids(second.lane()) == made[1:]

    @within_one_second
    @needs(Trait.NOTICES)
    def test_lane_is_kept_for_more(self, driver: DataDriver, ledger: Ledger) -> None:
        """Further duties up to the limit, under a lease that begins anew."""
        queue, first, second = ledger.anew(), ledger.worker(), ledger.worker()
        made = [owe(queue).id for _ in range(4)]
        lane = first.lane(duties=1)
        advance(driver, 50)
        lane = first.settle(lane, delivered(lane.duties[0]), seconds=100, duties=2) or lane
        assert notice_ids(lane) == made[1:3]
        advance(driver, 99)
        assert second.lanes() == ()
        advance(driver, 1)
        assert notice_ids(second.lane()) == made[1:]

    @needs(Trait.NOTICES)
    def test_ordered_lane_is_kept_duty_by_duty(self, ledger: Ledger) -> None:
        """Each time the oldest one; it is given back when that has to wait."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = [owe(queue, is_ordered=True).id for _ in range(3)]
        lane = first.lane()
        kept = first.settle(lane, delivered(lane.duties[0]), seconds=60)
        assert kept is not None
        assert notice_ids(kept) == made[1:2]
        assert first.settle(kept, again(kept.duties[0], 100), seconds=9000) is None
        assert first.lanes() == second.lanes() == ()
        advance(ledger.driver, 200)
        assert notice_ids(second.lane()) == made[1:2]

    @needs(Trait.NOTICES)
    def test_lane_in_which_nothing_is_due_is_given_back(self, ledger: Ledger) -> None:
        """Even to whoever would keep it: what comes next is for everybody."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = [owe(queue).id, owe(queue, due=1000).id]
        lane = first.lane()
        assert first.settle(lane, delivered(lane.duties[0]), seconds=9000) is None
        assert second.lanes() == ()
        made.append(owe(queue).id)
        assert notice_ids(second.lane()) == made[2:]

    @needs(Trait.NOTICES)
    def test_lane_is_kept_without_a_report(self, ledger: Ledger) -> None:
        """A delivery that takes long has its lease lengthened."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = owe(queue).id
        lane = first.lane()
        for _ in range(4):
            advance(ledger.driver, 40)
            assert notice_ids(first.settle(lane, seconds=60)) == [made]
        assert second.lanes() == ()

    # --- After the lease ------------------------------------------------------------------------

    @needs(Trait.NOTICES)
    def test_report_counts_when_nobody_took_the_lane(self, ledger: Ledger) -> None:
        """However long ago the lease ran out."""
        queue, worker = ledger.queue(), ledger.worker()
        made = [owe(queue).id for _ in range(2)]
        lane = worker.lane()
        advance(ledger.driver, 1000)
        kept = worker.settle(lane, delivered(lane.duties[0]), seconds=60)
        assert notice_ids(kept) == made[1:]
        assert ledger.worker().lanes() == ()

    @needs(Trait.NOTICES)
    def test_report_is_ignored_when_somebody_took_the_lane(self, ledger: Ledger) -> None:
        """As a whole: neither the duties nor the lane change."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = [owe(queue).id for _ in range(3)]
        lane = first.lane()
        advance(ledger.driver, 100)
        taken = second.lane()
        before = owed(queue)
        outcomes = (delivered(lane.duties[0]), again(lane.duties[1], 500, b"x"))
        for seconds in (60, 0):
            assert first.settle(lane, *outcomes, seconds=seconds, is_suspect=True) is None
            assert owed(queue) == before
        assert ledger.worker().lanes() == ledger.worker().lanes(suspects=True) == ()
        assert notice_ids(second.settle(taken, delivered(taken.duties[0]), seconds=60)) == made[1:]

    @needs(Trait.NOTICES)
    def test_long_lane(self, ledger: Ledger) -> None:
        """Worked off by several who take turns, each a part, in order and without a gap."""
        queue, many = ledger.queue(), scaled(40, 1000)
        made = [owe(queue).id for _ in range(many)]
        seen: list[str] = []
        while len(seen) < many:
            worker = ledger.worker()
            lane = worker.lane(duties=5)
            kept = worker.settle(lane, *map(delivered, lane.duties), seconds=60, duties=3)
            if kept is not None:
                worker.settle(kept, *map(delivered, kept.duties))
            seen += notice_ids(lane) + notice_ids(kept)
        assert seen == made
        assert ledger.worker().lanes() == ()
