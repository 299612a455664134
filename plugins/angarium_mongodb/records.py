"""What is stored in the management store, and how it is found.

Every change begins with the counter of epochs, so that of two changes that overlap one begins
again: what a change finds there is true until its commit. Metadata and options are JSON in UTF-8:
their keys may have dots and dollars in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from angarium import codec
from angarium.clock import Clock
from angarium.storage.models import Kind, PoolRecord, QueueRecord, QueueState, Scope
from angarium_mongodb.deployment import Session
from angarium_mongodb.documents import READ_CLOCK, Document, scope_key

EXISTING: Final = {"$ne": QueueState.DELETING.value}
_NEXT: Final = {"$add": [{"$ifNull": ["$epoch", 0]}, 1]}


class Records:
    """The collections of the management store, within a transaction or without."""

    __slots__ = ("epochs", "flavors", "pools", "queues", "session", "subscriptions")

    def __init__(self, database: Database[Document], session: ClientSession | None = None) -> None:
        self.session = session
        self.queues: Collection[Document] = database["queues"]
        self.pools: Collection[Document] = database["pools"]
        self.flavors: Collection[Document] = database["flavors"]
        self.epochs: Collection[Document] = database["epochs"]
        self.subscriptions: Collection[Document] = database["subscriptions"]

    def hold(self, clock: Clock) -> tuple[int, int]:
        """Keep other changes off until the commit.

        :returns: an epoch that was never given to a queue, and the time.
        """
        counter = self.epochs.find_one_and_update(
            {"_id": "last"},
            [{"$set": {"epoch": _NEXT, "now": READ_CLOCK}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=self.session,
        )
        assert counter is not None
        return counter["epoch"], counter["now"] // 1000 + clock.offset

    def find(self, scope: Scope) -> Document | None:
        """The record of a queue."""
        return self.queues.find_one({"_id": scope_key(scope)}, session=self.session)

    def missing_pools(self, names: set[str]) -> list[str]:
        """Those of these pools that are not there."""
        if not names:
            return []
        condition = {"_id": {"$in": sorted(names)}}
        found = self.pools.find(condition, {"_id": 1}, session=self.session)
        return sorted(names - {it["_id"] for it in found})


def within(session: Session) -> Records:
    """The collections within a transaction."""
    return Records(session.database, session.session)


def new_document(
    scope: Scope, metadata: Mapping[str, Any], epoch: int, pool: str, *, subscribed: bool
) -> Document:
    """A pending record."""
    return {
        "_id": scope_key(scope),
        "project": scope.project,
        "kind": scope.kind.value,
        "name": scope.name,
        "epoch": epoch,
        "state": QueueState.PENDING.value,
        "pool": pool,
        "lease": 0,
        "subscribed": subscribed,
        "metadata": codec.encode(metadata),
    }


def to_record(document: Document) -> QueueRecord:
    """A record as the kernel knows it."""
    return QueueRecord(
        scope=Scope(document["project"], document["name"], Kind(document["kind"])),
        metadata=orjson.loads(document["metadata"]),
        epoch=document["epoch"],
        pool=document["pool"],
        state=QueueState(document["state"]),
        target=document.get("target"),
        source=document.get("source"),
        has_subscribers=document.get("subscribed", False),
    )


def pool_document(pool: PoolRecord) -> Document:
    """A pool as it is stored."""
    return {
        "_id": pool.name,
        "uri": pool.uri,
        "weight": pool.weight,
        "flavor": pool.flavor,
        "options": codec.encode(pool.options),
    }


def to_pool(document: Document) -> PoolRecord:
    """A pool as the kernel knows it."""
    return PoolRecord(
        name=document["_id"],
        uri=document["uri"],
        weight=document["weight"],
        flavor=document["flavor"],
        options=orjson.loads(document["options"]),
    )
