"""Expansion of notices into duties, page by page (``docs/interfaces.rst``)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium.storage.driver import DataDriver
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.notices import (
    Ledger,
    announce,
    delivered,
    drain,
    new_duty,
    owed,
    page,
    subscription_ids,
)
from angarium.testing.queues import numbered
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs


class ExpandingCases(DataCases):
    """Cases about ``expand_notices``."""

    @needs(Trait.NOTICES)
    def test_expansion_page_by_page(self, ledger: Ledger) -> None:
        """Each page stores duties, and the cursor says where it goes on, whoever does that."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        made = announce(queue)
        taken = first.notice()
        first.expand(page(taken, new_duty("a"), new_duty("b"), cursor="b"))
        assert first.notice() == replace(taken, cursor="b", age=first.notice().age)
        assert subscription_ids(first.lanes()) == ["a", "b"]
        advance(ledger.driver, 100)
        resumed = second.notice()
        assert (resumed.id, resumed.payload, resumed.cursor) == (made.id, made.payload, "b")
        second.expand(page(resumed, new_duty("c"), cursor="c \u00e9🐈" * 20))
        resumed = second.notice()
        assert resumed.cursor == "c \u00e9🐈" * 20
        second.expand(page(resumed, new_duty("d")))
        assert second.notices() == first.notices() == ()
        assert sorted(it[1] for it in owed(queue)) == ["a", "b", "c", "d"]

    @needs(Trait.NOTICES)
    def test_pages_of_several_notices_in_one_call(self, ledger: Ledger) -> None:
        """Those of one notice are carried out in the order given."""
        queues, worker = [ledger.queue(), ledger.queue()], ledger.worker()
        made = [announce(queue).id for queue in queues for _ in range(2)]
        pages = []
        for notice in worker.notices():
            pages += [
                page(notice, new_duty("a"), cursor="1"),
                page(notice, new_duty("b"), after="1", cursor="2"),
                page(notice, after="2", cursor="3"),
                page(notice, new_duty("c"), after="3"),
            ]
        worker.expand(*pages)
        assert worker.notices() == ()
        for queue, mine in zip(queues, (made[:2], made[2:]), strict=True):
            expected = [(it, name) for it in sorted(mine) for name in "abc"]
            assert [it[:2] for it in owed(queue)] == expected

    @needs(Trait.NOTICES)
    def test_page_at_another_cursor_is_void(self, ledger: Ledger) -> None:
        """It does nothing; the others of the call are carried out."""
        queue, worker = ledger.queue(), ledger.worker()
        announce(queue)
        announce(queue)
        first, second = worker.notices()
        worker.expand(
            page(first, new_duty("x"), after="unknown"),
            page(first, new_duty("a"), cursor="1"),
            page(first, new_duty("y"), after=""),
            page(second, new_duty("b"), cursor="2"),
        )
        assert [it[1] for it in owed(queue)] == ["a", "b"]
        assert [it.cursor for it in worker.notices()] == ["1", "2"]

    @needs(Trait.NOTICES)
    def test_repeated_page_is_harmless(self, ledger: Ledger) -> None:
        """It is repeated after a lost connection, maybe when its duties are over already."""
        queue, worker = ledger.queue(), ledger.worker()
        announce(queue)
        taken = worker.notice()
        pages = [page(taken, new_duty("a"), cursor="1"), page(taken, new_duty("b"), after="1")]
        for one in pages:
            worker.expand(one)
            assert len(drain(worker)) == 1
            worker.expand(one)
            assert drain(worker) == []
        worker.expand(*pages)
        assert worker.notices() == ()
        assert owed(queue) == []

    @needs(Trait.NOTICES)
    def test_duty_that_is_there_stays(self, ledger: Ledger) -> None:
        """As it is, be it pending or over; a subscription is owed a notice once."""
        queue, worker = ledger.queue(), ledger.worker()
        made = announce(queue).id
        taken = worker.notice()
        worker.expand(page(taken, new_duty("a"), new_duty("b"), cursor="1"))
        lane = next(it for it in worker.lanes() if it.subscription_id == "b")
        worker.settle(lane, *(delivered(duty, keep=1000) for duty in lane.duties))
        changed = [new_duty(it, state=b"x", due=500, is_ordered=True) for it in "abc"]
        worker.expand(page(taken, *changed, after="1"))
        assert owed(queue) == [
            (made, "a", "pending", b"state of a"),
            (made, "c", "pending", b"x"),
            (made, "b", "delivered", b"delivered"),
        ]
        advance(ledger.driver, 100)
        assert not ledger.worker().lane().is_ordered

    @needs(Trait.NOTICES)
    def test_page_of_who_lost_the_lease_is_void(self, ledger: Ledger) -> None:
        """Once somebody else has it; before that, it counts."""
        queue, first, second = ledger.queue(), ledger.worker(), ledger.worker()
        announce(queue)
        taken = first.notice()
        advance(ledger.driver, 100)
        first.expand(page(taken, new_duty("a"), cursor="1"))
        assert second.notice().cursor == "1"
        first.expand(page(taken, new_duty("b"), after="1", cursor="2"))
        first.expand(page(taken, new_duty("c"), after="1"))
        assert [it[1] for it in owed(queue)] == ["a"]
        second.expand(page(taken, new_duty("d"), after="1"))
        assert [it[1] for it in owed(queue)] == ["a", "d"]
        assert second.notices() == ()

    @pytest.mark.parametrize("pages", [1, 3])
    @needs(Trait.NOTICES)
    def test_notice_without_duties_is_forgotten(self, ledger: Ledger, pages: int) -> None:
        """With its last page: nobody wants it."""
        queue, worker = ledger.queue(), ledger.worker()
        for _ in range(pages):
            announce(queue)
        for taken in worker.notices():
            worker.expand(page(taken, cursor="1"))
            worker.expand(page(taken, after="1"))
        assert worker.notices() == ()
        assert owed(queue) == []
        assert len(queue.everything()) == pages

    @needs(Trait.NOTICES)
    def test_page_of_an_unknown_notice_does_nothing(self, ledger: Ledger) -> None:
        """It was forgotten, or its queue has moved to another store."""
        queue, worker = ledger.queue(), ledger.worker()
        announce(queue)
        taken = worker.notice()
        queue.driver.drop_notices(queue.ref)
        stranger = replace(taken, id="0190-unknown")
        worker.expand(page(taken, new_duty()), page(stranger, new_duty()))
        assert owed(queue) == []
        assert worker.lanes() == ()

    @needs(Trait.NOTICES)
    def test_large_page(self, ledger: Ledger) -> None:
        """Each subscription of it gets its lane."""
        queue, worker, many = ledger.queue(), ledger.worker(), scaled(300, 3000)
        announce(queue)
        worker.expand(page(worker.notice(), *(new_duty(it) for it in numbered(many, "s"))))
        lanes = worker.lanes(limit=many + 1)
        assert sorted(subscription_ids(lanes)) == sorted(numbered(many, "s"))

    @within_one_second
    @needs(Trait.NOTICES)
    def test_duty_comes_due_at_its_second(self, driver: DataDriver, ledger: Ledger) -> None:
        """Seconds are counted from the page, not from the notice."""
        queue, worker = ledger.anew(), ledger.worker()
        announce(queue)
        advance(driver, 30)
        worker.expand(page(worker.notice(), new_duty("a"), new_duty("b", due=50)))
        assert subscription_ids(worker.lanes()) == ["a"]
        drain(worker)
        advance(driver, 49)
        assert worker.lanes() == ()
        advance(driver, 1)
        (duty,) = worker.lane().duties
        assert (duty.age, duty.late) == (80, 0)
