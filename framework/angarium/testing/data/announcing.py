"""Posts that have to be announced: the notice of a batch, and who gets to expand it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Final

import pytest

from angarium.storage import operations as op
from angarium.storage.deliveries import NewNotice, Notice
from angarium.storage.driver import DataDriver
from angarium.storage.models import Kind
from angarium.storage.signals import StalePlan
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.data.epochs import STALE
from angarium.testing.data.isolation import LOOK_ALIKES, ODD_PROJECTS, SPLITS
from angarium.testing.effort import PATIENCE, scaled
from angarium.testing.notices import (
    Ledger,
    announce,
    drain,
    new_duty,
    new_notice,
    owe,
    owed,
    page,
)
from angarium.testing.queues import ALICE, Queue, new_batch, new_project, numbered
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs

PAYLOADS: Final = {
    "every-byte": bytes(range(256)),
    "nul": b"\x00",
    "not-utf-8": b"\xff\xfe\x80",
    "empty": b"",
    "large": bytes(range(256)) * 2048,
}


class AnnouncingCases(DataCases):
    """Cases about notices until they are expanded."""

    # --- Posting --------------------------------------------------------------------------------

    @within_one_second
    @needs(Trait.NOTICES)
    def test_batch_leaves_one_notice(self, driver: DataDriver, ledger: Ledger) -> None:
        """With its payload and the position of the last message."""
        queue = ledger.anew()
        queue.post("before")
        made = announce(queue, *"ABC")
        marker = queue.page().marker
        queue.post("after")
        assert queue.everything() == ["before", *"ABC", "after"]
        assert marker is not None
        expected = Notice(queue.ref.scope, made.id, made.payload, int(marker), cursor="", age=0)
        assert ledger.worker().notices() == (expected,)

    @needs(Trait.NOTICES)
    def test_post_without_a_notice_owes_nothing(self, ledger: Ledger) -> None:
        """A queue without subscribers pays nothing for those of others."""
        ledger.queue().post(*"ABC")
        assert ledger.worker().notices() == ()
        assert ledger.worker().lanes() == ()

    @pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
    @needs(Trait.NOTICES)
    def test_payload_and_state_come_back_as_they_were(self, ledger: Ledger, payload: bytes) -> None:
        """Both are opaque bytes."""
        queue, worker = ledger.queue(), ledger.worker()
        announce(queue, notice=new_notice(payload))
        taken = worker.notice()
        assert taken.payload == payload
        worker.expand(page(taken, new_duty(state=payload)))
        (duty,) = worker.lane().duties
        assert (duty.payload, duty.state) == (payload, payload)
        (listed,) = owed(queue)
        assert listed[-1] == payload

    @pytest.mark.parametrize("stale", STALE)
    @needs(Trait.NOTICES)
    def test_stale_post_leaves_neither_message_nor_notice(self, ledger: Ledger, stale: str) -> None:
        """They are stored in one step."""
        queue = ledger.queue()
        with pytest.raises(StalePlan):
            announce(STALE[stale](queue))
        assert queue.everything() == []
        assert ledger.worker().notices() == ()

    @needs(Trait.NOTICES)
    def test_scenario_16_post_that_fails_midway_is_not_announced(self, ledger: Ledger) -> None:
        """Where nothing is visible, nothing is notified."""
        queue = ledger.queue()
        batch = list(new_batch(numbered(10)))
        batch[5] = replace(batch[5], ttl=2**80)
        with contextlib.suppress(Exception):  # a store in memory may well take it
            queue.do(op.PostMessages(tuple(batch), ALICE, new_notice()))
        stored = queue.everything()
        assert stored in ([], numbered(10))
        assert len(ledger.worker().notices()) == bool(stored)

    @pytest.mark.parametrize("known", [True, False], ids=["same-notice", "another-notice"])
    @needs(Trait.NOTICES)
    def test_repeated_post_leaves_no_second_notice(self, ledger: Ledger, *, known: bool) -> None:
        """A store that has the messages has the notice."""
        queue = ledger.queue()
        notice = new_notice()
        post = op.PostMessages(new_batch("ABC"), ALICE, notice)
        queue.do(post)
        queue.do(post if known else replace(post, notice=new_notice(b"other")))
        assert [it.payload for it in ledger.worker().notices()] == [notice.payload]
        assert queue.everything() == list("ABC")

    @needs(Trait.NOTICES)
    def test_repeated_post_after_all_was_delivered(self, ledger: Ledger) -> None:
        """The first attempt was carried out, and its notice worked off, before the second came."""
        queue, worker = ledger.queue(), ledger.worker()
        post = op.PostMessages(new_batch("ABC"), ALICE, new_notice())
        queue.do(post)
        worker.expand(page(worker.notice(), new_duty()))
        assert len(drain(worker)) == 1
        queue.do(post)
        assert worker.notices() == ()
        assert owed(queue) == []

    @needs(Trait.NOTICES)
    def test_concurrent_repetitions_leave_one_notice(self, ledger: Ledger) -> None:
        """The first attempt may still be running when the second one comes."""
        queue = ledger.queue()
        made = [new_notice() for _ in range(scaled(5, 50))]
        for notice in made:
            post = op.PostMessages(new_batch(numbered(3)), ALICE, notice)
            in_threads([partial(queue.do, post)] * 6)
        assert [it.id for it in ledger.worker().notices()] == [notice.id for notice in made]

    # --- Leasing --------------------------------------------------------------------------------

    @needs(Trait.NOTICES)
    def test_notices_of_a_queue_by_position(self, ledger: Ledger) -> None:
        """At most so many; who holds some gets them again, and then the next ones."""
        queue, worker = ledger.queue(), ledger.worker()
        made = [announce(queue, *"AB").id for _ in range(5)]
        assert [it.id for it in worker.notices(2)] == made[:2]
        assert [it.id for it in worker.notices(3)] == made[:3]
        assert [it.id for it in worker.notices()] == made
        positions = [it.position for it in worker.notices()]
        assert all(one < other for one, other in pairwise(positions))
        worker.expand(*(page(it) for it in worker.notices(2)))
        assert [it.id for it in worker.notices(2)] == made[2:4]

    @needs(Trait.NOTICES)
    def test_queue_is_one_owners_at_a_time(self, ledger: Ledger) -> None:
        """While one of its notices is leased, nobody else gets any of that queue."""
        queue, other = ledger.queue(), ledger.queue()
        first, second = ledger.worker(), ledger.worker()
        made = [announce(queue).id for _ in range(3)]
        assert [it.id for it in first.notices(1)] == made[:1]
        elsewhere = announce(other).id
        assert [it.id for it in second.notices()] == [elsewhere]
        assert [it.id for it in first.notices()] == made

    @needs(Trait.NOTICES)
    def test_lease_of_a_notice_ends_with_its_last_page(self, ledger: Ledger) -> None:
        """What follows is for whoever comes first."""
        queue = ledger.queue()
        first, second = ledger.worker(), ledger.worker()
        made = [announce(queue).id for _ in range(3)]
        (taken,) = first.notices(1)
        first.expand(page(taken, new_duty(), cursor="half"))
        assert second.notices() == ()
        first.expand(page(taken, after="half"))
        assert [it.id for it in second.notices(1)] == made[1:2]
        assert first.notices() == ()

    @within_one_second
    @needs(Trait.NOTICES)
    def test_lapsed_lease_of_notices_is_taken_over(
        self, driver: DataDriver, ledger: Ledger
    ) -> None:
        """At the second it ends; whoever holds it can lengthen it before."""
        queue = ledger.anew()
        first, second = ledger.worker(), ledger.worker()
        made = [announce(queue).id for _ in range(3)]
        first.notices(2, seconds=100)
        advance(driver, 99)
        assert second.notices() == ()
        assert len(first.notices(2, seconds=50)) == 2
        advance(driver, 49)
        assert second.notices() == ()
        advance(driver, 1)
        taken = second.notices()
        assert [it.id for it in taken] == made
        assert [it.age for it in taken] == [149] * 3
        assert first.notices() == ()

    @needs(Trait.NOTICES)
    def test_oldest_notices_come_first(self, ledger: Ledger) -> None:
        """Of all queues of the store."""
        queues = [ledger.queue(f"q{number}") for number in range(3)]
        made = []
        for queue in (queues[1], queues[2], queues[0]):
            made.append(announce(queue).id)
            advance(ledger.driver, 100)
        assert [it.id for it in ledger.worker().notices(1)] == made[:1]
        assert [it.id for it in ledger.worker().notices(1)] == made[1:2]
        assert [it.id for it in ledger.worker().notices(1)] == made[2:]

    @needs(Trait.NOTICES)
    def test_notices_are_not_missed_amid_posts(self, ledger: Ledger) -> None:
        """Never is one handed out after another that follows it in the queue."""
        queue, worker = ledger.queue(), ledger.worker()
        many = scaled(12, 200)

        def post() -> list[Notice]:
            for _ in range(many):
                announce(queue, *"AB")
            return []

        def expand() -> list[Notice]:
            seen: list[Notice] = []
            deadline = time.monotonic() + PATIENCE / 2
            while len(seen) < 3 * many:
                assert time.monotonic() < deadline, f"{len(seen)} of {3 * many} notices appeared"
                taken = worker.notices(2, seconds=9000)
                worker.expand(*(page(it, new_duty()) for it in taken))
                seen += taken
            return seen

        *_, seen = in_threads([post, post, post, expand])
        assert len({it.id for it in seen}) == 3 * many
        assert all(one.position < other.position for one, other in pairwise(seen))
        assert worker.notices() == ()
        assert [duty.notice_id for duty in drain(worker)] == [it.id for it in seen]

    @needs(Trait.NOTICES)
    def test_one_of_concurrent_owners_gets_a_queue(self, ledger: Ledger) -> None:
        """Of those who lease at the same moment."""
        queues = [ledger.queue() for _ in range(4)]
        for _ in range(scaled(3, 30)):
            for queue in queues:
                announce(queue)
            workers = [ledger.worker() for _ in range(6)]
            taken = in_threads([partial(worker.notices, 2) for worker in workers])
            for queue in queues:
                owners = [one for one in taken if any(it.scope == queue.ref.scope for it in one)]
                assert len(owners) == 1
            for worker in workers:
                while mine := worker.notices():
                    worker.expand(*(page(it) for it in mine))

    # --- Elsewhere ------------------------------------------------------------------------------

    @needs(Trait.NOTICES)
    def test_notices_of_queue_and_topic_of_one_name(self, ledger: Ledger) -> None:
        """The two name spaces share nothing."""
        project = new_project()
        self.check_apart(
            ledger.queue(project=project), ledger.queue(project=project, kind=Kind.TOPIC), ledger
        )

    @pytest.mark.parametrize("odd", LOOK_ALIKES)
    @needs(Trait.NOTICES)
    def test_notices_of_odd_projects(self, ledger: Ledger, odd: str) -> None:
        """A project id is any text of up to 256 characters, compared byte by byte."""
        core = new_project()
        one, other = (
            ledger.queue(project=pattern.format(core))
            for pattern in (ODD_PROJECTS[odd], LOOK_ALIKES[odd])
        )
        self.check_apart(one, other, ledger)

    @pytest.mark.parametrize(("left", "right"), SPLITS)
    @needs(Trait.NOTICES)
    def test_notices_of_project_and_name_are_not_joined(
        self, ledger: Ledger, left: tuple[str, str], right: tuple[str, str]
    ) -> None:
        """No separator can be forged."""
        core = new_project()
        one, other = (
            ledger.queue(name, project=pattern.format(core)) for pattern, name in (left, right)
        )
        self.check_apart(one, other, ledger)

    def check_apart(self, one: Queue, other: Queue, ledger: Ledger) -> None:
        """Notices, duties and lanes of the same names in two queues know nothing of each other.

        :raises AssertionError: they do.
        """
        notice, worker = NewNotice("0190-notice", b"one"), ledger.worker()
        announce(one, notice=notice)
        announce(other, notice=replace(notice, payload=b"other"))
        scopes = {one.ref.scope: b"one", other.ref.scope: b"other"}
        taken = worker.notices()
        assert {it.scope: it.payload for it in taken} == scopes
        worker.expand(*(page(it, new_duty()) for it in taken))
        lanes = worker.lanes()
        assert {lane.scope: lane.duties[0].payload for lane in lanes} == scopes
        mine = next(lane for lane in lanes if lane.scope == one.ref.scope)
        assert worker.settle(mine) is None
        assert [it.scope for it in ledger.worker().lanes()] == [one.ref.scope]
        one.driver.drop_notices(one.ref)
        assert (len(owed(one)), len(owed(other))) == (0, 1)
        owe(one)
        assert (len(owed(one)), len(owed(other))) == (1, 1)
