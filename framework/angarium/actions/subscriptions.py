"""Subscriptions (contract, ``rest-v2.md`` 9; ``notifications.md`` 1 and 11).

Those of topics are handled here too: which of them a request is about, its scope tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from angarium.actions import subscription_options
from angarium.actions.base import (
    Action,
    Handler,
    HttpBinding,
    Parameters,
    Services,
    SocketBinding,
    scope_of,
)
from angarium.context import RequestContext
from angarium.errors import Conflict, InvalidRequest, SubscriptionDoesNotExist
from angarium.ids import is_well_formed, new_subscription_id
from angarium.notifications.notifier import MessageType, Registration
from angarium.storage import subscriptions as op
from angarium.storage.driver import ControlDriver
from angarium.storage.models import NewSubscription, Scope, Subscription, SubscriptionChange
from angarium.storage.operations import ResultT

_SUBSCRIPTIONS: Final = "/v2/queues/{queue_name}/subscriptions"
_SUBSCRIPTION: Final = f"{_SUBSCRIPTIONS}/{{subscription_id}}"
_LAST_SECOND: Final = 253402300799  # 9999-12-31T23:59:59 in seconds since 1970


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What became of a request for a subscription.

    :ivar is_new: whether it was made; else the subscriber has had ``subscription`` before.
    """

    subscription: Subscription
    is_new: bool


def document(subscription: Subscription) -> dict[str, Any]:
    """A subscription as every door shows it."""
    return {
        "id": subscription.id,
        "source": subscription.scope.name,
        "subscriber": subscription.subscriber,
        "ttl": subscription.ttl,
        "age": subscription.age,
        "options": subscription_options.shown(subscription.options),
        "confirmed": subscription.confirmed,
    }


def subscription_create(
    services: Services, context: RequestContext, parameters: Parameters
) -> Subscribed:
    """Subscribe, or find that the subscriber has a subscription, which stays as it is."""
    scope = scope_of(context, parameters)
    new = _new(services, context, scope, parameters)

    def register(accepted: NewSubscription) -> Mapping[str, Any]:
        if accepted.delivery_secret is not None:
            return accepted.options
        return services.subscribers.register(_registration(accepted, context))

    operation = op.CreateSubscription(new, register)
    subscription, is_new = _manage(services, context, scope, operation)
    if not subscription.confirmed:
        services.confirmations.request(subscription, MessageType.SUBSCRIPTION_CONFIRMATION)
    return Subscribed(subscription, is_new)


def _new(
    services: Services, context: RequestContext, scope: Scope, parameters: Parameters
) -> NewSubscription:
    """The subscription that is asked for, checked without any effect."""
    subscriber, secret = parameters.get("subscriber"), None
    if not subscriber:
        if context.push_address is None:
            raise InvalidRequest("Missing parameter: subscriber, a URI, is needed.")
        subscriber, secret = context.push_address.uri, context.push_address.secret
    ttl = parameters.get("ttl")
    new = NewSubscription(
        scope=scope,
        id=new_subscription_id(),
        subscriber=subscriber,
        ttl=services.limits.default_subscription_ttl if ttl is None else ttl,
        options=parameters.get("options") or {},
        confirmed=secret is not None,
        delivery_secret=secret,
    )
    _check_ttl(services, new.ttl)
    subscription_options.check(new.options)
    services.subscribers.check(_registration(new, context), is_socket=secret is not None)
    return new


def _registration(new: NewSubscription, context: RequestContext) -> Registration:
    return Registration(new.scope, new.subscriber, new.options, new.ttl, context)


def _check_ttl(services: Services, ttl: int) -> None:
    if services.clock.now() + ttl > _LAST_SECOND:
        raise InvalidRequest("ttl must end in the year 9999 at the latest.")


def subscription_list(
    services: Services, context: RequestContext, parameters: Parameters
) -> tuple[Subscription, ...]:
    """List subscriptions by id."""
    limits = services.limits
    listing = op.ListSubscriptions(
        marker=parameters.get("marker", ""),
        limit=parameters.get("limit", limits.page_size(limits.max_subscriptions_per_page)),
    )
    return _manage(services, context, scope_of(context, parameters), listing)


def subscription_get(
    services: Services, context: RequestContext, parameters: Parameters
) -> Subscription:
    """Read a subscription."""
    id_ = _live(parameters)
    scope = scope_of(context, parameters)
    return _found(_manage(services, context, scope, op.GetSubscription(id_)))


