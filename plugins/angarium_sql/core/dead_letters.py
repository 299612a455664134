"""Moving messages that were claimed too often (contract, ``storage-semantics.md`` 10)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, null, select, update

from angarium.storage.models import DeadLetter, QueueRef
from angarium.storage.signals import DeadLetterQueueMissing
from angarium_sql.core import posting, taking
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import messages

_UPDATE: Final = (
    update(messages)
    .where(taking.IN_SPACE, taking.AT_POSITIONS)
    .values(
        space=bindparam("new_space"),
        seq=messages.c.seq + bindparam("distance"),
        ready=messages.c.ready + bindparam("distance"),
        due=null(),
        claim_id=null(),
        claim_count=0,
    )
)
_MOVE: Final = Statement(_UPDATE, lists=("positions",))
_MOVE_WITH_TTL: Final = Statement(
    _UPDATE.values(ttl=bindparam("new_ttl"), expires=bindparam("new_expires")),
    lists=("positions",),
)
_IDS: Final = Statement(
    select(messages.c.id, messages.c.seq).where(taking.IN_SPACE, taking.AT_POSITIONS),
    lists=("positions",),
)
_KNOWN: Final = Statement(
    select(messages.c.id, messages.c.seq, messages.c.expires).where(
        taking.IN_SPACE, one_of(messages.c.id, "ids")
    ),
    lists=("ids",),
)


def move(
    transaction: Transaction, source: QueueRow, positions: list[int], rule: DeadLetter, now: int
) -> None:
    """Move ready messages, in order, to the end of the dead-letter queue.

    :param positions: in ascending order; the messages are locked.
    :raises DeadLetterQueueMissing: the plan knows of no dead-letter queue.
    :raises StalePlan: the dead-letter queue has another epoch.
    """
    if rule.epoch is None:
        raise DeadLetterQueueMissing(rule.scope)
    target = transaction.queue(QueueRef(rule.scope, rule.epoch), lock=True)
    positions = _remove_known(transaction, source, target, positions, now)
    if not positions:
        return
    # The gaps between the messages move with them, so that one statement moves all.
    posting.advance(transaction, target, positions[-1] - positions[0] + 1)
    values = {
        "p_space": source.space,
        "positions": positions,
        "new_space": target.space,
        "distance": target.next_seq - positions[0],
    }
    if rule.ttl is None:
        transaction.run(_MOVE, values)
    else:
        lifetime = {"new_ttl": rule.ttl, "new_expires": now + rule.ttl}
        transaction.run(_MOVE_WITH_TTL, {**values, **lifetime})


def _remove_known(
    transaction: Transaction, source: QueueRow, target: QueueRow, positions: list[int], now: int
) -> list[int]:
    """What the dead-letter queue has already is only removed here; returns the others."""
    here = {"p_space": source.space, "positions": positions}
    seqs = {row.id: row.seq for row in transaction.rows(_IDS, here)}
    there = transaction.rows(_KNOWN, {"p_space": target.space, "ids": list(seqs)})
    expired = [row.seq for row in there if row.expires <= now]
    if expired:
        transaction.run(taking.DELETE, {"p_space": target.space, "positions": expired})
    known = [seqs[row.id] for row in there if row.expires > now]
    if known:
        transaction.run(taking.DELETE, {"p_space": source.space, "positions": known})
    return [position for position in positions if position not in known]
