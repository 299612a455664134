"""What nobody sees of subscriptions from outside: secrets, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from angarium.actions.base import Services
from angarium.actions.subscriptions import (
    subscription_confirm,
    subscription_create,
    subscription_update,
)
from angarium.context import PushAddress
from angarium.errors import Conflict, InvalidRequest
from angarium.storage.models import Kind, Scope, Subscription, SubscriptionChange
from tests.kernel.installation import CONTEXT, Installation

SCOPE = Scope(CONTEXT.project, "plums")
HOOK = "https://hooks.example.org/"
OVER_A_SOCKET = replace(CONTEXT, push_address=PushAddress("http://127.0.0.1:9001/c", "s" * 32))
NEEDS_CONFIRMATION: Mapping[str, Mapping[str, object]] = {
    "notification": {"require_confirmation": True},
    "signed_url": {"secret_key": "paper-boat-42"},
}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with Installation(tmp_path, NEEDS_CONFIRMATION) as installation:
        yield installation.open().services


def create(services: Services, context: Any = CONTEXT, **body: Any) -> str:
    made = subscription_create(services, context, {"queue_name": SCOPE.name, **body})
    return made.subscription.id


def update(services: Services, id_: str, **body: Any) -> Subscription:
    parameters = {"queue_name": SCOPE.name, "subscription_id": id_, **body}
    subscription_update(services, CONTEXT, parameters)
    return stored(services, id_)


def stored(services: Services, id_: str) -> Subscription:
    found = services.control.get_subscription(SCOPE, id_)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["queue_name", "topic_name"])
def test_where_the_store_keeps_no_notices_nobody_can_subscribe(
    services: Services, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(type(services.pools.driver("")), "keeps_notices", False)
    with pytest.raises(Conflict, match="queue or topic cannot notify") as refusal:
        subscription_create(services, CONTEXT, {name: SCOPE.name, "subscriber": HOOK})
    assert refusal.value.status == 409
    for kind in Kind:
        assert services.store.catalogue.read(replace(SCOPE, kind=kind)) is None


def test_a_signing_secret_stays_until_another_is_given(services: Services) -> None:
    secret, second = "whsec_" + "c2Vj" * 8, "whsec_" + "b2xk" * 8
    id_ = create(services, subscriber=HOOK, options={"_signing_secret": secret, "a": 1})
    changed = update(services, id_, options={"b": 2})
    assert changed.options == {"_signing_secret": secret, "b": 2}
    assert update(services, id_, ttl=70).options == changed.options
    assert secret not in repr(changed)
    both = [second, secret]
    assert update(services, id_, options={"_signing_secret": both}).options == {
        "_signing_secret": both
    }


def test_another_subscriber_has_to_confirm_anew(services: Services) -> None:
    id_ = create(services, subscriber=HOOK)
    parameters = {"queue_name": SCOPE.name, "subscription_id": id_, "confirmed": True}
    subscription_confirm(services, CONTEXT, parameters)
    assert update(services, id_, subscriber=HOOK, ttl=90).confirmed
    assert not update(services, id_, subscriber=f"{HOOK}other").confirmed


def test_the_subscription_of_a_connection(services: Services) -> None:
    """It is confirmed, needs no scheme and no allowed address, and is one until it moves."""
    id_ = create(services, OVER_A_SOCKET)
    assert OVER_A_SOCKET.push_address is not None
    found = stored(services, id_)
    assert (found.subscriber, found.delivery_secret, found.confirmed) == (
        OVER_A_SOCKET.push_address.uri,
        OVER_A_SOCKET.push_address.secret,
        True,
    )
    assert OVER_A_SOCKET.push_address.secret not in repr(found)
    assert update(services, id_, options={"a": 1}).delivery_secret is not None
    moved = update(services, id_, subscriber=HOOK)
    assert (moved.delivery_secret, moved.confirmed) == (None, False)


def test_only_a_connection_needs_no_subscriber(services: Services) -> None:
    with pytest.raises(InvalidRequest, match="Missing parameter"):
        create(services)
    with pytest.raises(InvalidRequest, match="subscriber_allow_networks"):
        create(services, subscriber="http://127.0.0.1:9001/c")
    with pytest.raises(InvalidRequest, match="post_data"):
        create(services, OVER_A_SOCKET, options={"post_data": 5})


def test_stored_options_have_to_suit_another_subscriber(services: Services) -> None:
    """What is free for a mail is not for a webhook."""
    id_ = create(services, subscriber="mailto:ops@example.org", options={"post_data": 5})
    with pytest.raises(InvalidRequest, match="post_data"):
        update(services, id_, subscriber=HOOK)
    with pytest.raises(InvalidRequest, match="subject"):
        update(services, id_, options={"subject": 5})
    assert update(services, id_, subscriber=HOOK, options={}).subscriber == HOOK


def test_an_update_that_another_one_overtakes_keeps_what_that_one_set(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = create(services, subscriber=HOOK, options={"_signing_secret": "whsec_" + "b2xk" * 8})
    services.control.update_subscription(SCOPE, id_, SubscriptionChange(confirmed=True))
    newer = SubscriptionChange(
        subscriber=f"{HOOK}new", options={"_signing_secret": "whsec_" + "bmV3" * 8}
    )
    change, is_late = type(services.control).update_subscription, iter([True])

    def overtaken(control: Any, *arguments: Any) -> Subscription | None:
        if next(is_late, False):
            change(control, SCOPE, id_, newer)
        return change(control, *arguments)

    monkeypatch.setattr(type(services.control), "update_subscription", overtaken)
    changed = update(services, id_, subscriber=HOOK, options={"a": 1})
    assert changed.options == {**(newer.options or {}), "a": 1}
    assert (changed.subscriber, changed.confirmed) == (HOOK, False)
