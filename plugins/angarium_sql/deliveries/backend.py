"""Which function carries out which method, and in which kind of transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from angarium.clock import Clock
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
from angarium.storage.models import QueueRef, Scope
from angarium_sql.core.transaction import Transaction
from angarium_sql.database import Database
from angarium_sql.deliveries import lanes, listing, moving, notices, reclaiming, working
from angarium_sql.session import Session

ResultT = TypeVar("ResultT")

_STEP: Final = 200  # things freed in one transaction


class Deliveries:
    """What is owed to subscribers. Who finds nothing to take has only read."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add_notice(self, queue: QueueRef, operation: op.AddNotice) -> None:
        """Store a notice that no message belongs to."""
        self._change(lambda it: moving.add_notice(it, queue, operation))

    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        """Take notices; look again if others have just taken all that were found."""
        while self._read(lambda it: notices.free(it, owner, 1)):
            taken = self._change(lambda it: notices.lease(it, owner, seconds, limit))
            if taken:
                return taken
        return ()

    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        """Store duties."""
        if pages:
            self._change(lambda it: notices.expand(it, owner, pages))

    def lease_lanes(
        self, owner: str, seconds: int, limits: tuple[int, int], *, suspects: bool
    ) -> tuple[Lane, ...]:
        """Take lanes, and a number of duties of each."""
        while self._read(lambda it: lanes.free(it, owner, 1, suspects=suspects)):
            taken = self._change(
                lambda it: working.lease(it, owner, seconds, limits, suspects=suspects)
            )
            if taken:
                return taken
        return ()

    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        """Store outcomes."""
        return self._change(lambda it: working.settle(it, owner, settlement))

    def list_duties(self, status: DutyStatus, marker: str | None, limit: int) -> DutyPage:
        """Read duties."""
        return self._read(lambda it: listing.page(it, status, marker, limit))

    def replay_duty(self, scope: Scope, subscription_id: str, notice_id: str, state: bytes) -> bool:
        """Make a duty due."""
        return self._change(lambda it: listing.replay(it, scope, subscription_id, notice_id, state))

    def export_notices(self, queue: QueueRef, operation: op.ExportNotices) -> NoticeExtract:
        """Read what a queue owes."""
        return self._read(lambda it: moving.export_notices(it, queue, operation))

    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        """Store what a queue owes."""
        self._change(lambda it: moving.import_notices(it, queue, operation))

    def drop_notices(self, queue: QueueRef) -> None:
        """Forget what a queue owes."""
        self._change(lambda it: moving.drop_notices(it, queue))

    def reclaim(self, limit: int) -> int:
        """Free at most ``limit`` things, in transactions that are all short."""
        freed = 0
        for find, delete in reclaiming.STEPS:
            count = 1
            while freed < limit and count:
                count = self._reclaim(find, delete, min(limit - freed, _STEP))
                freed += count
        return freed

    def _reclaim(
        self, find: Callable[..., list[object]], delete: Callable[..., int], n: int
    ) -> int:
        found = self._read(lambda it: find(it, n))
        return self._change(lambda it: delete(it, found)) if found else 0

    def _read(self, work: Callable[[Transaction], ResultT]) -> ResultT:
        def run(session: Session) -> ResultT:
            return work(Transaction(session, self._clock))

        return self._database.read(run)

    def _change(self, work: Callable[[Transaction], ResultT]) -> ResultT:
        def run(session: Session) -> ResultT:
            return work(Transaction(session, self._clock))

        return self._database.change(run)
