"""What a queue owes its subscribers, on its way from one store to another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from angarium.storage import operations as op
from angarium.storage.deliveries import HOLD, NoticeExtract, StoredDuty, StoredNotice
from angarium.storage.models import QueueRef
from angarium.storage.signals import Again
from angarium_mongodb import owed
from angarium_mongodb.documents import Document, Filter, Pipeline, Queue, queue_key
from angarium_mongodb.noticing import insert_duties
from angarium_mongodb.transaction import Transaction

_STEP: Final = 1000  # documents of each kind that one transaction forgets


def export_notices(
    transaction: Transaction, queue: QueueRef, operation: op.ExportNotices
) -> NoticeExtract:
    """First the notices that are needed, by position; then the pending duties, by lane.

    Nothing has to keep posts off: they change the record of the queue, as its registration does.
    """
    found = transaction.queue(queue)
    kind, *after = json.loads(operation.cursor or '["notices", 0, ""]')
    if kind == "duties":
        return _duties(transaction, found, after, operation.limit)
    page = _notices(transaction, found, after, operation.limit)
    needed = _needed(transaction, found, [it["id"] for it in page if it["cursor"] is None])
    notices = tuple(
        _to_stored(it, found.now) for it in page if it["cursor"] is not None or it["id"] in needed
    )
    if len(page) == operation.limit:
        cursor = json.dumps(["notices", page[-1]["position"], page[-1]["id"]])
        return NoticeExtract(notices, (), cursor)
    extract = _duties(transaction, found, ("", ""), operation.limit - len(page))
    return replace(extract, notices=notices)


def _notices(
    transaction: Transaction, queue: Queue, after: Sequence[Any], limit: int
) -> list[Document]:
    position, id_ = after
    condition = {
        "$or": [
            {"scope": queue.scope, "position": position, "id": {"$gt": id_}},
            {"scope": queue.scope, "position": {"$gt": position}},
        ]
    }
    found = transaction.notices.find(condition, session=transaction.session)
    return list(found.sort([("scope", 1), ("position", 1), ("id", 1)]).limit(limit))


def _to_stored(notice: Filter, now: int) -> StoredNotice:
    return StoredNotice(
        id=notice["id"],
        payload=notice["payload"],
        position=notice["position"],
        cursor=notice["cursor"],
        age=max(now - notice["created"], 0),
    )


def _needed(transaction: Transaction, queue: Queue, ids: Sequence[str]) -> set[str]:
    """Those of the notices that have pending duties."""
    if not ids:
        return set()
    condition = {"scope": queue.scope, "notice": {"$in": list(ids)}, "due": {"$gt": 0}}
    pipeline: Pipeline = [{"$match": condition}, {"$group": {"_id": "$notice"}}]
    return {it["_id"] for it in transaction.duties.aggregate(pipeline, session=transaction.session)}


def _duties(
    transaction: Transaction, queue: Queue, after: Sequence[Any], limit: int
) -> NoticeExtract:
    pending = {"scope": queue.scope, "due": {"$gt": 0}}
    lane, place = after
    condition = {
        "$or": [
            {**pending, "lane": lane, "place": {"$gt": place}},
            {**pending, "lane": {"$gt": lane}},
        ]
    }
    found = list(
        transaction.duties.find(condition, session=transaction.session)
        .sort([("scope", 1), ("lane", 1), ("place", 1)])
        .limit(limit + 1)
    )
    page = found[:limit]
    named = owed.named({it["lane"] for it in page}, [queue.scope])
    fields = {"ordered": 1, "suspect": 1}
    lanes = {
        it["_id"]: it
        for it in (
            transaction.lanes.find(named, fields, session=transaction.session) if page else ()
        )
    }
    duties = tuple(
        StoredDuty(
            subscription_id=it["subscription"],
            notice_id=it["notice"],
            state=it["state"],
            due=max(it["due"] - queue.now, 0),
            is_ordered=lanes[it["lane"]]["ordered"],
            is_suspect=lanes[it["lane"]]["suspect"],
        )
        for it in page
    )
    cursor = ["duties", page[-1]["lane"], page[-1]["place"]] if len(found) > limit else None
    return NoticeExtract((), duties, json.dumps(cursor) if cursor else None)


def import_notices(transaction: Transaction, queue: QueueRef, operation: op.ImportNotices) -> None:
    """Store what is not there.

    Duties of a notice may come later than others, which have been fulfilled by then; so nobody
    looks for a while whether the notice is still needed.

    :raises Again: there is more to be forgotten first.
    """
    found = transaction.queue(queue)
    if operation.replaces and not forget(transaction, found.scope):
        raise Again
    ids = {it.id for it in operation.notices} | {it.notice_id for it in operation.duties}
    if not ids:
        return
    condition = owed.named([owed.notice_key(found.scope, it) for it in ids], [found.scope])
    fields = {"payload": 0}
    known = {
        it["id"]: it
        for it in transaction.notices.find(condition, fields, session=transaction.session)
    }
    new = [_to_document(found, it) for it in operation.notices if it.id not in known]
    if new:
        transaction.notices.insert_many(new, session=transaction.session)
    known |= {it["id"]: it for it in new}
    _import_duties(transaction, found, known, operation.duties)


def _to_document(queue: Queue, notice: StoredNotice) -> Document:
    created = queue.now - notice.age
    document = owed.make_notice(queue.scope, notice.id, notice.payload, (notice.position, created))
    return {
        **document,
        "cursor": notice.cursor,
        "since": 0 if notice.cursor is None else created,
        "check": queue.now + HOLD,
    }


def _import_duties(
    transaction: Transaction,
    queue: Queue,
    notices: dict[str, Document],
    duties: Sequence[StoredDuty],
) -> None:
    entries = [
        owed.Entry(
            owed.make_duty(notices[it.notice_id], it.subscription_id, it.state, queue.now + it.due),
            it.is_ordered,
            it.is_suspect,
        )
        for it in duties
        if it.notice_id in notices
    ]
    insert_duties(transaction, entries, queue.now)


def drop_notices(transaction: Transaction, queue: QueueRef) -> bool:
    """Forget what a queue owes, or part of it.

    :returns: whether nothing is left to do.
    """
    key = queue_key(queue.scope)
    record: Filter | None = transaction.queues.find_one(key, session=transaction.session)
    if record is not None:
        if record["epoch"] > queue.epoch:
            return True
        transaction.queues.update_one(key, {"$inc": {"exports": 1}}, session=transaction.session)
    return forget(transaction, key["scope"])


def forget(transaction: Transaction, scope: str) -> bool:
    """Delete what a queue owes, or part of it; returns whether that was all."""
    is_all = True
    for collection in (transaction.notices, transaction.lanes, transaction.duties):
        condition = owed.of_queue(scope)
        found = collection.find(condition, {"_id": 1}, session=transaction.session).limit(_STEP)
        keys = [it["_id"] for it in found]
        if keys:
            collection.delete_many(owed.named(keys, [scope]), session=transaction.session)
        is_all = is_all and len(keys) < _STEP
    return is_all
