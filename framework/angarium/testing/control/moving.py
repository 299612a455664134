"""The steps of a queue's move to another pool (``docs/interfaces.rst``, "Moving a queue")."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest

from angarium.errors import PoolHasQueues
from angarium.storage.driver import ControlDriver
from angarium.storage.models import QueueChange, QueueRecord, QueueState, Scope
from angarium.storage.signals import RecordChanged
from angarium.testing import workers
from angarium.testing.control.base import ControlCases, new_name
from angarium.testing.crowd import in_processes, in_threads
from angarium.testing.effort import scaled
from angarium.testing.factory import DriverFactory
from angarium.testing.timing import advance
from angarium.testing.traits import Trait, needs

AFTER_LEASE: Final = QueueChange(QueueState.PENDING, after_lease=True)
"""What everybody may do once a mover has given no sign of life."""

STATES: Final = [state for state in QueueState if state is not QueueState.DELETING]


def moving(target: str | None, lease: int = 100) -> QueueChange:
    """The second step of a move."""
    return QueueChange(QueueState.MOVING, target=target, lease=lease)


class MovingCases(ControlCases):
    """Cases about ``change_queue`` and the states that only it leads to."""

    def is_changed(self, driver: ControlDriver, expected: QueueRecord, change: QueueChange) -> bool:
        """Whether a change was carried out; if not, nothing happened.

        :raises AssertionError: something did.
        """
        before = driver.get_queue(expected.scope)
        try:
            driver.change_queue(expected, change)
        except RecordChanged:
            assert driver.get_queue(expected.scope) == before
            return False
        return True

    @needs(Trait.POOLS)
    def test_target_is_noted_without_a_new_epoch(self, driver: ControlDriver, scope: Scope) -> None:
        """Plans stay valid; the rest of the record stays."""
        pool = self.new_pool(driver).name
        record = self.published(driver, scope, {"a": 1})
        change = QueueChange(QueueState.PUBLISHED, target=pool, raises_epoch=False)
        noted = driver.change_queue(record, change)
        assert noted == replace(record, target=pool) == driver.get_queue(scope)
        driver.publish(noted.ref)
        assert driver.get_queue(scope) == noted
        updated = driver.update_queue(scope, {"a": 2}, noted.epoch)
        assert (updated.target, updated.metadata) == (pool, {"a": 2})
        back = driver.change_queue(updated, QueueChange(QueueState.PENDING))
        assert back == replace(updated, epoch=back.epoch, target=None)

    @needs(Trait.POOLS)
    def test_change_finds_the_record_as_it_was_read(
        self, driver: ControlDriver, scope: Scope
    ) -> None:
        """Another epoch, state or target, or no record at all: nothing happens."""
        pool = self.new_pool(driver).name
        record = self.published(driver, scope)
        change = moving(pool)
        assert not self.is_changed(driver, replace(record, epoch=record.epoch + 1), change)
        assert not self.is_changed(driver, replace(record, epoch=record.epoch - 1), change)
        assert not self.is_changed(driver, replace(record, state=QueueState.PENDING), change)
        assert not self.is_changed(driver, replace(record, target=pool), change)
        assert not self.is_changed(driver, replace(record, target=""), change)
        absent = replace(record, scope=replace(scope, name="absent"))
        assert not self.is_changed(driver, absent, change)
        assert self.is_changed(driver, record, change)
        assert not self.is_changed(driver, record, change)

    @needs(Trait.POOLS)
    def test_published_meanwhile_is_another_state(
        self, driver: ControlDriver, scope: Scope
    ) -> None:
        """Publishing keeps the epoch, so the state decides."""
        pending, _ = driver.create_queue(scope, {}, "")
        driver.publish(pending.ref)
        assert not self.is_changed(driver, pending, QueueChange(QueueState.PUBLISHED))

    @needs(Trait.POOLS)
    def test_one_of_two_movers_notes_its_target(self, driver: ControlDriver) -> None:
        """Who read the record before the other's target was noted reads it again."""
        pools = [self.new_pool(driver).name for _ in range(4)]
        for _ in range(scaled(5, 50)):
            record = self.published(driver)
            changes = [
                QueueChange(QueueState.PUBLISHED, target=pool, raises_epoch=False) for pool in pools
            ]
            won = self.won(driver, record, changes)
            assert sum(won) == 1
            noted = self.stored(driver, record.scope)
            assert noted == replace(record, target=pools[won.index(True)])

    @needs(Trait.POOLS)
    def test_one_of_concurrent_changes_wins(self, driver: ControlDriver) -> None:
        """Of those that expect the same record."""
        for _ in range(scaled(5, 50)):
            record = self.published(driver)
            changes = [QueueChange(QueueState.PENDING, metadata={"by": it}) for it in range(6)]
            won = self.won(driver, record, changes)
            assert sum(won) == 1
            assert self.stored(driver, record.scope).metadata == {"by": won.index(True)}

    def won(
        self, driver: ControlDriver, record: QueueRecord, changes: list[QueueChange]
    ) -> list[bool]:
        """Try all changes at once; which were carried out."""

        def attempt(change: QueueChange) -> bool:
            with suppress(RecordChanged):
                driver.change_queue(record, change)
                return True
            return False

        return in_threads([partial(attempt, change) for change in changes])

    @needs(Trait.POOLS)
    def test_queue_that_moves_is_left_alone(self, driver: ControlDriver, scope: Scope) -> None:
        """It is there, and cannot be updated or published, on any epoch; it can be deleted."""
        pool = self.new_pool(driver).name
        record = self.published(driver, scope, {"a": 1})
        moved = driver.change_queue(record, moving(pool))
        assert moved == replace(record, state=QueueState.MOVING, epoch=moved.epoch, target=pool)
        assert moved.epoch > record.epoch
        for epoch in (record.epoch, moved.epoch):
            with pytest.raises(RecordChanged):
                driver.update_queue(scope, {"a": 2}, epoch)
            driver.publish(replace(moved, epoch=epoch).ref)
        assert driver.create_queue(scope, {}, "") == (moved, False)
        assert driver.get_queue(scope) == moved
        assert self.listed(driver, scope.project) == [scope.name]
        assert driver.count_queues(scope.project, scope.kind) == 1

    @pytest.mark.parametrize("state", STATES)
    @needs(Trait.POOLS)
    def test_queue_is_deleted_in_any_state(
        self, driver: ControlDriver, scope: Scope, state: QueueState
    ) -> None:
        """With a fresh epoch, lease or not; all its pools stay known until the end."""
        one, two, three = (self.new_pool(driver).name for _ in range(3))
        record = self.published(driver, scope, {"a": 1}, one)
        change = QueueChange(state, target=two, source=three, lease=100)
        changed = driver.change_queue(record, change)
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        assert deleting.epoch > changed.epoch
        assert deleting.state is QueueState.DELETING
        assert (deleting.pool, deleting.target, deleting.source) == (one, two, three)
        assert driver.get_queue(scope) == deleting == driver.delete_queue(scope)
        assert not self.is_changed(driver, changed, AFTER_LEASE)
        driver.publish(deleting.ref)
        assert driver.get_queue(scope) is None

    # --- Leases ---------------------------------------------------------------------------------

    @needs(Trait.POOLS)
    def test_lease_keeps_others_off(self, driver: ControlDriver, scope: Scope) -> None:
        """A change that waits for it is refused until it is over; the mover's own is not."""
        record = driver.change_queue(self.published(driver, scope), moving("", lease=100))
        assert not self.is_changed(driver, record, AFTER_LEASE)
        advance(driver, 80)
        assert not self.is_changed(driver, record, AFTER_LEASE)
        record = driver.change_queue(record, moving("", lease=100))
        advance(driver, 80)
        assert not self.is_changed(driver, record, AFTER_LEASE)
        advance(driver, 21)
        assert self.is_changed(driver, record, AFTER_LEASE)

    @needs(Trait.POOLS)
    def test_lease_ends_with_the_next_change(self, driver: ControlDriver, scope: Scope) -> None:
        """It belongs to the move: a record without one does not make anybody wait."""
        record = self.published(driver, scope)
        assert self.is_changed(driver, record, replace(AFTER_LEASE, metadata={"a": 1}))
        record = driver.change_queue(self.stored(driver, scope), moving(""))
        record = driver.change_queue(record, QueueChange(QueueState.PENDING))
        assert self.is_changed(driver, record, AFTER_LEASE)

    @needs(Trait.POOLS, Trait.PROCESSES, Trait.CLOCK)
    def test_lease_counts_by_the_clock_of_the_store(
        self, factory: DriverFactory[ControlDriver], driver: ControlDriver, scope: Scope
    ) -> None:
        """A process whose own clock is wrong neither ends a lease early nor grants a long one."""
        record = driver.change_queue(self.published(driver, scope), moving(""))
        task = workers.Changing(factory, record, AFTER_LEASE)
        ahead = workers.Shifted(10**6, workers.change, task)
        assert in_processes([(workers.with_shifted_clock, ahead)]) == [False]
        task = workers.Changing(factory, record, moving(""))
        assert in_processes([(workers.with_shifted_clock, replace(ahead, task=task))]) == [True]
        advance(driver, 150)
        assert self.is_changed(driver, self.stored(driver, scope), AFTER_LEASE)

    # --- Pools ----------------------------------------------------------------------------------

    @pytest.mark.parametrize("part", ["pool", "target", "source"])
    @needs(Trait.POOLS)
    def test_unknown_pool_is_refused(self, driver: ControlDriver, scope: Scope, part: str) -> None:
        """A record never comes to name what is not there; the default store always is."""
        record = self.published(driver, scope)
        unknown: dict[str, Any] = {part: new_name()}
        assert not self.is_changed(driver, record, QueueChange(QueueState.PENDING, **unknown))
        empty: dict[str, Any] = {part: ""}
        changed = driver.change_queue(record, QueueChange(QueueState.PENDING, **empty))
        assert getattr(changed, part) == ""
        assert driver.get_queue(scope) == changed

    @pytest.mark.parametrize("part", ["pool", "target", "source"])
    @needs(Trait.POOLS)
    def test_change_amid_the_deletion_of_the_pool(self, driver: ControlDriver, part: str) -> None:
        """Either the pool stays, or the change is refused."""
        for _ in range(scaled(8, 80)):
            pool, record = self.new_pool(driver).name, self.published(driver)
            named: dict[str, Any] = {part: pool}
            change = QueueChange(QueueState.PENDING, **named)

            def delete(pool: str = pool) -> None:
                with suppress(PoolHasQueues):
                    driver.delete_pool(pool)

            in_threads([partial(self.is_changed, driver, record, change), delete])
            names_it = getattr(self.stored(driver, record.scope), part) == pool
            assert names_it is (driver.get_pool(pool) is not None)

    @needs(Trait.POOLS)
    def test_metadata_change_with_the_step(self, driver: ControlDriver, scope: Scope) -> None:
        """They stay unless there are new ones; the store has a copy of these."""
        record = self.published(driver, scope, {"a": 1})
        record = driver.change_queue(record, QueueChange(QueueState.PENDING))
        assert record.metadata == {"a": 1}
        metadata: dict[str, Any] = {"b": {"c": [1, True, 1.5, None]}}
        record = driver.change_queue(record, QueueChange(QueueState.PENDING, metadata=metadata))
        assert driver.get_queue(scope) == record
        metadata["b"]["c"].append(2)
        assert self.stored(driver, scope).metadata == {"b": {"c": [1, True, 1.5, None]}}
        emptied = driver.change_queue(record, QueueChange(QueueState.PENDING, metadata={}))
        assert emptied.metadata == {}

    @needs(Trait.POOLS)
    def test_whole_move(self, driver: ControlDriver, scope: Scope) -> None:
        """Target, moving, new pool with source, published: the epochs grow, the pools are held."""
        old, new = self.new_pool(driver).name, self.new_pool(driver).name
        record = self.published(driver, scope, {"a": 1}, old)
        noted = QueueChange(QueueState.PUBLISHED, target=new, raises_epoch=False)
        first = driver.change_queue(record, noted)
        second = driver.change_queue(first, moving(new))
        third = driver.change_queue(second, QueueChange(QueueState.PENDING, pool=new, source=old))
        assert record.epoch == first.epoch < second.epoch < third.epoch
        assert (third.pool, third.target, third.source) == (new, None, old)
        for pool in (old, new):
            with pytest.raises(PoolHasQueues):
                driver.delete_pool(pool)
        driver.publish(third.ref)
        published = replace(third, state=QueueState.PUBLISHED, source=None)
        assert driver.get_queue(scope) == published
        assert driver.list_pool_queues(new, after=None, limit=9) == [published]
        assert driver.list_pool_queues(old, after=None, limit=9) == []
        driver.delete_pool(old)
        with pytest.raises(PoolHasQueues):
            driver.delete_pool(new)

    @needs(Trait.POOLS)
    def test_late_mover_changes_nothing(self, driver: ControlDriver, scope: Scope) -> None:
        """Its queue was taken back after its lease, or deleted and created again."""
        pool = self.new_pool(driver).name
        moved = driver.change_queue(self.published(driver, scope), moving(pool))
        last = QueueChange(QueueState.PENDING, pool=pool, source="")
        advance(driver, 200)
        back = driver.change_queue(moved, AFTER_LEASE)
        assert not self.is_changed(driver, moved, last)
        driver.publish(back.ref)
        assert not self.is_changed(driver, moved, last)
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        driver.publish(deleting.ref)
        again = self.published(driver, scope)
        assert not self.is_changed(driver, moved, last)
        assert driver.get_queue(scope) == again
