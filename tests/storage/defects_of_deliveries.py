"""Message stores that are right but for one thing each in what they do for subscribers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from angarium.model.notices import HeldLane
from angarium.storage import operations as op
from angarium.storage.deliveries import (
    DutyStatus,
    Expansion,
    Lane,
    Notice,
    NoticeExtract,
    Settlement,
)
from angarium.storage.models import QueueRef, Scope
from angarium.testing import ModelDataDriver


class AnnouncesRepetitions(ModelDataDriver):
    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        super().post_messages(queue, operation)
        if operation.notice is not None:
            self._announce(queue.scope, operation.notice, 1, self.clock.now())


class AnnouncesFirst(ModelDataDriver):
    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        if operation.notice is not None:
            self._announce(queue.scope, operation.notice, 1, self.clock.now())
        super().post_messages(queue, operation)


class SharesQueues(ModelDataDriver):
    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        for notice in self._store.owed.notices.values():
            notice.held_until = 0
        return super().lease_notices(owner, seconds, limit)


class BeginsWithTheNewest(ModelDataDriver):
    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        return super().lease_notices(owner, seconds, 1000)[::-1][:limit]


class IgnoresCursors(ModelDataDriver):
    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        for page in pages:
            notice = self._store.owed.notices.get((page.scope, page.notice_id))
            after = notice.cursor if notice is not None and notice.cursor else ""
            super().expand_notices(owner, (dataclasses.replace(page, after=after),))


class ExpandsForAnybody(ModelDataDriver):
    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        for notice in self._store.owed.notices.values():
            notice.holder = owner
        super().expand_notices(owner, pages)


class ReplacesDuties(ModelDataDriver):
    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        for page in pages:
            notice = self._store.owed.notices[page.scope, page.notice_id]
            for duty in page.duties:
                notice.duties.pop(duty.subscription_id, None)
        super().expand_notices(owner, pages)


class SharesLanes(ModelDataDriver):
    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        for lane in self._store.owed.lanes.values():
            lane.held_until = 0
        return super().lease_lanes(owner, seconds, lanes, duties, suspects=suspects)


class MixesSuspects(ModelDataDriver):
    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        good = super().lease_lanes(owner, seconds, lanes, duties, suspects=False)
        bad = super().lease_lanes(owner, seconds, lanes, duties, suspects=True)
        return (*bad, *good) if suspects else (*good, *bad)


class ForgetsOrder(ModelDataDriver):
    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        for lane in self._store.owed.lanes.values():
            lane.is_ordered = False
        return super().lease_lanes(owner, seconds, lanes, duties, suspects=suspects)


class BelievesLateReports(ModelDataDriver):
    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        lane = self._store.owed.lanes.get((settlement.scope, settlement.subscription_id))
        if lane is not None:
            lane.holder = owner
        return super().settle_lane(owner, settlement)


class IgnoresLapsedReports(ModelDataDriver):
    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        lane = self._store.owed.lanes.get((settlement.scope, settlement.subscription_id))
        if lane is None or lane.held_until <= self.clock.now():
            return None
        return super().settle_lane(owner, settlement)


class KeepsIdleLanes(ModelDataDriver):
    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        kept = super().settle_lane(owner, settlement)
        lane = self._store.owed.lanes.get((settlement.scope, settlement.subscription_id))
        if lane is not None and lane.holder == owner:
            lane.held_until = self.clock.now() + settlement.seconds
        return kept


class KeepsEmptyLanes(ModelDataDriver):
    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        key = settlement.scope, settlement.subscription_id
        before = self._store.owed.lanes.get(key)
        kept = super().settle_lane(owner, settlement)
        if before is not None:
            again = HeldLane(*key, before.is_ordered, before.is_suspect)
            self._store.owed.lanes.setdefault(key, again)
        return kept


class ForgetsPayloads(ModelDataDriver):
    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        for outcome in settlement.outcomes:
            if outcome.status is not DutyStatus.PENDING:
                self._store.owed.notices[settlement.scope, outcome.notice_id].payload = b""
        return super().settle_lane(owner, settlement)


class KeepsForGood(ModelDataDriver):
    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        kept = [dataclasses.replace(it, keep=it.keep and 10**9) for it in settlement.outcomes]
        return super().settle_lane(owner, dataclasses.replace(settlement, outcomes=tuple(kept)))


class ForgetsWithTheQueue(ModelDataDriver):
    def unregister(self, queue: QueueRef) -> None:
        super().unregister(queue)
        self._store.owed.forget_queue(queue.scope)


class ForgetsWithTheMessages(ModelDataDriver):
    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        super().purge_messages(queue, operation)
        self._store.owed.forget_queue(queue.scope)


class ReplaysWhatWaits(ModelDataDriver):
    def replay_duty(self, scope: Scope, subscription_id: str, notice_id: str, state: bytes) -> bool:
        lane = self._store.owed.lanes.get((scope, subscription_id))
        if lane is None or notice_id not in lane.duties:
            return False
        return super().replay_duty(scope, subscription_id, notice_id, state)


class AddsAgain(ModelDataDriver):
    def add_notice(self, queue: QueueRef, operation: op.AddNotice) -> None:
        notice = self._store.owed.notices.get((queue.scope, operation.notice.id))
        if notice is not None:
            self._add_duties(notice, operation.duties, self.clock.now())
        super().add_notice(queue, operation)


class ExportsExpandedNotices(ModelDataDriver):
    def export_notices(self, queue: QueueRef, operation: op.ExportNotices) -> NoticeExtract:
        extract = super().export_notices(queue, operation)
        kept = tuple(it for it in extract.notices if it.cursor is None)
        return dataclasses.replace(extract, notices=kept)


class ImportsAsDue(ModelDataDriver):
    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        due = tuple(dataclasses.replace(it, due=0) for it in operation.duties)
        super().import_notices(queue, dataclasses.replace(operation, duties=due))


class ForgetsCursors(ModelDataDriver):
    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        anew = tuple(dataclasses.replace(it, cursor=it.cursor and "") for it in operation.notices)
        super().import_notices(queue, dataclasses.replace(operation, notices=anew))


class ImportsOnTop(ModelDataDriver):
    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        super().import_notices(queue, dataclasses.replace(operation, replaces=False))


class ImportsOverwriting(ModelDataDriver):
    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        super().import_notices(queue, dataclasses.replace(operation, replaces=True))


class DropsRegardless(ModelDataDriver):
    def drop_notices(self, queue: QueueRef) -> None:
        self._store.owed.forget_queue(queue.scope)
