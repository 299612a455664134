"""Subscriptions as the cases use them, and the queues that are ready for some."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from angarium import ids
from angarium.storage.driver import ControlDriver
from angarium.storage.models import (
    NewSubscription,
    QueueChange,
    QueueState,
    Scope,
    Subscription,
    SubscriptionChange,
)
from angarium.testing.comparing import insist_on_plain_values
from angarium.testing.queues import new_project

SUBSCRIBER = "https://hooks.example.org/plums"


def new_subscription(scope: Scope, subscriber: str = SUBSCRIBER, **special: Any) -> NewSubscription:
    """A subscription with a fresh id on its way into the store."""
    new = NewSubscription(scope, ids.new_message_id(), subscriber, ttl=3600)
    return replace(new, **special)


def as_created(new: NewSubscription) -> Subscription:
    """What a subscription is in the second of its creation."""
    return Subscription(
        scope=new.scope,
        id=new.id,
        subscriber=new.subscriber,
        ttl=new.ttl,
        age=0,
        remaining=new.ttl,
        options=new.options,
        confirmed=new.confirmed,
        delivery_secret=new.delivery_secret,
    )


def expect_subscribers(driver: ControlDriver, scope: Scope | None = None) -> Scope:
    """Create a queue, unless it is there, and note that it has subscribers; its scope."""
    wanted = scope or Scope(new_project(), "orders")
    record, _ = driver.create_queue(wanted, {}, "")
    change = QueueChange(QueueState.PENDING, has_subscribers=True)
    driver.publish(driver.change_queue(record, change).ref)
    return wanted


def subscribe(
    driver: ControlDriver, scope: Scope, subscriber: str = SUBSCRIBER, **special: Any
) -> Subscription:
    """Create a subscription to a queue that is ready for it.

    :raises AssertionError: the scope has one of this subscriber.
    """
    made, is_new = driver.create_subscription(new_subscription(scope, subscriber, **special))
    assert is_new
    return checked(made)


def checked(subscription: Subscription) -> Subscription:
    """A subscription whose values, options aside, are plain ones.

    :raises AssertionError: they are of a client's own kinds.
    """
    insist_on_plain_values(
        (subscription.id, subscription.subscriber, subscription.delivery_secret), "subscription"
    )
    numbers = (subscription.ttl, subscription.age, subscription.remaining, subscription.confirmed)
    insist_on_plain_values(numbers, "subscription")
    return subscription


def listed(
    driver: ControlDriver, scope: Scope, *, marker: str = "", limit: int = 10_000
) -> list[Subscription]:
    """A page of the live ones."""
    page = driver.list_subscriptions(scope, marker=marker, limit=limit)
    assert len(page) <= limit
    return [checked(subscription) for subscription in page]


def subscribers(driver: ControlDriver, scope: Scope) -> list[str]:
    """All live subscribers, by the ids of their subscriptions."""
    return [subscription.subscriber for subscription in listed(driver, scope)]


def change_one(
    driver: ControlDriver, subscription: Subscription, **changes: Any
) -> Subscription | None:
    """Change some fields of a subscription."""
    wanted = SubscriptionChange(**changes)
    return driver.update_subscription(subscription.scope, subscription.id, wanted)
