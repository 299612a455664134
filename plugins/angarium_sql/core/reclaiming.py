"""Giving back space in short steps: what expired, dropped spaces, old claims and tombstones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, select

from angarium_sql.core.transaction import Transaction
from angarium_sql.rows import TOMBSTONE_LIFE
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, claims, messages, pool_queues, spaces

_POSITIONS: Final = select(messages.c.space, messages.c.seq).limit(bindparam("limit"))
_EXPIRED: Final = Statement(
    _POSITIONS.where(messages.c.expires <= bindparam("now"))
    .order_by(messages.c.expires)
    .with_for_update(skip_locked=True)
)
_CONTENT: Final = Statement(
    _POSITIONS.where(messages.c.space == bindparam("p_space")).with_for_update()
)
_DELETE_MESSAGES: Final = Statement(
    delete(messages).where(
        messages.c.space == bindparam("p_space"), one_of(messages.c.seq, "positions")
    ),
    lists=("positions",),
)
_DROPPED: Final = Statement(
    select(spaces.c.id)
    .where(spaces.c.dropped.is_not(None))
    .limit(1)
    .with_for_update(skip_locked=True)
)
_DELETE_SPACE: Final = Statement(delete(spaces).where(spaces.c.id == bindparam("p_space")))
_LAPSED: Final = Statement(
    select(claims.c.life, claims.c.id)
    .where(claims.c.expires <= bindparam("now"))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_DELETE_CLAIM: Final = Statement(
    delete(claims).where(claims.c.life == bindparam("life"), claims.c.id == bindparam("id"))
)
_TOMBSTONES: Final = Statement(
    select(pool_queues.c.project, pool_queues.c.kind, pool_queues.c.name)
    .where(pool_queues.c.deleted <= bindparam("before"))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_DELETE_TOMBSTONE: Final = Statement(
    delete(pool_queues).where(
        pool_queues.c.project == bindparam("project"),
        pool_queues.c.kind == bindparam("kind"),
        pool_queues.c.name == bindparam("name"),
    )
)


def expired_messages(transaction: Transaction, limit: int) -> int:
    """Delete messages that expired, in any queue."""
    rows = transaction.rows(_EXPIRED, {"now": transaction.now(), "limit": limit})
    return _delete_messages(transaction, rows)


def dropped_spaces(transaction: Transaction, limit: int) -> int:
    """Delete messages of one space that was dropped, and the space with the last of them."""
    dropped = transaction.first(_DROPPED, {})
    if dropped is None:
        return 0
    rows = transaction.rows(_CONTENT, {"p_space": dropped.id, "limit": limit})
    count = _delete_messages(transaction, rows)
    if count < limit:
        count += transaction.run(_DELETE_SPACE, {"p_space": dropped.id})
    return count


def lapsed_claims(transaction: Transaction, limit: int) -> int:
    """Delete the records of claims that are over."""
    rows = transaction.rows(_LAPSED, {"now": transaction.now(), "limit": limit})
    return _delete(transaction, _DELETE_CLAIM, rows)


def tombstones(transaction: Transaction, limit: int) -> int:
    """Delete the records of queues that were deleted long ago."""
    before = transaction.now() - TOMBSTONE_LIFE
    rows = transaction.rows(_TOMBSTONES, {"before": before, "limit": limit})
    return _delete(transaction, _DELETE_TOMBSTONE, rows)


STEPS: Final = (expired_messages, dropped_spaces, lapsed_claims, tombstones)


def _delete_messages(transaction: Transaction, rows: Sequence[AnyRow]) -> int:
    positions: dict[int, list[int]] = {}
    for row in rows:
        positions.setdefault(row.space, []).append(row.seq)
    for space in positions:
        values = {"p_space": space, "positions": positions[space]}
        transaction.run(_DELETE_MESSAGES, values)
    return len(rows)


def _delete(transaction: Transaction, statement: Statement, rows: Sequence[AnyRow]) -> int:
    if rows:
        transaction.run_many(statement, [row._asdict() for row in rows])
    return len(rows)
