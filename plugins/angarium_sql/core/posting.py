"""Posting: positions are handed out under the lock of the queue, in the order of the commits."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef
from angarium_sql.core import taking
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.deliveries import notices
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import encode, messages, pool_queues, scope_values

_ADVANCE: Final = Statement(
    update(pool_queues)
    .where(
        pool_queues.c.project == bindparam("p_project"),
        pool_queues.c.kind == bindparam("p_kind"),
        pool_queues.c.name == bindparam("p_name"),
    )
    .values(next_seq=bindparam("new_next_seq"))
)
_KNOWN: Final = Statement(
    select(messages.c.seq, messages.c.expires).where(
        messages.c.space == bindparam("space"), one_of(messages.c.id, "ids")
    ),
    lists=("ids",),
)
_DELETE: Final = Statement(
    delete(messages).where(
        messages.c.space == bindparam("space"), messages.c.seq == bindparam("seq")
    )
)
INSERT: Final = Statement(insert(messages).inline())


def post(transaction: Transaction, queue: QueueRef, operation: op.PostMessages) -> None:
    """Store the batch, and its notice if it has one.

    A message that is there shows that the batch was stored before.
    """
    row = transaction.queue(queue, lock=True)
    now = transaction.now()
    ids = [encode(message.id) for message in operation.messages]
    if _is_known(transaction, row.space, ids, now):
        return
    client_id = encode(operation.client_id)
    values = [
        _values(message, row.space, row.next_seq + place, now, client_id)
        for place, message in enumerate(operation.messages)
    ]
    transaction.run_many(INSERT, values)
    advance(transaction, row, len(values))
    if operation.notice is not None:
        position = values[-1]["seq"]
        notices.announce(transaction, queue.scope, operation.notice, position, now)


def _is_known(transaction: Transaction, space: int, ids: list[bytes], now: int) -> bool:
    """Whether a message is there; what expired does not exist, and is deleted."""
    for chunk in taking.chunks(ids):
        found = transaction.rows(_KNOWN, {"space": space, "ids": chunk})
        if any(message.expires > now for message in found):
            return True
        if found:
            batch = [{"space": space, "seq": message.seq} for message in found]
            transaction.run_many(_DELETE, batch)
    return False


def advance(transaction: Transaction, row: QueueRow, positions: int) -> None:
    """Hand out positions of a queue whose record is locked, from ``row.next_seq`` on."""
    transaction.run(_ADVANCE, {**scope_values(row.scope), "new_next_seq": row.next_seq + positions})


def _values(
    message: NewMessage, space: int, seq: int, now: int, client_id: bytes
) -> dict[str, Any]:
    is_delayed = message.delay > 0
    return {
        "space": space,
        "seq": seq,
        "ready": None if is_delayed else seq,
        "due": now + message.delay if is_delayed else None,
        "expires": now + message.ttl,
        "created": now,
        "ttl": message.ttl,
        "claim_count": 0,
        "claim_id": None,
        "id": encode(message.id),
        "client_id": client_id,
        "checksum": None if message.checksum is None else encode(message.checksum),
        "body": message.body,
    }
