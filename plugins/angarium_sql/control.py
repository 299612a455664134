"""The management store driver (contract, ``storage-semantics.md`` 2; design, principle 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from angarium import codec
from angarium.storage.driver import ControlDriver
from angarium.storage.models import Kind, QueueFilter, QueueRecord, QueueRef, QueueState, Scope
from angarium.storage.signals import RecordChanged
from angarium_sql import options
from angarium_sql.base import SqlDriver
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
_NEXT_EPOCH: Final = update(epochs).values(last=epochs.c.last + 1)
_LAST_EPOCH: Final = select(epochs.c.last)
_RECORD: Final = select(queues).where(*_THIS_QUEUE)
_INSERT: Final = insert(queues)
_SET: Final = update(queues).where(*_THIS_QUEUE)
_AT_EPOCH: Final = queues.c.epoch == bindparam("expected_epoch")
_REPLACE: Final = _SET.where(_AT_EPOCH).values(
    metadata=bindparam("new_metadata"), epoch=bindparam("new_epoch"), state=bindparam("new_state")
)
_MARK: Final = _SET.values(epoch=bindparam("new_epoch"), state=bindparam("new_state"))
_PUBLISH: Final = _SET.where(_AT_EPOCH, _EXISTING).values(state=bindparam("new_state"))
_REMOVE: Final = delete(queues).where(*_THIS_QUEUE, _AT_EPOCH, _IS_DELETING)
_PAGE: Final = (
    select(queues)
    .where(*_OF_PROJECT, _EXISTING, queues.c.name > bindparam("marker"))
    .order_by(queues.c.name)
    .limit(bindparam("limit"))
)
_COUNT: Final = select(func.count()).select_from(queues).where(*_OF_PROJECT, _EXISTING)


class SqlControlDriver(SqlDriver, ControlDriver):
    """Records of queues in SQLite, PostgreSQL, MySQL or MariaDB.

    Every change begins with the counter of epochs, so that two changes never wait for each other
    crosswise.
    """

    group = options.MANAGEMENT_STORE

    def get_queue(self, scope: Scope) -> QueueRecord | None:
        """Read a record."""
        return self.database.read(lambda connection: _find(connection, scope))

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

        def work(connection: Connection) -> int:
            return connection.execute(_COUNT, values).scalar_one()

        return self.database.read(work)

    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        """Write a pending record unless there is one."""
        document = codec.encode(metadata)

        def work(connection: Connection) -> tuple[QueueRecord, bool]:
            record = _find(connection, scope)
            if record is not None:
                return record, False
            epoch = _next_epoch(connection)
            values = {
                **scope_key(scope),
                "epoch": epoch,
                "state": _state(QueueState.PENDING),
                "pool": encode(pool),
                "metadata": document,
            }
            connection.execute(_INSERT, values)  # fails, and all is repeated, if it is there now
            return QueueRecord(scope, dict(metadata), epoch, pool, QueueState.PENDING), True

        return self.database.change(work)

    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Replace the metadata if nobody else changed the record."""
        document = codec.encode(metadata)

        def work(connection: Connection) -> QueueRecord:
            values = {
                **scope_values(scope),
                "expected_epoch": expected_epoch,
                "new_metadata": document,
                "new_epoch": _next_epoch(connection),
                "new_state": _state(QueueState.PENDING),
            }
            if connection.execute(_REPLACE, values).rowcount == 0:
                raise RecordChanged
            record = _find(connection, scope)
            assert record is not None
            return record

        return self.database.change(work)

    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        """Mark a record as being deleted."""

        def work(connection: Connection) -> QueueRecord | None:
            if _find(connection, scope) is None:
                return None
            epoch = _next_epoch(connection)
            record = _find(connection, scope)
            if record is None or record.state is QueueState.DELETING:
                return record
            values = {"new_epoch": epoch, "new_state": _state(QueueState.DELETING)}
            connection.execute(_MARK, {**scope_values(scope), **values})
            return replace(record, epoch=epoch, state=QueueState.DELETING)

        return self.database.change(work)

    def publish(self, queue: QueueRef) -> None:
        """End a change, unless another one has begun."""
        values = {**scope_values(queue.scope), "expected_epoch": queue.epoch}

        def work(connection: Connection) -> None:
            published = {**values, "new_state": _state(QueueState.PUBLISHED)}
            if connection.execute(_PUBLISH, published).rowcount == 0:
                connection.execute(_REMOVE, values)

        self.database.change(work)

    def _page(self, project: str, kind: Kind, marker: str, limit: int) -> list[QueueRecord]:
        values = {
            "p_project": encode(project),
            "p_kind": kind.value.encode(),
            "marker": encode(marker),
            "limit": limit,
        }

        def work(connection: Connection) -> list[QueueRecord]:
            rows = connection.execute(_PAGE, values).all()
            return [_to_record(row, Scope(project, decode(row.name), kind)) for row in rows]

        return self.database.read(work)


def _find(connection: Connection, scope: Scope) -> QueueRecord | None:
    row = connection.execute(_RECORD, scope_values(scope)).first()
    return None if row is None else _to_record(row, scope)


def _to_record(row: AnyRow, scope: Scope) -> QueueRecord:
    return QueueRecord(
        scope=scope,
        metadata=orjson.loads(row.metadata),
        epoch=row.epoch,
        pool=decode(row.pool),
        state=QueueState(row.state.decode()),
    )


def _next_epoch(connection: Connection) -> int:
    connection.execute(_NEXT_EPOCH)
    epoch: int = connection.execute(_LAST_EPOCH).scalar_one()
    return epoch


def _state(state: QueueState) -> bytes:
    return state.value.encode()
