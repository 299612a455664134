"""What becomes of the own subscriptions of a connection that ended (``websocket-v2.md`` 9)."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import gevent
from gevent import pool, threadpool

from angarium.actions.base import scope_of
from angarium.context import RequestContext
from angarium.errors import StoreUnreachable
from angarium.kernel import Kernel

LOG = logging.getLogger(__name__)

_THREADS: Final = 2
_PATIENCE: Final = 60.0  # seconds within which a store may come back
_LONGEST_PAUSE: Final = 8.0  # seconds between two attempts


@dataclass(frozen=True, slots=True)
class OwnSubscription:
    """A subscription whose subscriber is the connection that it was made on.

    :ivar context: of the request that made it.
    """

    context: RequestContext
    queue_name: str
    id: str


class Remover:
    """Deletes the subscriptions of connections that ended, in the background."""

    def __init__(self, kernel: Kernel) -> None:
        self._services = kernel.services
        self._actions = kernel.dispatcher.actions
        self._threads = None if kernel.is_cooperative else threadpool.ThreadPool(_THREADS)
        self._greenlets = pool.Group()

    def remove(self, subscriptions: Collection[OwnSubscription]) -> None:
        """Begin to delete them, and go on for a while if the store does not answer."""
        if subscriptions:
            self._greenlets.spawn(self._remove, tuple(subscriptions))

    def finish(self, timeout: float) -> None:
        """Wait for so many seconds at most until everything is deleted."""
        self._greenlets.join(timeout)

    def _remove(self, subscriptions: tuple[OwnSubscription, ...]) -> None:
        deadline = time.monotonic() + _PATIENCE
        for number, subscription in enumerate(subscriptions):
            if not self._insist(subscription, deadline):
                left = len(subscriptions) - number
                LOG.warning("%d subscriptions of a closed connection remain until their ttl", left)
                return

    def _insist(self, subscription: OwnSubscription, deadline: float) -> bool:
        pause = 1.0
        while not self._attempt(subscription, deadline):
            if time.monotonic() + pause > deadline:
                return False
            gevent.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True

    def _attempt(self, subscription: OwnSubscription, deadline: float) -> bool:
        if self._threads is None:
            return self._delete(subscription, deadline)
        is_done: bool = self._threads.apply(self._delete, (subscription, deadline))
        return is_done

    def _delete(self, subscription: OwnSubscription, deadline: float) -> bool:
        """Delete one; False if that may be tried again."""
        if time.monotonic() > deadline:  # so many were to be deleted before
            return False
        context = subscription.context
        parameters = {"queue_name": subscription.queue_name, "subscription_id": subscription.id}
        try:
            scope = scope_of(context, parameters)
            found = self._services.control.get_subscription(scope, subscription.id)
            if found is not None and found.delivery_secret is not None:  # still the connection's
                action = self._actions["subscription_delete"]
                action.handler(self._services, context, parameters)
        except StoreUnreachable:
            return False
        except Exception:
            LOG.exception("a subscription of a closed connection remains until its ttl")
        return True
