"""Notices: stored, leased, and expanded into duties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pymongo import UpdateOne

from angarium.storage import operations as op
from angarium.storage.deliveries import Expansion, NewDuty, NewNotice, Notice
from angarium.storage.models import QueueRef
from angarium_mongodb import owed
from angarium_mongodb.documents import READ_CLOCK, Document, Filter, Queue, scope_key, to_scope
from angarium_mongodb.transaction import Transaction


def announce(transaction: Transaction, queue: Queue, notice: NewNotice) -> None:
    """Store the notice of a batch that was just stored."""
    place = (queue.position, queue.now)
    document = owed.make_notice(queue.scope, notice.id, notice.payload, place)
    transaction.notices.insert_one(document, session=transaction.session)


def is_known(transaction: Transaction, queue: Queue, notice: NewNotice) -> bool:
    """Whether a notice is there."""
    key = owed.named([owed.notice_key(queue.scope, notice.id)], [queue.scope])
    return transaction.notices.find_one(key, {"_id": 1}, session=transaction.session) is not None


def add_notice(transaction: Transaction, queue: QueueRef, operation: op.AddNotice) -> None:
    """Store a notice with its duties, at the end of the queue.

    The record of the queue is changed, so that a queue does not move away without it.
    """
    found = transaction.advance(queue, "$position")
    if is_known(transaction, found, operation.notice):
        return
    new = operation.notice
    notice = owed.make_notice(found.scope, new.id, new.payload, (found.position, found.now))
    expanded = {**notice, "since": 0, "cursor": None}
    transaction.notices.insert_one(expanded, session=transaction.session)
    _store(transaction, [(expanded, it) for it in operation.duties], found.now)


def lease_notices(
    transaction: Transaction, owner: str, seconds: int, limit: int
) -> tuple[Notice, ...]:
    """Take the oldest notices of queues that nobody else expands.

    Of two who take notices of one queue at once, both begin with its first one, so one of them
    begins again.
    """
    first = transaction.first(transaction.notices, {"since": {"$gt": 0}}, "since")
    if first is None:
        return ()
    now, session = first[1], transaction.session
    held = {"until": {"$gt": now}, "owner": {"$ne": owner}}
    others = {it["scope"] for it in transaction.notices.find(held, {"scope": 1}, session=session)}
    free = {"since": {"$gt": 0}, "scope": {"$nin": sorted(others)}}
    oldest = (
        transaction.notices.find(free, {"scope": 1, "place": 1}, session=session)
        .sort([("since", 1), ("scope", 1), ("place", 1)])
        .limit(limit)
        .batch_size(limit + 1)
    )
    upto: dict[str, str] = {}
    for it in oldest:
        upto[it["scope"]] = max(it["place"], upto.get(it["scope"], ""))
    if not upto:
        return ()
    found = list(
        transaction.notices.find(_open(upto), session=session)
        .sort([("scope", 1), ("place", 1)])
        .limit(limit)
        .batch_size(limit + 1)
    )
    transaction.notices.update_many(
        owed.named([it["_id"] for it in found], upto),
        {"$set": {"owner": owner, "until": now + seconds}},
        session=session,
    )
    order = list(upto)
    found.sort(key=lambda it: order.index(it["scope"]))
    return tuple(_to_notice(it, now) for it in found)


def _open(upto: Mapping[str, str]) -> Document:
    """The filter of what is to be expanded, by scope up to a place, without a gap."""
    return {
        "$or": [
            {"scope": scope, "since": {"$gt": 0}, "place": {"$gt": "", "$lte": place}}
            for scope, place in upto.items()
        ]
    }


def _to_notice(document: Document, now: int) -> Notice:
    return Notice(
        scope=to_scope(document["scope"]),
        id=document["id"],
        payload=document["payload"],
        position=document["position"],
        cursor=document["cursor"],
        age=max(now - document["created"], 0),
    )


@dataclass(slots=True)
class _Progress:
    """How far the expansion of a notice comes by a call.

    :ivar cursor: None at the end.
    """

    notice: Document
    cursor: str | None
    duties: int = 0


def expand_notices(transaction: Transaction, owner: str, pages: Sequence[Expansion]) -> None:
    """Store the duties of the pages that count."""
    scopes = {scope_key(page.scope) for page in pages}
    keys = {_key(page) for page in pages}
    session = transaction.session
    pipeline = [
        {"$match": {**owed.named(keys, scopes), "since": {"$gt": 0}}},
        {"$project": {"payload": 0}},
        {"$set": {"now": READ_CLOCK}},
    ]
    progress = {
        it["_id"]: _Progress(it, it["cursor"])
        for it in transaction.notices.aggregate(pipeline, session=session)
        if it["owner"] in {None, owner}
    }
    new: list[tuple[Filter, NewDuty]] = []
    moved: dict[str, _Progress] = {}
    for page in pages:
        found = progress.get(_key(page))
        if found is not None and found.cursor == page.after:
            moved[_key(page)] = found
            found.cursor = page.cursor
            found.duties += len(page.duties)
            new += [(found.notice, it) for it in page.duties]
    if not moved:
        return
    now = transaction.seconds(next(iter(moved.values())).notice["now"])
    _store(transaction, new, now)
    transaction.notices.bulk_write([_advance(it) for it in moved.values()], session=session)


def _key(page: Expansion) -> str:
    return owed.notice_key(scope_key(page.scope), page.notice_id)


def _advance(progress: _Progress) -> UpdateOne:
    notice = progress.notice
    key = {"_id": notice["_id"], "scope": notice["scope"]}
    if progress.cursor is not None:
        return UpdateOne(key, {"$set": {"cursor": progress.cursor}})
    # Earlier pages may have had duties, and those of another store may still be on their way.
    checked = {} if progress.duties else {"$max": {"check": owed.CHECK_NOW}}
    return UpdateOne(key, {"$set": {"cursor": None, "since": 0, "until": 0}, **checked})


def _store(transaction: Transaction, duties: Sequence[tuple[Filter, NewDuty]], now: int) -> None:
    """Store duties that are not there, and enter them in their lanes."""
    entries = [
        owed.Entry(
            owed.make_duty(notice, it.subscription_id, it.state, now + it.due),
            it.is_ordered,
            it.is_suspect,
        )
        for notice, it in duties
    ]
    insert_duties(transaction, entries, now)


def insert_duties(transaction: Transaction, entries: Sequence[owed.Entry], now: int) -> None:
    """Store those duties that are not there, and enter them in their lanes."""
    if not entries:
        return
    new: dict[str, owed.Entry] = {}
    for it in entries:
        new.setdefault(it.duty["_id"], it)
    session = transaction.session
    condition = owed.named(new, [it.duty["scope"] for it in entries])
    forgotten = []
    fields = {"scope": 1, "forget": 1}
    present = transaction.duties.find(condition, fields, session=session)
    for found in present.batch_size(len(new) + 1):
        if 0 < found["forget"] <= now:
            forgotten.append(found)
        else:
            del new[found["_id"]]
    if forgotten:
        keys = owed.named([it["_id"] for it in forgotten], [it["scope"] for it in forgotten])
        transaction.duties.delete_many(keys, session=session)
    if new:
        # The lanes first: the sooner they are changed, the fewer of their owners have done so.
        owed.enter(transaction, new.values())
        documents = [dict(it.duty) for it in new.values()]
        transaction.duties.insert_many(documents, session=session)
