"""Subscriptions (contract, ``storage-semantics.md`` 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from angarium import codec
from angarium.clock import Clock
from angarium.storage.models import NewSubscription, Scope, Subscription, SubscriptionChange
from angarium_redis.control_calls import ControlCalls
from angarium_redis.keys import decode, encode, encode_scope
from angarium_redis.scripts import Script, load

_KEEP: Final = b"-"


def _script(name: str, *, changes: bool = True) -> Script:
    common = ("control_keys", "control_records", "control_subscriptions")
    return load(*common, f"control_{name}", changes=changes)


_CREATE: Final = _script("create_subscription")
_GET: Final = _script("get_subscription", changes=False)
_LIST: Final = _script("list_subscriptions", changes=False)
_UPDATE: Final = _script("update_subscription")
_DELETE: Final = _script("delete_subscription")
_PURGE: Final = _script("purge_subscriptions")
_RECLAIM: Final = _script("reclaim", changes=False)


class SubscriptionPart:
    """The part of a management store that keeps subscriptions, in the slot of the records."""

    clock: Clock
    _call: ControlCalls

    def create_subscription(self, new: NewSubscription) -> tuple[Subscription, bool]:
        """Store it unless its subscriber has one, if the queue expects it."""
        created, found = self._on_scope(
            _CREATE,
            new.scope,
            encode(new.id),
            encode(new.subscriber),
            b"%d" % new.ttl,
            codec.encode(new.options),
            b"%d" % new.confirmed,
            _optional(None if new.delivery_secret is None else encode(new.delivery_secret)),
        )
        return _to_subscription(new.scope, found), created == 1

    def get_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Read one."""
        found = self._on_scope(_GET, scope, encode(id_))
        return None if found is None else _to_subscription(scope, found)

    def list_subscriptions(self, scope: Scope, *, marker: str, limit: int) -> list[Subscription]:
        """Read them by id; a call that meets many expired ones is followed by another."""
        found: list[Subscription] = []
        start = encode(marker)
        while True:
            left = b"%d" % (limit - len(found))
            stopped, page = self._on_scope(_LIST, scope, start, left)
            found += [_to_subscription(scope, it) for it in page]
            if not stopped:
                return found
            start = stopped

    def update_subscription(
        self, scope: Scope, id_: str, change: SubscriptionChange
    ) -> Subscription | None:
        """Change one."""
        found = self._on_scope(
            _UPDATE,
            scope,
            encode(id_),
            _optional(None if change.subscriber is None else encode(change.subscriber)),
            _optional(None if change.ttl is None else b"%d" % change.ttl),
            _optional(None if change.options is None else codec.encode(change.options)),
            _optional(None if change.confirmed is None else b"%d" % change.confirmed),
            b"%d" % change.drops_secret,
            *_expected(change.expected),
        )
        return None if found is None else _to_subscription(scope, found)

    def delete_subscription(self, scope: Scope, id_: str) -> Subscription | None:
        """Delete one."""
        found = self._on_scope(_DELETE, scope, encode(id_))
        return None if found is None else _to_subscription(scope, found)

    def purge_subscriptions(self, scope: Scope) -> None:
        """Delete all; Redis frees the space beside its other work."""
        self._on_scope(_PURGE, scope)

    def reclaim(self, limit: int) -> int:
        """Forget expired subscriptions."""
        offset = b"%d" % self.clock.offset
        return int(self._call(_RECLAIM, b"", offset, b"%d" % limit))

    def _on_scope(self, script: Script, scope: Scope, *arguments: bytes) -> Any:
        offset = b"%d" % self.clock.offset
        return self._call(script, encode_scope(scope), offset, *arguments)


def _optional(text: bytes | None) -> bytes:
    return _KEEP if text is None else b"+" + text


def _expected(subscription: Subscription | None) -> tuple[bytes, ...]:
    """What the script compares; options are stored in the form that ``codec`` gives them."""
    if subscription is None:
        return ()
    secret = subscription.delivery_secret
    return (
        encode(subscription.subscriber),
        codec.encode(subscription.options),
        _optional(None if secret is None else encode(secret)),
    )


def _to_subscription(scope: Scope, found: Sequence[Any]) -> Subscription:
    id_, subscriber, ttl, age, remaining, options, confirmed, secret = found
    return Subscription(
        scope=scope,
        id=decode(id_),
        subscriber=decode(subscriber),
        ttl=ttl,
        age=age,
        remaining=remaining,
        options=orjson.loads(options),
        confirmed=confirmed == 1,
        delivery_secret=None if secret == b"-" else decode(secret[1:]),
    )
