"""Giving back space in short steps: what expired, dropped spaces, old claims and tombstones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Delete, bindparam, delete, select, tuple_

from angarium_sql.core.transaction import Transaction
from angarium_sql.rows import TOMBSTONE_LIFE
from angarium_sql.tables import AnyRow, claims, messages, pool_queues, spaces

_POSITIONS: Final = select(messages.c.space, messages.c.seq).limit(bindparam("limit"))
_EXPIRED: Final = (
    _POSITIONS.where(messages.c.expires <= bindparam("now"))
    .order_by(messages.c.expires)
    .with_for_update(skip_locked=True)
)
_CONTENT: Final = _POSITIONS.where(messages.c.space == bindparam("p_space")).with_for_update()
_DELETE_MESSAGES: Final = delete(messages).where(
    tuple_(messages.c.space, messages.c.seq).in_(bindparam("keys", expanding=True))
)
_DROPPED: Final = (
    select(spaces.c.id)
    .where(spaces.c.dropped.is_not(None))
    .limit(1)
    .with_for_update(skip_locked=True)
)
_DELETE_SPACE: Final = delete(spaces).where(spaces.c.id == bindparam("p_space"))
_LAPSED: Final = (
    select(claims.c.life, claims.c.id)
    .where(claims.c.expires <= bindparam("now"))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_DELETE_CLAIMS: Final = delete(claims).where(
    tuple_(claims.c.life, claims.c.id).in_(bindparam("keys", expanding=True))
)
_TOMBSTONES: Final = (
    select(pool_queues.c.project, pool_queues.c.kind, pool_queues.c.name)
    .where(pool_queues.c.deleted <= bindparam("before"))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_DELETE_TOMBSTONES: Final = delete(pool_queues).where(
    tuple_(pool_queues.c.project, pool_queues.c.kind, pool_queues.c.name).in_(
        bindparam("keys", expanding=True)
    )
)


def expired_messages(transaction: Transaction, limit: int) -> int:
    """Delete messages that expired, in any queue."""
    rows = transaction.rows(_EXPIRED, {"now": transaction.now(), "limit": limit})
    return _delete(transaction, _DELETE_MESSAGES, rows)


def dropped_spaces(transaction: Transaction, limit: int) -> int:
    """Delete messages of one space that was dropped, and the space with the last of them."""
    dropped = transaction.first(_DROPPED, {})
    if dropped is None:
        return 0
    rows = transaction.rows(_CONTENT, {"p_space": dropped.id, "limit": limit})
    count = _delete(transaction, _DELETE_MESSAGES, rows)
    if count < limit:
        count += transaction.run(_DELETE_SPACE, {"p_space": dropped.id})
    return count


def lapsed_claims(transaction: Transaction, limit: int) -> int:
    """Delete the records of claims that are over."""
    rows = transaction.rows(_LAPSED, {"now": transaction.now(), "limit": limit})
    return _delete(transaction, _DELETE_CLAIMS, rows)


def tombstones(transaction: Transaction, limit: int) -> int:
    """Delete the records of queues that were deleted long ago."""
    before = transaction.now() - TOMBSTONE_LIFE
    rows = transaction.rows(_TOMBSTONES, {"before": before, "limit": limit})
    return _delete(transaction, _DELETE_TOMBSTONES, rows)


STEPS: Final = (expired_messages, dropped_spaces, lapsed_claims, tombstones)


def _delete(transaction: Transaction, statement: Delete, rows: Sequence[AnyRow]) -> int:
    keys = [tuple(row) for row in rows]
    return transaction.run(statement, {"keys": keys}) if keys else 0
