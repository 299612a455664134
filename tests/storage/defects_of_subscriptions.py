"""Management stores that are right but for one thing each about subscriptions."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from angarium.model.records import HeldSubscription
from angarium.storage.models import (
    NewSubscription,
    QueueChange,
    QueueRecord,
    Scope,
    Subscription,
    SubscriptionChange,
)
from angarium.storage.signals import RecordChanged
from angarium.testing import ModelControlDriver


class SubscribesTwice(ModelControlDriver):
    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        found, is_new = super().create_subscription(new)
        if is_new:
            return found, True
        made = HeldSubscription.new(new, self.clock.now())
        self._records.subscriptions[new.scope][new.id] = made
        return made.seen(self.clock.now()), True


class LooksBeforeItSubscribes(ModelControlDriver):
    """Looks whether the subscriber is there, and the queue ready, a step before it stores."""

    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        record = self.get_queue(new.scope)
        if record is None or not record.has_subscribers:
            raise RecordChanged
        for present in self.list_subscriptions(new.scope, marker="", limit=1000):
            if present.subscriber == new.subscriber:
                return present, False
        time.sleep(0.005)
        made = HeldSubscription.new(new, self.clock.now())
        with self._records.lock:
            self._records.subscriptions.setdefault(new.scope, {})[new.id] = made
        return made.seen(self.clock.now()), True


class ForgetsWhatItCreated(ModelControlDriver):
    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        is_known = self.get_subscription(new.scope, new.id) is not None
        found, is_new = super().create_subscription(new)
        return found, is_new and not is_known


class ExpiresLate(ModelControlDriver):
    def _live(self, scope: Scope, now: int) -> dict[str, HeldSubscription]:
        return super()._live(scope, now - 1)


class TakesWhatNobodyExpects(ModelControlDriver):
    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        with self._records.lock:
            record = self._records.by_scope.get(new.scope)
            if record is not None:
                noted = dataclasses.replace(record, has_subscribers=True)
                self._records.by_scope[new.scope] = noted
            return super().create_subscription(new)


class FindsIdsAnywhere(ModelControlDriver):
    def get_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        found = (
            super(FindsIdsAnywhere, self).get_subscription(one, id_)
            for one in list(self._records.subscriptions)
            if one.name == scope.name
        )
        return next((it for it in found if it is not None), None)


class RestartsAges(ModelControlDriver):
    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        if change.ttl is not None:
            self._records.subscriptions[scope][id_].created = self.clock.now()
        return super().update_subscription(scope, id_, change)


class MergesOptions(ModelControlDriver):
    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        present = self.get_subscription(scope, id_)
        if present is not None and change.options is not None:
            change = dataclasses.replace(change, options={**present.options, **change.options})
        return super().update_subscription(scope, id_, change)


class ChangesWhatItFinds(ModelControlDriver):
    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        change = dataclasses.replace(change, expected=None)
        return super().update_subscription(scope, id_, change)


class LooksBeforeItChanges(ModelControlDriver):
    """Compares what is expected a step before it stores."""

    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        present = self.get_subscription(scope, id_)
        if present is not None and not change.fits(present):
            raise RecordChanged
        time.sleep(0.005)
        change = dataclasses.replace(change, expected=None)
        return super().update_subscription(scope, id_, change)


class DropsSecrets(ModelControlDriver):
    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        return super().update_subscription(
            scope, id_, dataclasses.replace(change, drops_secret=True)
        )


class TakesSubscribersAway(ModelControlDriver):
    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        with self._records.lock:
            held = self._records.subscriptions.get(scope, {})
            for other in [it for it in held.values() if it.subscriber == change.subscriber]:
                if other.id != id_:
                    del held[other.id]
            return super().update_subscription(scope, id_, change)


class CutsBeforeItLooks(ModelControlDriver):
    def list_subscriptions(self, scope: Scope, *, marker: str, limit: int) -> list[Subscription]:
        held = self._records.subscriptions.get(scope, {})
        page = sorted(id_ for id_ in held if id_ > marker)[:limit]
        found = (self.get_subscription(scope, id_) for id_ in page)
        return [it for it in found if it is not None]


class PurgesAPage(ModelControlDriver):
    def purge_subscriptions(self, scope: Scope) -> None:
        for one in self.list_subscriptions(scope, marker="", limit=20):
            self.delete_subscription(scope, one.id)


class DeletesWithTheQueue(ModelControlDriver):
    def delete_queue(self, scope: Scope) -> QueueRecord | None:
        self.purge_subscriptions(scope)
        return super().delete_queue(scope)


class CreatesWithoutLooking(ModelControlDriver):
    def create_queue(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str
    ) -> tuple[QueueRecord, bool]:
        with self._records.lock:
            record, is_new = super().create_queue(scope, metadata, pool)
            if is_new:
                record = dataclasses.replace(record, has_subscribers=False)
                self._records.by_scope[scope] = record
            return record, is_new


class ForgetsTheNote(ModelControlDriver):
    def update_queue(
        self, scope: Scope, metadata: Mapping[str, Any], expected_epoch: int
    ) -> QueueRecord:
        record = super().update_queue(scope, metadata, expected_epoch)
        self._records.by_scope[scope] = dataclasses.replace(record, has_subscribers=False)
        return self._records.by_scope[scope]


class TakesTheNoteBack(ModelControlDriver):
    """Whether or not there is a subscription."""

    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        with self._records.lock:
            kept = self._records.subscriptions
            self._records.subscriptions = {}
            with contextlib.ExitStack() as stack:
                stack.callback(setattr, self._records, "subscriptions", kept)
                return super().change_queue(expected, change)


class KeepsTheEpoch(ModelControlDriver):
    def change_queue(self, expected: QueueRecord, change: QueueChange) -> QueueRecord:
        if change.has_subscribers:
            change = dataclasses.replace(change, raises_epoch=False)
        return super().change_queue(expected, change)
