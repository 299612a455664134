"""The management store driver: pools and flavors (contract, ``storage-semantics.md`` 13)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from angarium.errors import PoolAlreadyExists, PoolDoesNotExist, PoolHasQueues, PoolInUseByFlavor
from angarium.storage.driver import ControlDriver
from angarium.storage.models import PoolRecord, QueueRecord, Scope
from angarium_mongodb import options, schema
from angarium_mongodb.base import MongoDriver
from angarium_mongodb.deployment import Session
from angarium_mongodb.documents import Document, scope_key
from angarium_mongodb.records import Records, pool_document, to_pool, to_record, within

ResultT = TypeVar("ResultT")

_CHANGES: Final = "changes"  # where the threads of this process wait for each other


class MongoPools(MongoDriver, ControlDriver):
    """Pools and flavors in MongoDB."""

    group = options.MANAGEMENT_STORE
    suffix = "management"
    collections = schema.MANAGEMENT_STORE

    def get_pool(self, name: str) -> PoolRecord | None:
        """Read a pool."""
        found = self._look(lambda it: it.pools.find_one({"_id": name}))
        return None if found is None else to_pool(found)

    def list_pools(self, *, marker: str, limit: int) -> list[PoolRecord]:
        """Read pools by name."""
        return self._pools({"_id": {"$gt": marker}}, limit)

    def find_pools(self, flavor: str) -> list[PoolRecord]:
        """Read all pools with a tag."""
        return self._pools({"flavor": flavor}, 0)

    def _pools(self, condition: Document, limit: int) -> list[PoolRecord]:
        def work(records: Records) -> list[PoolRecord]:
            return [to_pool(it) for it in records.pools.find(condition, limit=limit).sort("_id", 1)]

        return self._look(work)

    def put_pool(self, pool: PoolRecord) -> None:
        """Create a pool or replace it."""

        def work(records: Records) -> None:
            records.hold(self.clock)
            others = {"uri": pool.uri, "_id": {"$ne": pool.name}}
            if records.pools.find_one(others, session=records.session) is not None:
                raise PoolAlreadyExists
            records.pools.replace_one(
                {"_id": pool.name}, pool_document(pool), upsert=True, session=records.session
            )

        self._change(work)

    def delete_pool(self, name: str) -> None:
        """Delete a pool that nothing needs."""

        def work(records: Records) -> None:
            records.hold(self.clock)
            pool = records.pools.find_one({"_id": name}, session=records.session)
            if pool is None:
                return
            flavor = pool["flavor"]
            if flavor and _count_tagged(records, flavor) == 1:
                raise PoolInUseByFlavor
            naming = {"$or": [{"pool": name}, {"target": name}, {"source": name}]}
            if records.queues.find_one(naming, session=records.session) is not None:
                raise PoolHasQueues
            records.pools.delete_one({"_id": name}, session=records.session)

        self._change(work)

    def list_pool_queues(self, pool: str, *, after: Scope | None, limit: int) -> list[QueueRecord]:
        """Read the records of a pool's queues."""
        condition: Document = {"pool": pool}
        if after is not None:
            condition["_id"] = {"$gt": scope_key(after)}

        def work(records: Records) -> list[QueueRecord]:
            found = records.queues.find(condition).sort("_id", 1).limit(limit)
            return [to_record(it) for it in found]

        return self._look(work)

    def has_flavor(self, project: str, name: str) -> bool:
        """Look for a flavor."""
        key = {"project": project, "name": name}
        return self._look(lambda it: it.flavors.find_one(key)) is not None

    def list_flavors(self, project: str, *, marker: str, limit: int) -> list[str]:
        """Read the names of flavors."""
        condition = {"project": project, "name": {"$gt": marker}}

        def work(records: Records) -> list[str]:
            found = records.flavors.find(condition).sort("name", 1).limit(limit)
            return [it["name"] for it in found]

        return self._look(work)

    def put_flavor(self, project: str, name: str, pools: Sequence[str]) -> None:
        """Create a flavor or replace it, and tag its pools."""

        def work(records: Records) -> None:
            records.hold(self.clock)
            missing = records.missing_pools(set(pools))
            if missing:
                raise PoolDoesNotExist(missing[0])
            key = {"project": project, "name": name}
            tagged = {"_id": {"$in": list(pools)}}
            others = {"flavor": name, "_id": {"$nin": list(pools)}}
            session = records.session
            records.flavors.update_one(key, {"$set": key}, upsert=True, session=session)
            records.pools.update_many(others, {"$set": {"flavor": ""}}, session=session)
            records.pools.update_many(tagged, {"$set": {"flavor": name}}, session=session)

        self._change(work)

    def delete_flavor(self, project: str, name: str) -> None:
        """Delete a flavor; its pools lose their tag if no other project needs it."""

        def work(records: Records) -> None:
            records.hold(self.clock)
            key = {"project": project, "name": name}
            session = records.session
            if records.flavors.delete_one(key, session=session).deleted_count == 0:
                return
            if records.flavors.find_one({"name": name}, session=session) is None:
                tagged = {"flavor": name}
                records.pools.update_many(tagged, {"$set": {"flavor": ""}}, session=session)

        self._change(work)

    def _look(self, work: Callable[[Records], ResultT]) -> ResultT:
        """Carry out commands that are atomic each for itself."""
        return self.deployment.run(lambda database: work(Records(database)))

    def _change(self, work: Callable[[Records], ResultT], *, repeatable: bool = False) -> ResultT:
        """Carry out a change of one or several records in one transaction."""

        def run(session: Session) -> ResultT:
            return work(within(session))

        with self.deployment.turns.take(_CHANGES):
            return self.deployment.change(run, repeatable=repeatable)


def _count_tagged(records: Records, flavor: str) -> int:
    return records.pools.count_documents({"flavor": flavor}, session=records.session)
