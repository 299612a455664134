"""What claims and pops have in common: finding the oldest available messages, in bounded steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, null, select, update

from angarium.storage.models import Message
from angarium.storage.signals import Again
from angarium_sql.core.transaction import Transaction
from angarium_sql.rows import BOUND, MESSAGE_COLUMNS, to_messages
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, messages

IN_SPACE: Final = messages.c.space == bindparam("p_space")
AT_POSITIONS: Final = one_of(messages.c.seq, "positions")

_DUE: Final = Statement(
    select(messages.c.seq)
    .where(IN_SPACE, messages.c.due <= bindparam("now"))
    .order_by(messages.c.due)
    .limit(BOUND)
    .with_for_update(skip_locked=True)
    .with_hint(messages, "FORCE INDEX (ix_angarium_messages_due)", "mysql")
)
MAKE_READY: Final = Statement(
    update(messages)
    .where(IN_SPACE, AT_POSITIONS)
    .values(ready=messages.c.seq, due=null(), claim_id=null()),
    lists=("positions",),
)
_READY: Final = Statement(
    select(messages.c.seq, messages.c.expires, messages.c.claim_count)
    .where(IN_SPACE, messages.c.ready > 0)
    .order_by(messages.c.ready)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .with_hint(messages, "FORCE INDEX (ix_angarium_messages_ready)", "mysql")
)
_READ: Final = Statement(
    select(*MESSAGE_COLUMNS).where(IN_SPACE, AT_POSITIONS).order_by(messages.c.seq),
    lists=("positions",),
)
DELETE: Final = Statement(delete(messages).where(IN_SPACE, AT_POSITIONS), lists=("positions",))


@dataclass(frozen=True, slots=True)
class Taken:
    """Positions, in order, of messages that are locked now.

    :ivar good: to be claimed or popped.
    :ivar over_claimed: to be moved to the dead-letter queue.
    :ivar is_short: there may be more good ones, behind very many that are to be moved.
    """

    good: list[int]
    over_claimed: list[int]
    is_short: bool


def make_due_ready(transaction: Transaction, space: int, now: int) -> None:
    """Make available what is overdue: delayed messages, and those of lapsed claims.

    :raises Again: there may be more; nothing else was done.
    """
    due = positions_of(transaction.rows(_DUE, {"p_space": space, "now": now}))
    if due:
        transaction.run(MAKE_READY, {"p_space": space, "positions": due})
    if len(due) == BOUND:
        raise Again


def take(
    transaction: Transaction, space: int, now: int, limit: int, max_claims: int | None = None
) -> Taken:
    """Find the oldest available messages; delete the expired ones that stand before them."""
    for window in (limit, limit + BOUND):
        rows = transaction.rows(_READY, {"p_space": space, "limit": window})
        expired = [row.seq for row in rows if row.expires <= now]
        alive = [row for row in rows if row.expires > now]
        over = [row.seq for row in alive if max_claims and row.claim_count >= max_claims]
        good = [row.seq for row in alive if not max_claims or row.claim_count < max_claims]
        if len(good) >= limit or len(rows) < window:
            break
    if expired:
        transaction.run(DELETE, {"p_space": space, "positions": expired})
    over = [seq for seq in over if len(good) < limit or seq < good[limit - 1]]
    return Taken(good[:limit], over, is_short=len(good) < limit and len(rows) == window)


def read(
    transaction: Transaction, space: int, positions: list[int], now: int
) -> tuple[Message, ...]:
    """The messages at these positions, as they are now."""
    rows = transaction.rows(_READ, {"p_space": space, "positions": positions})
    return to_messages(rows, now)


def positions_of(rows: Sequence[AnyRow]) -> list[int]:
    """The first column of rows."""
    return [row[0] for row in rows]
