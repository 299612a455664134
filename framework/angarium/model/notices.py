"""What the message store in memory owes to subscribers: notices, their duties, and lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from angarium.storage.deliveries import (
    Duty,
    DutyStatus,
    Lane,
    ListedDuty,
    Notice,
    Outcome,
    StoredDuty,
    StoredNotice,
)
from angarium.storage.models import Scope

_NEVER: Final = 2**63


@dataclass(slots=True, eq=False)
class HeldNotice:
    """A notice; times in seconds since 1970.

    :ivar cursor: None once it is fully expanded.
    :ivar holder: who leased it last; empty for nobody.
    :ivar keep_until: it stays until then, for duties that may still come from another store.
    :ivar duties: by subscription, those that are over and kept included.
    """

    scope: Scope
    id: str
    payload: bytes
    position: int
    created: int
    cursor: str | None
    holder: str = ""
    held_until: int = 0
    keep_until: int = 0
    duties: dict[str, HeldDuty] = field(default_factory=dict)

    def is_held_by_another(self, owner: str, now: int) -> bool:
        """Whether somebody else's lease is running."""
        return self.holder != owner and now < self.held_until

    def is_pending(self) -> bool:
        """Whether another store would need it."""
        return self.cursor is not None or any(it.is_pending for it in self.duties.values())

    def seen(self, now: int) -> Notice:
        """As who expands it sees it."""
        return Notice(
            scope=self.scope,
            id=self.id,
            payload=self.payload,
            position=self.position,
            cursor=self.cursor or "",
            age=now - self.created,
        )

    def stored(self, now: int) -> StoredNotice:
        """As another store needs it."""
        return StoredNotice(self.id, self.payload, self.position, self.cursor, now - self.created)


@dataclass(slots=True, eq=False)
class HeldDuty:
    """A duty; times in seconds since 1970.

    :ivar listed_until: of one that is over.
    """

    notice: HeldNotice
    subscription_id: str
    state: bytes
    due: int
    status: DutyStatus = DutyStatus.PENDING
    listed_until: int = _NEVER

    @property
    def is_pending(self) -> bool:
        """Whether it is not over."""
        return self.status is DutyStatus.PENDING

    @property
    def lane(self) -> tuple[Scope, str]:
        """The key of its lane."""
        return self.notice.scope, self.subscription_id

    def seen(self, now: int) -> Duty:
        """As who fulfils it sees it."""
        notice = self.notice
        age, late = now - notice.created, now - self.due
        return Duty(notice.id, notice.payload, self.state, notice.position, age, late)

    def listed(self, now: int) -> ListedDuty:
        """As an operator sees it."""
        return ListedDuty(
            scope=self.notice.scope,
            subscription_id=self.subscription_id,
            notice_id=self.notice.id,
            status=self.status,
            state=self.state,
            payload=self.notice.payload,
            age=now - self.notice.created,
            due=max(0, self.due - now) if self.is_pending else 0,
        )


@dataclass(slots=True, eq=False)
class HeldLane:
    """A lane with a pending duty or more.

    :ivar holder: who leased it last; empty for nobody.
    :ivar held_until: in seconds since 1970.
    :ivar duties: the pending ones, by notice.
    """

    scope: Scope
    subscription_id: str
    is_ordered: bool
    is_suspect: bool
    holder: str = ""
    held_until: int = 0
    duties: dict[str, HeldDuty] = field(default_factory=dict)

    def is_free(self, owner: str, now: int) -> bool:
        """Whether nobody else holds it."""
        return self.holder in ("", owner) or now >= self.held_until

    def due(self, now: int) -> list[HeldDuty]:
        """What can be fulfilled now, by position."""
        waiting = sorted(self.duties.values(), key=lambda duty: duty.notice.position)
        if self.is_ordered:
            waiting = waiting[:1]
        return [duty for duty in waiting if duty.due <= now]

    def lease(self, owner: str, seconds: int, limit: int, now: int) -> Lane:
        """Give it to somebody with what is due."""
        self.holder, self.held_until = owner, now + seconds
        duties = tuple(duty.seen(now) for duty in self.due(now)[:limit])
        return Lane(self.scope, self.subscription_id, self.is_ordered, self.is_suspect, duties)

    def stored(self, duty: HeldDuty, now: int) -> StoredDuty:
        """One of its duties as another store needs it."""
        return StoredDuty(
            subscription_id=self.subscription_id,
            notice_id=duty.notice.id,
            state=duty.state,
            due=max(0, duty.due - now),
            is_ordered=self.is_ordered,
            is_suspect=self.is_suspect,
        )


