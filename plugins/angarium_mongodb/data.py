"""The message store driver (contract, ``storage-semantics.md`` 3 to 11)."""

from __future__ import annotations

from functools import partial
from typing import Final

from angarium.storage import operations as op
from angarium.storage.driver import StoreEnvironment
from angarium.storage.models import (
    Capability,
    Claim,
    ClaimExtract,
    Extract,
    Message,
    Page,
    QueueRef,
    Stats,
)
from angarium_mongodb import (
    claiming,
    dead_letters,
    deleting,
    moving,
    options,
    posting,
    queues,
    reading,
    reclaiming,
    schema,
)
from angarium_mongodb.deliveries import TAIL, MongoDeliveries, ResultT, Work
from angarium_mongodb.deployment import MAINTENANCE
from angarium_mongodb.documents import scope_key
from angarium_mongodb.transaction import server_time

_ALWAYS: Final = frozenset(
    {Capability.FIFO, Capability.CLAIMS, Capability.AOD, Capability.HIGH_THROUGHPUT}
)
_HEAD: Final = "head of "


class MongoDataDriver(MongoDeliveries):
    """Messages in MongoDB."""

    interface_version = 1
    group = options.MESSAGE_STORE
    suffix = "messages"
    collections = schema.MESSAGE_STORE

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        durability = environment.options.get("durability", self.options.durability)
        self._is_durable: bool = durability and self.address.is_safe

    @property
    def capabilities(self) -> frozenset[Capability]:
        """FIFO, CLAIMS, AOD and HIGH_THROUGHPUT always; durability as asserted, if it can be."""
        return _ALWAYS | {Capability.DURABILITY} if self._is_durable else _ALWAYS

    def register(self, queue: QueueRef) -> None:
        """Make a queue known, or raise its epoch."""
        self._change(lambda it: queues.register(it, queue), TAIL, queue)

    def unregister(self, queue: QueueRef) -> None:
        """Delete a queue at once; its space is freed later."""
        now = self.deployment.run(lambda database: server_time(database, self.clock))
        self._change(lambda it: queues.unregister(it, queue, now), TAIL, queue)

    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        """Store a batch."""
        try:
            self._change(lambda it: posting.post(it, queue, operation), TAIL, queue)
        except posting.KnownIds:
            self._change(lambda it: posting.post_again(it, queue, operation), TAIL, queue)

    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        """Read a page."""
        return self._read(lambda it: reading.list_messages(it, queue, operation))

    def get_messages(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        """Read by id."""
        return self._read(lambda it: reading.get_messages(it, queue, operation))

    def delete_message(self, queue: QueueRef, operation: op.DeleteMessage) -> None:
        """Delete one message."""
        self._change(lambda it: deleting.delete_message(it, queue, operation))

    def delete_messages(self, queue: QueueRef, operation: op.DeleteMessages) -> None:
        """Delete by ids."""
        self._change(lambda it: deleting.delete_messages(it, queue, operation))

    def pop_messages(self, queue: QueueRef, operation: op.PopMessages) -> tuple[Message, ...]:
        """Remove and return; never twice, since nobody would get what the first time removed."""
        return self._change(
            lambda it: deleting.pop_messages(it, queue, operation), _HEAD, queue, repeatable=False
        )

    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        """Remove all at once; their space is freed later."""
        self._change(lambda it: queues.purge(it, queue, operation), TAIL, queue)

    def get_stats(self, queue: QueueRef, operation: op.GetStats) -> Stats:
        """Count."""
        return self._read(lambda it: reading.get_stats(it, queue, operation))

    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        """Claim the oldest available messages."""
        return self._change(lambda it: claiming.create_claim(it, queue, operation), _HEAD, queue)

    def get_claim(self, queue: QueueRef, operation: op.GetClaim) -> Claim:
        """Read a claim."""
        return self._read(lambda it: claiming.get_claim(it, queue, operation))

    def renew_claim(self, queue: QueueRef, operation: op.RenewClaim) -> None:
        """Renew a claim."""
        self._change(lambda it: claiming.renew_claim(it, queue, operation))

    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        """Release a claim."""
        self._change(lambda it: claiming.release_claim(it, queue, operation))

    def accept_dead_letters(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        """Store messages of another pool's queue."""
        self._change(lambda it: dead_letters.accept(it, queue, operation), TAIL, queue)

    def export_messages(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        """Read messages for another store."""
        return self._change(lambda it: moving.export_messages(it, queue, operation))

    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        """Store messages of another store."""
        self._change(lambda it: moving.import_messages(it, queue, operation), TAIL, queue)

    def export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        """Read claims for another store."""
        return self._change(lambda it: moving.export_claims(it, queue, operation))

    def import_claims(self, queue: QueueRef, operation: op.ImportClaims) -> None:
        """Store claims of another store."""
        self._change(lambda it: moving.import_claims(it, queue, operation))

    def get_totals(self) -> Stats:
        """Count the messages of the whole store."""
        now = self.deployment.run(lambda database: server_time(database, self.clock))
        return self._read(lambda it: reading.get_totals(it, now))

    def reclaim(self, limit: int) -> int:
        """Free space in short steps."""
        now = self.deployment.run(lambda database: server_time(database, self.clock))
        freed = 0
        for step in reclaiming.STEPS:
            if freed < limit:
                work = partial(step, now=now, limit=limit - freed)
                freed += self.deployment.run(work, MAINTENANCE)
        for owed_step in reclaiming.OWED_STEPS:
            is_all = False
            while freed < limit and not is_all:
                size = min(limit - freed, reclaiming.STEP)
                count, is_all = self._change(partial(owed_step, now=now, limit=size))
                freed += count
        return freed

    def _change(
        self,
        work: Work[ResultT],
        end: str | None = None,
        queue: QueueRef | None = None,
        *,
        repeatable: bool = True,
    ) -> ResultT:
        """Carry out work in one transaction.

        :param end: the end of the queue at which threads wait for each other, if they do.
        """
        places = [f"{end}{scope_key(queue.scope)}"] if end and queue else []
        return self._change_at(work, *places, repeatable=repeatable)