def subscription_update(
    services: Services, context: RequestContext, parameters: Parameters
) -> None:
    """Change some fields of a subscription.

    Another subscriber has to confirm anew where that is required, and is none of a socket's.
    """
    scope = scope_of(context, parameters)
    subscriber, ttl, options = (parameters.get(it) for it in ("subscriber", "ttl", "options"))
    if ttl is not None:
        _check_ttl(services, ttl)
    if options is not None:
        subscription_options.check(options)
    if subscriber is not None:
        offered = Registration(scope, subscriber, options or {}, ttl or 0, context)
        services.subscribers.check(offered)
    id_, is_moved = _live(parameters), False

    def change(stored: Subscription) -> SubscriptionChange:
        nonlocal is_moved
        moves = subscriber not in (None, stored.subscriber)
        is_moved = is_moved or moves  # an attempt whose answer got lost may have moved it
        return SubscriptionChange(
            subscriber=subscriber,
            ttl=ttl,
            options=_new_options(services, context, stored, parameters),
            confirmed=False if moves and services.confirmations.is_required else None,
            drops_secret=moves,
        )

    changed = _found(_manage(services, context, scope, op.UpdateSubscription(id_, change)))
    if is_moved:
        services.confirmations.request(changed, MessageType.SUBSCRIPTION_CONFIRMATION)


def _new_options(
    services: Services, context: RequestContext, stored: Subscription, parameters: Parameters
) -> Mapping[str, Any] | None:
    """The options that an update leads to, checked and registered; None if they stay."""
    subscriber = parameters.get("subscriber") or stored.subscriber
    given, ttl = parameters.get("options"), parameters.get("ttl")
    is_moved = subscriber != stored.subscriber
    is_socket = stored.delivery_secret is not None and not is_moved
    if given is None:
        # What the server made for whoever asked last is made anew for this caller.
        options = {k: v for k, v in stored.options.items() if k != subscription_options.TRUST_ID}
    else:
        options = subscription_options.replaced(stored.options, given)
    offered = Registration(stored.scope, subscriber, options, ttl or stored.remaining, context)
    if is_moved or given is not None:
        services.subscribers.check(offered, is_socket=is_socket)
    elif ttl is None or ttl <= stored.remaining:
        return None
    registered = options if is_socket else services.subscribers.register(offered)
    return None if given is None and registered == options else registered


def subscription_delete(
    services: Services, context: RequestContext, parameters: Parameters
) -> None:
    """Delete a subscription; silent when there is none."""
    id_ = parameters["subscription_id"]
    if is_well_formed(id_):
        scope = scope_of(context, parameters)
        _manage(services, context, scope, op.DeleteSubscription(id_))


def subscription_confirm(
    services: Services, context: RequestContext, parameters: Parameters
) -> None:
    """Note whether the subscriber wants it; one that does not is told how to come back."""
    operation = op.ConfirmSubscription(_live(parameters), parameters["confirmed"])
    subscription = _found(_manage(services, context, scope_of(context, parameters), operation))
    if not subscription.confirmed:
        services.confirmations.request(subscription, MessageType.UNSUBSCRIBE_CONFIRMATION)


def _manage(
    services: Services,
    context: RequestContext,
    scope: Scope,
    operation: op.SubscriptionOperation[ResultT],
) -> ResultT:
    """Have an operation carried out.

    :raises Conflict: the management store keeps no subscriptions.
    """
    if type(services.control).create_subscription is ControlDriver.create_subscription:
        raise Conflict("The management store of this service keeps no subscriptions.")
    return services.store.manage(context, scope, operation)


def _live(parameters: Parameters) -> str:
    id_: str = parameters["subscription_id"]
    if not is_well_formed(id_):
        raise SubscriptionDoesNotExist
    return id_


def _found(subscription: Subscription | None) -> Subscription:
    if subscription is None:
        raise SubscriptionDoesNotExist
    return subscription


def _action(verb: str, rule: str, summary: str, binding: HttpBinding, handler: Handler) -> Action:
    return Action(
        f"subscription_{verb}",
        "subscriptions",
        f"subscription:{rule}",
        summary,
        binding,
        handler,
        socket=None if verb in ("update", "confirm") else SocketBinding(),
    )


ACTIONS: Final[tuple[Action, ...]] = (
    _action(
        "create",
        "create",
        "Have the messages of a queue announced to a subscriber.",
        HttpBinding("POST", _SUBSCRIPTIONS),
        subscription_create,
    ),
    _action(
        "list",
        "get_all",
        "List the subscriptions of a queue.",
        HttpBinding("GET", _SUBSCRIPTIONS),
        subscription_list,
    ),
    _action(
        "get",
        "get",
        "Show a subscription of a queue.",
        HttpBinding("GET", _SUBSCRIPTION),
        subscription_get,
    ),
    _action(
        "update",
        "update",
        "Change a subscription of a queue.",
        HttpBinding("PATCH", _SUBSCRIPTION),
        subscription_update,
    ),
    _action(
        "delete",
        "delete",
        "Delete a subscription of a queue.",
        HttpBinding("DELETE", _SUBSCRIPTION),
        subscription_delete,
    ),
    _action(
        "confirm",
        "confirm",
        "Say whether the subscriber wants a subscription of a queue.",
        HttpBinding("PUT", f"{_SUBSCRIPTION}/confirm"),
        subscription_confirm,
    ),
)
