"""Asking for confirmation (contract, ``notifications.md`` 11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium.actions.base import Services
from angarium.errors import StoreUnreachable
from angarium.notifications.confirming import Confirmations
from angarium.notifications.notifier import MessageType
from angarium.signatures import Credential, Signer
from angarium.storage.deliveries import DutyStatus
from angarium.storage.models import Subscription
from tests.kernel.faults import Fails, Hook
from tests.kernel.queues import SCOPE
from tests.notifications.world import FAILS, World

PLUM = "test://plum"
SUBSCRIBE = MessageType.SUBSCRIPTION_CONFIRMATION
UNSUBSCRIBE = MessageType.UNSUBSCRIBE_CONFIRMATION
REQUIRED = {"require_confirmation": True, "public_endpoint": "https://mq.example.net/base"}
SIGNER = Signer("orchard")


def asking(world: World, signer: Signer = SIGNER, hook: Hook | None = None) -> Services:
    """A process that asks, with a secret key."""
    services = world.process(hook)
    made = Confirmations(world.pooled.conf, services.store, signer, world.clock)
    return replace(services, confirmations=made)


def subscribed(world: World) -> Subscription:
    id_ = world.subscribe(PLUM, ttl=600)
    found = world.services.control.get_subscription(SCOPE, id_)
    assert found is not None
    return found


@pytest.mark.parametrize("type_", [SUBSCRIBE, UNSUBSCRIBE])
def test_the_document_confirms_the_subscription(type_: MessageType) -> None:
    world = World(REQUIRED)
    subscription = subscribed(world)
    asking(world).confirmations.request(subscription, type_)
    world.settle()
    [delivery] = world.recorder.seen
    document = {**delivery.document}
    path = f"/v2/queues/plums/subscriptions/{subscription.id}/confirm"
    credential = Credential(
        (path,), ("PUT",), "orchard", document["URL-Expires"], document.pop("URL-Signature")
    )
    assert delivery.type is type_
    assert "plums" in document.pop("Message")
    assert document == {
        "Message_Type": type_.value,
        "URL-Methods": "PUT",
        "URL-Paths": path,
        "URL-Expires": credential.expires,
        "X-Project-ID": "orchard",
        "SubscribeBody": {"confirmed": True},
        "UnsubscribeBody": {"confirmed": False},
        "WSGISubscribeURL": f"https://mq.example.net{path}",
        "queue_name": "plums",
    }
    lifetime = 600 if type_ is SUBSCRIBE else 3600
    assert SIGNER.verify(credential, world.clock.now() + lifetime - 30)
    assert not SIGNER.verify(credential, world.clock.now() + lifetime)


def test_it_follows_the_default_schedule_whatever_the_queue_says() -> None:
    world = World(REQUIRED)
    world.queue().create(_retry_policy={"retries_with_no_delay": 0})
    subscription = subscribed(world)
    world.recorder.answers[PLUM] = lambda _: FAILS
    asking(world).confirmations.request(subscription, SUBSCRIBE)
    world.settle()
    assert world.recorder.attempts(PLUM) == 4
    assert len(world.duties(DutyStatus.PENDING)) == 1


def test_nobody_is_asked_unless_confirmation_is_required(world: World) -> None:
    asking(world).confirmations.request(subscribed(world), SUBSCRIBE)
    world.settle()
    assert world.recorder.seen == []


def test_without_a_key_it_is_logged_and_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    world = World(REQUIRED)
    services = asking(world, Signer(None))
    assert "[signed_url] secret_key is not set" in caplog.text
    caplog.clear()
    services.confirmations.request(subscribed(world), SUBSCRIBE)
    assert "[signed_url] secret_key is not set" in caplog.text
    world.settle()
    assert world.recorder.seen == []


def test_a_failure_is_logged_and_fails_nobody(caplog: pytest.LogCaptureFixture) -> None:
    world = World(REQUIRED)
    subscription = subscribed(world)
    services = asking(world, hook=Fails("add_notice", StoreUnreachable()))
    services.confirmations.request(subscription, SUBSCRIBE)
    assert "no SubscriptionConfirmation was sent" in caplog.text
    caplog.clear()
    world.queue().delete()
    asking(world).confirmations.request(subscription, SUBSCRIBE)
    assert "no SubscriptionConfirmation was sent" in caplog.text
