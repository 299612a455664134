"""The message store driver: notices, duties and lanes (``docs/interfaces.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeVar

from angarium.storage import operations as op
from angarium.storage.deliveries import (
    DutyPage,
    DutyStatus,
    Expansion,
    Lane,
    Notice,
    NoticeExtract,
    Settlement,
)
from angarium.storage.driver import DataDriver
from angarium.storage.models import QueueRef, Scope
from angarium_mongodb import fulfilling, handing_over, noticing, overseeing, owed
from angarium_mongodb.base import MongoDriver
from angarium_mongodb.deployment import Session
from angarium_mongodb.documents import scope_key
from angarium_mongodb.transaction import Transaction, server_time

ResultT = TypeVar("ResultT")
Work = Callable[[Transaction], ResultT]

TAIL: Final = "tail of "
_LEASING_NOTICES: Final = "leases of notices"
_LEASING_LANES: Final = "leases of lanes"


class MongoDeliveries(MongoDriver, DataDriver):
    """What is owed to subscribers, in MongoDB."""

    keeps_notices: ClassVar[bool] = True

    def add_notice(self, queue: QueueRef, operation: op.AddNotice) -> None:
        """Store a notice with its duties."""
        scope = scope_key(queue.scope)
        lanes = {it.subscription_id for it in operation.duties}
        self._change_at(
            lambda it: noticing.add_notice(it, queue, operation),
            f"{TAIL}{scope}",
            *(owed.lane_turn(owed.lane_key(scope, it)) for it in lanes),
        )

    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        """Take notices to be expanded."""
        return self._change_at(
            lambda it: noticing.lease_notices(it, owner, seconds, limit), _LEASING_NOTICES
        )

    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        """Store the duties of pages."""
        lanes = {
            owed.lane_key(scope_key(page.scope), it.subscription_id)
            for page in pages
            for it in page.duties
        }
        self._change_at(
            lambda it: noticing.expand_notices(it, owner, pages),
            *(owed.lane_turn(it) for it in lanes),
        )

    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        """Take lanes with what is due."""
        limits = (lanes, duties)
        return self._change_at(
            lambda it: fulfilling.lease_lanes(it, owner, seconds, limits, suspects=suspects),
            _LEASING_LANES,
        )

    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        """Note what became of duties."""
        lane = owed.lane_key(scope_key(settlement.scope), settlement.subscription_id)
        return self._change_at(
            lambda it: fulfilling.settle_lane(it, owner, settlement), owed.lane_turn(lane)
        )

    def list_duties(self, status: DutyStatus, marker: str | None, limit: int) -> DutyPage:
        """Read duties of the whole store."""
        now = self.deployment.run(lambda database: server_time(database, self.clock))
        return self._read(lambda it: overseeing.list_duties(it, now, status, marker, limit))

    def replay_duty(self, scope: Scope, subscription_id: str, notice_id: str, state: bytes) -> bool:
        """Make a duty due at once."""
        return self._change_at(
            lambda it: overseeing.replay_duty(it, scope, subscription_id, notice_id, state),
            owed.lane_turn(owed.lane_key(scope_key(scope), subscription_id)),
        )

    def export_notices(self, queue: QueueRef, operation: op.ExportNotices) -> NoticeExtract:
        """Read what a queue owes."""
        return self._read(lambda it: handing_over.export_notices(it, queue, operation))

    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        """Store what a queue owes in another store."""
        self._change_at(lambda it: handing_over.import_notices(it, queue, operation))

    def drop_notices(self, queue: QueueRef) -> None:
        """Forget what a queue owes, in as many transactions as that takes."""
        while not self._change_at(lambda it: handing_over.drop_notices(it, queue)):
            pass

    def _read(self, work: Work[ResultT]) -> ResultT:
        def run(session: Session) -> ResultT:
            return work(Transaction(session, self.clock))

        return self.deployment.read(run)

    def _change_at(self, work: Work[ResultT], *places: str, repeatable: bool = True) -> ResultT:
        """Carry out work in one transaction.

        :param places: where the threads of this process wait for each other.
        """

        def run(session: Session) -> ResultT:
            return work(Transaction(session, self.clock))

        with self.deployment.turns.take(*places):
            return self.deployment.change(run, repeatable=repeatable)
