"""How subscriptions end, and what their queue knows of them (storage-semantics.md 12)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from angarium.storage.driver import ControlDriver
from angarium.storage.models import Kind, QueueChange, QueueFilter, QueueRecord, QueueState, Scope
from angarium.storage.signals import RecordChanged
from angarium.testing import workers
from angarium.testing.control.base import ControlCases
from angarium.testing.control.subscribing import MARK
from angarium.testing.crowd import in_processes, in_threads
from angarium.testing.data.reclaiming import reclaim_all
from angarium.testing.effort import scaled
from angarium.testing.factory import DriverFactory
from angarium.testing.queues import new_project, numbered
from angarium.testing.subscribing import (
    SUBSCRIBER,
    change_one,
    expect_subscribers,
    listed,
    new_subscription,
    subscribe,
    subscribers,
)
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs

NONE_LEFT: Final = QueueChange(QueueState.PENDING, has_subscribers=False)
"""What is done when the last subscription has gone."""

STEPS: Final[dict[str, QueueChange]] = {
    "target": QueueChange(QueueState.PUBLISHED, target="", raises_epoch=False),
    "moving": QueueChange(QueueState.MOVING, target="", lease=100),
    "moved": QueueChange(QueueState.PENDING, pool="", source=""),
    "metadata": QueueChange(QueueState.PENDING, metadata={"b": 2}),
}
"""Changes that are about something else."""


class SubscribedCases(ControlCases):
    """Cases about the end of subscriptions, and about ``has_subscribers``."""

    # --- Expiry, deletion, purge ----------------------------------------------------------------

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_subscription_is_gone_at_the_second_of_expiry(self, driver: ControlDriver) -> None:
        """And not before: it can be neither found, listed, changed nor deleted any more."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, ttl=100)
        advance(driver, 99)
        last = replace(made, age=99, remaining=1)
        assert driver.get_subscription(scope, made.id) == last
        assert listed(driver, scope) == [last]
        advance(driver, 1)
        assert driver.get_subscription(scope, made.id) is None
        assert listed(driver, scope) == []
        assert change_one(driver, made, ttl=100) is None
        assert driver.delete_subscription(scope, made.id) is None
        assert driver.get_subscription(scope, made.id) is None

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_scenario_19_same_again_at_the_second_of_expiry(self, driver: ControlDriver) -> None:
        """The subscriber is free the moment its subscription expires, and not before."""
        scope = expect_subscribers(driver)
        first = subscribe(driver, scope, ttl=100)
        advance(driver, 99)
        found, is_new = driver.create_subscription(new_subscription(scope))
        assert (found.id, is_new) == (first.id, False)
        advance(driver, 1)
        second = subscribe(driver, scope, ttl=50)
        assert listed(driver, scope) == [second]
        assert driver.get_subscription(scope, first.id) is None

    @needs(Trait.SUBSCRIPTIONS)
    def test_one_of_concurrent_creations_takes_the_place_of_the_expired(
        self, driver: ControlDriver
    ) -> None:
        """Its end does not let two in."""
        for _ in range(scaled(5, 50)):
            scope = expect_subscribers(driver)
            subscribe(driver, scope, ttl=10)
            advance(driver, 20)
            attempts = [new_subscription(scope) for _ in range(6)]
            made = in_threads([partial(driver.create_subscription, it) for it in attempts])
            assert [is_new for _, is_new in made].count(True) == 1
            (left,) = listed(driver, scope)
            assert {it.id for it, _ in made} == {left.id}

    @needs(Trait.SUBSCRIPTIONS, Trait.PROCESSES, Trait.CLOCK)
    def test_subscription_lives_by_the_clock_of_the_store(
        self, factory: DriverFactory[ControlDriver], driver: ControlDriver
    ) -> None:
        """A process whose own clock is wrong neither overlooks one nor grants a long life."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, ttl=1000)
        attempts = [
            new_subscription(scope, subscriber, ttl=1000)
            for subscriber in (SUBSCRIBER, "http://other")
        ]
        tasks = [
            workers.Shifted(10**6, workers.subscribe, workers.Subscribing(factory, new))
            for new in attempts
        ]
        one, other = in_processes([(workers.with_shifted_clock, task) for task in tasks])
        assert (one[0].id, one[1]) == (made.id, False)
        assert (other[0].id, other[1]) == (attempts[1].id, True)
        for found in (one[0], other[0], *listed(driver, scope)):
            assert 0 <= found.age < 200
            assert 800 < found.remaining <= 1000
        advance(driver, 1100)
        assert listed(driver, scope) == []

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_deletion_returns_what_was_there(self, driver: ControlDriver) -> None:
        """Once; the subscriber is free again, and others stay."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, options={"a": [1]}, delivery_secret=MARK)
        other = subscribe(driver, scope, "http://other")
        assert driver.delete_subscription(scope, made.id) == made
        assert driver.delete_subscription(scope, made.id) is None
        assert driver.get_subscription(scope, made.id) is None
        assert listed(driver, scope) == [other]
        assert subscribe(driver, scope).id != made.id

    @needs(Trait.SUBSCRIPTIONS)
    def test_scenario_18_purge_leaves_none(self, driver: ControlDriver) -> None:
        """More than any page holds; other queues keep theirs, and all can come back."""
        scope = expect_subscribers(driver)
        others = [
            expect_subscribers(driver, replace(scope, name="orders.2")),
            expect_subscribers(driver, replace(scope, kind=Kind.TOPIC)),
        ]
        for name in numbered(25, "http://"):
            for one in (scope, *others):
                subscribe(driver, one, name)
        driver.purge_subscriptions(scope)
        assert listed(driver, scope) == []
        assert [len(listed(driver, one)) for one in others] == [25, 25]
        driver.purge_subscriptions(scope)
        driver.purge_subscriptions(Scope(new_project(), "absent"))
        subscribe(driver, scope, "http://7")
        assert subscribers(driver, scope) == ["http://7"]

    @needs(Trait.SUBSCRIPTIONS)
    def test_many_are_purged(self, driver: ControlDriver) -> None:
        """All of them."""
        scope = expect_subscribers(driver)
        for name in numbered(scaled(120, 3000), "http://"):
            subscribe(driver, scope, name)
        driver.purge_subscriptions(scope)
        assert listed(driver, scope) == []

    @needs(Trait.SUBSCRIPTIONS)
    def test_reclaiming_touches_no_live_subscription(self, driver: ControlDriver) -> None:
        """Nor one that has taken the place of an expired one."""
        scope = expect_subscribers(driver)
        for name in numbered(20, "http://"):
            subscribe(driver, scope, name, ttl=100)
        alive = [subscribe(driver, scope, f"http://alive-{it}", ttl=900).id for it in range(3)]
        advance(driver, 200)
        alive.append(subscribe(driver, scope, "http://7", ttl=900).id)
        reclaim_all(driver, 7)
        assert [it.id for it in listed(driver, scope)] == alive
        assert not driver.create_subscription(new_subscription(scope, "http://7"))[1]

    @needs(Trait.SUBSCRIPTIONS, Trait.RECLAIMING)
    def test_expired_subscriptions_are_reclaimed_in_bounded_steps(
        self, driver: ControlDriver
    ) -> None:
        """At most so many per call, all of them in the end."""
        reclaim_all(driver)
        scope, many = expect_subscribers(driver), scaled(40, 1000)
        for name in numbered(many, "http://"):
            subscribe(driver, scope, name, ttl=100)
        advance(driver, 200)
        first = driver.reclaim(10)
        assert first <= 10
        assert first + reclaim_all(driver, 10) >= many
        assert driver.reclaim(10) == 0

    # --- What the record of the queue says ------------------------------------------------------

    @pytest.mark.parametrize("how", ["absent", "deleting", "deleted", "not-noted"])
    @needs(Trait.SUBSCRIPTIONS)
    def test_queue_has_to_expect_a_subscription(self, driver: ControlDriver, how: str) -> None:
        """Its posts would not be announced otherwise; nothing is stored."""
        scope = Scope(new_project(), "orders")
        if how == "not-noted":
            self.published(driver, scope)
        elif how != "absent":
            expect_subscribers(driver, scope)
            deleting = driver.delete_queue(scope)
            assert deleting is not None
            if how == "deleted":
                driver.publish(deleting.ref)
        with pytest.raises(RecordChanged):
            driver.create_subscription(new_subscription(scope))
        assert listed(driver, scope) == []

    @pytest.mark.parametrize("state", [it for it in QueueState if it is not QueueState.DELETING])
    @needs(Trait.SUBSCRIPTIONS)
    def test_queue_in_any_state_takes_subscriptions(
        self, driver: ControlDriver, state: QueueState
    ) -> None:
        """A change that is under way, a move included, is no obstacle."""
        scope = expect_subscribers(driver)
        driver.change_queue(self.stored(driver, scope), QueueChange(state, lease=100))
        subscribe(driver, scope)

    @needs(Trait.SUBSCRIPTIONS)
    def test_note_raises_the_epoch(self, driver: ControlDriver, scope: Scope) -> None:
        """So that plans without it are refused; the rest of the record stays."""
        record = self.published(driver, scope, {"a": 1})
        assert not record.has_subscribers
        noted = driver.change_queue(record, QueueChange(QueueState.PENDING, has_subscribers=True))
        assert noted.epoch > record.epoch
        assert noted == replace(
            record, epoch=noted.epoch, state=QueueState.PENDING, has_subscribers=True
        )
        assert driver.get_queue(scope) == noted
        driver.publish(noted.ref)
        assert driver.get_queue(scope) == replace(noted, state=QueueState.PUBLISHED)

    @needs(Trait.SUBSCRIPTIONS)
    def test_note_is_kept_by_other_changes(self, driver: ControlDriver) -> None:
        """Whether it says that there are subscribers or that there are none."""
        for record in (self.published(driver), self.noted(driver)):
            scope, expected = record.scope, record.has_subscribers
            changed = driver.update_queue(scope, {"a": 1}, record.epoch)
            assert changed.has_subscribers is expected
            driver.publish(changed.ref)
            for change in STEPS.values():
                changed = driver.change_queue(self.stored(driver, scope), change)
                assert changed.has_subscribers is expected
                assert driver.get_queue(scope) == changed
            driver.publish(changed.ref)
            (found,) = driver.list_queues(
                scope.project, scope.kind, marker="", limit=9, select=QueueFilter()
            )
            assert found == self.stored(driver, scope)
            deleting = driver.delete_queue(scope)
            assert deleting is not None
            assert deleting.has_subscribers is expected

    def noted(self, driver: ControlDriver) -> QueueRecord:
        """A queue that expects subscriptions."""
        return self.stored(driver, expect_subscribers(driver))

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_note_stays_while_there_is_a_subscription(self, driver: ControlDriver) -> None:
        """It is taken back once the last has expired, at that very second."""
        scope = expect_subscribers(driver)
        subscribe(driver, scope, ttl=50)
        subscribe(driver, scope, "http://other", ttl=100)
        record = self.stored(driver, scope)
        for seconds in (0, 60, 39):
            advance(driver, seconds)
            with pytest.raises(RecordChanged):
                driver.change_queue(record, replace(NONE_LEFT, metadata={"a": 1}))
            assert driver.get_queue(scope) == record
        advance(driver, 1)
        self.check_taken_back(driver, record)

    @pytest.mark.parametrize("how", ["deleted", "purged", "of another queue", "never there"])
    @needs(Trait.SUBSCRIPTIONS)
    def test_note_is_taken_back(self, driver: ControlDriver, how: str) -> None:
        """When there is no subscription of this queue; its next posts leave no notices."""
        record = self.noted(driver)
        if how == "deleted":
            driver.delete_subscription(record.scope, subscribe(driver, record.scope).id)
        elif how == "purged":
            subscribe(driver, record.scope)
            driver.purge_subscriptions(record.scope)
        elif how == "of another queue":
            subscribe(driver, expect_subscribers(driver, replace(record.scope, name="other")))
        self.check_taken_back(driver, record)

    def check_taken_back(self, driver: ControlDriver, record: QueueRecord) -> None:
        """A queue can be noted as having no subscribers, and then refuses subscriptions.

        :raises AssertionError: it cannot, or does not.
        """
        changed = driver.change_queue(record, NONE_LEFT)
        assert changed == replace(
            record, epoch=changed.epoch, state=QueueState.PENDING, has_subscribers=False
        )
        assert changed.epoch > record.epoch
        assert driver.get_queue(record.scope) == changed
        with pytest.raises(RecordChanged):
            driver.create_subscription(new_subscription(record.scope))

    @needs(Trait.SUBSCRIPTIONS)
    def test_note_and_subscription_at_the_same_moment(self, driver: ControlDriver) -> None:
        """Either the note stays for the subscription, or the subscription is refused."""
        for _ in range(scaled(15, 150)):
            record = self.noted(driver)
            scope = record.scope

            def create(number: int, scope: Scope = scope) -> None:
                with suppress(RecordChanged):
                    driver.create_subscription(new_subscription(scope, f"http://{number}"))

            def take_back(record: QueueRecord = record) -> None:
                with suppress(RecordChanged):
                    driver.change_queue(record, NONE_LEFT)

            in_threads([partial(create, 1), take_back, partial(create, 2)])
            is_noted = self.stored(driver, scope).has_subscribers
            assert is_noted is bool(listed(driver, scope))

    @needs(Trait.SUBSCRIPTIONS)
    def test_deletion_and_subscription_at_the_same_moment(self, driver: ControlDriver) -> None:
        """The queue that is created again knows of every subscription that was accepted."""
        for _ in range(scaled(10, 100)):
            scope = expect_subscribers(driver)

            def create(number: int, scope: Scope = scope) -> None:
                with suppress(RecordChanged):
                    driver.create_subscription(new_subscription(scope, f"http://{number}"))

            def renew(scope: Scope = scope) -> None:
                deleting = driver.delete_queue(scope)
                assert deleting is not None
                driver.publish(deleting.ref)
                driver.create_queue(scope, {}, "")

            in_threads([partial(create, 1), renew, partial(create, 2)])
            assert self.stored(driver, scope).has_subscribers is bool(listed(driver, scope))

    @within_one_second
    @needs(Trait.SUBSCRIPTIONS)
    def test_subscriptions_outlive_their_queue(self, driver: ControlDriver) -> None:
        """They serve the next one of the name, which knows of them from its creation on."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope, ttl=100)
        for seconds in (30, 69):
            self.deleted(driver, scope)
            advance(driver, seconds)
            assert subscribers(driver, scope) == [SUBSCRIBER]
            assert driver.get_subscription(scope, made.id) is not None
            record, _ = driver.create_queue(scope, {}, "")
            assert record.has_subscribers
            assert driver.get_queue(scope) == record
            found, is_new = driver.create_subscription(new_subscription(scope))
            assert (found.id, is_new) == (made.id, False)
        self.deleted(driver, scope)
        advance(driver, 1)
        assert not driver.create_queue(scope, {}, "")[0].has_subscribers

    @needs(Trait.SUBSCRIPTIONS)
    def test_subscription_of_a_deleted_queue_can_be_changed(self, driver: ControlDriver) -> None:
        """Found, confirmed, deleted: all that needs no queue."""
        scope = expect_subscribers(driver)
        made = subscribe(driver, scope)
        self.deleted(driver, scope)
        changed = change_one(driver, made, confirmed=True)
        assert changed is not None
        assert changed.confirmed
        assert driver.delete_subscription(scope, made.id) is not None
        assert not driver.create_queue(scope, {}, "")[0].has_subscribers

    @needs(Trait.SUBSCRIPTIONS)
    def test_queue_without_subscriptions_is_created_without_the_note(
        self, driver: ControlDriver, scope: Scope
    ) -> None:
        """Those of its neighbours do not count, nor does the note of its predecessor."""
        for one in (replace(scope, name="orders.2"), replace(scope, kind=Kind.TOPIC)):
            subscribe(driver, expect_subscribers(driver, one))
        for _ in range(2):
            record, is_new = driver.create_queue(scope, {}, "")
            assert is_new
            assert not record.has_subscribers
            expect_subscribers(driver, scope)
            self.deleted(driver, scope)

    def deleted(self, driver: ControlDriver, scope: Scope) -> None:
        """Delete a queue to the end."""
        deleting = driver.delete_queue(scope)
        assert deleting is not None
        driver.publish(deleting.ref)
        assert driver.get_queue(scope) is None
