"""What is due in lanes that are locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, func, literal, select, union_all

from angarium.storage.deliveries import Duty, Lane
from angarium_sql.core import taking
from angarium_sql.core.transaction import Transaction
from angarium_sql.deliveries.notices import scope_of
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, decode, duties, notices

_LANES: Final = 100  # lanes that one statement looks into
_NEVER: Final = 2**62

_NOTICES: Final = Statement(
    select(
        *(notices.c.number, notices.c.id, notices.c.position, notices.c.created, notices.c.payload)
    ).where(one_of(notices.c.number, "numbers")),
    lists=("numbers",),
)


@dataclass(frozen=True, slots=True)
class Due:
    """The duties of some lanes that are due, by number of the lane, and what they are about."""

    _duties: Mapping[int, Sequence[AnyRow]]
    _notices: Mapping[int, AnyRow]
    _now: int

    def in_lane(self, row: AnyRow, *, is_suspect: bool) -> Lane:
        """A lane as its holder sees it."""
        return Lane(
            scope=scope_of(row),
            subscription_id=decode(row.subscription_id),
            is_ordered=bool(row.is_ordered),
            is_suspect=is_suspect,
            duties=tuple(self._to_duty(duty) for duty in self._duties.get(row.number, ())),
        )

    def _to_duty(self, duty: AnyRow) -> Duty:
        notice = self._notices[duty.notice]
        return Duty(
            notice_id=decode(notice.id),
            payload=notice.payload,
            state=duty.state,
            position=notice.position,
            age=max(self._now - notice.created, 0),
            late=self._now - duty.due,
        )


def find(transaction: Transaction, lanes: Sequence[AnyRow], limit: int, now: int) -> Due:
    """What is due in lanes, at most ``limit`` duties in each; payloads are read once for all."""
    found: dict[int, list[AnyRow]] = {}
    for start in range(0, len(lanes), _LANES):
        part = lanes[start : start + _LANES]
        values: dict[str, Any] = {}
        for place, lane in enumerate(part):
            # In an ordered lane the oldest duty counts, due or not.
            values[f"lane{place}"] = lane.number
            values[f"horizon{place}"] = _NEVER if lane.is_ordered else now
            values[f"limit{place}"] = 1 if lane.is_ordered else limit
        for duty in transaction.rows(_due_in(len(part)), values):
            if duty.due <= now:
                found.setdefault(duty.lane, []).append(duty)
    numbers = sorted({duty.notice for rows in found.values() for duty in rows})
    about: list[AnyRow] = []
    for chunk in taking.chunks(numbers):
        about += transaction.rows(_NOTICES, {"numbers": chunk})
    for rows in found.values():
        rows.sort(key=lambda duty: (duty.pending, duty.notice))
    return Due(found, {notice.number: notice for notice in about}, now)


@cache
def _due_in(count: int) -> Statement:
    """Each lane is searched by position, as far as is needed."""
    return Statement(union_all(*(_branch(place) for place in range(count))))


def _branch(place: int) -> Any:
    columns = (duties.c.lane, duties.c.notice, duties.c.pending, duties.c.due, duties.c.state)
    return (
        select(*columns)
        .where(
            duties.c.lane == bindparam(f"lane{place}"),
            duties.c.pending >= 0,
            # Written so that no database looks through the index on ``due``.
            func.coalesce(duties.c.due, literal(0)) <= bindparam(f"horizon{place}"),
        )
        .order_by(duties.c.pending, duties.c.notice)
        .limit(bindparam(f"limit{place}"))
        .with_hint(duties, "FORCE INDEX (ix_angarium_duties_pending)", "mysql")
        .subquery(f"due{place}")
        .select()
    )
