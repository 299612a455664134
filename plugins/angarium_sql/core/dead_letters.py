"""Moving messages that were claimed too often (contract, ``storage-semantics.md`` 10)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import bindparam, case, insert, null, select, update

from angarium.storage import operations as op
from angarium.storage.driver import DEAD_LETTER_LEASE
from angarium.storage.models import DeadLetter, QueueRef
from angarium.storage.signals import DeadLetterQueueMissing, DeadLettersLeased
from angarium_sql.core import importing, posting, taking
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.rows import STATE_COLUMNS, to_stored
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import claims, encode, messages

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
_MOVE_THEM: Final = Statement(_UPDATE, lists=("positions",))
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
_LEASE: Final = Statement(
    update(messages)
    .where(taking.IN_SPACE, taking.AT_POSITIONS)
    .values(
        ready=null(),
        # Whatever counts as claimed has not expired.
        due=case(
            (messages.c.expires < bindparam("lapse"), messages.c.expires), else_=bindparam("lapse")
        ),
        claim_id=bindparam("lease_id"),
    ),
    lists=("positions",),
)
_INSERT_LEASE: Final = Statement(insert(claims).inline())
_LEASED: Final = Statement(
    select(*STATE_COLUMNS, messages.c.body)
    .where(taking.IN_SPACE, taking.AT_POSITIONS, taking.IS_LIVE_MEMBER)
    .order_by(messages.c.seq),
    lists=("positions",),
)


def take_away(
    transaction: Transaction, source: QueueRow, positions: list[int], rule: DeadLetter, now: int
) -> None:
    """Move ready messages, or prepare that they are moved by the kernel.

    :param positions: in ascending order; the messages are locked.
    :raises DeadLetterQueueMissing: the plan knows of no dead-letter queue.
    :raises StalePlan: the dead-letter queue has another epoch.
    :raises DeadLettersLeased: they are for another pool, and under a lease now.
    """
    if rule.epoch is None:
        raise DeadLetterQueueMissing(rule.scope)
    if rule.lease_id is not None:
        _lease(transaction, source, positions, encode(rule.lease_id), now)
    else:
        _move(transaction, source, positions, rule, rule.epoch, now)


def _move(
    transaction: Transaction,
    source: QueueRow,
    positions: list[int],
    rule: DeadLetter,
    epoch: int,
    now: int,
) -> None:
    """In order, to the end of the dead-letter queue."""
    target = transaction.queue(QueueRef(rule.scope, epoch), lock=True)
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
        transaction.run(_MOVE_THEM, values)
    else:
        lifetime = {"new_ttl": rule.ttl, "new_expires": now + rule.ttl}
        transaction.run(_MOVE_WITH_TTL, {**values, **lifetime})


def _lease(
    transaction: Transaction, row: QueueRow, positions: list[int], lease_id: bytes, now: int
) -> None:
    """Put ready messages under a claim of their own, everything else about them as it was.

    :raises DeadLettersLeased: always; the messages are to be carried to another pool.
    """
    lapse = now + DEAD_LETTER_LEASE
    values = {"p_space": row.space, "positions": positions, "lapse": lapse}
    transaction.run(_LEASE, {**values, "lease_id": lease_id})
    claim = {"life": row.life, "id": lease_id, "ttl": DEAD_LETTER_LEASE}
    times = {"renewed": now, "expires": lapse, "positions": json.dumps(positions)}
    transaction.run(_INSERT_LEASE, {**claim, **times})
    tell_of_leased(transaction, row, positions, lease_id, now)


def tell_of_leased(
    transaction: Transaction, row: QueueRow, positions: list[int], lease_id: bytes, now: int
) -> None:
    """Tell the kernel what is under a lease; return if that is nothing.

    :raises DeadLettersLeased: there are messages.
    """
    values = {"p_space": row.space, "positions": positions, "p_claim_id": lease_id, "now": now}
    leased = to_stored(transaction.rows(_LEASED, values), now)
    if leased:
        raise DeadLettersLeased(leased)


def accept(transaction: Transaction, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
    """Store messages of another pool at the end of the queue, each unless it is there."""
    row = transaction.queue(queue, lock=True)
    now = transaction.now()
    known = _known(transaction, row, [encode(message.id) for message in operation.messages], now)
    batch: list[dict[str, Any]] = []
    for message in operation.messages:
        if encode(message.id) not in known:
            anew = replace(message, claim_count=0, claim_id=None, due=0)
            if operation.ttl is not None:
                anew = replace(anew, ttl=operation.ttl, remaining=operation.ttl)
            position = row.next_seq + len(batch)
            batch.append(importing.message_values(anew, row.space, position, now))
    if batch:
        transaction.run_many(posting.INSERT, batch)
        posting.advance(transaction, row, len(batch))


def _known(
    transaction: Transaction, row: QueueRow, ids: Sequence[bytes], now: int
) -> dict[bytes, int]:
    """Which messages are there, and where; copies that expired are deleted."""
    known: dict[bytes, int] = {}
    for chunk in taking.chunks(ids):
        there = transaction.rows(_KNOWN, {"p_space": row.space, "ids": chunk})
        expired = [it.seq for it in there if it.expires <= now]
        if expired:
            transaction.run(taking.DELETE, {"p_space": row.space, "positions": expired})
        known |= {it.id: it.seq for it in there if it.expires > now}
    return known


def _remove_known(
    transaction: Transaction, source: QueueRow, target: QueueRow, positions: list[int], now: int
) -> list[int]:
    """What the dead-letter queue has already is only removed here; returns the others."""
    here = {"p_space": source.space, "positions": positions}
    seqs = {row.id: row.seq for row in transaction.rows(_IDS, here)}
    there = _known(transaction, target, list(seqs), now)
    known = [seqs[id_] for id_ in there]
    if known:
        transaction.run(taking.DELETE, {"p_space": source.space, "positions": known})
    return [position for position in positions if position not in known]
