"""Giving back the space of what nobody can see any more.

Each kind is looked for without locks; what was found is looked at again when it is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, exists, or_, select

from angarium_sql.core import taking
from angarium_sql.core.transaction import Transaction
from angarium_sql.deliveries import lanes, notices
from angarium_sql.moments import NOW
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, duties
from angarium_sql.tables import lanes as lane_table
from angarium_sql.tables import notices as notice_table

_OVER: Final = Statement(
    select(duties.c.notice, duties.c.lane)
    .where(
        or_(duties.c.status == b"delivered", duties.c.status == b"failed"),
        duties.c.expires <= NOW,
    )
    .limit(bindparam("limit"))
)
_DELETE_DUTY: Final = Statement(
    delete(duties).where(
        duties.c.notice == bindparam("notice"),
        duties.c.lane == bindparam("lane"),
        duties.c.pending.is_(None),
        duties.c.expires <= NOW,
    )
)
_UNNEEDED: Final = Statement(
    select(notice_table.c.number).where(*notices.UNNEEDED).limit(bindparam("limit"))
)
_HAS_NO_DUTIES: Final = ~exists().where(duties.c.lane == lane_table.c.number)
_AT_REST: Final = Statement(
    select(lane_table.c.number)
    .where(
        or_(lane_table.c.is_suspect == 0, lane_table.c.is_suspect == 1),
        lane_table.c.due.is_(None),
        _HAS_NO_DUTIES,
    )
    .limit(bindparam("limit"))
)
_EMPTY: Final = Statement(
    select(lane_table.c.number).where(
        one_of(lane_table.c.number, "numbers"), lane_table.c.due.is_(None), _HAS_NO_DUTIES
    ),
    lists=("numbers",),
)
_DELETE_LANES: Final = Statement(
    delete(lane_table).where(one_of(lane_table.c.number, "numbers")), lists=("numbers",)
)


def _find(statement: Statement) -> Callable[[Transaction, int], list[AnyRow]]:
    def find(transaction: Transaction, limit: int) -> list[AnyRow]:
        return transaction.rows(statement, {"limit": limit, **transaction.moment()})

    return find


def _delete_duties(transaction: Transaction, found: Sequence[AnyRow]) -> int:
    moment = transaction.moment()
    transaction.run_many(_DELETE_DUTY, [{**row._asdict(), **moment} for row in sorted(found)])
    notices.forget(transaction, {row.notice for row in found})
    return len(found)


def _delete_notices(transaction: Transaction, found: Sequence[AnyRow]) -> int:
    return notices.forget(transaction, taking.positions_of(found))


def _delete_lanes(transaction: Transaction, found: Sequence[AnyRow]) -> int:
    locked = [row.number for row in lanes.lock(transaction, taking.positions_of(found))]
    if not locked:
        return 0
    empty = taking.positions_of(transaction.rows(_EMPTY, {"numbers": locked}))
    return transaction.run(_DELETE_LANES, {"numbers": empty}) if empty else 0


Step = tuple[
    Callable[[Transaction, int], list[AnyRow]], Callable[[Transaction, Sequence[AnyRow]], int]
]
STEPS: Final[tuple[Step, ...]] = (
    (_find(_OVER), _delete_duties),
    (_find(_UNNEEDED), _delete_notices),
    (_find(_AT_REST), _delete_lanes),
)
"""How to find things of each kind, and how to delete them; both are told how many, at most."""
