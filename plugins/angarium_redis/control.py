"""The management store driver (contract, ``storage-semantics.md`` 2, 12 and 13)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from angarium import codec
from angarium.storage.driver import ControlDriver, StoreEnvironment
from angarium.storage.models import (
    Kind,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    QueueState,
    Scope,
)
from angarium_redis import options
from angarium_redis.base import RedisDriver
from angarium_redis.control_calls import ControlCalls
from angarium_redis.control_pools import PoolPart
from angarium_redis.control_subscriptions import SubscriptionPart
from angarium_redis.keys import decode, decode_scope, encode, encode_scope
from angarium_redis.scripts import Script, load

_CHUNK: Final = 200  # records that a filtered listing reads at a time


def _script(name: str, *, changes: bool = True) -> Script:
    return load("control_keys", "control_records", f"control_{name}", changes=changes)


_GET: Final = _script("get", changes=False)
_LIST: Final = _script("list", changes=False)
_COUNT: Final = _script("count", changes=False)
_CREATE: Final = _script("create")
_UPDATE: Final = _script("update")
_CHANGE: Final = _script("change")
_DELETE: Final = _script("delete")
_PUBLISH: Final = _script("publish")
_LIST_OF_POOL: Final = _script("list_of_pool", changes=False)


class RedisControlDriver(RedisDriver, PoolPart, SubscriptionPart, ControlDriver):
    """Records of queues, subscriptions, pools and flavors in Redis."""

    interface_version = 1
    group = options.MANAGEMENT_STORE

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        self._call = ControlCalls(self.client, self.prefix)

    def get_queue(self, scope: Scope) -> QueueRecord | None:
        """Read a record."""
        found = self._call(_GET, encode_scope(scope))
        return None if found is None else _to_record(scope, found)

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
        return int(self._call(_COUNT, _group(project, kind)))

    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        """Write a pending record unless there is one."""
        document = codec.encode(metadata)
        offset = b"%d" % self.clock.offset
        created, found = self._call(
            _CREATE, *_names(scope), encode(pool), document, _token(), offset
        )
        return _to_record(scope, found), created == 1

    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Replace the metadata if nobody else changed the record."""
        document = codec.encode(metadata)
        epoch = b"%d" % expected_epoch
        return _to_record(scope, self._call(_UPDATE, *_names(scope), epoch, document, _token()))

    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        """Change a record if nobody else did."""
        metadata = None if change.metadata is None else codec.encode(change.metadata)
        found = self._call(
            _CHANGE,
            *_names(expected.scope),
            b"%d" % expected.epoch,
            expected.state.value.encode(),
            _optional(expected.target),
            change.state.value.encode(),
            _optional(change.pool),
            _optional(change.target),
            _optional(change.source),
            b"-" if metadata is None else b"+" + metadata,
            b"%d" % change.raises_epoch,
            b"%d" % change.lease,
            b"%d" % change.after_lease,
            b"%d" % self.clock.offset,
            _token(),
            b"-" if change.has_subscribers is None else b"%d" % change.has_subscribers,
        )
        return _to_record(expected.scope, found)

    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        """Mark a record as being deleted."""
        found = self._call(_DELETE, *_names(scope))
        return None if found is None else _to_record(scope, found)

    def publish(self, queue: QueueRef) -> None:
        """End a change, unless another one has begun."""
        self._call(_PUBLISH, *_names(queue.scope), b"%d" % queue.epoch)

    def list_pool_queues(self, pool: str, *, after: Scope | None, limit: int) -> list[QueueRecord]:
        """Read records of a pool by kind, length of the project's id, project and name."""
        start = b"" if after is None else encode_scope(after)
        found = self._call(_LIST_OF_POOL, encode(pool), start, b"%d" % limit)
        return [_to_record(decode_scope(scope), record) for scope, record in _pairs(found)]

    def _page(self, project: str, kind: Kind, marker: str, limit: int) -> list[QueueRecord]:
        group = _group(project, kind)
        found = self._call(_LIST, group, encode(marker), b"%d" % limit)
        return [
            _to_record(Scope(project, decode(name), kind), record) for name, record in _pairs(found)
        ]


def _group(project: str, kind: Kind) -> bytes:
    """What the scopes of a project's queues begin with."""
    return encode_scope(Scope(project, "", kind))


def _names(scope: Scope) -> tuple[bytes, bytes, bytes]:
    return encode_scope(scope), _group(scope.project, scope.kind), encode(scope.name)


def _optional(text: str | None) -> bytes:
    return b"-" if text is None else b"+" + encode(text)


def _token() -> bytes:
    """What tells the repetition of a change from another change."""
    return os.urandom(12)


def _pairs(found: Sequence[Any]) -> zip[tuple[Any, Any]]:
    return zip(found[::2], found[1::2], strict=True)


def _to_record(scope: Scope, found: Sequence[Any]) -> QueueRecord:
    epoch, state, pool, target, source, metadata, is_subscribed = found
    return QueueRecord(
        scope=scope,
        metadata=orjson.loads(metadata),
        epoch=epoch,
        pool=decode(pool),
        state=QueueState(state.decode()),
        target=None if target == b"-" else decode(target[1:]),
        source=None if source == b"-" else decode(source[1:]),
        has_subscribers=is_subscribed == 1,
    )
