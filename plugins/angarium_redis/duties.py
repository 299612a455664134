"""The form in which notices, duties and lanes travel between the scripts and the driver."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from angarium.storage import operations as op
from angarium.storage.deliveries import (
    Duty,
    DutyStatus,
    Expansion,
    Lane,
    ListedDuty,
    NewDuty,
    Notice,
    Outcome,
    StoredDuty,
    StoredNotice,
)
from angarium_redis.keys import decode, decode_scope, encode

STATUSES: Final = (DutyStatus.PENDING, DutyStatus.DELIVERED, DutyStatus.FAILED)

_NEW: Final = struct.Struct(">QBB")
_OUTCOME: Final = struct.Struct(">BQQ")
_DUE: Final = struct.Struct(">QQQ")
_LISTED: Final = struct.Struct(">QQ")
_NOTICE: Final = struct.Struct(">QQB")


class Place(NamedTuple):
    """Where a listing of duties goes on."""

    bucket: int = 0
    lane: bytes = b""
    duty: bytes = b""


def to_marker(place: Place) -> str:
    """A place as a text."""
    return f"{place.bucket}.{place.lane.hex()}.{place.duty.hex()}"


def to_place(marker: str) -> Place | None:
    """The place again; None if the text is none."""
    try:
        bucket, lane, duty = marker.split(".")
        return Place(int(bucket), bytes.fromhex(lane), bytes.fromhex(duty))
    except ValueError:
        return None


def cursor_of(kind: bytes, lane: bytes, name: bytes) -> str:
    """Where an export goes on, as a text."""
    return f"{kind.decode()}.{lane.hex()}.{name.hex()}"


def to_cursor(cursor: str | None) -> tuple[bytes, bytes, bytes]:
    """The same again; the beginning for None."""
    kind, lane, name = (cursor or "n..").split(".")
    return kind.encode(), bytes.fromhex(lane), bytes.fromhex(name)


def pack_duties(duties: Sequence[NewDuty]) -> Iterator[bytes]:
    """Duties as the scripts read them."""
    for duty in duties:
        yield encode(duty.subscription_id)
        yield _NEW.pack(duty.due, duty.is_ordered, duty.is_suspect) + duty.state


def pack_expansion(reference: bytes, page: Expansion) -> Iterator[bytes]:
    """A page of an expansion."""
    yield from (reference, encode(page.notice_id), encode(page.after))
    yield b"-" if page.cursor is None else b"+" + encode(page.cursor)
    yield b"%d" % len(page.duties)
    yield from pack_duties(page.duties)


def pack_outcomes(outcomes: Sequence[Outcome]) -> Iterator[bytes]:
    """Outcomes of duties."""
    for outcome in outcomes:
        yield encode(outcome.notice_id)
        yield _OUTCOME.pack(STATUSES.index(outcome.status), outcome.due, outcome.keep)
        yield outcome.state


def pack_import(operation: op.ImportNotices) -> Iterator[bytes]:
    """Notices and duties of another store."""
    yield b"%d" % len(operation.notices)
    for notice in operation.notices:
        yield encode(notice.id)
        yield notice.payload
        yield _NOTICE.pack(notice.position, notice.age, notice.cursor is not None)
        yield encode(notice.cursor or "")
    for duty in operation.duties:
        yield encode(duty.notice_id)
        yield encode(duty.subscription_id)
        yield _NEW.pack(duty.due, duty.is_ordered, duty.is_suspect) + duty.state


def to_notices(answer: Sequence[Any]) -> Iterator[Notice]:
    """Notices that were leased."""
    for queue, id_, position, cursor, age, payload in _rows(answer, 6):
        scope = decode_scope(queue)
        yield Notice(scope, decode(id_), payload, int(position), decode(cursor), age)


def to_lanes(answer: Sequence[Any]) -> Iterator[Lane]:
    """Lanes that were leased."""
    place = 0
    while place < len(answer):
        queue, subscription, flags, count = answer[place : place + 4]
        place += 4
        rows = _rows(answer[place : place + 4 * count], 4)
        place += 4 * count
        yield Lane(
            scope=decode_scope(queue),
            subscription_id=decode(subscription),
            is_ordered=bool(flags & 1),
            is_suspect=bool(flags & 2),
            duties=tuple(
                Duty(decode(id_), payload, state, *_DUE.unpack(numbers))
                for id_, numbers, state, payload in rows
            ),
        )


def to_listed(answer: Sequence[Any], status: DutyStatus) -> tuple[ListedDuty, ...]:
    """Duties as an operator sees them."""
    return tuple(
        ListedDuty(
            decode_scope(queue),
            decode(subscription),
            decode(notice),
            status,
            state,
            payload,
            *_LISTED.unpack(numbers),
        )
        for queue, subscription, notice, numbers, state, payload in _rows(answer, 6)
    )


def to_stored_notices(answer: Sequence[Any]) -> tuple[StoredNotice, ...]:
    """Notices on their way to another store."""
    found = []
    for id_, payload, numbers, cursor in _rows(answer, 4):
        position, age, is_unexpanded = _NOTICE.unpack(numbers)
        stands = decode(cursor) if is_unexpanded else None
        found.append(StoredNotice(decode(id_), payload, position, stands, age))
    return tuple(found)


def to_stored_duties(answer: Sequence[Any]) -> tuple[StoredDuty, ...]:
    """Duties on their way to another store."""
    found = []
    for subscription, notice, numbers, state in _rows(answer, 4):
        due, is_ordered, is_suspect = _NEW.unpack(numbers)
        names = (decode(subscription), decode(notice))
        found.append(StoredDuty(*names, state, due, bool(is_ordered), bool(is_suspect)))
    return tuple(found)


def _rows(answer: Sequence[Any], width: int) -> Iterator[Sequence[Any]]:
    for place in range(0, len(answer), width):
        yield answer[place : place + width]
