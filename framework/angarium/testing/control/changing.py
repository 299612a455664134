"""Changing and deleting queues: epochs, conditions, publishing (``docs/interfaces.rst``)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium.storage.driver import ControlDriver
from angarium.storage.models import QueueFilter, QueueRecord, QueueState, Scope
from angarium.storage.signals import RecordChanged
from angarium.testing.control.base import ControlCases
from angarium.testing.crowd import in_threads
from angarium.testing.effort import scaled
from angarium.testing.queues import new_project


class ChangingCases(ControlCases):
    """Cases about what happens to a queue that exists."""

    def test_update_replaces_the_metadata(self, driver: ControlDriver, scope: Scope) -> None:
        """As a whole; the record is pending on a higher epoch, its pool stays."""
        record = self.published(driver, scope, {"a": 1, "b": 2})
        changed = driver.update_queue(scope, {"b": 3}, record.epoch)
        assert changed == replace(
            record, metadata={"b": 3}, epoch=changed.epoch, state=QueueState.PENDING
        )
        assert changed.epoch > record.epoch
        assert driver.get_queue(scope) == changed
        driver.publish(changed.ref)
        assert driver.get_queue(scope) == replace(changed, state=QueueState.PUBLISHED)

    def test_update_of_an_old_record_is_refused(self, driver: ControlDriver, scope: Scope) -> None:
        """Who read another epoch reads again; nothing is changed."""
        record = self.published(driver, scope, {"a": 1})
        for epoch in (record.epoch - 1, record.epoch + 1, 0):
            with pytest.raises(RecordChanged):
                driver.update_queue(scope, {"a": 2}, epoch)
        assert driver.get_queue(scope) == record

    def test_update_of_an_absent_record_is_refused(
        self, driver: ControlDriver, scope: Scope
    ) -> None:
        """And creates nothing."""
        with pytest.raises(RecordChanged):
            driver.update_queue(scope, {}, 1)
        assert driver.get_queue(scope) is None

    def test_one_of_concurrent_updates_wins(self, driver: ControlDriver, scope: Scope) -> None:
        """Of those who read the same record; so nothing is lost when all try again."""
        self.published(driver, scope, {"count": 0})
        rounds = scaled(5, 50)

        def increase() -> None:
            done = 0
            while done < rounds:
                record = driver.get_queue(scope)
                assert record is not None
                wanted = {"count": record.metadata["count"] + 1}
                try:
                    driver.update_queue(scope, wanted, record.epoch)
                except RecordChanged:
                    continue
                done += 1

        in_threads([increase] * 4)
        record = driver.get_queue(scope)
        assert record is not None
        assert record.metadata == {"count": 4 * rounds}

    def test_deletion_marks_the_record(self, driver: ControlDriver, scope: Scope) -> None:
        """On a higher epoch; it is there until the deletion is published, but not listed."""
        record = self.published(driver, scope, {"a": 1})
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        assert (deleting.scope, deleting.pool) == (scope, "")
        assert deleting.state is QueueState.DELETING
        assert deleting.epoch > record.epoch
        assert driver.get_queue(scope) == deleting
        assert self.listed(driver, scope.project) == []
        assert driver.count_queues(scope.project, scope.kind) == 0
        driver.publish(deleting.ref)
        assert driver.get_queue(scope) is None

    def test_deletion_again_gives_the_same_record(
        self, driver: ControlDriver, scope: Scope
    ) -> None:
        """Whoever deletes meanwhile ends the deletion that is under way."""
        self.published(driver, scope)
        deleting = driver.delete_queue(scope)
        assert driver.delete_queue(scope) == deleting
        assert driver.get_queue(scope) == deleting

    def test_deletion_of_what_is_absent(self, driver: ControlDriver, scope: Scope) -> None:
        """Nothing to do, before a creation and after a deletion."""
        assert driver.delete_queue(scope) is None
        self.published(driver, scope)
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        driver.publish(deleting.ref)
        assert driver.delete_queue(scope) is None

    def test_pending_record_can_be_deleted(self, driver: ControlDriver, scope: Scope) -> None:
        """A creation that crashed does not stand in the way; publishing it late does nothing."""
        pending, _ = driver.create_queue(scope, {}, "")
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        assert deleting.epoch > pending.epoch
        driver.publish(pending.ref)
        assert driver.get_queue(scope) == deleting

    def test_record_that_is_being_deleted_cannot_be_updated(
        self, driver: ControlDriver, scope: Scope
    ) -> None:
        """An update undoes no deletion, whether planned on the record before it or on the mark."""
        record = self.published(driver, scope)
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        for epoch in (record.epoch, deleting.epoch):
            with pytest.raises(RecordChanged):
                driver.update_queue(scope, {"a": 1}, epoch)
        assert driver.get_queue(scope) == deleting

    @pytest.mark.parametrize("step", [-1, 1])
    def test_publishing_another_epoch_does_nothing(
        self, driver: ControlDriver, scope: Scope, step: int
    ) -> None:
        """It may come late; the record has been changed since, or is gone."""
        pending, _ = driver.create_queue(scope, {}, "")
        other = replace(pending, epoch=pending.epoch + step)
        driver.publish(other.ref)
        assert driver.get_queue(scope) == pending
        driver.publish(pending.ref)
        driver.publish(pending.ref)
        published = driver.get_queue(scope)
        assert published == replace(pending, state=QueueState.PUBLISHED)
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        driver.publish(pending.ref)
        assert driver.get_queue(scope) == deleting
        driver.publish(deleting.ref)
        driver.publish(deleting.ref)
        assert driver.get_queue(scope) is None

    def test_epochs_are_never_used_again(self, driver: ControlDriver, scope: Scope) -> None:
        """Neither by other changes nor by creations after a deletion; they only grow."""
        epochs = []
        for _ in range(4):
            created = self.published(driver, scope)
            updated = driver.update_queue(scope, {"a": 1}, created.epoch)
            deleting = driver.delete_queue(scope)
            assert deleting is not None
            driver.publish(deleting.ref)
            epochs += [created.epoch, updated.epoch, deleting.epoch]
        assert epochs == sorted(set(epochs))

    def test_epochs_grow_under_concurrency(self, driver: ControlDriver) -> None:
        """Creations and deletions of one name from many threads never share an epoch."""
        scope = Scope(new_project(), "orders")

        def churn() -> list[QueueRecord]:
            changes = []
            for _ in range(scaled(8, 80)):
                record, created = driver.create_queue(scope, {}, "")
                if created:
                    changes.append(record)
                driver.publish(record.ref)
                deleting = driver.delete_queue(scope)
                if deleting is not None:
                    changes.append(deleting)
                    driver.publish(deleting.ref)
            return changes

        changes = [record for one in in_threads([churn] * 4) for record in one]
        created = [it.epoch for it in changes if it.state is QueueState.PENDING]
        deleted = {it.epoch for it in changes if it.state is QueueState.DELETING}
        assert len(created) == len(set(created))
        assert deleted.isdisjoint(created)
        assert self.listed(driver, scope.project, select=QueueFilter()) == []
