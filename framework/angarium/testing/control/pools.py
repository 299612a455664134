"""Pools: what they hold, what refuses their deletion, and which queues they have.

The rules are those of storage-semantics.md 13 and ``docs/interfaces.rst``, "Pools and flavors".
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest

from angarium.errors import (
    ApiError,
    PoolAlreadyExists,
    PoolHasQueues,
    PoolInUseByFlavor,
)
from angarium.storage.driver import ControlDriver
from angarium.storage.models import (
    Kind,
    PoolRecord,
    QueueChange,
    QueueRecord,
    QueueState,
    Scope,
)
from angarium.storage.signals import RecordChanged
from angarium.testing.control.base import ControlCases, new_name
from angarium.testing.control.listing import NAMES
from angarium.testing.control.records import same
from angarium.testing.crowd import in_threads
from angarium.testing.effort import scaled
from angarium.testing.queues import new_project, numbered
from angarium.testing.traits import Trait, needs

POOLS: Final[dict[str, dict[str, Any]]] = {
    "weightless": {"weight": 0},
    "heavy": {"weight": 2**32 - 1},
    "tagged": {"flavor": "gold"},
    "odd-tag": {"flavor": "a.b $x 🐈 " + "x" * 200},
    "long-uri": {"uri": "x" * 200},
    "odd-uri": {"uri": "é🐈%2F'\"\\ "},
    "options": {"options": {"a.b": [1, None, True, 1.5], "$set": {"": "🐈"}, "durability": False}},
}
"""What is special about a pool; the uri gets a unique beginning."""

NAMED: Final[dict[str, QueueChange]] = {
    "pool": QueueChange(QueueState.PENDING, pool="{}"),
    "published-pool": QueueChange(QueueState.PUBLISHED, pool="{}"),
    "target": QueueChange(QueueState.PUBLISHED, target="{}", raises_epoch=False),
    "moving-target": QueueChange(QueueState.MOVING, target="{}", lease=100),
    "source": QueueChange(QueueState.PENDING, source="{}"),
    "deleting-pool": QueueChange(QueueState.DELETING, pool="{}"),
    "deleting-target": QueueChange(QueueState.DELETING, target="{}"),
    "deleting-source": QueueChange(QueueState.DELETING, source="{}"),
}
"""How a record comes to name a pool."""


def naming(how: str, pool: str) -> QueueChange:
    """A change of ``NAMED`` with the name of a pool."""
    change = NAMED[how]
    return replace(
        change,
        pool=change.pool and pool,
        target=change.target and pool,
        source=change.source and pool,
    )


class PoolCases(ControlCases):
    """Cases about pools."""

    @pytest.mark.parametrize("kind", POOLS)
    @needs(Trait.POOLS)
    def test_pool_comes_back_as_it_was(self, driver: ControlDriver, kind: str) -> None:
        """All of it, the types in its options too."""
        special = dict(POOLS[kind])
        name = new_name()
        uri = f"memory://{name}{special.pop('uri', '')}"
        pool = PoolRecord(name, uri, special.pop("weight", 3), **special)
        driver.put_pool(pool)
        read = driver.get_pool(name)
        assert read == pool
        assert same(dict(read.options), dict(pool.options))

    @needs(Trait.POOLS)
    def test_pool_is_replaced_as_a_whole(self, driver: ControlDriver) -> None:
        """Nothing of the earlier one is left, and its queues stay where they are."""
        pool = replace(self.new_pool(driver, flavor=new_name()), options={"a": 1})
        driver.put_pool(pool)
        record = self.published(driver, pool=pool.name)
        other = PoolRecord(pool.name, f"{pool.uri}-2", 7)
        driver.put_pool(other)
        assert driver.get_pool(pool.name) == other
        assert driver.find_pools(pool.flavor) == []
        assert driver.get_queue(record.scope) == record

    @needs(Trait.POOLS)
    def test_absent_pool(self, driver: ControlDriver) -> None:
        """There is none, and deleting it does nothing, before its creation and after its end."""
        name = new_name()
        for _ in range(2):
            assert driver.get_pool(name) is None
            driver.delete_pool(name)
            self.new_pool(driver, name)
            driver.delete_pool(name)
        assert driver.get_pool(name) is None

    @needs(Trait.POOLS)
    def test_uri_belongs_to_one_pool(self, driver: ControlDriver) -> None:
        """A second one is refused, created or changed; nothing is written; texts are exact."""
        one, other = self.new_pool(driver), self.new_pool(driver)
        name = new_name()
        with pytest.raises(PoolAlreadyExists):
            driver.put_pool(PoolRecord(name, one.uri, 1))
        assert driver.get_pool(name) is None
        with pytest.raises(PoolAlreadyExists):
            driver.put_pool(replace(other, uri=one.uri, weight=9))
        assert driver.get_pool(other.name) == other
        driver.put_pool(replace(one, weight=9))
        driver.put_pool(replace(other, uri=one.uri.upper()))
        driver.put_pool(PoolRecord(name, f"{one.uri} ", 1))

    @needs(Trait.POOLS)
    def test_uri_is_free_again(self, driver: ControlDriver) -> None:
        """After its pool got another one, or was deleted."""
        one, other = self.new_pool(driver), self.new_pool(driver)
        driver.put_pool(replace(one, uri=f"{one.uri}-2"))
        driver.put_pool(replace(other, uri=one.uri))
        driver.delete_pool(other.name)
        driver.put_pool(one)
        assert driver.get_pool(one.name) == one

    @needs(Trait.POOLS)
    def test_one_of_concurrent_pools_gets_the_uri(self, driver: ControlDriver) -> None:
        """The others are refused, however close they come."""
        for _ in range(scaled(5, 50)):
            uri, names = f"memory://{new_name()}", [new_name() for _ in range(6)]

            def put(name: str, uri: str = uri) -> bool:
                with suppress(PoolAlreadyExists):
                    driver.put_pool(PoolRecord(name, uri, 1))
                    return True
                return False

            won = in_threads([partial(put, name) for name in names])
            assert sum(won) == 1
            assert [driver.get_pool(name) is not None for name in names] == won

    @needs(Trait.POOLS)
    def test_pools_in_code_point_order(self, driver: ControlDriver) -> None:
        """Strictly after the marker, existing or not; a page is short only at the end."""
        prefix = new_name()
        wanted = [f"{prefix}{name}" for name in NAMES]
        for name in wanted[::2] + wanted[1::2]:
            self.new_pool(driver, name)
        seen = [pool.name for pool in driver.list_pools(marker=prefix, limit=len(wanted))]
        assert seen == wanted
        for marker in ("A", "AA", "a.", "é", "\x00"):
            after = [name for name in wanted if name > prefix + marker]
            page = driver.list_pools(marker=prefix + marker, limit=4)
            assert [it.name for it in page if it.name.startswith(prefix)] == after[:4]
        assert driver.list_pools(marker=prefix, limit=1) == [driver.get_pool(wanted[0])]

    @needs(Trait.POOLS)
    def test_pools_of_a_tag(self, driver: ControlDriver) -> None:
        """All with exactly this tag, by name; the empty tag finds those without one."""
        prefix, tag = new_name(), new_name()
        tags = {"b": tag, "B": tag, "a": tag, "c": tag.upper(), "d": f"{tag} ", "e": "", "E": ""}
        pools = {it: self.new_pool(driver, f"{prefix}{it}", flavor=tags[it]) for it in tags}
        assert driver.find_pools(tag) == [pools["B"], pools["a"], pools["b"]]
        assert driver.find_pools(tag.upper()) == [pools["c"]]
        assert driver.find_pools(f"{tag}-2") == []
        untagged = driver.find_pools("")
        assert [it for it in untagged if it.name.startswith(prefix)] == [pools["E"], pools["e"]]
        assert [it.name for it in untagged] == sorted(it.name for it in untagged)

    # --- Deleting -------------------------------------------------------------------------------

    @pytest.mark.parametrize("how", NAMED)
    @needs(Trait.POOLS)
    def test_pool_with_queues_is_kept(self, driver: ControlDriver, how: str) -> None:
        """As long as any record names it, in whatever part and state."""
        pool = self.new_pool(driver)
        record = self.published(driver)
        changed = driver.change_queue(record, naming(how, pool.name))
        with pytest.raises(PoolHasQueues):
            driver.delete_pool(pool.name)
        assert driver.get_pool(pool.name) == pool
        assert driver.get_queue(record.scope) == changed
        deleting = driver.delete_queue(record.scope)
        assert deleting is not None
        with pytest.raises(PoolHasQueues):
            driver.delete_pool(pool.name)
        driver.publish(deleting.ref)
        driver.delete_pool(pool.name)
        assert driver.get_pool(pool.name) is None

    @needs(Trait.POOLS)
    def test_last_pool_of_a_tag_is_kept(self, driver: ControlDriver) -> None:
        """With a flavor of that name or without; it can be deleted once its tag is cleared."""
        tag = new_name()
        one, other = self.new_pool(driver, flavor=tag), self.new_pool(driver, flavor=tag)
        driver.delete_pool(other.name)
        with pytest.raises(PoolInUseByFlavor):
            driver.delete_pool(one.name)
        assert driver.find_pools(tag) == [one]
        driver.put_pool(replace(one, flavor=""))
        driver.delete_pool(one.name)
        assert driver.get_pool(one.name) is None

    @needs(Trait.POOLS)
    def test_one_of_the_last_two_pools_is_kept(self, driver: ControlDriver) -> None:
        """When both are deleted at the same moment."""
        for _ in range(scaled(10, 100)):
            tag = new_name()
            pools = [self.new_pool(driver, flavor=tag) for _ in range(2)]

            def delete(pool: PoolRecord) -> None:
                with suppress(PoolInUseByFlavor):
                    driver.delete_pool(pool.name)

            in_threads([partial(delete, pool) for pool in pools])
            assert len(driver.find_pools(tag)) == 1

    # --- Queues ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", ["", "east", "a.b-c_9", "x" * 30])
    @needs(Trait.POOLS)
    def test_pool_of_a_queue_is_kept(self, driver: ControlDriver, scope: Scope, name: str) -> None:
        """Through changes and deletion; empty is the default store."""
        pool = self.new_pool(driver, f"{new_project()}{name}").name if name else ""
        record = self.published(driver, scope, {}, pool)
        assert self.stored(driver, scope).pool == pool
        assert driver.update_queue(scope, {"a": 1}, record.epoch).pool == pool
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        assert deleting.pool == pool

    @needs(Trait.POOLS)
    def test_scenario_25_queue_keeps_its_pool(self, driver: ControlDriver, scope: Scope) -> None:
        """A second creation, wherever it would put the queue, changes nothing."""
        first, second = self.new_pool(driver, flavor=new_name()), self.new_pool(driver)
        record = self.published(driver, scope, {"_flavor": first.flavor}, first.name)
        for pool in (second.name, "", first.name, new_name()):
            assert driver.create_queue(scope, {}, pool) == (record, False)
        assert driver.get_queue(scope) == record

    @needs(Trait.POOLS)
    def test_queue_in_an_unknown_pool_is_refused(self, driver: ControlDriver, scope: Scope) -> None:
        """A record that names nothing is never written; a deleted pool is unknown again."""
        name = new_name()
        for _ in range(2):
            with pytest.raises(RecordChanged):
                driver.create_queue(scope, {}, name)
            assert driver.get_queue(scope) is None
            self.new_pool(driver, name)
            driver.delete_pool(name)

    @needs(Trait.POOLS)
    def test_creation_amid_the_deletion_of_the_pool(self, driver: ControlDriver) -> None:
        """Either the pool stays for the queue, or the queue is refused."""
        for _ in range(scaled(15, 150)):
            pool, project = self.new_pool(driver).name, new_project()

            def create(number: int, project: str = project, pool: str = pool) -> None:
                with suppress(RecordChanged):
                    driver.create_queue(Scope(project, f"q{number}"), {}, pool)

            def delete(pool: str = pool) -> None:
                with suppress(ApiError):
                    driver.delete_pool(pool)

            in_threads([partial(create, 1), delete, partial(create, 2)])
            records = driver.list_pool_queues(pool, after=None, limit=10)
            assert bool(records) == (driver.get_pool(pool) is not None)
            assert len(self.listed(driver, project)) == len(records)

    @needs(Trait.POOLS)
    def test_queues_of_a_pool_page_by_page(self, driver: ControlDriver) -> None:
        """Of all projects and kinds, in any state, each once, complete; no others."""
        pool, other = self.new_pool(driver).name, self.new_pool(driver).name
        records = self.many_queues(driver, pool)
        self.many_queues(driver, other)
        stranger = self.published(driver, pool=other)
        driver.change_queue(stranger, QueueChange(QueueState.PUBLISHED, target=pool))
        seen: list[QueueRecord] = []
        after = None
        while page := driver.list_pool_queues(pool, after=after, limit=4):
            assert len(page) == min(4, len(records) - len(seen))
            seen += page
            after = page[-1].scope
        assert {it.scope: it for it in seen} == {it.scope: it for it in records}
        assert len(seen) == len(records)

    def many_queues(self, driver: ControlDriver, pool: str) -> list[QueueRecord]:
        """Queues of some projects, kinds and states in a pool; their records."""
        scopes = [
            Scope(project, name, kind)
            for project in (new_project(), "", new_project())
            for kind in Kind
            for name in numbered(2, new_name())
        ]
        records = [self.published(driver, scope, {"a": [1]}, pool) for scope in scopes]
        records[0] = driver.update_queue(records[0].scope, {}, records[0].epoch)
        deleting = driver.delete_queue(records[1].scope)
        assert deleting is not None
        records[1] = deleting
        moving = QueueChange(QueueState.MOVING, target="", lease=9)
        records[2] = driver.change_queue(records[2], moving)
        return records

    @needs(Trait.POOLS)
    def test_page_of_a_pool_goes_on_after_what_is_gone(self, driver: ControlDriver) -> None:
        """The queue that a page ended with may have left the pool meanwhile."""
        pool = self.new_pool(driver).name
        for _ in range(6):
            self.published(driver, pool=pool)
        everything = driver.list_pool_queues(pool, after=None, limit=100)
        assert len(everything) == 6
        last = everything[2]
        driver.change_queue(last, QueueChange(QueueState.PENDING, pool="", source=pool))
        rest = driver.list_pool_queues(pool, after=last.scope, limit=100)
        assert rest == everything[3:]
        assert driver.list_pool_queues(new_name(), after=None, limit=100) == []
