"""What claims and pops have in common: finding the oldest available messages, in bounded steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import and_, bindparam, delete, func, null, select, update

from angarium.storage.models import Message
from angarium.storage.signals import Again
from angarium_sql.core.transaction import Transaction
from angarium_sql.rows import BOUND, MESSAGE_COLUMNS, to_messages
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, messages, spaces

ItemT = TypeVar("ItemT")

IN_SPACE: Final = messages.c.space == bindparam("p_space")
AT_POSITIONS: Final = one_of(messages.c.seq, "positions")
# For messages at known positions; written so that no database looks through the index on ``due``.
IS_LIVE_MEMBER: Final = and_(
    messages.c.claim_id == bindparam("p_claim_id"),
    func.coalesce(messages.c.due, 0) > bindparam("now"),
    messages.c.expires > bindparam("now"),
)

_DUE: Final = Statement(
    select(messages.c.seq)
    .where(IN_SPACE, messages.c.due <= bindparam("now"))
    .order_by(messages.c.due)
    .limit(BOUND)
    .with_hint(messages, "FORCE INDEX (ix_angarium_messages_due)", "mysql")
)
_MAKE_READY: Final = update(messages).where(IN_SPACE, AT_POSITIONS)
_READY_VALUES: Final = {"ready": messages.c.seq, "due": null(), "claim_id": null()}
MAKE_READY: Final = Statement(_MAKE_READY.values(_READY_VALUES), lists=("positions",))
_MAKE_DUE_READY: Final = Statement(
    _MAKE_READY.where(messages.c.due <= bindparam("now")).values(_READY_VALUES),
    lists=("positions",),
)
_READY: Final = Statement(
    select(messages.c.seq, messages.c.expires, messages.c.claim_count)
    .where(IN_SPACE, messages.c.ready > 0)
    .order_by(messages.c.ready)
    .limit(bindparam("limit"))
    .with_hint(messages, "FORCE INDEX (ix_angarium_messages_ready)", "mysql")
)
_STILL_READY: Final = Statement(
    select(messages.c.seq)
    .where(IN_SPACE, AT_POSITIONS, messages.c.ready > 0)
    .order_by(messages.c.seq)
    .with_for_update(),
    lists=("positions",),
)
_TURN: Final = Statement(
    select(spaces.c.id).where(spaces.c.id == bindparam("p_space")).with_for_update()
)
_READ: Final = Statement(
    select(*MESSAGE_COLUMNS).where(IN_SPACE, AT_POSITIONS).order_by(messages.c.seq),
    lists=("positions",),
)
DELETE: Final = Statement(delete(messages).where(IN_SPACE, AT_POSITIONS), lists=("positions",))
_MANY: Final = 10_000  # parameters that any database takes in one statement


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


def wait_for_turn(transaction: Transaction, space: int) -> None:
    """Let claims and pops of one queue come one after the other.

    They would wait for each other's messages in any case: to skip what is locked would break the
    order, since MySQL unlocks the rows of a transaction some time after its commit. SQLite has one
    writer at a time anyway.
    """
    if transaction.dialect.name == "mysql":
        transaction.scalar(_TURN, {"p_space": space})


def make_due_ready(transaction: Transaction, space: int, now: int) -> None:
    """Make available what is overdue: delayed messages, and those of lapsed claims.

    :raises Again: there may be more; nothing else was done.
    """
    due = positions_of(transaction.rows(_DUE, {"p_space": space, "now": now}))
    if due:
        transaction.run(_MAKE_DUE_READY, {"p_space": space, "positions": due, "now": now})
    if len(due) == BOUND:
        raise Again


def take(
    transaction: Transaction, space: int, now: int, limit: int, max_claims: int | None = None
) -> Taken:
    """Find the oldest available messages; delete the expired ones that stand before them."""
    for window in (limit, limit + BOUND):
        rows = transaction.rows(_READY, {"p_space": space, "limit": window})
        _lock(transaction, space, positions_of(rows))
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


def _lock(transaction: Transaction, space: int, positions: list[int]) -> None:
    """Lock ready messages by their key, as everybody does, so that nobody waits crosswise.

    :raises Again: one of them was deleted meanwhile.
    """
    if transaction.dialect.name == "mysql" and positions:
        values = {"p_space": space, "positions": positions}
        if positions_of(transaction.rows(_STILL_READY, values)) != positions:
            raise Again


def read(
    transaction: Transaction, space: int, positions: list[int], now: int
) -> tuple[Message, ...]:
    """The messages at these positions, as they are now."""
    rows = transaction.rows(_READ, {"p_space": space, "positions": positions})
    return to_messages(rows, now)


def chunks(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    """Parts that can be a list parameter; one of them in all but extreme cases, none of nothing."""
    for start in range(0, len(items), _MANY):
        yield items[start : start + _MANY]


def positions_of(rows: Sequence[AnyRow]) -> list[int]:
    """The first column of rows."""
    return [row[0] for row in rows]
