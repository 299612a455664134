"""Records of queues, and their changes (contract, ``storage-semantics.md`` 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    func,
    insert,
    null,
    select,
    tuple_,
    update,
)

from angarium import codec
from angarium.clock import Clock
from angarium.storage.models import Kind, QueueChange, QueueRecord, QueueRef, QueueState, Scope
from angarium.storage.signals import RecordChanged
from angarium_sql import moments
from angarium_sql.management import epochs, pools, subscriptions
from angarium_sql.session import Session
from angarium_sql.statements import Statement
from angarium_sql.tables import AnyRow, decode, encode, queues, scope_key, scope_values


def _raw(state: QueueState) -> bytes:
    return state.value.encode()


def _is(state: QueueState) -> ColumnElement[bool]:
    return queues.c.state == _raw(state)


_THIS_QUEUE: Final = (
    queues.c.project == bindparam("p_project"),
    queues.c.kind == bindparam("p_kind"),
    queues.c.name == bindparam("p_name"),
)
_OF_PROJECT: Final = _THIS_QUEUE[:2]
_EXISTING: Final = ~_is(QueueState.DELETING)
_AT_REST: Final = and_(_EXISTING, ~_is(QueueState.MOVING))
_AT_EPOCH: Final = queues.c.epoch == bindparam("expected_epoch")

_RECORD: Final = Statement(select(queues).where(*_THIS_QUEUE))
_LOCKED_RECORD: Final = Statement(select(queues).where(*_THIS_QUEUE).with_for_update())
_INSERT: Final = Statement(insert(queues).inline())
_SET: Final = update(queues).where(*_THIS_QUEUE)
_REPLACE: Final = Statement(
    _SET.where(_AT_EPOCH, _AT_REST).values(
        metadata=bindparam("new_metadata"),
        epoch=bindparam("new_epoch"),
        state=_raw(QueueState.PENDING),
    )
)
_MARK: Final = Statement(
    _SET.values(epoch=bindparam("new_epoch"), state=_raw(QueueState.DELETING), lease_end=0)
)
_CHANGED: Final = (
    *("epoch", "state", "pool", "target", "source", "lease_end", "has_subscribers", "metadata"),
)
_CHANGE: Final = Statement(
    _SET.where(_AT_EPOCH, queues.c.state == bindparam("expected_state")).values(
        **{name: bindparam(f"new_{name}") for name in _CHANGED}
    )
)
_PUBLISH: Final = Statement(
    _SET.where(_AT_EPOCH, _AT_REST).values(state=_raw(QueueState.PUBLISHED), source=null())
)
_REMOVE: Final = Statement(delete(queues).where(*_THIS_QUEUE, _AT_EPOCH, _is(QueueState.DELETING)))
_PAGE: Final = Statement(
    select(queues)
    .where(*_OF_PROJECT, _EXISTING, queues.c.name > bindparam("marker"))
    .order_by(queues.c.name)
    .limit(bindparam("limit"))
)
_COUNT: Final = Statement(select(func.count()).select_from(queues).where(*_OF_PROJECT, _EXISTING))

_KEY: Final = (queues.c.project, queues.c.kind, queues.c.name)
_AFTER: Final[tuple[ColumnElement[bytes], ...]] = tuple(
    bindparam(f"after_{column.name}") for column in _KEY
)
_OF_POOL: Final = (
    select(queues)
    .where(queues.c.pool == bindparam("pool"))
    .order_by(*_KEY)
    .limit(bindparam("limit"))
)
_FIRST_OF_POOL: Final = Statement(_OF_POOL)
_NEXT_OF_POOL: Final = Statement(_OF_POOL.where(tuple_(*_KEY) > tuple_(*_AFTER)))


# --- Reading ------------------------------------------------------------------------------------


def find(session: Session, scope: Scope) -> QueueRecord | None:
    """A record in whatever state it is."""
    row = session.first(_RECORD, scope_values(scope))
    return None if row is None else _to_record(row)


def page(session: Session, project: str, kind: Kind, marker: str, limit: int) -> list[QueueRecord]:
    """Records with a name after ``marker``, by name."""
    values = {**_project_values(project, kind), "marker": encode(marker), "limit": limit}
    return [_to_record(row) for row in session.rows(_PAGE, values)]


def count(session: Session, project: str, kind: Kind) -> int:
    """How many records a project has."""
    return int(session.scalar(_COUNT, _project_values(project, kind)))


def page_of_pool(session: Session, pool: str, after: Scope | None, limit: int) -> list[QueueRecord]:
    """Records of a pool, in any state, by scope."""
    values: dict[str, Any] = {"pool": encode(pool), "limit": limit}
    if after is None:
        rows = session.rows(_FIRST_OF_POOL, values)
    else:
        place = {f"after_{column}": value for column, value in scope_key(after).items()}
        rows = session.rows(_NEXT_OF_POOL, {**values, **place})
    return [_to_record(row) for row in rows]


# --- Changing -----------------------------------------------------------------------------------


def create(
    session: Session, clock: Clock, scope: Scope, document: bytes, pool: str
) -> tuple[QueueRecord, bool]:
    """Write a pending record unless there is one.

    :param document: the metadata.
    """
    known = find(session, scope)
    if known is not None:
        return known, False
    epoch = epochs.draw(session)
    known = find(session, scope)  # again: whoever changes records has the counter
    if known is not None:
        return known, False
    _require_pools(session, pool)
    record = QueueRecord(
        scope,
        orjson.loads(document),
        epoch,
        pool,
        QueueState.PENDING,
        has_subscribers=subscriptions.is_there_any(session, clock, scope),
    )
    session.run(_INSERT, {**scope_key(scope), **_values(record, document, 0)})
    return record, True


def replace_metadata(
    session: Session, scope: Scope, document: bytes, expected_epoch: int
) -> QueueRecord:
    """Replace the metadata if nobody else changed the record."""
    values = {
        **scope_values(scope),
        "expected_epoch": expected_epoch,
        "new_metadata": document,
        "new_epoch": epochs.draw(session),
    }
    if session.run(_REPLACE, values) == 0:
        raise RecordChanged
    record = find(session, scope)
    assert record is not None
    return record


def change(
    session: Session, clock: Clock, expected: QueueRecord, wanted: QueueChange
) -> QueueRecord:
    """Change a record if nobody else did."""
    epoch = _epoch_after(session, expected, wanted)
    row = session.first(_LOCKED_RECORD, scope_values(expected.scope))
    now = moments.now(session, clock)
    if row is None or (wanted.after_lease and row.lease_end > now):
        raise RecordChanged
    record = _to_record(row)
    if record.target != expected.target:
        raise RecordChanged
    if wanted.has_subscribers is False and subscriptions.is_there_any(
        session, clock, expected.scope
    ):
        raise RecordChanged
    changed = replace(
        record,
        metadata=record.metadata if wanted.metadata is None else wanted.metadata,
        epoch=epoch,
        pool=record.pool if wanted.pool is None else wanted.pool,
        state=wanted.state,
        target=wanted.target,
        source=wanted.source,
        has_subscribers=record.has_subscribers
        if wanted.has_subscribers is None
        else wanted.has_subscribers,
    )
    _require_pools(session, changed.pool, changed.target, changed.source)
    lease_end = now + wanted.lease if wanted.state is QueueState.MOVING else 0
    new = _values(changed, codec.encode(changed.metadata), lease_end)
    values = {
        **scope_values(expected.scope),
        **{f"new_{name}": value for name, value in new.items()},
        "expected_epoch": expected.epoch,
        "expected_state": _raw(expected.state),
    }
    if session.run(_CHANGE, values) == 0:
        raise RecordChanged
    return changed


def _epoch_after(session: Session, expected: QueueRecord, wanted: QueueChange) -> int:
    if wanted.raises_epoch:
        return epochs.draw(session)
    epochs.lock(session)
    return expected.epoch


def mark_deleted(session: Session, scope: Scope) -> QueueRecord | None:
    """Mark a record as being deleted."""
    if find(session, scope) is None:
        return None
    epoch = epochs.draw(session)
    record = find(session, scope)
    if record is None or record.state is QueueState.DELETING:
        return record
    session.run(_MARK, {**scope_values(scope), "new_epoch": epoch})
    return replace(record, epoch=epoch, state=QueueState.DELETING)


def publish(session: Session, queue: QueueRef) -> None:
    """End a change, unless another one has begun."""
    values = {**scope_values(queue.scope), "expected_epoch": queue.epoch}
    if session.run(_PUBLISH, values) == 0:
        session.run(_REMOVE, values)


def _require_pools(session: Session, *names: str | None) -> None:
    """Return if these pools are there; the empty name needs none."""
    wanted = {name for name in names if name}
    if pools.missing(session, wanted):
        raise RecordChanged


def _project_values(project: str, kind: Kind) -> dict[str, bytes]:
    return {"p_project": encode(project), "p_kind": kind.value.encode()}


def _values(record: QueueRecord, document: bytes, lease_end: int) -> dict[str, Any]:
    return {
        "epoch": record.epoch,
        "state": _raw(record.state),
        "pool": encode(record.pool),
        "target": None if record.target is None else encode(record.target),
        "source": None if record.source is None else encode(record.source),
        "lease_end": lease_end,
        "has_subscribers": int(record.has_subscribers),
        "metadata": document,
    }


def _to_record(row: AnyRow) -> QueueRecord:
    return QueueRecord(
        scope=Scope(decode(row.project), decode(row.name), Kind(row.kind.decode())),
        metadata=orjson.loads(row.metadata),
        epoch=row.epoch,
        pool=decode(row.pool),
        state=QueueState(row.state.decode()),
        target=None if row.target is None else decode(row.target),
        source=None if row.source is None else decode(row.source),
        has_subscribers=bool(row.has_subscribers),
    )
