"""Lanes: who gets which, and what is in it (``docs/interfaces.rst``)."""

from __future__ import annotations

from functools import partial

import pytest

from angarium.storage.deliveries import Duty, Lane
from angarium.storage.driver import DataDriver
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.notices import (
    Ledger,
    announce,
    delivered,
    new_duty,
    notice_ids,
    owe,
    page,
    subscription_ids,
)
from angarium.testing.queues import numbered
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs


class LaneCases(DataCases):
    """Cases about ``lease_lanes``."""

    @within_one_second
    @needs(Trait.NOTICES)
    def test_lane_is_handed_out_with_what_is_due(self, driver: DataDriver, ledger: Ledger) -> None:
        """By position, each duty with its payload, its state, its age and how late it is."""
        queue = ledger.anew()
        made = [owe(queue, "a", state=f"{number}".encode()) for number in range(2)]
        advance(driver, 30)
        made.append(owe(queue, "a", state=b"2", due=20))
        made.append(owe(queue, "a", state=b"3", due=21))
        advance(driver, 20)
        positions = self.positions(ledger)
        expected = [
            Duty(notice.id, notice.payload, f"{number}".encode(), positions[number], age, late)
            for number, (notice, age, late) in enumerate(
                zip(made, (50, 50, 20), (50, 50, 0), strict=False)
            )
        ]
        lane = Lane(queue.ref.scope, "a", is_ordered=False, is_suspect=False, duties=(*expected,))
        assert ledger.worker().lanes() == (lane,)

    def positions(self, ledger: Ledger) -> list[int]:
        """The positions of what is due in the only lane, which stays free."""
        worker = ledger.worker()
        lane = worker.lane()
        worker.settle(lane)
        return [duty.position for duty in lane.duties]

    @needs(Trait.NOTICES)
    def test_position_is_that_of_the_notice(self, ledger: Ledger) -> None:
        """Which is that of the last message of its batch."""
        queue, worker = ledger.queue(), ledger.worker()
        announce(queue, *"ABC")
        taken = worker.notice()
        worker.expand(page(taken, new_duty()))
        (duty,) = worker.lane().duties
        assert duty.position == taken.position
        assert queue.page().marker == str(taken.position)

    @needs(Trait.NOTICES)
    def test_lane_is_one_owners_at_a_time(self, ledger: Ledger) -> None:
        """Others get other lanes; its owner gets it again."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        owe(queue, "a", "b")
        (mine,) = first.lanes(limit=1)
        (theirs,) = second.lanes()
        assert {mine.subscription_id, theirs.subscription_id} == {"a", "b"}
        assert ledger.worker().lanes() == ()
        assert subscription_ids(first.lanes()) == [mine.subscription_id]
        owe(queue, "a", "b", "c")
        assert subscription_ids(ledger.worker().lanes()) == ["c"]
        assert len(first.lane().duties) == len(second.lane().duties) == 2

    @within_one_second
    @needs(Trait.NOTICES)
    def test_lapsed_lease_of_a_lane_is_taken_over(self, driver: DataDriver, ledger: Ledger) -> None:
        """At the second it ends; whoever holds it can lengthen it before."""
        owe(ledger.anew())
        first, second = ledger.worker(), ledger.worker()
        first.lane(seconds=100)
        advance(driver, 99)
        assert second.lanes() == ()
        first.lane(seconds=50)
        advance(driver, 49)
        assert second.lanes() == ()
        advance(driver, 1)
        assert second.lane().duties[0].late == 149
        assert first.lanes() == ()

    @needs(Trait.NOTICES)
    def test_same_subscription_of_two_queues_has_two_lanes(self, ledger: Ledger) -> None:
        """The queue is part of the name of a lane."""
        queues = [ledger.queue(), ledger.queue()]
        made = {queue.ref.scope: owe(queue, "s").id for queue in queues}
        first, second = ledger.worker(), ledger.worker()
        lanes = (*first.lanes(limit=1), *second.lanes(limit=1))
        assert {lane.scope: notice_ids(lane) for lane in lanes} == {
            scope: [notice] for scope, notice in made.items()
        }

    @needs(Trait.NOTICES)
    def test_lane_that_is_due_for_longest_comes_first(self, ledger: Ledger) -> None:
        """Whatever queue it is of, and whenever its duty was stored."""
        one, other = ledger.queue(), ledger.queue()
        owe(one, "late", due=300)
        owe(other, "soon", due=100)
        owe(one, "later", due=500)
        owe(other, "middle", due=400)
        owe(one, "never", due=90_000)
        owe(one, "middle", due=200)
        advance(ledger.driver, 1000)
        worker, expected = ledger.worker(), ["soon", "middle", "late", "middle", "later"]
        lanes = worker.lanes()
        assert subscription_ids(lanes) == expected
        for lane in reversed(lanes):
            worker.settle(lane)
        for name in expected:
            assert subscription_ids(ledger.worker().lanes(limit=1)) == [name]

    @needs(Trait.NOTICES)
    def test_first_duty_of_a_lane_decides_when_it_comes(self, ledger: Ledger) -> None:
        """The one due for longest; in an ordered lane the oldest, whatever is due behind it."""
        queue = ledger.queue()
        owe(queue, "ordered", due=300, is_ordered=True)
        owe(queue, "unordered", due=400)
        owe(queue, "between", due=200)
        owe(queue, "ordered", due=10, is_ordered=True)
        owe(queue, "unordered", due=100)
        advance(ledger.driver, 1000)
        assert subscription_ids(ledger.worker().lanes()) == ["unordered", "between", "ordered"]

    @needs(Trait.NOTICES)
    def test_lanes_and_duties_up_to_a_limit(self, ledger: Ledger) -> None:
        """Duties are cut by position, whenever they came due."""
        queue = ledger.queue()
        made = [owe(queue, *"abcde", due=due).id for due in (50, 0, 20, 10)]
        advance(ledger.driver, 100)
        lanes = [*ledger.worker().lanes(2, 3), *ledger.worker().lanes(2, 3)]
        assert len({lane.subscription_id for lane in lanes}) == 4
        assert [notice_ids(lane) for lane in lanes] == [made[:3]] * 4
        assert [notice_ids(lane) for lane in ledger.worker().lanes(9, 1)] == [made[:1]]

    @needs(Trait.NOTICES)
    def test_many_lanes_among_many_workers(self, ledger: Ledger) -> None:
        """Nobody gets what somebody else has."""
        queue, many = ledger.queue(), scaled(40, 400)
        names = numbered(many, "s")
        owe(queue, *names)
        workers = [ledger.worker() for _ in range(8)]
        taken = in_threads([partial(worker.lanes, many // 8) for worker in workers])
        held = [lane.subscription_id for lanes in taken for lane in lanes]
        assert len(held) == len(set(held))
        held += subscription_ids(ledger.worker().lanes())
        assert sorted(held) == sorted(names)

    # --- Ordered and unordered lanes ------------------------------------------------------------

    @needs(Trait.NOTICES)
    def test_ordered_lane_hands_out_its_oldest_duty(self, ledger: Ledger) -> None:
        """That one alone, and the next one when it is over."""
        queue, worker = ledger.queue(), ledger.worker()
        made = [owe(queue, is_ordered=True).id for _ in range(3)]
        for notice in made:
            lane = worker.lane()
            assert lane.is_ordered
            assert notice_ids(lane) == [notice]
            worker.settle(lane, delivered(lane.duties[0]))
        assert worker.lanes() == ()

    @within_one_second
    @needs(Trait.NOTICES)
    def test_ordered_lane_waits_for_its_oldest_duty(
        self, driver: DataDriver, ledger: Ledger
    ) -> None:
        """However long others are due."""
        queue, worker = ledger.anew(), ledger.worker()
        made = [owe(queue, due=due, is_ordered=True).id for due in (100, 0, 50)]
        for seconds in (0, 60, 39):
            advance(driver, seconds)
            assert worker.lanes() == ()
        advance(driver, 1)
        assert notice_ids(worker.lane()) == made[:1]

    @needs(Trait.NOTICES)
    def test_unordered_lane_passes_over_what_waits(self, ledger: Ledger) -> None:
        """One message that fails does not stop the others."""
        queue, worker = ledger.queue(), ledger.worker()
        made = [owe(queue, due=due).id for due in (1000, 0, 2000, 0)]
        assert notice_ids(worker.lane()) == [made[1], made[3]]
        advance(ledger.driver, 1500)
        assert notice_ids(worker.lane()) == [made[0], made[1], made[3]]

    @needs(Trait.NOTICES)
    def test_last_word_on_order_counts(self, ledger: Ledger) -> None:
        """The option of the subscription may change while duties are pending."""
        queue, worker = ledger.queue(), ledger.worker()
        made = []
        for is_ordered in (False, True, False):
            made.append(owe(queue, is_ordered=is_ordered).id)
            lane = worker.lane()
            assert lane.is_ordered is is_ordered
            assert notice_ids(lane) == (made[:1] if is_ordered else made)

    # --- Suspects -------------------------------------------------------------------------------

    @needs(Trait.NOTICES)
    def test_suspects_and_others_are_taken_apart(self, ledger: Ledger) -> None:
        """Each by whoever asks for them, and by nobody else."""
        queue, worker = ledger.queue(), ledger.worker()
        owe(queue, "good")
        owe(queue, "bad", is_suspect=True)
        assert subscription_ids(worker.lanes(suspects=False)) == ["good"]
        assert subscription_ids(worker.lanes(suspects=True)) == ["bad"]
        assert worker.lane(suspects=True).is_suspect
        assert not worker.lane(suspects=False).is_suspect

    @needs(Trait.NOTICES)
    def test_further_duty_leaves_a_lane_what_it_is(self, ledger: Ledger) -> None:
        """Only the duty that makes a lane says whether it is suspect."""
        queue, worker = ledger.queue(), ledger.worker()
        owe(queue, "good")
        owe(queue, "bad", is_suspect=True)
        owe(queue, "good", is_suspect=True)
        owe(queue, "bad", is_suspect=False)
        (good,), (bad,) = worker.lanes(suspects=False), worker.lanes(suspects=True)
        assert (good.subscription_id, bad.subscription_id) == ("good", "bad")
        assert len(good.duties) == len(bad.duties) == 2

    @needs(Trait.NOTICES)
    def test_lane_counts_as_it_was_given_back(self, ledger: Ledger) -> None:
        """Or as its owner said last, should the lease lapse after that."""
        queue, worker = ledger.queue(), ledger.worker()
        owe(queue)
        for is_suspect in (True, False, True):
            lane = worker.lane(suspects=not is_suspect)
            assert lane.is_suspect is not is_suspect
            assert worker.settle(lane, is_suspect=is_suspect) is None
            assert worker.lanes(suspects=not is_suspect) == ()
        lane = worker.lane(suspects=True)
        kept = worker.settle(lane, seconds=60, is_suspect=False)
        assert kept is not None
        assert not kept.is_suspect
        advance(ledger.driver, 100)
        other = ledger.worker()
        assert other.lanes(suspects=True) == ()
        assert not other.lane(suspects=False).is_suspect

    # --- Coming and going -----------------------------------------------------------------------

    @pytest.mark.parametrize("is_suspect", [False, True])
    @needs(Trait.NOTICES)
    def test_lane_ends_with_its_last_duty(self, ledger: Ledger, *, is_suspect: bool) -> None:
        """The next one makes it anew, free, and as that duty says."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        owe(queue, is_ordered=True, is_suspect=is_suspect)
        lane = first.lane(suspects=is_suspect, seconds=9000)
        ended = first.settle(lane, delivered(lane.duties[0]), seconds=9000, is_suspect=is_suspect)
        assert ended is None
        assert first.lanes(suspects=is_suspect) == ()
        made = owe(queue, is_suspect=not is_suspect).id
        assert second.lanes(suspects=is_suspect) == ()
        again = second.lane(suspects=not is_suspect)
        assert (notice_ids(again), again.is_ordered) == ([made], False)

    @needs(Trait.NOTICES)
    def test_duty_that_joins_a_lane_is_its_owners(self, ledger: Ledger) -> None:
        """Nobody else gets it meanwhile."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = [owe(queue).id]
        lane = first.lane()
        made.append(owe(queue).id)
        assert second.lanes() == ()
        kept = first.settle(lane, delivered(lane.duties[0]), seconds=60)
        assert notice_ids(kept) == made[1:]
        assert second.lanes() == ()

    @needs(Trait.NOTICES)
    def test_nothing_to_take(self, ledger: Ledger) -> None:
        """From a store that owes nothing, or nothing yet."""
        worker = ledger.worker()
        for _ in range(2):
            assert worker.notices() == ()
            assert worker.lanes() == worker.lanes(suspects=True) == ()
            owe(ledger.queue(), due=1000)
