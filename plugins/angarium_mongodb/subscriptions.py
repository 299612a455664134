"""The management store driver: subscriptions (contract, ``storage-semantics.md`` 12).

A subscription (``_id`` is made of scope and id) has its subscriber hashed in ``subscriber``, which
is unique in a scope, and in full in ``uri``. One that expired stays until somebody needs its place
or space. Whoever notes that a queue has none, deletes those that expired in the same transaction:
so nobody can bring one of them back to life at that moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import orjson

from angarium import codec
from angarium.errors import SubscriptionAlreadyExists
from angarium.storage.models import (
    NewSubscription,
    Scope,
    Subscription,
    SubscriptionChange,
)
from angarium.storage.signals import RecordChanged
from angarium_mongodb.deployment import MAINTENANCE
from angarium_mongodb.documents import READ_CLOCK, Document, Pipeline, quoted, scope_key, to_scope
from angarium_mongodb.pools import MongoPools
from angarium_mongodb.reclaiming import expired_subscriptions, old_sessions
from angarium_mongodb.records import EXISTING, Records
from angarium_mongodb.transaction import server_time

_ONE_MORE: Final = {"$add": [{"$ifNull": ["$subscriptions", 0]}, 1]}
"""Changes the record for certain: MongoDB does not write, and so not conflict about, what stays."""

_NOW: Final = {"$set": {"now": READ_CLOCK}}


class MongoSubscriptions(MongoPools):
    """Subscriptions in MongoDB."""

    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        """Store a subscription, and change the record of its queue, which has to expect it."""

        def work(records: Records) -> tuple[Subscription, bool]:
            now = self._expecting(records, new.scope)
            place = {"$or": [{"_id": _key(new.scope, new.id)}, _taken(new.scope, new.subscriber)]}
            found = list(records.subscriptions.find(place, session=records.session))
            live = [it for it in found if it["expires"] > now]
            live.sort(key=lambda it: bool(it["id"] != new.id))
            if live:
                return _to_subscription(live[0], now), live[0]["id"] == new.id
            _delete(records, found)
            document = _to_document(new, now)
            records.subscriptions.insert_one(document, session=records.session)
            return _to_subscription(document, now), True

        return self._change(work, repeatable=True)

    def _expecting(self, records: Records, scope: Scope) -> int:
        """Change the record of a queue that expects subscriptions; returns the time.

        :raises RecordChanged: there is none.
        """
        record = records.queues.find_one_and_update(
            {"_id": scope_key(scope), "state": EXISTING, "subscribed": True},
            [{"$set": {"noted": READ_CLOCK, "subscriptions": _ONE_MORE}}],
            return_document=True,
            session=records.session,
        )
        if record is None:
            raise RecordChanged
        return self._seconds(record["noted"])

    def get_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Read a subscription."""
        return self._look(lambda it: self._find(it, scope, id_))

    def _find(self, records: Records, scope: Scope, id_: str) -> Subscription | None:
        found = self._read(records, scope, id_)
        return None if found is None else _to_subscription(*found)

    def _read(self, records: Records, scope: Scope, id_: str) -> tuple[Document, int] | None:
        """A live subscription and the time."""
        pipeline: Pipeline = [{"$match": {"_id": _key(scope, id_)}}, _NOW]
        for found in records.subscriptions.aggregate(pipeline, session=records.session):
            now = self._seconds(found["now"])
            if found["expires"] > now:
                return found, now
        return None

    def list_subscriptions(self, scope: Scope, *, marker: str, limit: int) -> list[Subscription]:
        """Read subscriptions by id."""
        now = self.deployment.run(lambda database: server_time(database, self.clock))
        condition = {
            "scope": scope_key(scope),
            "id": {"$gt": marker},
            "expires": {"$gt": now},
        }

        def work(records: Records) -> list[Subscription]:
            found = records.subscriptions.find(condition).sort("id", 1).limit(limit)
            return [_to_subscription(it, now) for it in found]

        return self._look(work)

    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        """Change a subscription if nobody has its new subscriber."""

        def work(records: Records) -> Subscription | None:
            found = self._read(records, scope, id_)
            if found is None:
                return None
            document, now = found
            if not change.fits(_to_subscription(document, now)):
                raise RecordChanged
            if change.subscriber is not None:
                self._make_room(records, document, change.subscriber, now)
            changes = _changes(change, now)
            key = {"_id": document["_id"]}
            records.subscriptions.update_one(key, {"$set": changes}, session=records.session)
            return _to_subscription({**document, **changes}, now)

        return self._change(work, repeatable=True)

    def _make_room(self, records: Records, document: Document, subscriber: str, now: int) -> None:
        """Delete an expired subscription of a subscriber.

        :raises SubscriptionAlreadyExists: it has not expired.
        """
        place = _taken(to_scope(document["scope"]), subscriber)
        other = records.subscriptions.find_one(place, session=records.session)
        if other is None or other["_id"] == document["_id"]:
            return
        if other["expires"] > now:
            raise SubscriptionAlreadyExists
        _delete(records, [other])

    def delete_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Delete a subscription."""

        def work(records: Records) -> Subscription | None:
            found = self._find(records, scope, id_)
            if found is not None:
                key = {"_id": _key(scope, id_)}
                records.subscriptions.delete_one(key, session=records.session)
            return found

        return self._change(work)

    def purge_subscriptions(self, scope: Scope) -> None:
        """Delete all subscriptions of a scope by one command."""
        condition = {"scope": scope_key(scope)}
        self.deployment.run(
            lambda it: Records(it).subscriptions.delete_many(condition), MAINTENANCE
        )

    def reclaim(self, limit: int) -> int:
        """Free the space of expired subscriptions."""
        now = self.deployment.run(lambda database: server_time(database, self.clock))
        freed = 0
        for step in (expired_subscriptions, old_sessions):
            if freed < limit:
                freed += self.deployment.run(
                    partial(step, now=now, limit=limit - freed), MAINTENANCE
                )
        return freed

    def _seconds(self, stamp: int) -> int:
        return stamp // 1000 + self.clock.offset


def has_subscriptions(records: Records, scope: Scope, now: int) -> bool:
    """Whether a scope has a live subscription; if not, the expired ones are deleted."""
    condition = {"scope": scope_key(scope)}
    live = {**condition, "expires": {"$gt": now}}
    if records.subscriptions.find_one(live, {"_id": 1}, session=records.session) is not None:
        return True
    records.subscriptions.delete_many(condition, session=records.session)
    return False


def _key(scope: Scope, id_: str) -> str:
    return f"{scope_key(scope)}/{quoted(id_)}"


def _taken(scope: Scope, subscriber: str) -> Document:
    """The filter of the subscription of a subscriber."""
    return {"scope": scope_key(scope), "subscriber": _digest(subscriber)}


def _digest(subscriber: str) -> str:
    return hashlib.sha256(subscriber.encode()).hexdigest()


def _delete(records: Records, documents: list[Document]) -> None:
    if documents:
        named = {"_id": {"$in": [it["_id"] for it in documents]}}
        records.subscriptions.delete_many(named, session=records.session)


def _to_document(new: NewSubscription, now: int) -> Document:
    return {
        "_id": _key(new.scope, new.id),
        "scope": scope_key(new.scope),
        "id": new.id,
        "subscriber": _digest(new.subscriber),
        "uri": new.subscriber,
        "ttl": new.ttl,
        "created": now,
        "expires": now + new.ttl,
        "options": codec.encode(new.options),
        "confirmed": new.confirmed,
        "secret": new.delivery_secret,
    }


def _changes(change: SubscriptionChange, now: int) -> Document:
    changes: Document = {"changed": now}
    if change.subscriber is not None:
        changes |= {"subscriber": _digest(change.subscriber), "uri": change.subscriber}
    if change.ttl is not None:
        changes |= {"ttl": change.ttl, "expires": now + change.ttl}
    if change.options is not None:
        changes["options"] = codec.encode(change.options)
    if change.confirmed is not None:
        changes["confirmed"] = change.confirmed
    if change.drops_secret:
        changes["secret"] = None
    return changes


def _to_subscription(document: Mapping[str, Any], now: int) -> Subscription:
    return Subscription(
        scope=to_scope(document["scope"]),
        id=document["id"],
        subscriber=document["uri"],
        ttl=document["ttl"],
        age=max(now - document["created"], 0),
        remaining=document["expires"] - now,
        options=orjson.loads(document["options"]),
        confirmed=document["confirmed"],
        delivery_secret=document["secret"],
    )
