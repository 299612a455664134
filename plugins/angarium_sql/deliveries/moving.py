"""What a queue owes, given to another store and taken from one (``docs/interfaces.rst``)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, bindparam, delete, exists, or_, select

from angarium.storage import operations as op
from angarium.storage.deliveries import (
    HOLD,
    NewDuty,
    NewNotice,
    NoticeExtract,
    StoredDuty,
    StoredNotice,
)
from angarium.storage.models import QueueRef, Scope
from angarium_sql.core import taking
from angarium_sql.core.transaction import Transaction
from angarium_sql.deliveries import lanes, notices
from angarium_sql.deliveries.lanes import Owed
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, decode, digest, duties
from angarium_sql.tables import lanes as lane_table
from angarium_sql.tables import notices as notice_table

_OF_QUEUE: Final = notice_table.c.queue == bindparam("p_queue")
_NOTICES: Final = Statement(
    select(notice_table)
    .where(
        _OF_QUEUE,
        notice_table.c.number > bindparam("after"),
        or_(
            notice_table.c.pending == 1,
            exists().where(duties.c.notice == notice_table.c.number, duties.c.pending >= 0),
        ),
    )
    .order_by(notice_table.c.number)
    .limit(bindparam("limit"))
    .with_hint(notice_table, "FORCE INDEX (ix_angarium_notices_queue)", "mysql")
)
_DUTIES: Final = Statement(
    select(
        *(notice_table.c.number, duties.c.lane, notice_table.c.id, duties.c.state, duties.c.due),
        *(lane_table.c.subscription_id, lane_table.c.is_ordered, lane_table.c.is_suspect),
    )
    .join_from(notice_table, duties, duties.c.notice == notice_table.c.number)
    .join(lane_table, lane_table.c.number == duties.c.lane)
    .where(
        _OF_QUEUE,
        notice_table.c.number >= bindparam("after"),
        or_(
            notice_table.c.number > bindparam("after"),
            and_(duties.c.lane > bindparam("after_lane")),
        ),
        duties.c.pending >= 0,
    )
    .order_by(notice_table.c.number, duties.c.lane)
    .limit(bindparam("limit"))
    .with_hint(notice_table, "FORCE INDEX (ix_angarium_notices_queue)", "mysql")
)
_KNOWN_NOTICES: Final = Statement(
    select(notice_table.c.key, notice_table.c.number, notice_table.c.position).where(
        one_of(notice_table.c.key, "keys")
    ),
    lists=("keys",),
)
_LANES: Final = Statement(
    select(lane_table.c.number)
    .where(lane_table.c.queue == bindparam("p_queue"))
    .order_by(lane_table.c.number)
)
_DROP_DUTIES: Final = Statement(
    delete(duties).where(one_of(duties.c.lane, "numbers")), lists=("numbers",)
)
_DROP_LANES: Final = Statement(
    delete(lane_table).where(one_of(lane_table.c.number, "numbers")), lists=("numbers",)
)
_DROP_NOTICES: Final = Statement(delete(notice_table).where(_OF_QUEUE))


def add_notice(transaction: Transaction, queue: QueueRef, operation: op.AddNotice) -> None:
    """Store a notice that is expanded, with its duties, unless it is there."""
    row = transaction.queue(queue, lock=True)
    key = digest(queue.scope, operation.notice.id)
    if notices.known(transaction, [key]):
        return
    position, now = row.next_seq - 1, transaction.now()
    values = notices.values(queue.scope, operation.notice, position, now, cursor=None)
    notices.store(transaction, [values])
    number = notices.known(transaction, [key])[key]
    owed = [Owed(number, position, queue.scope, duty) for duty in operation.duties]
    lanes.owe(transaction, owed, now)


# --- Giving -------------------------------------------------------------------------------------


def export_notices(
    transaction: Transaction, queue: QueueRef, operation: op.ExportNotices
) -> NoticeExtract:
    """Notices by number; when there are no more, duties by notice and lane.

    The cursor has the number of the last notice, and for duties that of the last lane too.
    """
    transaction.queue(queue)
    now = transaction.now()
    after = [int(part) for part in (operation.cursor or "0").split(".")]
    values = {"p_queue": digest(queue.scope), "after": after[0], "limit": operation.limit + 1}
    if len(after) == 1:
        rows = transaction.rows(_NOTICES, values)
        page = rows[: operation.limit]
        cursor = str(page[-1].number) if len(rows) > len(page) else "0.0"
        return NoticeExtract(tuple(_to_notice(row, now) for row in page), (), cursor)
    rows = transaction.rows(_DUTIES, {**values, "after_lane": after[1]})
    page = rows[: operation.limit]
    last = f"{page[-1].number}.{page[-1].lane}" if len(rows) > len(page) else None
    return NoticeExtract((), tuple(_to_duty(row, now) for row in page), last)


def _to_notice(row: AnyRow, now: int) -> StoredNotice:
    return StoredNotice(
        id=decode(row.id),
        payload=row.payload,
        position=row.position,
        cursor=None if row.cursor is None else decode(row.cursor),
        age=max(now - row.created, 0),
    )


def _to_duty(row: AnyRow, now: int) -> StoredDuty:
    return StoredDuty(
        subscription_id=decode(row.subscription_id),
        notice_id=decode(row.id),
        state=row.state,
        due=max(row.due - now, 0),
        is_ordered=bool(row.is_ordered),
        is_suspect=bool(row.is_suspect),
    )


# --- Taking -------------------------------------------------------------------------------------


def import_notices(transaction: Transaction, queue: QueueRef, operation: op.ImportNotices) -> None:
    """Store notices, each unless it is there, then those duties whose notices are there."""
    transaction.queue(queue, lock=True)
    if operation.replaces:
        _forget_queue(transaction, queue.scope)
    now = transaction.now()
    _import_notices(transaction, queue.scope, operation, now)
    keys = {digest(queue.scope, duty.notice_id) for duty in operation.duties}
    there: dict[bytes, AnyRow] = {}
    for chunk in taking.chunks(list(keys)):
        there |= {row.key: row for row in transaction.rows(_KNOWN_NOTICES, {"keys": chunk})}
    owed = []
    for duty in operation.duties:
        row = there.get(digest(queue.scope, duty.notice_id))
        if row is not None:
            owed.append(Owed(row.number, row.position, queue.scope, _to_new(duty)))
    lanes.owe(transaction, owed, now)


def _import_notices(
    transaction: Transaction, scope: Scope, operation: op.ImportNotices, now: int
) -> None:
    new = {digest(scope, it.id): it for it in operation.notices}
    known = notices.known(transaction, new)
    missing = sorted(
        (it for key, it in new.items() if key not in known), key=lambda it: it.position
    )
    batch = [
        notices.values(
            scope,
            NewNotice(it.id, it.payload),
            it.position,
            now - it.age,
            cursor=it.cursor,
            keep_until=now + HOLD,
        )
        for it in missing
    ]
    notices.store(transaction, batch)


def _to_new(duty: StoredDuty) -> NewDuty:
    return NewDuty(duty.subscription_id, duty.state, duty.due, duty.is_ordered, duty.is_suspect)


def drop_notices(transaction: Transaction, queue: QueueRef) -> None:
    """Forget what the queue owes, unless it has come back with a higher epoch."""
    record = transaction.record(queue.scope, lock=True)
    if record is None or record.epoch <= queue.epoch:
        _forget_queue(transaction, queue.scope)


def _forget_queue(transaction: Transaction, scope: Scope) -> None:
    values = {"p_queue": digest(scope)}
    numbers = taking.positions_of(transaction.rows(_LANES, values))
    lanes.lock(transaction, numbers)
    for chunk in taking.chunks(numbers):
        transaction.run(_DROP_DUTIES, {"numbers": chunk})
        transaction.run(_DROP_LANES, {"numbers": chunk})
    transaction.run(_DROP_NOTICES, values)
