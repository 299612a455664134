"""Giving back space in short steps: what expired, was dropped, is over, or is not needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pymongo.collection import Collection
from pymongo.database import Database

from angarium.storage.deliveries import DutyStatus
from angarium_mongodb import owed, sessions
from angarium_mongodb.documents import Document, Filter, Pipeline
from angarium_mongodb.transaction import Transaction

STEP: Final = 500  # documents deleted by one command
_TOMBSTONE_LIFE: Final = 3600  # seconds (design, principle 6)

Step = Callable[..., int]
OwedStep = Callable[..., tuple[int, bool]]
"""Returns how many documents were freed, and whether that was all."""


def expired_messages(database: Database[Document], now: int, limit: int) -> int:
    """Messages that nobody sees any more."""
    return _delete(database["messages"], {"expires": {"$lte": now}}, limit)


def dropped_spaces(database: Database[Document], now: int, limit: int) -> int:
    """Messages that were purged or deleted with their queue, and what notes that they were."""
    freed = 0
    for space in database["spaces"].find({}, limit=limit):
        content = {"scope": space["scope"], "space": space["_id"]}
        freed += _delete(database["messages"], content, limit - freed)
        if freed == limit:
            break
        named = {"_id": space["_id"], "scope": space["scope"]}
        freed += database["spaces"].delete_one(named).deleted_count
    return freed


def lapsed_claims(database: Database[Document], now: int, limit: int) -> int:
    """Records of claims that are over."""
    return _delete(database["claims"], {"expires": {"$lte": now}}, limit)


def tombstones(database: Database[Document], now: int, limit: int) -> int:
    """Records of queues that were deleted long ago."""
    old = {"deleted": {"$gt": 0, "$lte": now - _TOMBSTONE_LIFE}}
    return _delete(database["queues"], old, limit)


def old_sessions(database: Database[Document], now: int, limit: int) -> int:
    """Notes of sessions that nobody can use any more."""
    before = {"noted": {"$lte": (now - sessions.KEPT) * 1000}}
    found = list(database[sessions.COLLECTION].find(before, {"_id": 1}, limit=limit))
    named = {**before, "_id": {"$in": [it["_id"] for it in found]}}
    return database[sessions.COLLECTION].delete_many(named).deleted_count if found else 0


def expired_subscriptions(database: Database[Document], now: int, limit: int) -> int:
    """Subscriptions of the management store that nobody sees any more."""
    return _delete(database["subscriptions"], {"expires": {"$lte": now}}, limit)


def forgotten_duties(transaction: Transaction, now: int, limit: int) -> tuple[int, bool]:
    """Duties that are over and not listed any more; their notices are checked next."""
    session = transaction.session
    over = {"$in": [DutyStatus.DELIVERED.value, DutyStatus.FAILED.value]}
    condition = {"status": over, "forget": {"$gt": 0, "$lt": now + 1}}
    fields = {"scope": 1, "notice": 1}
    found = list(transaction.duties.find(condition, fields, session=session).limit(limit))
    if found:
        scopes = [it["scope"] for it in found]
        notices = owed.named({owed.notice_key(it["scope"], it["notice"]) for it in found}, scopes)
        to_be_checked = {"$max": {"check": owed.CHECK_NOW}}
        transaction.notices.update_many(notices, to_be_checked, session=session)
        keys = owed.named([it["_id"] for it in found], scopes)
        transaction.duties.delete_many(keys, session=session)
    return len(found), len(found) < limit


def unneeded_notices(transaction: Transaction, now: int, limit: int) -> tuple[int, bool]:
    """Notices that are fully expanded and have no duties any more, of those to be checked."""
    session = transaction.session
    condition = {"check": {"$gt": 0, "$lt": now + 1}}
    fields = {"scope": 1, "id": 1, "cursor": 1}
    found = list(transaction.notices.find(condition, fields, session=session).limit(limit))
    if not found:
        return 0, True
    scopes = [it["scope"] for it in found]
    duties = {"scope": {"$in": sorted(set(scopes))}, "notice": {"$in": [it["id"] for it in found]}}
    key = {"scope": "$scope", "notice": "$notice"}
    groups: Pipeline = [{"$match": duties}, {"$group": {"_id": key}}]
    needed = {
        (it["_id"]["scope"], it["_id"]["notice"])
        for it in transaction.duties.aggregate(groups, session=session)
    }
    unneeded = [
        it["_id"] for it in found if it["cursor"] is None and (it["scope"], it["id"]) not in needed
    ]
    transaction.notices.delete_many(owed.named(unneeded, scopes), session=session)
    checked = owed.named([it["_id"] for it in found], scopes)
    transaction.notices.update_many(checked, {"$set": {"check": 0}}, session=session)
    return len(unneeded), len(found) < limit


STEPS: Final[tuple[Step, ...]] = (
    expired_messages,
    dropped_spaces,
    lapsed_claims,
    tombstones,
    old_sessions,
)
OWED_STEPS: Final[tuple[OwedStep, ...]] = (forgotten_duties, unneeded_notices)


def _delete(collection: Collection[Document], condition: Filter, limit: int) -> int:
    freed = 0
    for size in _steps(limit):
        found = list(collection.find(condition, {"scope": 1}, limit=size))
        if found:
            named: dict[str, Any] = {**condition, "_id": {"$in": [it["_id"] for it in found]}}
            named["scope"] = {"$in": list({it["scope"] for it in found})}
            freed += collection.delete_many(named).deleted_count
        if len(found) < size:
            break
    return freed


def _steps(limit: int) -> Iterator[int]:
    while limit > 0:
        yield min(limit, STEP)
        limit -= STEP
