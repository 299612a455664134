"""Stores that are right but for one thing each in what they do between pools."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from threading import Event

from angarium.errors import PoolDoesNotExist
from angarium.storage import operations as op
from angarium.storage.driver import StoreEnvironment
from angarium.storage.models import (
    ClaimExtract,
    Extract,
    Message,
    PoolRecord,
    QueueChange,
    QueueRecord,
    QueueRef,
    QueueState,
    Scope,
)
from angarium.storage.signals import DeadLettersLeased, StalePlan
from angarium.testing import ModelControlDriver, ModelDataDriver


class ForgetsImportedCounts(ModelDataDriver):
    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        anew = tuple(dataclasses.replace(it, claim_count=0) for it in operation.messages)
        super().import_messages(queue, dataclasses.replace(operation, messages=anew))


class KeepsWhatIsGone(ModelDataDriver):
    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        for it in operation.messages:
            one = dataclasses.replace(
                operation, after=it.position - 1, upto=it.position, messages=(it,)
            )
            super().import_messages(queue, one)


class UsesPositionsAgain(ModelDataDriver):
    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        super().import_messages(queue, dataclasses.replace(operation, last_position=0))


class ExportsWhatIsAvailable(ModelDataDriver):
    def export_messages(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        extract = super().export_messages(queue, operation)
        available = tuple(it for it in extract.messages if it.due == 0)
        return dataclasses.replace(extract, messages=available)


class ExportsTheTtl(ModelDataDriver):
    def export_messages(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        extract = super().export_messages(queue, operation)
        full = tuple(dataclasses.replace(it, remaining=it.ttl) for it in extract.messages)
        return dataclasses.replace(extract, messages=full)


class ForgetsEmptyClaims(ModelDataDriver):
    def export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        extract = super().export_claims(queue, operation)
        return dataclasses.replace(
            extract, claims=tuple(it for it in extract.claims if it.positions)
        )


class StartsClaimsAnew(ModelDataDriver):
    def import_claims(self, queue: QueueRef, operation: op.ImportClaims) -> None:
        anew = tuple(dataclasses.replace(it, remaining=it.ttl) for it in operation.claims)
        super().import_claims(queue, dataclasses.replace(operation, claims=anew))


class AcceptsAgain(ModelDataDriver):
    def accept_dead_letters(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        for message in operation.messages:
            self._store.queues[queue.scope].messages.pop(message.id, None)
        super().accept_dead_letters(queue, operation)


class GivesAFullLife(ModelDataDriver):
    def accept_dead_letters(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        full = tuple(dataclasses.replace(it, remaining=it.ttl) for it in operation.messages)
        super().accept_dead_letters(queue, dataclasses.replace(operation, messages=full))


class CountsLeases(ModelDataDriver):
    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        try:
            return super().create_claim(queue, operation)
        except DeadLettersLeased as leased:
            for message in leased.messages:
                self._store.queues[queue.scope].messages[message.id].claim_count += 1
            raise


class ClaimsBesideTheLease(ModelDataDriver):
    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        try:
            return super().create_claim(queue, operation)
        except DeadLettersLeased:
            super().create_claim(queue, dataclasses.replace(operation, dead_letter=None))
            raise


class ReleasesLate(ModelDataDriver):
    """Looks at the epoch, and gets to the rest when the queue has been exported."""

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        self._exported = Event()

    def register(self, queue: QueueRef) -> None:
        super().register(queue)
        self._exported.clear()

    def export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        extract = super().export_claims(queue, operation)
        self._exported.set()
        return extract

    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        if self._store.queues[queue.scope].epoch != queue.epoch:
            raise StalePlan(queue.scope)
        self._exported.wait(0.1)
        present = QueueRef(queue.scope, self._store.queues[queue.scope].epoch)
        super().release_claim(present, operation)


class NamesMissingPools(ModelControlDriver):
    def _need_pools(self, *names: str | None) -> None:
        pass


class SharesUris(ModelControlDriver):
    def put_pool(self, pool: PoolRecord) -> None:
        self._records.pools[pool.name] = pool


class OverlooksTargets(ModelControlDriver):
    def delete_pool(self, name: str) -> None:
        pools = {record.pool for record in self._records.by_scope.values()}
        if name in pools:
            super().delete_pool(name)
        self._records.pools.pop(name, None)


class TagsSomePools(ModelControlDriver):
    def put_flavor(self, project: str, name: str, pools: Sequence[str]) -> None:
        for number, pool in enumerate(pools, 1):
            if self.get_pool(pool) is None:
                raise PoolDoesNotExist(pool)
            super().put_flavor(project, name, pools[:number])


class UntagsForAll(ModelControlDriver):
    def delete_flavor(self, project: str, name: str) -> None:
        super().delete_flavor(project, name)
        self._untag(name)


class IgnoresTargets(ModelControlDriver):
    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        present = self.get_queue(expected.scope)
        if present is not None:
            expected = dataclasses.replace(expected, target=present.target)
        return super().change_queue(expected, change)


class IgnoresLeases(ModelControlDriver):
    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        return super().change_queue(expected, dataclasses.replace(change, after_lease=False))


class PublishesWhatMoves(ModelControlDriver):
    def publish(self, queue: QueueRef) -> None:
        record = self._records.by_scope.get(queue.scope)
        if record is not None and record.ref == queue and record.state is QueueState.MOVING:
            published = dataclasses.replace(record, state=QueueState.PUBLISHED)
            self._records.by_scope[queue.scope] = published
        super().publish(queue)


class KeepsSources(ModelControlDriver):
    def publish(self, queue: QueueRef) -> None:
        record = self._records.by_scope.get(queue.scope)
        super().publish(queue)
        if record is not None and record.source is not None:
            published = self._records.by_scope[queue.scope]
            self._records.by_scope[queue.scope] = dataclasses.replace(
                published, source=record.source
            )


class ListsTargets(ModelControlDriver):
    def list_pool_queues(self, pool: str, *, after: Scope | None, limit: int) -> list[QueueRecord]:
        records = super().list_pool_queues(pool, after=after, limit=limit)
        return records + [it for it in self._records.by_scope.values() if it.target == pool]
