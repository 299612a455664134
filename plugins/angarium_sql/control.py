"""The management store driver (contract, ``storage-semantics.md`` 2; design, principle 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, func, insert, select, update

from angarium import codec
from angarium.storage.driver import ControlDriver
from angarium.storage.models import Kind, QueueFilter, QueueRecord, QueueRef, QueueState, Scope
from angarium.storage.signals import RecordChanged
from angarium_sql import options
from angarium_sql.base import SqlDriver
from angarium_sql.session import Session
from angarium_sql.statements import Statement
from angarium_sql.tables import AnyRow, decode, encode, epochs, queues, scope_key, scope_values

_CHUNK: Final = 200  # records that a filtered listing reads at a time

_THIS_QUEUE: Final = (
    queues.c.project == bindparam("p_project"),
    queues.c.kind == bindparam("p_kind"),
    queues.c.name == bindparam("p_name"),
)
_IS_DELETING: Final = queues.c.state == b"deleting"
_EXISTING: Final = queues.c.state != b"deleting"
_OF_PROJECT: Final = (
    queues.c.project == bindparam("p_project"),
    queues.c.kind == bindparam("p_kind"),
)
_NEXT_EPOCH: Final = Statement(update(epochs).values(last=epochs.c.last + 1))
_LAST_EPOCH: Final = Statement(select(epochs.c.last))
_RECORD: Final = Statement(select(queues).where(*_THIS_QUEUE))
_INSERT: Final = Statement(insert(queues).inline())
_SET: Final = update(queues).where(*_THIS_QUEUE)
_AT_EPOCH: Final = queues.c.epoch == bindparam("expected_epoch")
_REPLACE: Final = Statement(
    _SET.where(_AT_EPOCH, _EXISTING).values(
        metadata=bindparam("new_metadata"),
        epoch=bindparam("new_epoch"),
        state=bindparam("new_state"),
    )
)
_MARK: Final = Statement(_SET.values(epoch=bindparam("new_epoch"), state=bindparam("new_state")))
_PUBLISH: Final = Statement(_SET.where(_AT_EPOCH, _EXISTING).values(state=bindparam("new_state")))
_REMOVE: Final = Statement(delete(queues).where(*_THIS_QUEUE, _AT_EPOCH, _IS_DELETING))
_PAGE: Final = Statement(
    select(queues)
    .where(*_OF_PROJECT, _EXISTING, queues.c.name > bindparam("marker"))
    .order_by(queues.c.name)
    .limit(bindparam("limit"))
)
_COUNT: Final = Statement(select(func.count()).select_from(queues).where(*_OF_PROJECT, _EXISTING))


class SqlControlDriver(SqlDriver, ControlDriver):
    """Records of queues in SQLite, PostgreSQL, MySQL or MariaDB.

    Every change begins with the counter of epochs, so that two changes never wait for each other
    crosswise.
    """

    interface_version = 1
    group = options.MANAGEMENT_STORE

    def get_queue(self, scope: Scope) -> QueueRecord | None:
        """Read a record."""
        return self.database.read(lambda session: _find(session, scope))

    def list_queues(
        self, project: str, kind: Kind, *, marker: str, limit: int, select: QueueFilter
    ) -> list[QueueRecord]:
        """Read records by name, in chunks until enough of them are selected."""
        selects_all = not select.name_contains and not select.metadata
        found: list[QueueRecord] = []
        while len(found) < limit:
            size = limit if selects_all else max(limit, _CHUNK)
            chunk = self._page(project, kind, marker, size)
            found += [it for it in chunk if select.matches(it.scope.name, it.metadata)]
            if len(chunk) < size:
                break
            marker = chunk[-1].scope.name
        return found[:limit]

    def count_queues(self, project: str, kind: Kind) -> int:
        """Count the records of a project."""
        values = {"p_project": encode(project), "p_kind": kind.value.encode()}

        def work(session: Session) -> int:
            return int(session.scalar(_COUNT, values))

        return self.database.read(work)

    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        """Write a pending record unless there is one."""
        document = codec.encode(metadata)

        def work(session: Session) -> tuple[QueueRecord, bool]:
            record = _find(session, scope)
            if record is not None:
                return record, False
            epoch = _next_epoch(session)
            record = _find(session, scope)  # again: whoever changes records has the counter
            if record is not None:
                return record, False
            values = {
                **scope_key(scope),
                "epoch": epoch,
                "state": _state(QueueState.PENDING),
                "pool": encode(pool),
                "metadata": document,
            }
            session.run(_INSERT, values)
            return QueueRecord(scope, dict(metadata), epoch, pool, QueueState.PENDING), True

        return self.database.change(work)

    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Replace the metadata if nobody else changed the record."""
        document = codec.encode(metadata)

        def work(session: Session) -> QueueRecord:
            values = {
                **scope_values(scope),
                "expected_epoch": expected_epoch,
                "new_metadata": document,
                "new_epoch": _next_epoch(session),
                "new_state": _state(QueueState.PENDING),
            }
            if session.run(_REPLACE, values) == 0:
                raise RecordChanged
            record = _find(session, scope)
            assert record is not None
            return record

        return self.database.change(work)

    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        """Mark a record as being deleted."""

        def work(session: Session) -> QueueRecord | None:
            if _find(session, scope) is None:
                return None
            epoch = _next_epoch(session)
            record = _find(session, scope)
            if record is None or record.state is QueueState.DELETING:
                return record
            values = {"new_epoch": epoch, "new_state": _state(QueueState.DELETING)}
            session.run(_MARK, {**scope_values(scope), **values})
            return replace(record, epoch=epoch, state=QueueState.DELETING)

        return self.database.change(work)

    def publish(self, queue: QueueRef) -> None:
        """End a change, unless another one has begun."""
        values = {**scope_values(queue.scope), "expected_epoch": queue.epoch}

        def work(session: Session) -> None:
            published = {**values, "new_state": _state(QueueState.PUBLISHED)}
            if session.run(_PUBLISH, published) == 0:
                session.run(_REMOVE, values)

        self.database.change(work)

    def _page(self, project: str, kind: Kind, marker: str, limit: int) -> list[QueueRecord]:
        values = {
            "p_project": encode(project),
            "p_kind": kind.value.encode(),
            "marker": encode(marker),
            "limit": limit,
        }

        def work(session: Session) -> list[QueueRecord]:
            rows = session.rows(_PAGE, values)
            return [_to_record(row, Scope(project, decode(row.name), kind)) for row in rows]

        return self.database.read(work)


def _find(session: Session, scope: Scope) -> QueueRecord | None:
    row = session.first(_RECORD, scope_values(scope))
    return None if row is None else _to_record(row, scope)


def _to_record(row: AnyRow, scope: Scope) -> QueueRecord:
    return QueueRecord(
        scope=scope,
        metadata=orjson.loads(row.metadata),
        epoch=row.epoch,
        pool=decode(row.pool),
        state=QueueState(row.state.decode()),
    )


def _next_epoch(session: Session) -> int:
    session.run(_NEXT_EPOCH, {})
    return int(session.scalar(_LAST_EPOCH, {}))


def _state(state: QueueState) -> bytes:
    return state.value.encode()
