"""Notices: stored with a post, leased, expanded into duties, and forgotten."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, exists, insert, null, select, update

from angarium.storage.deliveries import Expansion, NewNotice, Notice
from angarium.storage.models import Kind, Scope
from angarium_sql.core import taking
from angarium_sql.core.transaction import Transaction
from angarium_sql.deliveries import lanes
from angarium_sql.deliveries.lanes import Owed
from angarium_sql.moments import NOW
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, decode, digest, duties, encode, notices, scope_key

_INSERT: Final = Statement(
    insert(notices)
    .values({it.name: bindparam(it.name) for it in notices.c if it is not notices.c.number})
    .inline()
)
_KNOWN: Final = Statement(
    select(notices.c.number, notices.c.key).where(one_of(notices.c.key, "keys")), lists=("keys",)
)
_AT_NUMBERS: Final = one_of(notices.c.number, "numbers")
_IS_PENDING: Final = notices.c.pending == 1

_other: Final = notices.alias("other")
_OF_OTHERS: Final = (_other.c.owner > b"", _other.c.owner != bindparam("p_owner"))
# Few rows: what the others are at work on. They are put together here, not in the database, which
# would look for another index to do that.
_BY_OTHERS: Final = (
    select(_other.c.queue, _other.c.number)
    .where(*_OF_OTHERS)
    .with_hint(_other, "FORCE INDEX (ix_angarium_notices_owner)", "mysql")
)
_TAKEN: Final = _BY_OTHERS.where(_other.c.lease_end > NOW)
_FREE: Final = Statement(
    select(notices.c.number)
    .where(_IS_PENDING, notices.c.queue.not_in(_TAKEN.with_only_columns(_other.c.queue)))
    .order_by(notices.c.number)
    .limit(bindparam("limit"))
)
_TAKEN_QUEUES: Final = Statement(_TAKEN)
_EARLIER: Final = Statement(_BY_OTHERS)
_LOCK: Final = Statement(
    select(notices)
    .where(_AT_NUMBERS, _IS_PENDING)
    .order_by(notices.c.number)
    .with_hint(notices, "FORCE INDEX (PRIMARY)", "mysql")
    .with_for_update(),
    lists=("numbers",),
)
_LEASE: Final = Statement(
    update(notices)
    .where(_AT_NUMBERS)
    .values(owner=bindparam("new_owner"), lease_end=bindparam("new_lease_end")),
    lists=("numbers",),
)
_ADVANCE: Final = Statement(
    update(notices)
    .where(notices.c.number == bindparam("p_number"))
    .values(cursor=bindparam("new_cursor"))
)
_COMPLETE: Final = Statement(
    update(notices)
    .where(_AT_NUMBERS)
    .values(pending=null(), cursor=null(), owner=null(), lease_end=null()),
    lists=("numbers",),
)
UNNEEDED: Final = (
    notices.c.pending.is_(None),
    notices.c.keep_until <= NOW,
    ~exists().where(duties.c.notice == notices.c.number),
)
_UNNEEDED: Final = Statement(
    select(notices.c.number).where(_AT_NUMBERS, *UNNEEDED).order_by(notices.c.number),
    lists=("numbers",),
)
_DELETE: Final = Statement(
    delete(notices).where(_AT_NUMBERS, notices.c.pending.is_(None)), lists=("numbers",)
)


# --- Storing ------------------------------------------------------------------------------------


def announce(
    transaction: Transaction, scope: Scope, new: NewNotice, position: int, now: int
) -> None:
    """Store the notice of a batch, unless it is there; the record of the queue is locked."""
    if not known(transaction, [digest(scope, new.id)]):
        store(transaction, [values(scope, new, position, now)])


def known(transaction: Transaction, keys: Collection[bytes]) -> dict[bytes, int]:
    """The numbers of those notices that are there."""
    found: list[AnyRow] = []
    for chunk in taking.chunks(list(keys)):
        found += transaction.rows(_KNOWN, {"keys": chunk})
    return {row.key: row.number for row in found}


def store(transaction: Transaction, batch: Sequence[dict[str, Any]]) -> None:
    """Store notices that are not there."""
    if batch:
        transaction.run_many(_INSERT, batch)


def values(
    scope: Scope,
    new: NewNotice,
    position: int,
    created: int,
    *,
    cursor: str | None = "",
    keep_until: int = 0,
) -> dict[str, Any]:
    """The columns of a notice."""
    return {
        "key": digest(scope, new.id),
        "queue": digest(scope),
        **scope_key(scope),
        "id": encode(new.id),
        "position": position,
        "pending": None if cursor is None else 1,
        "cursor": None if cursor is None else encode(cursor),
        "created": created,
        "keep_until": keep_until,
        "owner": None,
        "lease_end": None,
        "payload": new.payload,
    }


# --- Leasing ------------------------------------------------------------------------------------


def free(transaction: Transaction, owner: str, limit: int) -> list[int]:
    """Those that the owner can take, by number; nothing is locked."""
    wanted = {"p_owner": encode(owner), "limit": limit, **transaction.moment()}
    return [row.number for row in transaction.rows(_FREE, wanted)]


def lease(transaction: Transaction, owner: str, seconds: int, limit: int) -> tuple[Notice, ...]:
    """Take those of queues of which nobody else has one.

    Whoever takes some of a queue takes its first one, so that two who try meet there.
    """
    rows = _lock(transaction, free(transaction, owner, limit))
    if not rows:
        return ()
    values = {"p_owner": encode(owner), **transaction.moment()}
    taken = {row.queue for row in transaction.rows(_TAKEN_QUEUES, values)}
    rows = [row for row in rows if row.queue not in taken]
    now = transaction.now()
    if rows:
        new = {"new_owner": encode(owner), "new_lease_end": now + seconds}
        transaction.run(_LEASE, {"numbers": [row.number for row in rows], **new})
    return tuple(_to_notice(row, now) for row in rows)


def _lock(transaction: Transaction, numbers: Collection[int]) -> list[AnyRow]:
    """Lock notices, by number; those that are not pending any more are left out."""
    rows: list[AnyRow] = []
    for chunk in taking.chunks(sorted(numbers)):
        rows += transaction.rows(_LOCK, {"numbers": chunk})
    return rows


def _to_notice(row: AnyRow, now: int) -> Notice:
    return Notice(
        scope=scope_of(row),
        id=decode(row.id),
        payload=row.payload,
        position=row.position,
        cursor=decode(row.cursor),
        age=max(now - row.created, 0),
    )


def scope_of(row: AnyRow) -> Scope:
    """The queue of a row."""
    return Scope(decode(row.project), decode(row.name), Kind(row.kind.decode()))


# --- Expanding ----------------------------------------------------------------------------------


def expand(transaction: Transaction, owner: str, pages: Sequence[Expansion]) -> None:
    """Store the duties of all pages that are not void, and how far each notice is."""
    keys = {digest(page.scope, page.notice_id) for page in pages}
    held = {row.key: row for row in _lock(transaction, known(transaction, keys).values())}
    if not held:
        return
    earlier = _first_of_others(transaction, owner)
    cursors: dict[int, str | None] = {}
    owed: list[Owed] = []
    for page in pages:
        row = held.get(digest(page.scope, page.notice_id))
        if row is None or earlier.get(row.queue, row.number + 1) <= row.number:
            continue
        if cursors.get(row.number, decode(row.cursor)) == page.after:
            cursors[row.number] = page.cursor
            owed += [Owed(row.number, row.position, page.scope, duty) for duty in page.duties]
    now = transaction.now()
    lanes.owe(transaction, owed, now)
    _note(transaction, cursors)


def _first_of_others(transaction: Transaction, owner: str) -> dict[bytes, int]:
    """The first notice of each queue that somebody else has taken.

    Whoever lost it may still hold later ones. Their duties must not come before its duties do.
    """
    rows = transaction.rows(_EARLIER, {"p_owner": encode(owner)})
    return {row.queue: row.number for row in sorted(rows, reverse=True)}


def _note(transaction: Transaction, cursors: dict[int, str | None]) -> None:
    under_way = [
        {"p_number": number, "new_cursor": encode(cursor)}
        for number, cursor in cursors.items()
        if cursor is not None
    ]
    if under_way:
        transaction.run_many(_ADVANCE, under_way)
    complete = [number for number, cursor in cursors.items() if cursor is None]
    if complete:
        transaction.run(_COMPLETE, {"numbers": complete})
        forget(transaction, complete)


def forget(transaction: Transaction, numbers: Collection[int]) -> int:
    """Delete those notices that are expanded and have no duties; returns how many.

    Of two transactions that delete the last duties of a notice at once, neither sees that they are
    the last; such a notice is reclaimed.
    """
    count = 0
    for chunk in taking.chunks(sorted(numbers)):
        wanted = {"numbers": chunk, **transaction.moment()}
        unneeded = [row.number for row in transaction.rows(_UNNEEDED, wanted)]
        if unneeded:
            count += transaction.run(_DELETE, {"numbers": unneeded})
    return count
