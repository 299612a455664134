"""Subscriptions as python-zaqarclient manages them."""

from __future__ import annotations

import pytest
from zaqarclient.transport import errors

from tests.clients.zaqar import Zaqar

HOOK = "https://hooks.example.org/"


def test_a_subscription_is_made_read_changed_and_deleted(zaqar: Zaqar) -> None:
    queue = zaqar.queue()
    made = zaqar.client.subscription(queue.name, subscriber=HOOK, ttl=600, options={"a": 1})
    assert (made.ttl, made.options, made.confirmed) == (600, {"a": 1}, False)
    assert made.age in (0, 1)
    again = zaqar.client.subscription(queue.name, subscriber=HOOK)
    assert (again.id, again.ttl) == (made.id, 600)
    made.update({"ttl": 700, "options": {"b": 2}, "subscriber": None})
    read = zaqar.client.subscription(queue.name, id=made.id)
    assert (read.subscriber, read.ttl, read.options) == (HOOK, 700, {"b": 2})
    made.delete()
    made.delete()
    with pytest.raises(errors.ResourceNotFound):
        zaqar.client.subscription(queue.name, id=made.id)


def test_all_pages_of_a_listing(zaqar: Zaqar) -> None:
    queue = zaqar.queue()
    made = [
        zaqar.client.subscription(queue.name, subscriber=f"{HOOK}{number}") for number in range(12)
    ]
    listed = list(queue.subscriptions(limit=5).stream())
    assert [it.id for it in listed] == [it.id for it in made]
    assert [it.subscriber for it in listed] == [it.subscriber for it in made]


def test_a_bad_subscription_is_an_error(zaqar: Zaqar) -> None:
    with pytest.raises(errors.MalformedRequest, match="must be supported in the list"):
        zaqar.client.subscription(zaqar.queue().name, subscriber="gopher://old.example.org")
