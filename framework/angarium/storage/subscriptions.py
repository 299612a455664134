"""The operations on subscriptions, one class each: what a filter sees and the catalogue does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from angarium.errors import NotOffered, StoreUnreachable
from angarium.storage.models import NewSubscription, Scope, Subscription, SubscriptionChange
from angarium.storage.operations import QueueOperation, ResultT
from angarium.storage.signals import RecordChanged

if TYPE_CHECKING:
    from angarium.storage.catalogue import Catalogue

_ATTEMPTS: Final = 20


class SubscriptionOperation(QueueOperation[ResultT]):
    """The base of the operations on the subscriptions of a queue or topic."""

    __slots__ = ()
    pipeline: ClassVar[str] = "subscription_pipeline"


@dataclass(frozen=True, slots=True)
class CreateSubscription(SubscriptionOperation[tuple[Subscription, bool]]):
    """Store a subscription, of a queue that is created if it does not exist.

    The result is the subscription that is there now, and whether it is the new one: another of the
    same subscriber is not touched.

    :ivar register: makes what the notifier needs, when all filters have let the operation pass;
        returns the options to store.
    """

    new: NewSubscription
    register: Callable[[NewSubscription], Mapping[str, Any]] = field(repr=False)

    def perform(self, catalogue: Catalogue, scope: Scope) -> tuple[Subscription, bool]:
        """Register the subscriber, then ask the catalogue."""
        return catalogue.subscribe(replace(self.new, options=self.register(self.new)))


@dataclass(frozen=True, slots=True)
class ListSubscriptions(SubscriptionOperation[tuple[Subscription, ...]]):
    """List subscriptions by id; the queue need not exist (any more)."""

    marker: str
    limit: int

    def perform(self, catalogue: Catalogue, scope: Scope) -> tuple[Subscription, ...]:
        """Ask the management store."""
        control = catalogue.control
        return tuple(control.list_subscriptions(scope, marker=self.marker, limit=self.limit))


@dataclass(frozen=True, slots=True)
class GetSubscription(SubscriptionOperation[Subscription | None]):
    """Read a subscription; None if there is none of that id here."""

    id: str

    def perform(self, catalogue: Catalogue, scope: Scope) -> Subscription | None:
        """Ask the management store."""
        return catalogue.control.get_subscription(scope, self.id)


@dataclass(frozen=True, slots=True)
class UpdateSubscription(SubscriptionOperation[Subscription | None]):
    """Change a subscription by what a function makes of it; None if there is none of that id here.

    :ivar change: called with the stored subscription, again whenever another change came between;
        may refuse with an ``ApiError``.
    """

    id: str
    change: Callable[[Subscription], SubscriptionChange] = field(repr=False)

    def perform(self, catalogue: Catalogue, scope: Scope) -> Subscription | None:
        """Read, then change in the management store; once more if somebody else was faster."""
        for _ in range(_ATTEMPTS):
            found = catalogue.control.get_subscription(scope, self.id)
            if found is None:
                return None
            change = replace(self.change(found), expected=found)
            with suppress(RecordChanged):
                return catalogue.control.update_subscription(scope, self.id, change)
        raise StoreUnreachable("The subscription is being changed all the time; please retry.")


@dataclass(frozen=True, slots=True)
class ConfirmSubscription(SubscriptionOperation[Subscription | None]):
    """Note whether the subscriber wants it; None if there is none of that id here."""

    id: str
    confirmed: bool

    def perform(self, catalogue: Catalogue, scope: Scope) -> Subscription | None:
        """Ask the management store."""
        change = SubscriptionChange(confirmed=self.confirmed)
        return catalogue.control.update_subscription(scope, self.id, change)


@dataclass(frozen=True, slots=True)
class DeleteSubscription(SubscriptionOperation[Subscription | None]):
    """Delete a subscription. The result is what it was, None if there was none."""

    id: str

    def perform(self, catalogue: Catalogue, scope: Scope) -> Subscription | None:
        """Ask the management store, then let posts do without notices if it was the last."""
        deleted = catalogue.control.delete_subscription(scope, self.id)
        if deleted is not None:
            catalogue.unsubscribed(scope)
        return deleted


@dataclass(frozen=True, slots=True)
class PurgeSubscriptions(SubscriptionOperation[None]):
    """Delete all subscriptions of a queue. Silent where the store keeps none."""

    def perform(self, catalogue: Catalogue, scope: Scope) -> None:
        """Ask the management store, then let posts do without notices."""
        with suppress(NotOffered):
            catalogue.control.purge_subscriptions(scope)
            catalogue.unsubscribed(scope)
