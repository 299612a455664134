"""Registering, deleting and purging queues: the messages stay where they are, to be reclaimed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert, null, update

from angarium.storage import operations as op
from angarium.storage.models import QueueRef
from angarium_sql.core.transaction import Transaction
from angarium_sql.statements import Statement
from angarium_sql.tables import pool_queues, scope_key, scope_values, spaces

_NO_SPACE: Final = 0
_FIRST: Final = 1  # the first position in a queue

_DROP_SPACE: Final = Statement(
    update(spaces).where(spaces.c.id == bindparam("dropped_space")).values(dropped=bindparam("now"))
)
_NEW_SPACE: Final = Statement(insert(spaces).values(dropped=null()).inline())
_THIS_QUEUE: Final = (
    pool_queues.c.project == bindparam("p_project"),
    pool_queues.c.kind == bindparam("p_kind"),
    pool_queues.c.name == bindparam("p_name"),
)
_UPDATE: Final = Statement(
    update(pool_queues)
    .where(*_THIS_QUEUE)
    .values(
        epoch=bindparam("new_epoch"),
        life=bindparam("new_life"),
        space=bindparam("new_space"),
        deleted=bindparam("new_deleted"),
    )
)
_SET_SPACE: Final = Statement(
    update(pool_queues).where(*_THIS_QUEUE).values(space=bindparam("new_space"))
)
_INSERT: Final = Statement(insert(pool_queues).inline())


def register(transaction: Transaction, queue: QueueRef) -> None:
    """Make a queue known, or raise its epoch."""
    record = transaction.record(queue.scope, lock=True)
    if record is not None and record.epoch >= queue.epoch:
        return
    if record is not None and record.deleted is None:
        _update(transaction, queue, record.life, record.space, None)
        return
    life, space = (transaction.insert(_NEW_SPACE, {}) for _ in range(2))
    if record is None:
        _insert(transaction, queue, life, space, None)
    else:
        _update(transaction, queue, life, space, None)


def unregister(transaction: Transaction, queue: QueueRef) -> None:
    """Put a tombstone in the place of a queue."""
    record = transaction.record(queue.scope, lock=True)
    if record is None:
        _insert(transaction, queue, _NO_SPACE, _NO_SPACE, transaction.now())
    elif record.epoch < queue.epoch:
        now = transaction.now()
        _drop(transaction, record.space, now)
        _drop(transaction, record.life, now)
        _update(transaction, queue, _NO_SPACE, _NO_SPACE, now)


def purge(transaction: Transaction, queue: QueueRef, operation: op.PurgeMessages) -> None:
    """Give the queue an empty space; positions go on, and claims stay, without messages."""
    row = transaction.queue(queue, lock=True)
    _drop(transaction, row.space, transaction.now())
    values = {**scope_values(queue.scope), "new_space": transaction.insert(_NEW_SPACE, {})}
    transaction.run(_SET_SPACE, values)


def _drop(transaction: Transaction, space: int, now: int) -> None:
    transaction.run(_DROP_SPACE, {"dropped_space": space, "now": now})


def _insert(
    transaction: Transaction, queue: QueueRef, life: int, space: int, deleted: int | None
) -> None:
    values = {
        **scope_key(queue.scope),
        "epoch": queue.epoch,
        "life": life,
        "space": space,
        "next_seq": _FIRST,
        "deleted": deleted,
    }
    transaction.run(_INSERT, values)


def _update(
    transaction: Transaction, queue: QueueRef, life: int, space: int, deleted: int | None
) -> None:
    values = {
        **scope_values(queue.scope),
        "new_epoch": queue.epoch,
        "new_life": life,
        "new_space": space,
        "new_deleted": deleted,
    }
    transaction.run(_UPDATE, values)
