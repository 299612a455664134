"""Deleting and popping (contract, ``storage-semantics.md`` 6 and 7)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from angarium.errors import (
    ClaimDoesNotExist,
    ClaimDoesNotMatch,
    MessageIsClaimed,
    MessageNotClaimed,
    MessageNotClaimedBy,
)
from angarium.storage import operations as op
from angarium.storage.models import Message, QueueRef
from angarium.storage.signals import Again
from angarium_sql.core import claiming, taking
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, encode, messages

_NAMED: Final = Statement(
    select(messages.c.seq, messages.c.expires, messages.c.due, messages.c.claim_id)
    .where(taking.IN_SPACE, one_of(messages.c.id, "ids"))
    .order_by(messages.c.seq)
    .with_for_update(),
    lists=("ids",),
)


def delete_message(transaction: Transaction, queue: QueueRef, operation: op.DeleteMessage) -> None:
    """Delete one message if its claim, and the one that is named, allow it."""
    row = transaction.queue_to_change(queue)
    found = _find(transaction, row, (operation.id,))
    now = transaction.now()
    for message in found:
        if message.expires > now:
            claim_id = None if operation.claim_id is None else encode(operation.claim_id)
            _require_permission(transaction, row, message, claim_id, now)
    _delete(transaction, row, found)


def delete_messages(
    transaction: Transaction, queue: QueueRef, operation: op.DeleteMessages
) -> None:
    """Delete those that exist, if the claims that are named, if any are, allow it for all."""
    row = transaction.queue_to_change(queue)
    found = _find(transaction, row, operation.ids)
    if operation.claim_ids is not None:
        now = transaction.now()
        holders = [_holder(message, now) for message in found if message.expires > now]
        if None in holders:
            raise MessageNotClaimed
        if not {encode(claim_id) for claim_id in operation.claim_ids}.issuperset(holders):
            raise ClaimDoesNotMatch
    _delete(transaction, row, found)


def pop_messages(
    transaction: Transaction, queue: QueueRef, operation: op.PopMessages
) -> tuple[Message, ...]:
    """Remove and return the oldest available messages."""
    row = transaction.queue_to_change(queue)
    taking.wait_for_turn(transaction, row.space)
    now = transaction.now()
    taking.make_due_ready(transaction, row.space, now)
    taken = taking.take(transaction, row.space, now, operation.limit)
    if taken.is_short:
        raise Again
    if not taken.good:
        return ()
    popped = taking.read(transaction, row.space, taken.good, now)
    transaction.run(taking.DELETE, {"p_space": row.space, "positions": taken.good})
    return popped


def _require_permission(
    transaction: Transaction, row: QueueRow, message: AnyRow, claim_id: bytes | None, now: int
) -> None:
    holder = _holder(message, now)
    if claim_id == holder:
        return
    if claim_id is None:
        raise MessageIsClaimed
    if not claiming.is_live(transaction, row, claim_id, now):
        raise ClaimDoesNotExist
    if holder is None:
        raise MessageNotClaimed
    raise MessageNotClaimedBy


def _holder(message: AnyRow, now: int) -> bytes | None:
    """The live claim that holds a message."""
    is_claimed = message.claim_id is not None and message.due > now
    return message.claim_id if is_claimed else None


def _find(transaction: Transaction, row: QueueRow, ids: tuple[str, ...]) -> list[AnyRow]:
    named = [encode(id_) for id_ in dict.fromkeys(ids)]
    return transaction.rows(_NAMED, {"p_space": row.space, "ids": named}) if named else []


def _delete(transaction: Transaction, row: QueueRow, found: list[AnyRow]) -> None:
    if found:
        positions = [message.seq for message in found]
        transaction.run(taking.DELETE, {"p_space": row.space, "positions": positions})
