"""What a queue owes, on its way to another store (``docs/interfaces.rst``, "Moving a queue")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from angarium.storage import operations as op
from angarium.storage.deliveries import NoticeExtract, StoredDuty, StoredNotice
from angarium.storage.driver import DataDriver
from angarium.storage.signals import StalePlan
from angarium.testing.comparing import insist_on_plain_values
from angarium.testing.data.base import DataCases
from angarium.testing.data.epochs import STALE
from angarium.testing.data.reclaiming import reclaim_all
from angarium.testing.effort import scaled
from angarium.testing.notices import (
    Ledger,
    again,
    announce,
    delivered,
    drain,
    failed,
    new_duty,
    new_worker,
    notice_ids,
    owe,
    owed,
    page,
    subscription_ids,
)
from angarium.testing.queues import MAX_CALLS, Queue, at_epoch, numbered
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs
from angarium.testing.transfer import ROUTES, copy

NOTICE: Final = StoredNotice("0190-notice", bytes(range(256)), 2**40, "half", 500)
DUTY: Final = StoredDuty("s", NOTICE.id, bytes(range(256)), 70, is_ordered=False, is_suspect=False)

OPERATIONS: Final[dict[str, op.DataOperation[Any]]] = {
    "export": op.ExportNotices(None, 10),
    "import": op.ImportNotices((NOTICE,), (DUTY,), replaces=False),
    "replace": op.ImportNotices((NOTICE,), (DUTY,), replaces=True),
    "forget": op.ImportNotices((), (), replaces=True),
}


def parts(queue: Queue, limit: int = 1000, cursor: str | None = None) -> list[NoticeExtract]:
    """All parts of an export from a cursor on.

    :raises AssertionError: a part is too large, or there is no end.
    """
    found: list[NoticeExtract] = []
    for _ in range(MAX_CALLS):
        part = queue.do(op.ExportNotices(cursor, limit))
        insist_on_plain_values(part, "extract")
        assert len(part.notices) + len(part.duties) <= limit
        found.append(part)
        cursor = part.cursor
        if cursor is None:
            return found
    raise AssertionError(f"an export of notices is not complete after {MAX_CALLS} parts")


def exported(
    queue: Queue, limit: int = 1000
) -> tuple[tuple[StoredNotice, ...], tuple[StoredDuty, ...]]:
    """Everything that an export tells: notices by position, duties by notice and subscription."""
    found = parts(queue, limit)
    notices = [it for part in found for it in part.notices]
    duties = [it for part in found for it in part.duties]
    notices.sort(key=lambda it: it.position)
    duties.sort(key=lambda it: (it.notice_id, it.subscription_id))
    return tuple(notices), tuple(duties)


def copy_notices(source: Queue, target: Queue, limit: int = 3) -> None:
    """Have one queue owe what the other does."""
    for number, part in enumerate(parts(source, limit)):
        target.do(op.ImportNotices(part.notices, part.duties, replaces=number == 0))


@dataclass(frozen=True)
class Debts:
    """The ids of the notices of a queue that owes something in every stage.

    :ivar waiting: has a duty to the subscription ``slow``, which is due after 100 seconds.
    :ivar due: has one to ``slow``, an ordered and suspect lane, and had one to ``done``.
    :ivar half: is expanded up to the cursor ``half`` with a duty to ``quick``.
    :ivar fresh: is not expanded.
    """

    waiting: str
    due: str
    half: str
    fresh: str


def run_into_debt(queue: Queue) -> Debts:
    """Have a queue owe something in every stage, leased by somebody; its last message is fresh."""
    worker = new_worker(queue.driver)
    how: dict[str, Any] = {"is_ordered": True, "is_suspect": True}
    waiting = owe(queue, "slow", due=100, **how).id
    due = owe(queue, "slow", "done", **how).id
    owe(queue, "over")
    for suspects, name in ((True, "done"), (False, "over")):
        lane = next(it for it in worker.lanes(suspects=suspects) if it.subscription_id == name)
        worker.settle(lane, failed(lane.duties[0], keep=9000))
    half = announce(queue).id
    worker.expand(page(worker.notice(), new_duty("quick"), cursor="half"))
    fresh = announce(queue).id
    assert len(worker.notices()) == 2
    assert subscription_ids(worker.lanes()) == ["quick"]
    return Debts(waiting, due, half, fresh)


class HandingOverCases(DataCases):
    """Cases about ``export_notices``, ``import_notices`` and ``drop_notices``."""

    # --- Export ---------------------------------------------------------------------------------

    @within_one_second
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_export_tells_what_is_owed(self, driver: DataDriver, ledger: Ledger) -> None:
        """Notices with cursor and age, pending duties with the seconds they wait; nothing else."""
        queue = ledger.anew()
        debts = run_into_debt(queue)
        advance(driver, 30)
        notices, duties = exported(queue)
        expected = [
            (debts.waiting, None, 30),
            (debts.due, None, 30),
            (debts.half, "half", 30),
            (debts.fresh, "", 30),
        ]
        assert [(it.id, it.cursor, it.age) for it in notices] == expected
        assert all(it.payload == f"payload of {it.id}".encode() for it in notices)
        assert str(notices[-1].position) == queue.page().marker
        slow, quick = b"state of slow", b"state of quick"
        assert duties == tuple(
            sorted(
                [
                    StoredDuty("slow", debts.waiting, slow, 70, is_ordered=True, is_suspect=True),
                    StoredDuty("slow", debts.due, slow, 0, is_ordered=True, is_suspect=True),
                    StoredDuty("quick", debts.half, quick, 0, is_ordered=False, is_suspect=False),
                ],
                key=lambda it: it.notice_id,
            )
        )

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_export_of_notices_page_by_page(self, ledger: Ledger, limit: int) -> None:
        """Each once, and all notices before any duty; what other queues owe is not in it."""
        queue = ledger.queue()
        owe(ledger.queue(), "stranger")
        for _ in range(3):
            owe(queue, *"abc")
        announce(queue)
        whole, found = parts(queue), parts(queue, limit)
        notices = [it.id for part in found for it in part.notices]
        duties = [(it.notice_id, it.subscription_id) for part in found for it in part.duties]
        assert sorted(notices) == sorted(it.id for part in whole for it in part.notices)
        assert len(notices) == len(set(notices)) == 4
        assert len(duties) == len(set(duties)) == 9
        last = max(number for number, part in enumerate(found) if part.notices)
        assert all(not part.duties for part in found[:last])

    @needs(Trait.NOTICES, Trait.MOVING)
    def test_queue_that_owes_nothing(self, ledger: Ledger) -> None:
        """Or nothing any more."""
        queue, worker = ledger.queue(), ledger.worker()
        assert exported(queue) == ((), ())
        owe(queue)
        lane = worker.lane()
        worker.settle(lane, failed(lane.duties[0], keep=1000))
        assert exported(queue) == ((), ())

    # --- Import ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("route", ROUTES)
    @within_one_second
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_debts_move(self, driver: DataDriver, ledger: Ledger, route: str) -> None:
        """What was to happen happens in the other store, to the second; leases stay behind."""
        ledger.clear()
        source, target = map(ledger.note, ROUTES[route](driver))
        debts = run_into_debt(source)
        advance(driver, 30)
        copy(source, target)
        copy_notices(source, target)
        assert exported(target) == exported(source)
        source.driver.drop_notices(source.ref)
        worker = new_worker(target.driver)
        half, fresh = worker.notices()
        assert (half.id, half.cursor, half.age) == (debts.half, "half", 30)
        assert (fresh.id, fresh.cursor) == (debts.fresh, "")
        worker.expand(page(half, new_duty("rest")), page(fresh, new_duty("quick")))
        later = owe(target, "slow", is_ordered=True).id
        assert worker.lanes(suspects=True) == ()
        first = sorted((it.notice_id, it.age, it.late) for it in drain(worker))
        assert first == sorted([(debts.half, 30, 0)] * 2 + [(debts.fresh, 30, 0)])
        advance(driver, 69)
        assert worker.lanes(suspects=True) == ()
        advance(driver, 1)
        slow = [(it.notice_id, it.age, it.late) for it in drain(worker)]
        assert slow == [(debts.waiting, 100, 0), (debts.due, 100, 70), (later, 70, 70)]
        assert owed(target) == []

    @within_one_second
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_imported_debt_is_what_it_was(self, driver: DataDriver, ledger: Ledger) -> None:
        """Opaque bytes, a high position, an age from elsewhere."""
        queue, worker = ledger.anew(), ledger.worker()
        queue.do(op.ImportNotices((NOTICE,), (DUTY,), replaces=False))
        assert exported(queue) == ((NOTICE,), (DUTY,))
        taken = worker.notice()
        assert (taken.payload, taken.position) == (NOTICE.payload, NOTICE.position)
        advance(driver, 69)
        assert worker.lanes() == ()
        advance(driver, 1)
        (duty,) = worker.lane().duties
        assert (duty.payload, duty.state) == (NOTICE.payload, DUTY.state)
        assert (duty.position, duty.age, duty.late) == (NOTICE.position, 570, 0)

    @needs(Trait.NOTICES, Trait.MOVING)
    def test_what_is_there_stays(self, ledger: Ledger) -> None:
        """An import is repeated after a lost connection, maybe when deliveries have begun."""
        queue, worker = ledger.queue(), ledger.worker()
        sent = op.ImportNotices((NOTICE,), (replace(DUTY, due=0),), replaces=False)
        queue.do(sent)
        queue.do(sent)
        worker.expand(page(worker.notice(), new_duty("t"), cursor="further"))
        lane = next(it for it in worker.lanes() if it.subscription_id == "s")
        worker.settle(lane, again(lane.duties[0], 500, b"second attempt"))
        before = owed(queue)
        queue.do(sent)
        assert owed(queue) == before
        assert [it.cursor for it in worker.notices()] == ["further"]

    @pytest.mark.parametrize("anew", [True, False])
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_import_that_replaces(self, ledger: Ledger, *, anew: bool) -> None:
        """It forgets everything first: what is pending, what is listed, who holds what."""
        queue, neighbour = ledger.queue(), ledger.queue()
        run_into_debt(queue)
        owe(neighbour)
        notices, duties = ((NOTICE,), (replace(DUTY, due=0),)) if anew else ((), ())
        queue.do(op.ImportNotices(notices, duties, replaces=True))
        worker = ledger.worker()
        assert [it.id for it in worker.notices()] == [it.id for it in notices]
        assert [it[0] for it in owed(queue)] == [it.notice_id for it in duties]
        lanes = [it for it in worker.lanes() if it.scope == queue.ref.scope]
        assert [notice_ids(it) for it in lanes] == [[it.notice_id] for it in duties]
        assert worker.lanes(suspects=True) == ()
        assert len(owed(neighbour)) == 1

    @needs(Trait.NOTICES, Trait.MOVING)
    def test_expanded_notice_waits_for_its_duties(self, ledger: Ledger) -> None:
        """They come in later parts of the export; nothing forgets it meanwhile."""
        queue = ledger.queue()
        queue.do(op.ImportNotices((replace(NOTICE, cursor=None),), (), replaces=True))
        assert ledger.worker().notices() == ()
        for number in range(3):
            reclaim_all(ledger.driver)
            duty = replace(DUTY, subscription_id=f"s{number}", due=0)
            queue.do(op.ImportNotices((), (duty,), replaces=False))
            assert [it.payload for it in drain(ledger.worker())] == [NOTICE.payload]

    @needs(Trait.NOTICES, Trait.MOVING)
    def test_duty_without_a_notice_is_skipped(self, ledger: Ledger) -> None:
        """The store has expanded the notice by itself meanwhile, and forgotten it."""
        queue = ledger.queue()
        stranger = replace(DUTY, notice_id="0190-unknown", due=0)
        complete = replace(NOTICE, cursor=None)
        queue.do(op.ImportNotices((complete,), (stranger, replace(DUTY, due=0)), replaces=False))
        assert [it[0] for it in owed(queue)] == [NOTICE.id]
        assert [it.notice_id for it in drain(ledger.worker())] == [NOTICE.id]

    @pytest.mark.parametrize("route", ROUTES)
    @within_one_second
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_notice_that_is_expanded_amid_an_export(
        self, driver: DataDriver, ledger: Ledger, route: str
    ) -> None:
        """It is handed over as it was, and its duties too: nobody misses it or is owed it twice."""
        source, target = map(ledger.note, ROUTES[route](driver))
        announce(source)
        worker = new_worker(source.driver)
        before, _ = exported(source)
        first = source.do(op.ExportNotices(None, 1))
        worker.expand(page(worker.notice(), new_duty("a"), new_duty("b")))
        target.do(op.ImportNotices(first.notices, first.duties, replaces=True))
        assert first.notices == before
        rest = parts(source, 1, first.cursor) if first.cursor else []
        for part in rest:
            target.do(op.ImportNotices(part.notices, part.duties, replaces=False))
        source.driver.drop_notices(source.ref)
        other = new_worker(target.driver)
        for taken in other.notices():
            other.expand(page(taken, new_duty("a"), new_duty("b")))
        assert [it[1] for it in owed(target)] == ["a", "b"]
        assert len(drain(other)) == 2

    @pytest.mark.parametrize("route", ROUTES)
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_large_debt_moves(self, driver: DataDriver, ledger: Ledger, route: str) -> None:
        """Part by part."""
        source, target = map(ledger.note, ROUTES[route](driver))
        many = scaled(60, 1000)
        made = [owe(source, *numbered(many, "s")).id for _ in range(3)]
        copy_notices(source, target, limit=50)
        source.driver.drop_notices(source.ref)
        lanes = new_worker(target.driver).lanes(limit=many + 1)
        assert sorted(subscription_ids(lanes)) == sorted(numbered(many, "s"))
        assert all(notice_ids(lane) == made for lane in lanes)

    # --- Plans and epochs -----------------------------------------------------------------------

    @pytest.mark.parametrize("stale", STALE)
    @pytest.mark.parametrize("operation", OPERATIONS)
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_stale_plan_of_a_hand_over_is_refused(
        self, ledger: Ledger, operation: str, stale: str
    ) -> None:
        """An older epoch, a newer one, or none at all, and nothing is changed."""
        queue = ledger.queue()
        owe(queue)
        announce(queue)
        planned = ledger.note(STALE[stale](queue))
        with pytest.raises(StalePlan) as refusal:
            planned.do(OPERATIONS[operation])
        assert refusal.value.scope == planned.ref.scope
        assert len(owed(queue)) == 1
        assert [it.scope for it in ledger.worker().notices()] == [queue.ref.scope]
        if planned.ref.scope != queue.ref.scope:
            assert owed(planned) == []

    @pytest.mark.parametrize("operation", OPERATIONS)
    @needs(Trait.NOTICES, Trait.MOVING)
    def test_deleted_queue_refuses_hand_overs(self, ledger: Ledger, operation: str) -> None:
        """A move under way when the queue is deleted neither brings nor takes anything."""
        queue = ledger.queue()
        owe(queue)
        buried = at_epoch(queue, queue.ref.epoch + 1)
        queue.driver.unregister(buried.ref)
        for planned in (queue, buried):
            with pytest.raises(StalePlan):
                planned.do(OPERATIONS[operation])
        assert len(owed(queue)) == 1

    @pytest.mark.parametrize("is_deleted", [False, True])
    @needs(Trait.NOTICES)
    def test_debts_are_dropped(self, ledger: Ledger, *, is_deleted: bool) -> None:
        """Unless the queue has come back, or has been deleted later: its epoch is higher then."""
        queue, neighbour = ledger.queue(), ledger.queue()
        run_into_debt(queue)
        made = owe(neighbour).id
        raised = at_epoch(queue, queue.ref.epoch + 5)
        (queue.driver.unregister if is_deleted else queue.driver.register)(raised.ref)
        before = owed(queue)
        for epoch in (queue.ref.epoch, raised.ref.epoch - 1):
            queue.driver.drop_notices(at_epoch(queue, epoch).ref)
            assert owed(queue) == before
        queue.driver.drop_notices(raised.ref)
        assert owed(queue) == []
        worker = ledger.worker()
        assert worker.notices() == ()
        assert worker.lanes(suspects=True) == ()
        assert notice_ids(worker.lane()) == [made]
        queue.driver.drop_notices(raised.ref)

    @needs(Trait.NOTICES)
    def test_dropped_debt_is_owed_no_more(self, ledger: Ledger) -> None:
        """What is reported or expanded later comes to nothing; new posts are announced again."""
        queue, worker = ledger.queue(), ledger.worker()
        debts = run_into_debt(queue)
        announce(queue)
        taken = ledger.worker()
        advance(ledger.driver, 100)
        notices, (lane,) = taken.notices(), taken.lanes()
        queue.driver.drop_notices(queue.ref)
        taken.expand(*(page(it, new_duty()) for it in notices))
        assert taken.settle(lane, again(lane.duties[0], 0), seconds=60) is None
        assert not queue.driver.replay_duty(queue.ref.scope, "slow", debts.due, b"")
        assert owed(queue) == []
        made = owe(queue, "quick").id
        lane = worker.lane()
        assert notice_ids(lane) == [made]
        worker.settle(lane, delivered(lane.duties[0]))
        assert owed(queue) == []
