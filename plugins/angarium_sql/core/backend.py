"""Which function carries out which operation, and in which kind of transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from angarium.clock import Clock
from angarium.storage import operations as op
from angarium.storage.models import QueueRef, Stats
from angarium_sql.core import (
    claiming,
    dead_letters,
    deleting,
    exporting,
    importing,
    posting,
    queues,
    reading,
    reclaiming,
)
from angarium_sql.core.transaction import Transaction
from angarium_sql.database import Database
from angarium_sql.session import Session

ResultT = TypeVar("ResultT")
Work = Callable[[Transaction], ResultT]

_STEP: Final = 200  # things freed in one transaction

_READS: Final[dict[type[op.DataOperation[Any]], Callable[..., Any]]] = {
    op.ListMessages: reading.list_messages,
    op.GetMessages: reading.get_messages,
    op.GetStats: reading.get_stats,
    op.GetClaim: claiming.get_claim,
    op.ExportMessages: exporting.export_messages,
    op.ExportClaims: exporting.export_claims,
}
_CHANGES: Final[dict[type[op.DataOperation[Any]], Callable[..., Any]]] = {
    op.PostMessages: posting.post,
    op.DeleteMessage: deleting.delete_message,
    op.DeleteMessages: deleting.delete_messages,
    op.PopMessages: deleting.pop_messages,
    op.PurgeMessages: queues.purge,
    op.CreateClaim: claiming.create_claim,
    op.RenewClaim: claiming.renew_claim,
    op.ReleaseClaim: claiming.release_claim,
    op.AcceptDeadLetters: dead_letters.accept,
    op.ImportMessages: importing.import_messages,
    op.ImportClaims: importing.import_claims,
}


class CoreBackend:
    """The message store on SQLite and MySQL."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def perform(self, queue: QueueRef, operation: op.DataOperation[ResultT]) -> ResultT:
        """Carry out an operation on a queue."""
        kind = type(operation)
        result: ResultT
        if kind in _READS:
            result = self._read(lambda it: _READS[kind](it, queue, operation))
        else:
            result = self._change(lambda it: _CHANGES[kind](it, queue, operation))
        return result

    def register(self, queue: QueueRef) -> None:
        """Make a queue known, or raise its epoch."""
        self._change(lambda it: queues.register(it, queue))

    def seal(self, queue: QueueRef) -> None:
        """Wait for the end of those who read an earlier epoch."""
        self._change(lambda it: it.seal(queue.scope))

    def unregister(self, queue: QueueRef) -> None:
        """Put a tombstone in the place of a queue."""
        self._change(lambda it: queues.unregister(it, queue))

    def get_totals(self) -> Stats:
        """Count the messages of the whole store."""
        return self._read(reading.get_totals)

    def reclaim(self, limit: int) -> int:
        """Free at most ``limit`` things, in transactions that are all short."""
        freed = 0
        for step in reclaiming.STEPS:
            while (size := min(limit - freed, _STEP)) > 0:
                count = self._change(partial(step, limit=size))
                freed += count
                if count == 0:
                    break
        return freed

    def _read(self, work: Work[ResultT]) -> ResultT:
        def run(session: Session) -> ResultT:
            return work(Transaction(session, self._clock))

        return self._database.read(run)

    def _change(self, work: Work[ResultT]) -> ResultT:
        def run(session: Session) -> ResultT:
            return work(Transaction(session, self._clock))

        return self._database.change(run)
