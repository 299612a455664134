"""Subscriptions (contract, ``websocket-v2.md`` 7.17 to 7.20)."""

from __future__ import annotations

from angarium.actions.subscriptions import Subscribed, document
from angarium.storage.models import Subscription
from angarium_websocket.render.view import Result, View


def subscription_create(result: Subscribed, view: View) -> Result:
    """201 with the id; 409 for one that was there, confirmed or not."""
    queue = view.body["queue_name"]
    if not result.is_new:
        return Result(409, f"Subscription {queue} not created.")
    message = f"Subscription {queue} created."
    return Result(201, {"subscription_id": result.subscription.id, "message": message})


def subscription_list(result: tuple[Subscription, ...], view: View) -> Result:
    """200 with a page."""
    return Result(200, {"subscriptions": [document(it) for it in result]})


def subscription_get(result: Subscription, view: View) -> Result:
    """200 with the subscription."""
    return Result(200, document(result))


def subscription_delete(result: None, view: View) -> Result:
    """204."""
    return Result(204, f"Subscription {view.body['subscription_id']} removed.")
