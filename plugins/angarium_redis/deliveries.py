"""What queues owe to subscribers: notices, duties and lanes (``docs/interfaces.rst``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from angarium.storage import operations as op
from angarium.storage.deliveries import (
    HOLD,
    DutyPage,
    DutyStatus,
    Expansion,
    Lane,
    ListedDuty,
    Notice,
    NoticeExtract,
    Settlement,
)
from angarium.storage.models import QueueRef, Scope
from angarium_redis import duties as form
from angarium_redis.calls import Calls
from angarium_redis.client import Client
from angarium_redis.keys import encode, keys_of
from angarium_redis.scripts import Script, load, on_queue
from angarium_redis.shards import Index, Shards, Visit

_NOTICES: Final = ("owed", "owed_notices")
_OWED: Final = (*_NOTICES, "owed_lanes")
_ON_QUEUE: Final = ("owed_queue", *_OWED)
_HOLD: Final = str(HOLD).encode()
_LISTED: Final = 100  # shards that one call looks into for a listing
_MORE: Final = 2  # the answer of a script that has not forgotten everything yet


def _on_shard(name: str, *parts: str, changes: bool = True) -> Script:
    return load("owed_shard", *_OWED, *parts, name, changes=changes)


# A lease that a fail-over loses has something handed out twice, so nobody waits for replicas.
_LEASE_NOTICES: Final = _on_shard("owed_lease_notices", "owed_lapse", changes=False)
_EXPAND: Final = _on_shard("owed_expand")
_LEASE_LANES: Final = _on_shard("owed_lease_lanes", "owed_lapse", changes=False)
_SETTLE: Final = _on_shard("owed_settle", "owed_outcomes")
_REPLAY: Final = _on_shard("owed_replay")
_LIST: Final = _on_shard("owed_list", changes=False)
_RECLAIM: Final = _on_shard("owed_reclaim", "owed_outcomes", changes=False)
_ADD: Final = on_queue("data_add_notice", *_ON_QUEUE)
_EXPORT: Final = on_queue("data_export_notices", *_ON_QUEUE, changes=False)
_IMPORT: Final = on_queue("data_import_notices", *_ON_QUEUE, "owed_forget")
_DROP: Final = load("data_keys", *_ON_QUEUE, "owed_forget", "data_drop_notices")
_LANES: Final = (Index.LANES, Index.SUSPECTS)


class DeliveryPart:
    """The part of a message store that keeps what queues owe to subscribers."""

    keeps_notices: ClassVar[bool] = True
    client: Client
    prefix: bytes
    _calls: Calls
    _shards: Shards

    def announce(self, script: Script, queue: QueueRef, *arguments: bytes) -> None:
        """Carry out a post with a notice."""
        shard = self._shards.of(queue.scope)
        answer = self._calls.with_more(script, queue, shard.more, *arguments)
        if answer > 1:
            self._shards.expect(shard, [(Index.NOTICES, b"%d" % answer)])

    def add_notice(self, queue: QueueRef, operation: op.AddNotice) -> None:
        """Store a notice with its duties."""
        notice, duties = operation.notice, operation.duties
        own = (encode(notice.id), notice.payload, b"%d" % len(duties))
        shard = self._shards.of(queue.scope)
        heads = self._calls.with_more(_ADD, queue, shard.more, *own, *form.pack_duties(duties))
        self._shards.expect(shard, list(zip(_LANES, heads, strict=True)))

    def lease_notices(self, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
        """Take notices of queues that nobody else works on."""
        found: list[Notice] = []
        visits = []
        for shard in self._shards.to_visit(Index.NOTICES, owner):
            numbers = (b"%d" % seconds, b"%d" % (limit - len(found)))
            answer = self._shards.call(_LEASE_NOTICES, shard, encode(owner), *numbers)
            visits.append(Visit(shard, answer[0], answer[1] > 0))
            found += form.to_notices(answer[2:])
            if len(found) >= limit:
                break
        self._shards.visited(Index.NOTICES, owner, seconds, visits)
        if len(visits) > 1:
            oldest: dict[Scope, int] = {}
            for notice in found:
                oldest.setdefault(notice.scope, notice.age)
            found.sort(key=lambda notice: -oldest[notice.scope])
        return tuple(found)

    def expand_notices(self, owner: str, pages: Sequence[Expansion]) -> None:
        """Store duties, one call for each shard."""
        by_shard: dict[int, list[bytes]] = {}
        for page in pages:
            bucket = self._shards.of(page.scope).bucket
            reference = keys_of(self.prefix, page.scope).reference
            by_shard.setdefault(bucket, []).extend(form.pack_expansion(reference, page))
        for bucket, arguments in by_shard.items():
            shard = self._shards.at(bucket)
            heads = self._shards.call(_EXPAND, shard, encode(owner), *arguments)
            self._shards.expect(shard, list(zip((Index.NOTICES, *_LANES), heads, strict=True)))

    def lease_lanes(
        self, owner: str, seconds: int, lanes: int, duties: int, *, suspects: bool
    ) -> tuple[Lane, ...]:
        """Take lanes in which something is due."""
        index = Index.SUSPECTS if suspects else Index.LANES
        found: list[Lane] = []
        visits = []
        for shard in self._shards.to_visit(index, owner):
            numbers = (seconds, lanes - len(found), duties, suspects)
            arguments = (encode(owner), *(b"%d" % number for number in numbers))
            answer = self._shards.call(_LEASE_LANES, shard, *arguments)
            visits.append(Visit(shard, answer[0], answer[1] > 0))
            found += form.to_lanes(answer[2:])
            if len(found) >= lanes:
                break
        self._shards.visited(index, owner, seconds, visits)
        if len(visits) > 1:
            found.sort(key=lambda lane: -max(duty.late for duty in lane.duties))
        return tuple(found)

    def settle_lane(self, owner: str, settlement: Settlement) -> Lane | None:
        """Note the outcomes, and take more or give the lane back."""
        scope = settlement.scope
        numbers = (settlement.seconds, settlement.duties, settlement.is_suspect)
        shard = self._shards.of(scope)
        *heads, lane = _parted(
            self._shards.call(
                _SETTLE,
                shard,
                encode(owner),
                keys_of(self.prefix, scope).reference,
                encode(settlement.subscription_id),
                *(b"%d" % number for number in numbers),
                *form.pack_outcomes(settlement.outcomes),
            )
        )
        self._shards.expect(shard, list(zip(_LANES, heads, strict=True)))
        return next(iter(form.to_lanes(lane)), None)

    def list_duties(self, status: DutyStatus, marker: str | None, limit: int) -> DutyPage:
        """Read duties by shard, lane and position."""
        place = form.Place() if marker is None else form.to_place(marker)
        if place is None:
            return DutyPage((), None)
        number = b"%d" % form.STATUSES.index(status)
        found: list[ListedDuty] = []
        for count, shard in enumerate(self._shards.filled(Index.NAMES, place.bucket)):
            if count == _LISTED:
                return DutyPage(tuple(found), form.to_marker(form.Place(shard.bucket)))
            start = place if shard.bucket == place.bucket else form.Place()
            left = b"%d" % (limit - len(found))
            lane, duty, *answer = self._shards.call(
                _LIST, shard, number, start.lane, start.duty, left
            )
            found += form.to_listed(answer, status)
            if lane:
                return DutyPage(tuple(found), form.to_marker(form.Place(shard.bucket, lane, duty)))
        return DutyPage(tuple(found), None)

    def replay_duty(self, scope: Scope, subscription_id: str, notice_id: str, state: bytes) -> bool:
        """Make a duty due at once."""
        shard = self._shards.of(scope)
        names = (encode(subscription_id), encode(notice_id))
        reference = keys_of(self.prefix, scope).reference
        heads = self._shards.call(_REPLAY, shard, reference, *names, state)
        if heads == 0:
            return False
        self._shards.expect(shard, list(zip(_LANES, heads, strict=True)))
        return True

    def export_notices(self, queue: QueueRef, operation: op.ExportNotices) -> NoticeExtract:
        """Read notices by position, then duties by lane and position."""
        shard = self._shards.of(queue.scope)
        start = form.to_cursor(operation.cursor)
        arguments = (b"%d" % operation.limit, *start)
        answer = self._calls.with_more(_EXPORT, queue, shard.more, *arguments)
        end = 4 + 4 * answer[3]
        return NoticeExtract(
            form.to_stored_notices(answer[4:end]),
            form.to_stored_duties(answer[end:]),
            form.cursor_of(*answer[:3]) if answer[0] else None,
        )

    def import_notices(self, queue: QueueRef, operation: op.ImportNotices) -> None:
        """Store what is not there."""
        shard = self._shards.of(queue.scope)
        arguments = (b"%d" % operation.replaces, _HOLD, *form.pack_import(operation))
        heads = self._calls.with_more(_IMPORT, queue, shard.more, *arguments)
        self._shards.expect(shard, list(zip((Index.NOTICES, *_LANES), heads, strict=True)))

    def drop_notices(self, queue: QueueRef) -> None:
        """Forget what the queue owes, in short steps."""
        more = self._shards.of(queue.scope).more
        while self._calls.with_more(_DROP, queue, more) == _MORE:
            pass

    def forget_kept(self, limit: int) -> int:
        """Forget at most so many duties that were kept long enough; returns how many."""
        freed = 0
        for shard in self._shards.filled(Index.KEPT, 0):
            freed += self._shards.call(_RECLAIM, shard, b"%d" % (limit - freed))
            if freed >= limit:
                break
        return freed


def _parted(answer: Sequence[Any]) -> tuple[bytes, bytes, Sequence[Any]]:
    """The heads of the two indexes of lanes, and the rest."""
    return answer[0], answer[1], answer[2:]
