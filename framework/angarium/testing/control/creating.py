"""Creating queues, one of many at a time (storage-semantics.md 2)."""

from __future__ import annotations

from functools import partial

from angarium.storage.driver import ControlDriver
from angarium.storage.models import QueueState, Scope
from angarium.testing import workers
from angarium.testing.control.base import ControlCases
from angarium.testing.crowd import in_processes, in_threads
from angarium.testing.effort import scaled
from angarium.testing.factory import DriverFactory
from angarium.testing.queues import new_project
from angarium.testing.traits import Trait, needs


class CreatingCases(ControlCases):
    """Cases about the first step of a queue's life."""

    def test_new_queue_is_pending(self, driver: ControlDriver, scope: Scope) -> None:
        """The record is written, with a fresh epoch, and says that its creation is not done."""
        record, created = driver.create_queue(scope, {"a": 1}, "")
        assert created
        assert (record.scope, record.metadata, record.pool) == (scope, {"a": 1}, "")
        assert (record.target, record.source) == (None, None)
        assert record.state is QueueState.PENDING
        assert record.epoch > 0
        assert driver.get_queue(scope) == record

    def test_existing_queue_is_not_touched(self, driver: ControlDriver, scope: Scope) -> None:
        """Neither metadata nor pool nor epoch: true once, false afterwards."""
        record = self.published(driver, scope, {"a": 1})
        assert driver.create_queue(scope, {"b": 2}, "there-is-no-such-pool") == (record, False)
        assert driver.get_queue(scope) == record

    def test_queue_in_any_state_exists(self, driver: ControlDriver, scope: Scope) -> None:
        """Whoever finds one that is pending or being deleted ends that change first."""
        pending, _ = driver.create_queue(scope, {}, "")
        assert driver.create_queue(scope, {"b": 2}, "") == (pending, False)
        driver.publish(pending.ref)
        deleting = driver.delete_queue(scope)
        assert driver.create_queue(scope, {"b": 2}, "") == (deleting, False)

    def test_absent_queue_has_no_record(self, driver: ControlDriver, scope: Scope) -> None:
        """Reading creates nothing."""
        assert driver.get_queue(scope) is None
        assert driver.count_queues(scope.project, scope.kind) == 0

    def test_one_of_concurrent_creators_wins(self, driver: ControlDriver) -> None:
        """Exactly one creates it; the others see what that one wrote."""
        for _ in range(scaled(10, 100)):
            scope = Scope(new_project(), "orders")
            results = in_threads(
                [partial(driver.create_queue, scope, {"by": number}, "") for number in range(8)]
            )
            (winner,) = (record for record, created in results if created)
            assert [record for record, _ in results] == [winner] * 8
            assert driver.get_queue(scope) == winner

    @needs(Trait.PROCESSES)
    def test_one_of_concurrent_processes_wins(
        self, factory: DriverFactory[ControlDriver], driver: ControlDriver
    ) -> None:
        """The same for processes, over many queues."""
        project = new_project()
        job = (workers.create_many, workers.Creating(factory, project, scaled(40, 400)))
        first, second = in_processes([job, job])
        assert sorted(first + second) == sorted(set(first + second))
        assert sorted(first + second) == self.listed(driver, project)
