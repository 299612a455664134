"""The transaction of one operation, the queue that it is about, and the time."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from angarium.clock import Clock
from angarium.storage.models import QueueRef
from angarium.storage.signals import StalePlan
from angarium_mongodb.deployment import Session, hello
from angarium_mongodb.documents import READ_CLOCK, Document, Filter, Pipeline, Queue, queue_key


class Transaction:
    """The collections of the message store within the transaction of one operation."""

    __slots__ = (
        "_clock",
        "claims",
        "duties",
        "lanes",
        "messages",
        "notices",
        "queues",
        "session",
        "spaces",
    )

    def __init__(self, session: Session, clock: Clock) -> None:
        self._clock = clock
        self.session: ClientSession = session.session
        database = session.database
        self.queues: Collection[Document] = database["queues"]
        self.messages: Collection[Document] = database["messages"]
        self.claims: Collection[Document] = database["claims"]
        self.spaces: Collection[Document] = database["spaces"]
        self.notices: Collection[Document] = database["notices"]
        self.duties: Collection[Document] = database["duties"]
        self.lanes: Collection[Document] = database["lanes"]

    def queue(self, queue: QueueRef) -> Queue:
        """The pool's record of the queue of an operation.

        :raises StalePlan: the queue is not known here with this epoch.
        """
        pipeline: Pipeline = [{"$match": _filter(queue)}, {"$set": {"now": READ_CLOCK}}]
        found = list(self.queues.aggregate(pipeline, session=self.session))
        return self._to_queue(queue, found[0] if found else None)

    def advance(self, queue: QueueRef, position: Any) -> Queue:
        """The same, with its last position changed: nobody else posts to it until the commit.

        :param position: the new one, as an expression.
        """
        document = self.queues.find_one_and_update(
            _filter(queue),
            [{"$set": {"position": position, "now": READ_CLOCK}}],
            return_document=ReturnDocument.AFTER,
            session=self.session,
        )
        return self._to_queue(queue, document)

    def seconds(self, stamp: int) -> int:
        """The time that :data:`READ_CLOCK` gave, in seconds, as operations count it."""
        return stamp // 1000 + self._clock.offset

    def first(
        self, collection: Collection[Document], condition: Filter, key: str
    ) -> tuple[int, int] | None:
        """The lowest value of a key, and the time; None if there is none.

        It is read outside the transaction, so that a poll that finds nothing costs one read.
        """
        pipeline: Pipeline = [
            {"$match": condition},
            {"$sort": {key: 1}},
            {"$limit": 1},
            {"$project": {"value": f"${key}", "now": READ_CLOCK}},
        ]
        for found in collection.aggregate(pipeline):
            return found["value"], self.seconds(found["now"])
        return None

    def _to_queue(self, queue: QueueRef, document: Document | None) -> Queue:
        if document is None:
            raise StalePlan(queue.scope)
        return Queue(
            scope=document["_id"],
            space=document["space"],
            life=document["life"],
            position=document["position"],
            now=self.seconds(document["now"]),
        )


def server_time(database: Database[Document], clock: Clock) -> int:
    """The time by the clock of the store, outside the operations on one queue."""
    return int(hello(database)["localTime"].timestamp()) + clock.offset


def _filter(queue: QueueRef) -> Document:
    return {**queue_key(queue.scope), "epoch": queue.epoch, "deleted": None}
