"""Subscriptions (contract, ``rest-v2.md`` 9)."""

from __future__ import annotations

from angarium.actions.subscriptions import Subscribed, document
from angarium.errors import SubscriptionAlreadyExists
from angarium.storage.models import Subscription
from angarium_rest.render.view import View
from angarium_rest.replies import Reply, refusal


def _collection(view: View) -> str:
    return f"{view.queue}/subscriptions"


def _item(view: View) -> str:
    return f"{_collection(view)}/{view.path['subscription_id']}"


def subscription_create(result: Subscribed, view: View) -> Reply:
    """201, also for one that was there unless it is confirmed; the path of the collection."""
    if not result.is_new and result.subscription.confirmed:
        reply = refusal(SubscriptionAlreadyExists())
        reply.headers["Location"] = _collection(view)
        return reply
    made = {"subscription_id": result.subscription.id}
    return Reply.json(201, made, Location=_collection(view))


def subscription_list(result: tuple[Subscription, ...], view: View) -> Reply:
    """200 with a page."""
    links = view.next_link(_collection(view), result[-1].id if result else None)
    return Reply.json(200, {"subscriptions": [document(it) for it in result], "links": links})


def subscription_get(result: Subscription, view: View) -> Reply:
    """200 with the subscription."""
    return Reply.json(200, document(result))


def subscription_update(result: None, view: View) -> Reply:
    """204 with its path."""
    return Reply(204, headers={"Location": _item(view)})


def subscription_delete(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)


def subscription_confirm(result: None, view: View) -> Reply:
    """204 with the path of the request."""
    return Reply(204, headers={"Location": f"{_item(view)}/confirm"})
