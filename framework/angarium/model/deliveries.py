"""The part of the message store in memory about deliveries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from angarium.model.base import HeldQueues
from angarium.model.notices import HeldDuty, HeldNotice, HeldNotices
from angarium.storage import operations as op
from angarium.storage.deliveries import (
    HOLD,
    DutyPage,
    DutyStatus,
    Expansion,
    Lane,
    NewDuty,
    NewNotice,
    Notice,
    NoticeExtract,
    Settlement,
)
from angarium.storage.models import QueueRef, Scope


class DeliveryPart(HeldQueues):
    """The methods about notices, duties and lanes (``docs/interfaces.rst``)."""

    keeps_notices: ClassVar[bool] = True

    @property
    def _owed(self) -> HeldNotices:
        return self._store.owed

    def _announce(self, scope: Scope, new: NewNotice, position: int, now: int) -> None:
        """Store the notice of a batch unless it is there."""
        self._owed.add_notice(HeldNotice(scope, new.id, new.payload, position, now, cursor=""))

    def add_notice(self, queue: QueueRef, operation: op.AddNotice) -> None:
        """Store it as one that is expanded."""
        with self._open(queue) as (held, now):
            new = operation.notice
            notice = HeldNotice(queue.scope, new.id, new.payload, held.last_position, now, None)
            if self._owed.add_notice(notice):
                self._add_duties(notice, operation.duties, now)

    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        """Find the queues that nobody else works on."""
        with self._store.lock:
            now = self.clock.now()
            taken = self._owed.free_notices(owner, now)[:limit]
            for notice in taken:
                notice.holder, notice.held_until = owner, now + seconds
            return tuple(notice.seen(now) for notice in taken)

    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        """Check the cursor and the holder of each, then store."""
        for page in pages:
            with self._store.lock:
                notice = self._owed.notices.get((page.scope, page.notice_id))
                if notice is None or notice.cursor is None or notice.cursor != page.after:
                    continue
                if notice.holder not in ("", owner):
                    continue
                now = self.clock.now()
                self._add_duties(notice, page.duties, now)
                notice.cursor = page.cursor
                self._owed.forget_if_done(notice, now)

    def _add_duties(self, notice: HeldNotice, duties: Sequence[NewDuty], now: int) -> None:
        self._owed.settle(now)
        for new in duties:
            duty = HeldDuty(notice, new.subscription_id, new.state, now + new.due)
            self._owed.add_duty(duty, is_ordered=new.is_ordered, is_suspect=new.is_suspect)

    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        """Filter, sort by the first due time, then cut."""
        with self._store.lock:
            now = self.clock.now()
            found = [
                (min(duty.due for duty in due), lane)
                for lane in self._owed.lanes.values()
                if lane.is_suspect == suspects and lane.is_free(owner, now)
                if (due := lane.due(now))
            ]
            found.sort(key=lambda pair: pair[0])
            return tuple(lane.lease(owner, seconds, duties, now) for _, lane in found[:lanes])

    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        """Note the outcomes; go on if something else is due."""
        with self._store.lock:
            now = self.clock.now()
            lane = self._owed.lanes.get((settlement.scope, settlement.subscription_id))
            if lane is None or lane.holder not in ("", owner):
                return None
            for outcome in settlement.outcomes:
                duty = lane.duties.get(outcome.notice_id)
                if duty is not None:
                    self._owed.report(duty, outcome, now)
            lane.is_suspect = settlement.is_suspect
            lane.held_until = 0
            if settlement.seconds and settlement.duties and lane.due(now):
                return lane.lease(owner, settlement.seconds, settlement.duties, now)
            return None

    def list_duties(self, status: DutyStatus, marker: str | None, limit: int) -> DutyPage:
        """Filter and sort, then cut."""
        with self._store.lock:
            now = self.clock.now()
            self._owed.settle(now)
            found = {
                _marker(duty): duty
                for notice in self._owed.notices.values()
                for duty in notice.duties.values()
                if duty.status is status
            }
            later = sorted(key for key in found if marker is None or key > marker)
            page = later[:limit]
            duties = tuple(found[key].listed(now) for key in page)
            return DutyPage(duties, page[-1] if len(page) < len(later) else None)

    def replay_duty(self, scope: Scope, subscription_id: str, notice_id: str, state: bytes) -> bool:
        """Look it up and make it due."""
        with self._store.lock:
            now = self.clock.now()
            self._owed.settle(now)
            notice = self._owed.notices.get((scope, notice_id))
            duty = notice.duties.get(subscription_id) if notice else None
            if duty is None:
                return False
            self._owed.revive(duty, state, now)
            return True

    def export_notices(self, queue: QueueRef, operation: op.ExportNotices) -> NoticeExtract:
        """Put the notices before the duties, each in an order that stays, and cut."""
        with self._open(queue) as (_, now):
            notices = {
                "a" + notice.id: notice
                for notice in self._owed.notices.values()
                if notice.scope == queue.scope and notice.is_pending()
            }
            duties = {
                "b" + _marker(duty): lane.stored(duty, now)
                for lane in self._owed.lanes.values()
                if lane.scope == queue.scope
                for duty in lane.duties.values()
            }
            later = sorted(key for key in [*notices, *duties] if key > (operation.cursor or ""))
            page = later[: operation.limit]
            return NoticeExtract(
                tuple(notices[key].stored(now) for key in page if key in notices),
                tuple(duties[key] for key in page if key in duties),
                page[-1] if len(page) < len(later) else None,
            )

    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        """Write what is not there."""
        with self._open(queue) as (_, now):
            if operation.replaces:
                self._owed.forget_queue(queue.scope)
            for new in operation.notices:
                notice = HeldNotice(
                    queue.scope, new.id, new.payload, new.position, now - new.age, new.cursor
                )
                notice.keep_until = now + HOLD
                self._owed.add_notice(notice)
            for stored in operation.duties:
                needed = self._owed.notices.get((queue.scope, stored.notice_id))
                if needed is None:
                    continue
                duty = HeldDuty(needed, stored.subscription_id, stored.state, now + stored.due)
                self._owed.add_duty(
                    duty, is_ordered=stored.is_ordered, is_suspect=stored.is_suspect
                )

    def drop_notices(self, queue: QueueRef) -> None:
        """Forget them unless the queue has come back."""
        with self._store.lock:
            held = self._store.queues.get(queue.scope)
            if held is None or held.epoch <= queue.epoch:
                self._owed.forget_queue(queue.scope)


def _marker(duty: HeldDuty) -> str:
    """The full name of a duty as a text."""
    scope = duty.notice.scope
    return json.dumps([scope.project, scope.kind, scope.name, duty.notice.id, duty.subscription_id])
