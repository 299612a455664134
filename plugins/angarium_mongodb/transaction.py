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
from angarium_mongodb.documents import READ_CLOCK, Document, Queue, queue_key


class Transaction:
    """The collections of the message store within the transaction of one operation."""

    __slots__ = ("_clock", "claims", "messages", "queues", "session", "spaces")

    def __init__(self, session: Session, clock: Clock) -> None:
        self._clock = clock
        self.session: ClientSession = session.session
        database = session.database
        self.queues: Collection[Document] = database["queues"]
        self.messages: Collection[Document] = database["messages"]
        self.claims: Collection[Document] = database["claims"]
        self.spaces: Collection[Document] = database["spaces"]

    def queue(self, queue: QueueRef) -> Queue:
        """The pool's record of the queue of an operation.

        :raises StalePlan: the queue is not known here with this epoch.
        """
        pipeline = [{"$match": _filter(queue)}, {"$set": {"now": READ_CLOCK}}]
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

    def _to_queue(self, queue: QueueRef, document: Document | None) -> Queue:
        if document is None:
            raise StalePlan(queue.scope)
        return Queue(
            scope=document["_id"],
            space=document["space"],
            life=document["life"],
            position=document["position"],
            now=document["now"] // 1000 + self._clock.offset,
        )


def server_time(database: Database[Document], clock: Clock) -> int:
    """The time by the clock of the store, outside the operations on one queue."""
    return int(hello(database)["localTime"].timestamp()) + clock.offset


def _filter(queue: QueueRef) -> Document:
    return {**queue_key(queue.scope), "epoch": queue.epoch, "deleted": None}
