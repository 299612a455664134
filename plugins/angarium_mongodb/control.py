"""The management store driver: queues (``storage-semantics.md`` 2; design, principle 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from angarium import codec
from angarium.storage.models import (
    Kind,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    QueueState,
    Scope,
)
from angarium.storage.signals import RecordChanged
from angarium_mongodb.documents import Document, scope_key
from angarium_mongodb.records import EXISTING, Records, new_document, to_record
from angarium_mongodb.subscriptions import MongoSubscriptions, has_subscriptions

_CHUNK: Final = 200  # records that a filtered listing reads at a time


class MongoControlDriver(MongoSubscriptions):
    """Records of queues, subscriptions, pools and flavors in MongoDB."""

    interface_version = 1

    def get_queue(self, scope: Scope) -> QueueRecord | None:
        """Read a record."""
        found = self._look(lambda it: it.find(scope))
        return None if found is None else to_record(found)

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

    def _page(self, project: str, kind: Kind, marker: str, limit: int) -> list[QueueRecord]:
        condition = {**_of_project(project, kind), "name": {"$gt": marker}}

        def work(records: Records) -> list[QueueRecord]:
            found = records.queues.find(condition).sort("name", 1).limit(limit)
            return [to_record(it) for it in found]

        return self._look(work)

    def count_queues(self, project: str, kind: Kind) -> int:
        """Count the records of a project."""
        condition = _of_project(project, kind)
        return self._look(lambda it: it.queues.count_documents(condition))

    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        """Write a pending record unless there is one."""
        present = self.get_queue(scope)
        if present is not None:
            return present, False

        def work(records: Records) -> tuple[QueueRecord, bool]:
            epoch, now = records.hold(self.clock)
            found = records.find(scope)
            if found is not None:
                return to_record(found), False
            if pool and records.missing_pools({pool}):
                raise RecordChanged
            subscribed = has_subscriptions(records, scope, now)
            document = new_document(scope, metadata, epoch, pool, subscribed=subscribed)
            records.queues.insert_one(document, session=records.session)
            return to_record(document), True

        return self._change(work)

    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        """Replace the metadata if nobody else changed the record."""
        document = codec.encode(metadata)

        def work(records: Records) -> QueueRecord:
            epoch, _ = records.hold(self.clock)
            found = records.find(scope)
            if found is None or found["epoch"] != expected_epoch or not _is_settled(found):
                raise RecordChanged
            changes = {"metadata": document, "epoch": epoch, "state": QueueState.PENDING.value}
            return _set(records, found, changes)

        return self._change(work)

    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        """Change a record if nobody else did."""

        def work(records: Records) -> QueueRecord:
            epoch, now = records.hold(self.clock)
            found = records.find(expected.scope)
            if found is None or not _is_as(found, expected):
                raise RecordChanged
            if change.after_lease and found["lease"] > now:
                raise RecordChanged
            pools = {it for it in (change.pool, change.target, change.source) if it}
            if records.missing_pools(pools):
                raise RecordChanged
            if change.has_subscribers is False and has_subscriptions(records, expected.scope, now):
                raise RecordChanged
            changes = _changes(change, now)
            if change.raises_epoch:
                changes["epoch"] = epoch
            return _set(records, found, changes)

        return self._change(work)

    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        """Mark a record as being deleted."""
        if self.get_queue(scope) is None:
            return None

        def work(records: Records) -> QueueRecord | None:
            epoch, _ = records.hold(self.clock)
            found = records.find(scope)
            if found is None:
                return None
            if found["state"] == QueueState.DELETING.value:
                return to_record(found)
            return _set(records, found, {"epoch": epoch, "state": QueueState.DELETING.value})

        return self._change(work)

    def publish(self, queue: QueueRef) -> None:
        """End a change."""
        key = {"_id": scope_key(queue.scope), "epoch": queue.epoch}
        published = {"$set": {"state": QueueState.PUBLISHED.value}, "$unset": {"source": ""}}

        def work(records: Records) -> None:
            deleting = {**key, "state": QueueState.DELETING.value}
            pending = {**key, "state": QueueState.PENDING.value}
            session = records.session
            found = records.queues.update_one(pending, published, session=session)
            if found.matched_count == 0:
                records.queues.delete_one(deleting, session=session)

        self._change(work, repeatable=True)


def _of_project(project: str, kind: Kind) -> Document:
    return {"project": project, "kind": kind.value, "state": EXISTING}


def _is_settled(document: Document) -> bool:
    return document["state"] not in {QueueState.DELETING.value, QueueState.MOVING.value}


def _is_as(document: Document, expected: QueueRecord) -> bool:
    return (
        document["epoch"] == expected.epoch
        and document["state"] == expected.state.value
        and document.get("target") == expected.target
    )


def _changes(change: QueueChange, now: int) -> Document:
    is_leased = change.state is QueueState.MOVING
    changes: Document = {
        "state": change.state.value,
        "target": change.target,
        "source": change.source,
        "lease": now + change.lease if is_leased else 0,
    }
    if change.pool is not None:
        changes["pool"] = change.pool
    if change.metadata is not None:
        changes["metadata"] = codec.encode(change.metadata)
    if change.has_subscribers is not None:
        changes["subscribed"] = change.has_subscribers
    return changes


def _set(records: Records, document: Document, changes: Document) -> QueueRecord:
    records.queues.update_one({"_id": document["_id"]}, {"$set": changes}, session=records.session)
    return to_record({**document, **changes})
