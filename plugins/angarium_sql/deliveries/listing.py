"""Duties as operators see them, and one made due again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, or_, select, tuple_, update

from angarium.storage.deliveries import DutyPage, DutyStatus, ListedDuty
from angarium.storage.models import Scope
from angarium_sql.core.transaction import Transaction
from angarium_sql.deliveries import lanes, notices
from angarium_sql.moments import NOW
from angarium_sql.statements import Statement
from angarium_sql.tables import AnyRow, decode, digest, duties, encode
from angarium_sql.tables import lanes as lane_table
from angarium_sql.tables import notices as notice_table

_ORDER: Final = (duties.c.expires, duties.c.notice, duties.c.lane)
_PAGE: Final = Statement(
    select(
        *(*_ORDER, duties.c.status, duties.c.state, duties.c.due),
        *(notice_table.c.project, notice_table.c.kind, notice_table.c.name),
        *(notice_table.c.id, notice_table.c.payload, notice_table.c.created),
        lane_table.c.subscription_id,
        NOW.label("moment"),
    )
    .join_from(duties, notice_table, notice_table.c.number == duties.c.notice)
    .join(lane_table, lane_table.c.number == duties.c.lane)
    .where(
        duties.c.status == bindparam("p_status"),
        tuple_(*_ORDER)
        > tuple_(*(bindparam(f"after_{it}") for it in ("expires", "notice", "lane"))),
        or_(duties.c.pending >= 0, duties.c.expires > NOW),
    )
    .order_by(*_ORDER)
    .limit(bindparam("limit"))
    .with_hint(duties, "FORCE INDEX (ix_angarium_duties_status)", "mysql")
    .prefix_with("STRAIGHT_JOIN", dialect="mysql")
)
_REPLAY: Final = Statement(
    update(duties)
    .where(
        duties.c.notice == bindparam("p_notice"),
        duties.c.lane == bindparam("p_lane"),
        or_(duties.c.pending >= 0, duties.c.expires > bindparam("now")),
    )
    .values(
        pending=select(notice_table.c.position)
        .where(notice_table.c.number == bindparam("p_notice"))
        .scalar_subquery(),
        due=bindparam("now"),
        status=lanes.PENDING,
        expires=0,
        state=bindparam("new_state"),
    )
)


def page(transaction: Transaction, status: DutyStatus, marker: str | None, limit: int) -> DutyPage:
    """Pending ones by age, others by the end of their listing."""
    after = [int(part) for part in marker.split(".")] if marker else [-1, 0, 0]
    values = {
        "p_status": encode(status.value),
        **dict(zip(("after_expires", "after_notice", "after_lane"), after, strict=True)),
        "limit": limit + 1,
        **transaction.moment(),
    }
    rows = transaction.rows(_PAGE, values)
    found = rows[:limit]
    last = ".".join(str(part) for part in found[-1][:3]) if len(rows) > limit else None
    return DutyPage(tuple(map(_to_listed, found)), last)


def _to_listed(row: AnyRow) -> ListedDuty:
    return ListedDuty(
        scope=notices.scope_of(row),
        subscription_id=decode(row.subscription_id),
        notice_id=decode(row.id),
        status=DutyStatus(decode(row.status)),
        state=row.state,
        payload=row.payload,
        age=max(row.moment - row.created, 0),
        due=0 if row.due is None else max(row.due - row.moment, 0),
    )


def replay(
    transaction: Transaction, scope: Scope, subscription_id: str, notice_id: str, state: bytes
) -> bool:
    """Make a duty due now; False if there is none."""
    key = digest(scope, notice_id)
    number = notices.known(transaction, [key]).get(key)
    lane = lanes.lock_one(transaction, scope, subscription_id)
    if number is None or lane is None:
        return False
    values = {"p_notice": number, "p_lane": lane.number, "now": transaction.now()}
    if not transaction.run(_REPLAY, {**values, "new_state": state}):
        return False
    if lane.due is None:
        lanes.hold(transaction, [lane.number], None, 0, is_suspect=False)
    lanes.refresh(transaction, [lane.number])
    return True