@dataclass(slots=True)
class HeldNotices:
    """Everything that the queues of a store owe.

    :ivar notices: by scope and id.
    :ivar lanes: by scope and subscription.
    :ivar quiet_until: nothing that is over has to be forgotten before.
    """

    notices: dict[tuple[Scope, str], HeldNotice] = field(default_factory=dict)
    lanes: dict[tuple[Scope, str], HeldLane] = field(default_factory=dict)
    quiet_until: int = _NEVER

    def settle(self, now: int) -> None:
        """Forget what is over and was kept long enough."""
        if now < self.quiet_until:
            return
        notices = list(self.notices.values())
        duties = [duty for notice in notices for duty in notice.duties.values()]
        for duty in duties:
            if duty.listed_until <= now:
                self._forget_duty(duty)
        for notice in notices:
            self.forget_if_done(notice, now)
        ends = [it.listed_until for it in duties] + [it.keep_until for it in notices]
        self.quiet_until = min((end for end in ends if end > now), default=_NEVER)

    def add_notice(self, notice: HeldNotice) -> bool:
        """Store a notice; False if it is there."""
        if notice.keep_until:
            self.quiet_until = min(self.quiet_until, notice.keep_until)
        key = notice.scope, notice.id
        return self.notices.setdefault(key, notice) is notice

    def add_duty(self, duty: HeldDuty, *, is_ordered: bool, is_suspect: bool) -> None:
        """Store a duty, and make its lane, unless it is there."""
        if duty.subscription_id in duty.notice.duties:
            return
        duty.notice.duties[duty.subscription_id] = duty
        lane = HeldLane(*duty.lane, is_ordered, is_suspect)
        lane = self.lanes.setdefault(duty.lane, lane)
        lane.is_ordered = is_ordered
        lane.duties[duty.notice.id] = duty

    def report(self, duty: HeldDuty, outcome: Outcome, now: int) -> None:
        """Note what became of a pending duty."""
        duty.state, duty.status, duty.due = outcome.state, outcome.status, now + outcome.due
        if duty.is_pending:
            return
        self._leave_lane(duty)
        duty.listed_until = now + outcome.keep
        self.quiet_until = min(self.quiet_until, duty.listed_until)
        self.settle(now)

    def revive(self, duty: HeldDuty, state: bytes, now: int) -> None:
        """Make a duty due, be it over or not."""
        duty.state, duty.due = state, now
        duty.status, duty.listed_until = DutyStatus.PENDING, _NEVER
        lane = self.lanes.setdefault(
            duty.lane, HeldLane(*duty.lane, is_ordered=False, is_suspect=False)
        )
        lane.duties[duty.notice.id] = duty

    def _forget_duty(self, duty: HeldDuty) -> None:
        self._leave_lane(duty)
        del duty.notice.duties[duty.subscription_id]

    def forget_if_done(self, notice: HeldNotice, now: int) -> None:
        """Forget a notice that is fully expanded and has no duties."""
        if notice.cursor is None and not notice.duties and notice.keep_until <= now:
            del self.notices[notice.scope, notice.id]

    def forget_queue(self, scope: Scope) -> None:
        """Forget all that a queue owes."""
        self.notices = {key: it for key, it in self.notices.items() if it.scope != scope}
        self.lanes = {key: it for key, it in self.lanes.items() if it.scope != scope}

    def free_notices(self, owner: str, now: int) -> list[HeldNotice]:
        """What somebody can expand: the queues with the oldest notices first, each by position."""
        queues = [
            notices
            for notices in self._unexpanded()
            if not any(it.is_held_by_another(owner, now) for it in notices)
        ]
        queues.sort(key=lambda notices: notices[0].created)
        return [notice for notices in queues for notice in notices]

    def _unexpanded(self) -> Iterator[list[HeldNotice]]:
        found = [it for it in self.notices.values() if it.cursor is not None]
        found.sort(key=lambda it: (it.scope.project, it.scope.kind, it.scope.name, it.position))
        for _, notices in groupby(found, key=lambda it: it.scope):
            yield list(notices)

    def _leave_lane(self, duty: HeldDuty) -> None:
        lane = self.lanes.get(duty.lane)
        if lane is not None:
            lane.duties.pop(duty.notice.id, None)
            if not lane.duties:
                del self.lanes[duty.lane]
