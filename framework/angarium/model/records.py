"""What the management store in memory holds, and its part about pools and flavors."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from angarium.errors import (
    PoolAlreadyExists,
    PoolDoesNotExist,
    PoolHasQueues,
    PoolInUseByFlavor,
)
from angarium.storage.driver import ControlDriver
from angarium.storage.models import (
    NewSubscription,
    PoolRecord,
    QueueRecord,
    Scope,
    Subscription,
    SubscriptionChange,
)


@dataclass(slots=True)
class HeldSubscription:
    """A subscription; times in seconds since 1970."""

    scope: Scope
    id: str
    subscriber: str
    ttl: int
    created: int
    expires: int
    options: Mapping[str, Any]
    confirmed: bool
    delivery_secret: str | None

    @classmethod
    def new(cls, new: NewSubscription, now: int) -> HeldSubscription:
        """A subscription that is created now."""
        return cls(
            scope=new.scope,
            id=new.id,
            subscriber=new.subscriber,
            ttl=new.ttl,
            created=now,
            expires=now + new.ttl,
            options=copy.deepcopy(dict(new.options)),
            confirmed=new.confirmed,
            delivery_secret=new.delivery_secret,
        )

    def change(self, change: SubscriptionChange, now: int) -> None:
        """Take over what is given."""
        if change.subscriber is not None:
            self.subscriber = change.subscriber
        if change.ttl is not None:
            self.ttl, self.expires = change.ttl, now + change.ttl
        if change.options is not None:
            self.options = copy.deepcopy(dict(change.options))
        if change.confirmed is not None:
            self.confirmed = change.confirmed
        if change.drops_secret:
            self.delivery_secret = None

    def seen(self, now: int) -> Subscription:
        """As a caller sees it."""
        return Subscription(
            scope=self.scope,
            id=self.id,
            subscriber=self.subscriber,
            ttl=self.ttl,
            age=now - self.created,
            remaining=self.expires - now,
            options=copy.deepcopy(self.options),
            confirmed=self.confirmed,
            delivery_secret=self.delivery_secret,
        )


@dataclass(slots=True)
class HeldRecords:
    """Everything in a management store.

    :ivar leases: when the leases of records are over, in seconds since 1970.
    :ivar flavors: pairs of project and name.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    epochs: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    by_scope: dict[Scope, QueueRecord] = field(default_factory=dict)
    leases: dict[Scope, int] = field(default_factory=dict)
    pools: dict[str, PoolRecord] = field(default_factory=dict)
    flavors: set[tuple[str, str]] = field(default_factory=set)
    subscriptions: dict[Scope, dict[str, HeldSubscription]] = field(default_factory=dict)

    def tag(self, pool: str, flavor: str) -> None:
        """Put a pool into a flavor, or with the empty one into none."""
        self.pools[pool] = replace(self.pools[pool], flavor=flavor)


class PoolRecords(ControlDriver):
    """The methods about pools and flavors."""

    _records: HeldRecords

    def get_pool(self, name: str) -> PoolRecord | None:
        """Look it up."""
        return self._records.pools.get(name)

    def list_pools(self, *, marker: str, limit: int) -> list[PoolRecord]:
        """Sort, then cut."""
        return [pool for pool in self._by_name() if pool.name > marker][:limit]

    def find_pools(self, flavor: str) -> list[PoolRecord]:
        """Compare tags."""
        return [pool for pool in self._by_name() if pool.flavor == flavor]

    def _by_name(self) -> list[PoolRecord]:
        with self._records.lock:
            return sorted(self._records.pools.values(), key=lambda pool: pool.name)

    def put_pool(self, pool: PoolRecord) -> None:
        """Write it if its uri is free."""
        with self._records.lock:
            others = (it for it in self._records.pools.values() if it.name != pool.name)
            if any(it.uri == pool.uri for it in others):
                raise PoolAlreadyExists
            self._records.pools[pool.name] = copy.deepcopy(pool)

    def delete_pool(self, name: str) -> None:
        """Forget it if nobody needs it."""
        with self._records.lock:
            pool = self._records.pools.get(name)
            if pool is None:
                return
            if pool.flavor and self.find_pools(pool.flavor) == [pool]:
                raise PoolInUseByFlavor
            for record in self._records.by_scope.values():
                if name in (record.pool, record.target, record.source):
                    raise PoolHasQueues
            del self._records.pools[name]

    def list_pool_queues(self, pool: str, *, after: Scope | None, limit: int) -> list[QueueRecord]:
        """Filter and sort, then cut."""
        with self._records.lock:
            records = [it for it in self._records.by_scope.values() if it.pool == pool]
        found = [it for it in records if after is None or _key(it.scope) > _key(after)]
        return sorted(found, key=lambda record: _key(record.scope))[:limit]

    def has_flavor(self, project: str, name: str) -> bool:
        """Look it up."""
        return (project, name) in self._records.flavors

    def list_flavors(self, project: str, *, marker: str, limit: int) -> list[str]:
        """Filter and sort, then cut."""
        with self._records.lock:
            names = [name for owner, name in self._records.flavors if owner == project]
        return sorted(name for name in names if name > marker)[:limit]

    def put_flavor(self, project: str, name: str, pools: Sequence[str]) -> None:
        """Look whether all pools are there, then change their tags."""
        with self._records.lock:
            for pool in pools:
                if pool not in self._records.pools:
                    raise PoolDoesNotExist(pool)
            self._untag(name)
            for pool in pools:
                self._records.tag(pool, name)
            self._records.flavors.add((project, name))

    def delete_flavor(self, project: str, name: str) -> None:
        """Forget it, and the tag if nobody else has it."""
        with self._records.lock:
            if (project, name) not in self._records.flavors:
                return
            self._records.flavors.remove((project, name))
            if all(other != name for _, other in self._records.flavors):
                self._untag(name)

    def _untag(self, flavor: str) -> None:
        for pool in self.find_pools(flavor):
            self._records.tag(pool.name, "")


def _key(scope: Scope) -> tuple[str, str, str]:
    return scope.project, scope.kind, scope.name
