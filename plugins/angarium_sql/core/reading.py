"""Reading without changing anything: by id, by page, and counting."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, case, func, or_, select

from angarium.storage import operations as op
from angarium.storage.markers import position_after
from angarium.storage.models import Message, MessageMoment, Page, QueueRef, Stats
from angarium_sql.core.transaction import Transaction
from angarium_sql.rows import MESSAGE_COLUMNS, SCAN, to_messages, to_page
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, decode, encode, messages, spaces

# MySQL would rather sort all of a queue than walk along the one index that is in its order.
_IN_ORDER: Final = "FORCE INDEX (PRIMARY)"

_SPACE: Final = messages.c.space == bindparam("space")
_ALIVE: Final = messages.c.expires > bindparam("now")
_WAITING: Final = messages.c.due > bindparam("now")
_BY_ID: Final = Statement(
    select(*MESSAGE_COLUMNS).where(_SPACE, one_of(messages.c.id, "ids"), _ALIVE), lists=("ids",)
)
_SCAN_END: Final = Statement(
    select(messages.c.seq)
    .where(_SPACE, messages.c.seq > bindparam("after"))
    .order_by(messages.c.seq)
    .limit(1)
    .offset(SCAN - 1)
    .with_hint(messages, _IN_ORDER, "mysql")
)
_COUNT: Final = select(func.count()).select_from(messages).where(_SPACE)
_COUNT_ALL: Final = Statement(_COUNT)
_COUNT_EXPIRED: Final = Statement(_COUNT.where(messages.c.expires <= bindparam("now")))
_COUNT_CLAIMED: Final = Statement(_COUNT.where(_WAITING, messages.c.claim_id.is_not(None)))
_MOMENTS: Final = (
    select(messages.c.id, messages.c.created)
    .where(_SPACE, _ALIVE)
    .limit(1)
    .with_hint(messages, _IN_ORDER, "mysql")
)
_OLDEST: Final = Statement(_MOMENTS.order_by(messages.c.seq))
_NEWEST: Final = Statement(_MOMENTS.order_by(messages.c.seq.desc()))
_TOTALS: Final = Statement(
    select(
        func.count(),
        func.count(case((_WAITING, messages.c.claim_id))),
    )
    .select_from(messages.join(spaces, spaces.c.id == messages.c.space))
    .where(_ALIVE, spaces.c.dropped.is_(None))
)


def get_messages(
    transaction: Transaction, queue: QueueRef, operation: op.GetMessages
) -> tuple[Message, ...]:
    """Messages by id, in the order asked for, each once."""
    row = transaction.queue(queue)
    now = transaction.now()
    ids = [encode(id_) for id_ in dict.fromkeys(operation.ids)]
    values = {"space": row.space, "now": now, "ids": ids}
    rows = transaction.rows(_BY_ID, values) if ids else []
    found = {message.id: message for message in to_messages(rows, now)}
    return tuple(found[id_] for id_ in dict.fromkeys(operation.ids) if id_ in found)


def list_messages(transaction: Transaction, queue: QueueRef, operation: op.ListMessages) -> Page:
    """A page, or as much of it as is among the next messages that one call looks at."""
    row = transaction.queue(queue)
    now = transaction.now()
    values: dict[str, Any] = {
        "space": row.space,
        "after": position_after(operation.marker),
        "now": now,
        "limit": operation.limit,
    }
    end = transaction.scalar(_SCAN_END, values)
    if end is not None:
        values["end"] = end
    if operation.exclude_client is not None:
        values["client"] = encode(operation.exclude_client)
    statement = _page(
        has_end=end is not None,
        excludes_client=operation.exclude_client is not None,
        claimed=operation.include_claimed,
        delayed=operation.include_delayed,
    )
    rows = transaction.rows(statement, values)
    return to_page(rows, end, now, operation.limit)


@cache
def _page(*, has_end: bool, excludes_client: bool, claimed: bool, delayed: bool) -> Statement:
    over = or_(messages.c.due.is_(None), messages.c.due <= bindparam("now"))
    statement = select(*MESSAGE_COLUMNS).where(_SPACE, messages.c.seq > bindparam("after"), _ALIVE)
    if has_end:
        statement = statement.where(messages.c.seq <= bindparam("end"))
    if excludes_client:
        statement = statement.where(messages.c.client_id != bindparam("client"))
    if not claimed:
        statement = statement.where(or_(over, messages.c.claim_id.is_(None)))
    if not delayed:
        statement = statement.where(or_(over, messages.c.claim_id.is_not(None)))
    ordered = statement.order_by(messages.c.seq).with_hint(messages, _IN_ORDER, "mysql")
    return Statement(ordered.limit(bindparam("limit")))


def get_stats(transaction: Transaction, queue: QueueRef, operation: op.GetStats) -> Stats:
    """The numbers of a queue; the two counts of all are read from indexes alone."""
    row = transaction.queue(queue)
    now = transaction.now()
    values = {"space": row.space, "now": now}
    count = transaction.scalar
    return Stats(
        total=count(_COUNT_ALL, values) - count(_COUNT_EXPIRED, values),
        claimed=count(_COUNT_CLAIMED, values),
        oldest=_moment(transaction.first(_OLDEST, values), now),
        newest=_moment(transaction.first(_NEWEST, values), now),
    )


def get_totals(transaction: Transaction) -> Stats:
    """The numbers of the whole store."""
    row = transaction.first(_TOTALS, {"now": transaction.now()})
    assert row is not None
    return Stats(total=row[0], claimed=row[1])


def _moment(row: AnyRow | None, now: int) -> MessageMoment | None:
    if row is None:
        return None
    return MessageMoment(decode(row.id), max(now - row.created, 0), row.created)
