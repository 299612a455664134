"""The part of the management store in memory about subscriptions."""

from __future__ import annotations

from angarium.errors import SubscriptionAlreadyExists
from angarium.model.records import HeldRecords, HeldSubscription
from angarium.storage.driver import ControlDriver
from angarium.storage.models import (
    NewSubscription,
    QueueState,
    Scope,
    Subscription,
    SubscriptionChange,
)
from angarium.storage.signals import RecordChanged


class SubscriptionRecords(ControlDriver):
    """The methods about subscriptions."""

    _records: HeldRecords

    def _live(self, scope: Scope, now: int) -> dict[str, HeldSubscription]:
        """The subscriptions of a scope by id, the expired ones forgotten."""
        held = self._records.subscriptions.pop(scope, {})
        live = {id_: it for id_, it in held.items() if now < it.expires}
        if live:
            self._records.subscriptions[scope] = live
        return live

    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        """Look whether the queue is ready for it, and whether it is there."""
        with self._records.lock:
            now, record = self.clock.now(), self._records.by_scope.get(new.scope)
            if record is None or record.state is QueueState.DELETING or not record.has_subscribers:
                raise RecordChanged
            live = self._live(new.scope, now)
            if new.id in live:
                return live[new.id].seen(now), True
            for present in live.values():
                if present.subscriber == new.subscriber:
                    return present.seen(now), False
            made = HeldSubscription.new(new, now)
            self._records.subscriptions.setdefault(new.scope, {})[new.id] = made
            return made.seen(now), True

    def get_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Look it up."""
        with self._records.lock:
            now = self.clock.now()
            found = self._live(scope, now).get(id_)
            return found.seen(now) if found else None

    def list_subscriptions(self, scope: Scope, *, marker: str, limit: int) -> list[Subscription]:
        """Filter and sort, then cut."""
        with self._records.lock:
            now = self.clock.now()
            live = self._live(scope, now)
            return [live[id_].seen(now) for id_ in sorted(live) if id_ > marker][:limit]

    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        """Look whether the subscriber is free, then change."""
        with self._records.lock:
            now = self.clock.now()
            live = self._live(scope, now)
            if id_ not in live:
                return None
            if not change.fits(live[id_].seen(now)):
                raise RecordChanged
            others = (it for it in live.values() if it.id != id_)
            if any(it.subscriber == change.subscriber for it in others):
                raise SubscriptionAlreadyExists
            live[id_].change(change, now)
            return live[id_].seen(now)

    def delete_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Forget it."""
        with self._records.lock:
            now = self.clock.now()
            found = self._live(scope, now).pop(id_, None)
            return found.seen(now) if found else None

    def purge_subscriptions(self, scope: Scope) -> None:
        """Forget them all."""
        with self._records.lock:
            self._records.subscriptions.pop(scope, None)
