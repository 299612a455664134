"""Giving back space in short steps: what expired, dropped spaces, old claims and tombstones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pymongo.collection import Collection
from pymongo.database import Database

from angarium_mongodb import sessions
from angarium_mongodb.documents import Document, Filter

_STEP: Final = 500  # documents deleted by one command
_TOMBSTONE_LIFE: Final = 3600  # seconds (design, principle 6)

Step = Callable[..., int]


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


STEPS: Final[tuple[Step, ...]] = (
    expired_messages,
    dropped_spaces,
    lapsed_claims,
    tombstones,
    old_sessions,
)


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
        yield min(limit, _STEP)
        limit -= _STEP
