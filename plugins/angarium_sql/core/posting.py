"""Posting: positions are handed out under the lock of the queue, in the order of the commits."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import mysql, sqlite

from angarium.storage import operations as op
from angarium.storage.models import NewMessage, QueueRef
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.statements import Statement
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
_INSERT_UNKNOWN: Final = {
    "sqlite": Statement(sqlite.insert(messages).on_conflict_do_nothing().inline()),
    # Not INSERT IGNORE, which would also store values that were cut to fit.
    "mysql": Statement(mysql.insert(messages).on_duplicate_key_update(seq=messages.c.seq).inline()),
}


def post(transaction: Transaction, queue: QueueRef, operation: op.PostMessages) -> None:
    """Store the batch; messages whose id is known already are left alone."""
    row = transaction.queue(queue, lock=True)
    advance(transaction, row, len(operation.messages))
    now = transaction.now()
    client_id = encode(operation.client_id)
    values = [
        _values(message, row.space, row.next_seq + place, now, client_id)
        for place, message in enumerate(operation.messages)
    ]
    transaction.run_many(_INSERT_UNKNOWN[transaction.dialect.name], values)


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
