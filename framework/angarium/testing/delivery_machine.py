"""Any driver beside the model once more: random deliveries, the same duties.

Time moves in units, as in :mod:`angarium.testing.machine`: leases end, duties come due and listings
end in the middle of a unit. What the interface leaves open is not done: reports about a lane that
has been given back, or notices of one position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from oslo_config import cfg

from angarium.model import ModelDataDriver
from angarium.model.notices import HeldNotices
from angarium.storage import operations as op
from angarium.storage.deliveries import (
    DutyStatus,
    Expansion,
    Lane,
    NewDuty,
    Outcome,
)
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.models import QueueRef, Scope
from angarium.testing.comparing import UNIT, plain
from angarium.testing.machine import Pair, picks, queue_numbers
from angarium.testing.notices import Ledger, Worker, all_duties, new_notice, new_worker
from angarium.testing.queues import ALICE, Queue, new_batch, new_project

NAMES: Final = ("s1", "s2", "s3")

waits = st.sampled_from([0, 0, 0, UNIT // 2, UNIT + UNIT // 2, 3 * UNIT + UNIT // 2])
keeps = st.sampled_from([0, UNIT // 4, 2 * UNIT + UNIT // 4])
leases = st.sampled_from([UNIT // 4, 2 * UNIT + UNIT // 4])
keeping = st.one_of(st.just(0), leases)
owners = st.sampled_from(range(3))
rarely = st.sampled_from([False, False, True])
states = st.binary(max_size=3)
new_duties = st.lists(
    st.builds(NewDuty, st.sampled_from(NAMES), states, waits, st.booleans(), rarely),
    max_size=3,
    unique_by=lambda duty: duty.subscription_id,
)
outcomes = st.lists(
    st.builds(Outcome, st.just(""), states, st.sampled_from(DutyStatus), waits, keeps),
    min_size=1,
    max_size=3,
)


@dataclass
class Taken:
    """A lane as somebody took it."""

    owner: int
    lane: Lane


class DeliveryMachine(RuleBasedStateMachine):
    """Two queues, three workers."""

    def __init__(self, driver: DataDriver, *, hands_over: bool) -> None:
        super().__init__()
        self.driver = driver
        self.hands_over = hands_over
        self.ledger = Ledger(driver)
        project = new_project()
        self.model = ModelDataDriver(StoreEnvironment(cfg.ConfigOpts(), driver.clock, uri=project))
        self.pairs = []
        for name in ("orders", "invoices"):
            ref = QueueRef(Scope(project, name), 1)
            driver.register(ref)
            self.model.register(ref)
            self.pairs.append(Pair(self.ledger.note(Queue(driver, ref)), Queue(self.model, ref)))
        self.workers = [new_worker(driver) for _ in range(3)]
        self.posts: list[tuple[int, op.PostMessages]] = []
        self.notices: list[tuple[int, Scope, str]] = []
        self.lanes: list[Taken] = []
        self.duties: list[tuple[Scope, str, str]] = []

    def teardown(self) -> None:
        """Leave nothing to the next run."""
        self.ledger.clear()

    @property
    def expected(self) -> HeldNotices:
        """What is owed in the model, to aim at it."""
        return self.model._store.owed

    def both(self, owner: int) -> tuple[Worker, Worker]:
        """A worker, here and in the model."""
        worker = self.workers[owner]
        return worker, Worker(self.model, worker.name)

    def do(self, number: int, operation: op.DataOperation[Any]) -> None:
        """Carry out an operation on both."""
        self.pairs[number].actual.do(operation)
        self.pairs[number].model.do(operation)

    # --- Notices --------------------------------------------------------------------------------

    @rule(number=queue_numbers, count=st.integers(1, 3))
    def post(self, number: int, count: int) -> None:
        """A batch that is announced."""
        operation = op.PostMessages(new_batch("ABC"[:count]), ALICE, new_notice())
        self.do(number, operation)
        self.posts.append((number, operation))

    @precondition(lambda self: self.posts)
    @rule(pick=picks)
    def repeat_post(self, pick: int) -> None:
        """The same batch again: its messages are there."""
        self.do(*self.posts[-1 - pick % len(self.posts)])

    @rule(number=queue_numbers, duties=new_duties.filter(len))
    def add_notice(self, number: int, duties: list[NewDuty]) -> None:
        """A notice without a message, at a position that no other has."""
        self.do(number, op.PostMessages(new_batch("A"), ALICE))
        notice = new_notice()
        self.do(number, op.AddNotice(notice, tuple(duties)))
        self.remember(self.pairs[number].actual.ref.scope, notice.id, duties)

    def remember(self, scope: Scope, notice_id: str, duties: list[NewDuty]) -> None:
        """Duties that there may be."""
        self.duties += [(scope, duty.subscription_id, notice_id) for duty in duties]

    @rule(owner=owners, seconds=leases)
    def lease_notices(self, owner: int, seconds: int) -> None:
        """All that somebody can have, queue by queue in order."""
        actual, expected = (worker.notices(seconds=seconds) for worker in self.both(owner))
        for pair in self.pairs:
            scope = pair.actual.ref.scope
            mine = tuple(it for it in actual if it.scope == scope)
            assert plain(mine) == plain(tuple(it for it in expected if it.scope == scope))
        assert len(actual) == len(expected)
        self.notices += [(owner, it.scope, it.id) for it in actual]

    @precondition(lambda self: self.notices)
    @rule(
        pick=picks,
        duties=new_duties,
        after=st.sampled_from([None, None, None, "", "1"]),
        cursor=st.sampled_from(["1", "2", None]),
    )
    def expand(
        self, pick: int, duties: list[NewDuty], after: str | None, cursor: str | None
    ) -> None:
        """A page of a notice that the worker holds or once held; mostly at the right cursor."""
        owner, scope, notice_id = self.notices[-1 - pick % len(self.notices)]
        held = self.model._store.owed.notices.get((scope, notice_id))
        start = (held.cursor if held and held.cursor else "") if after is None else after
        page = Expansion(scope, notice_id, start, tuple(duties), cursor)
        for worker in self.both(owner):
            worker.expand(page)
        self.remember(scope, notice_id, duties)

    @initialize(duties=new_duties.filter(len))
    def begin(self, duties: list[NewDuty]) -> None:
        """Something is owed already."""
        for number in (0, 1):
            self.owe(number, number, duties)

    @rule(number=queue_numbers, owner=owners, duties=new_duties.filter(len))
    def owe(self, number: int, owner: int, duties: list[NewDuty]) -> None:
        """A batch that is announced and expanded, along with all that somebody can have."""
        self.do(number, op.PostMessages(new_batch("A"), ALICE, new_notice()))
        for worker in self.both(owner):
            for notice in worker.notices(seconds=UNIT // 4):
                page = Expansion(notice.scope, notice.id, notice.cursor, tuple(duties))
                worker.expand(page)
                self.remember(notice.scope, notice.id, duties)

    # --- Lanes ----------------------------------------------------------------------------------

    @precondition(lambda self: self.expected.lanes)
    @rule(owner=owners, seconds=leases, duties=st.integers(1, 3), suspects=rarely)
    def lease_lanes(self, owner: int, seconds: int, duties: int, *, suspects: bool) -> None:
        """All that somebody can have."""
        self.take(owner, seconds, duties, suspects=suspects)

    def take(self, owner: int, seconds: int, duties: int, *, suspects: bool) -> list[Taken]:
        """Lease lanes on both: the same, in any order as many are due at the same second."""
        taken = [
            worker.lanes(duties=duties, seconds=seconds, suspects=suspects)
            for worker in self.both(owner)
        ]
        actual, expected = (
            {(it.scope, it.subscription_id): plain(it) for it in lanes} for lanes in taken
        )
        assert actual == expected
        mine = [Taken(owner, lane) for lane in taken[0]]
        self.lanes += mine
        return mine

    @precondition(lambda self: self.expected.lanes)
    @rule(
        owner=owners,
        duties=st.integers(1, 3),
        suspects=rarely,
        reports=outcomes,
        seconds=keeping,
        is_suspect=rarely,
    )
    def work(
        self,
        owner: int,
        duties: int,
        reports: list[Outcome],
        seconds: int,
        *,
        suspects: bool,
        is_suspect: bool,
    ) -> None:
        """Take all that somebody can have, and report about some of it at once."""
        for taken in self.take(owner, UNIT // 4, duties, suspects=suspects):
            self.report(taken, reports, seconds, is_suspect=is_suspect)

    def is_clear(self, taken: Taken) -> bool:
        """Whether the interface says what a report about this lane does now."""
        key = taken.lane.scope, taken.lane.subscription_id
        held = self.model._store.owed.lanes.get(key)
        if held is None:
            return True
        is_mine = held.holder == self.workers[taken.owner].name
        return held.held_until > (0 if is_mine else self.driver.clock.now())

    @precondition(lambda self: self.lanes)
    @rule(pick=picks, reports=outcomes, seconds=keeping, is_suspect=rarely)
    def settle(self, pick: int, reports: list[Outcome], seconds: int, *, is_suspect: bool) -> None:
        """Report about some duties of a lane that the worker holds or once held."""
        taken = self.lanes[-1 - pick % len(self.lanes)]
        if self.is_clear(taken):
            self.report(taken, reports, seconds, is_suspect=is_suspect)

    def report(
        self, taken: Taken, reports: list[Outcome], seconds: int, *, is_suspect: bool
    ) -> None:
        """Settle a lane on both; the same further duties."""
        lane = taken.lane
        made = tuple(
            Outcome(duty.notice_id, it.state, it.status, it.due, it.keep)
            for duty, it in zip(lane.duties, reports, strict=False)
        )
        kept = [
            worker.settle(lane, *made, seconds=seconds, duties=2, is_suspect=is_suspect)
            for worker in self.both(taken.owner)
        ]
        assert plain(kept[0]) == plain(kept[1])
        if kept[0] is not None:
            self.lanes.append(Taken(taken.owner, kept[0]))

    @precondition(lambda self: self.duties)
    @rule(pick=picks, state=states)
    def replay(self, pick: int, state: bytes) -> None:
        """Some duty, there or gone."""
        scope, subscription_id, notice_id = self.duties[-1 - pick % len(self.duties)]
        replayed = [
            driver.replay_duty(scope, subscription_id, notice_id, state)
            for driver in (self.driver, self.model)
        ]
        assert replayed[0] is replayed[1]

    # --- Time, space, moves ---------------------------------------------------------------------

    @rule(count=st.integers(1, 2), reclaims=st.booleans())
    def advance(self, count: int, *, reclaims: bool) -> None:
        """Time goes by, and space is given back, which is not to be seen."""
        self.driver.clock.offset += count * UNIT
        if reclaims:
            assert 0 <= self.driver.reclaim(50) <= 50

    @precondition(lambda self: self.hands_over)
    @rule(number=queue_numbers)
    def move_there_and_back(self, number: int) -> None:
        """The queue is handed to itself: leases and what is over are forgotten."""
        pair = self.pairs[number]
        for queue in (pair.actual, pair.model):
            extract = queue.do(op.ExportNotices(None, 1000))
            notices, duties = list(extract.notices), list(extract.duties)
            while extract.cursor is not None:
                extract = queue.do(op.ExportNotices(extract.cursor, 1000))
                notices += extract.notices
                duties += extract.duties
            queue.do(op.ImportNotices(tuple(notices), tuple(duties), replaces=True))

    @invariant()
    def all_is_the_same(self) -> None:
        """After every step both list the same duties in the same states."""
        scopes = [pair.actual.ref.scope for pair in self.pairs]
        for status in DutyStatus:
            actual, expected = (
                [plain(it) for it in all_duties(driver, status) if it.scope in scopes]
                for driver in (self.driver, self.model)
            )
            assert actual == expected
