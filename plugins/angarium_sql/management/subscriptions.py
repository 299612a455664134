"""Subscriptions (contract, ``storage-semantics.md`` 12).

Who stores one, or lets one live longer, first locks the record of its queue, as does who notes in
the record that there are none. Where there is no record, the counter of epochs is locked instead,
as by everybody who makes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlalchemy import delete as delete_from

from angarium import codec
from angarium.clock import Clock
from angarium.errors import SubscriptionAlreadyExists
from angarium.storage.models import (
    Kind,
    NewSubscription,
    QueueState,
    Scope,
    Subscription,
    SubscriptionChange,
)
from angarium.storage.signals import RecordChanged
from angarium_sql import moments
from angarium_sql.management import epochs
from angarium_sql.moments import NOW
from angarium_sql.session import Session
from angarium_sql.statements import Statement
from angarium_sql.tables import (
    AnyRow,
    decode,
    digest,
    encode,
    or_null,
    queues,
    scope_key,
    scope_values,
    subscriptions,
)

_OF_SCOPE: Final = and_(
    subscriptions.c.project == bindparam("p_project"),
    subscriptions.c.kind == bindparam("p_kind"),
    subscriptions.c.name == bindparam("p_name"),
)
_THIS: Final = and_(_OF_SCOPE, subscriptions.c.id == bindparam("p_id"))
_HAS_KEY: Final = subscriptions.c.key == bindparam("p_key")
_IS_LIVE: Final = subscriptions.c.expires > NOW
_SELECT: Final = select(subscriptions)
_WITH_MOMENT: Final = select(subscriptions, NOW.label("moment")).where(_IS_LIVE)

_FIND: Final = Statement(_WITH_MOMENT.where(_THIS))
_PAGE: Final = Statement(
    _WITH_MOMENT.where(_OF_SCOPE, subscriptions.c.id > bindparam("marker"))
    .order_by(subscriptions.c.id)
    .limit(bindparam("limit"))
)
_ANY: Final = Statement(select(subscriptions.c.id).where(_OF_SCOPE, _IS_LIVE).limit(1))
_LOCK: Final = Statement(_SELECT.where(_THIS).with_for_update())
_IN_THE_WAY: Final = Statement(_SELECT.where(or_(_THIS, _HAS_KEY)))
_INSERT: Final = Statement(insert(subscriptions).inline())
_CHANGED: Final = (
    *("key", "subscriber", "ttl", "expires"),
    *("confirmed", "delivery_secret", "options"),
)
_UPDATE: Final = Statement(
    update(subscriptions).where(_THIS).values({name: bindparam(f"new_{name}") for name in _CHANGED})
)
_DELETE: Final = Statement(delete_from(subscriptions).where(_THIS))
_PURGE: Final = Statement(delete_from(subscriptions).where(_OF_SCOPE))
_EXPIRED: Final = Statement(
    select(
        *(subscriptions.c.project, subscriptions.c.kind, subscriptions.c.name, subscriptions.c.id)
    )
    .where(subscriptions.c.expires <= NOW)
    .limit(bindparam("limit"))
)
_DELETE_EXPIRED: Final = Statement(
    delete_from(subscriptions).where(_THIS, subscriptions.c.expires <= NOW)
)
_RECORD: Final = Statement(
    select(queues.c.state, queues.c.has_subscribers)
    .where(
        queues.c.project == bindparam("p_project"),
        queues.c.kind == bindparam("p_kind"),
        queues.c.name == bindparam("p_name"),
    )
    .with_for_update()
)


# --- Reading ------------------------------------------------------------------------------------


def find(session: Session, clock: Clock, scope: Scope, id_: str) -> Subscription | None:
    """A live subscription."""
    values = {**_this(scope, id_), **moments.moment(session, clock)}
    row = session.first(_FIND, values)
    return None if row is None else _to_subscription(row._asdict(), row.moment)


def page(
    session: Session, clock: Clock, scope: Scope, marker: str, limit: int
) -> list[Subscription]:
    """Live subscriptions with an id after ``marker``, by id."""
    place = {"marker": encode(marker), "limit": limit, **moments.moment(session, clock)}
    rows = session.rows(_PAGE, {**scope_values(scope), **place})
    return [_to_subscription(row._asdict(), row.moment) for row in rows]


def is_there_any(session: Session, clock: Clock, scope: Scope) -> bool:
    """Whether a queue has a live subscription."""
    values = {**scope_values(scope), **moments.moment(session, clock)}
    return session.first(_ANY, values) is not None


# --- Changing -----------------------------------------------------------------------------------


def create(session: Session, clock: Clock, new: NewSubscription) -> tuple[Subscription, bool]:
    """Store a subscription unless there is one of the subscriber, or this one."""
    record = _lock_record(session, new.scope)
    if (
        record is None
        or record.state == encode(QueueState.DELETING.value)
        or not record.has_subscribers
    ):
        raise RecordChanged
    now = moments.now(session, clock)
    this = _this(new.scope, new.id)
    key = digest(new.scope, new.subscriber)
    in_the_way = session.rows(_IN_THE_WAY, {**this, "p_key": key})
    live = {row.id: row for row in in_the_way if row.expires > now}
    if live:
        known = live.get(this["p_id"]) or next(iter(live.values()))
        return _to_subscription(known._asdict(), now), known.id == this["p_id"]
    _remove(session, in_the_way)
    values = {
        **scope_key(new.scope),
        "id": encode(new.id),
        "key": key,
        "subscriber": encode(new.subscriber),
        "ttl": new.ttl,
        "created": now,
        "expires": now + new.ttl,
        "confirmed": int(new.confirmed),
        "delivery_secret": or_null(new.delivery_secret),
        "options": codec.encode(new.options),
    }
    session.run(_INSERT, values)
    return _to_subscription(values, now), True


def change(
    session: Session, clock: Clock, scope: Scope, id_: str, wanted: SubscriptionChange
) -> Subscription | None:
    """Change a live subscription."""
    if _lock_record(session, scope) is None:
        epochs.lock(session)
    this = _this(scope, id_)
    row = session.first(_LOCK, this)
    now = moments.now(session, clock)
    if row is None or row.expires <= now:
        return None
    values = row._asdict()
    if not wanted.fits(_to_subscription(values, now)):
        raise RecordChanged
    if wanted.subscriber is not None:
        values |= {"key": digest(scope, wanted.subscriber), "subscriber": encode(wanted.subscriber)}
        found = session.rows(_IN_THE_WAY, {**this, "p_key": values["key"]})
        others = [it for it in found if it.id != row.id]
        if any(it.expires > now for it in others):
            raise SubscriptionAlreadyExists
        _remove(session, others)
    if wanted.ttl is not None:
        values |= {"ttl": wanted.ttl, "expires": now + wanted.ttl}
    if wanted.options is not None:
        values["options"] = codec.encode(wanted.options)
    if wanted.confirmed is not None:
        values["confirmed"] = int(wanted.confirmed)
    if wanted.drops_secret:
        values["delivery_secret"] = None
    session.run(_UPDATE, {**this, **{f"new_{name}": values[name] for name in _CHANGED}})
    return _to_subscription(values, now)


def delete(session: Session, clock: Clock, scope: Scope, id_: str) -> Subscription | None:
    """Delete a live subscription; returns it as it was."""
    row = session.first(_LOCK, _this(scope, id_))
    now = moments.now(session, clock)
    if row is None or row.expires <= now:
        return None
    session.run(_DELETE, _this(scope, id_))
    return _to_subscription(row._asdict(), now)


def purge(session: Session, scope: Scope) -> None:
    """Delete all subscriptions of a queue."""
    session.run(_PURGE, scope_values(scope))


def expired(session: Session, clock: Clock, limit: int) -> list[AnyRow]:
    """Keys of subscriptions that are over."""
    return session.rows(_EXPIRED, {"limit": limit, **moments.moment(session, clock)})


def reclaim(session: Session, clock: Clock, found: list[AnyRow]) -> int:
    """Delete those of some subscriptions that are still over; returns how many were given."""
    moment = moments.moment(session, clock)
    batch = [{f"p_{name}": value for name, value in row._asdict().items()} for row in sorted(found)]
    session.run_many(_DELETE_EXPIRED, [{**values, **moment} for values in batch])
    return len(found)


def _lock_record(session: Session, scope: Scope) -> AnyRow | None:
    return session.first(_RECORD, scope_values(scope))


def _remove(session: Session, rows: list[AnyRow]) -> None:
    for row in rows:
        session.run(
            _DELETE,
            {"p_project": row.project, "p_kind": row.kind, "p_name": row.name, "p_id": row.id},
        )


def _this(scope: Scope, id_: str) -> dict[str, bytes]:
    return {**scope_values(scope), "p_id": encode(id_)}


def _to_subscription(values: Mapping[str, Any], now: int) -> Subscription:
    secret = values["delivery_secret"]
    return Subscription(
        scope=Scope(
            decode(values["project"]), decode(values["name"]), Kind(values["kind"].decode())
        ),
        id=decode(values["id"]),
        subscriber=decode(values["subscriber"]),
        ttl=values["ttl"],
        age=max(now - values["created"], 0),
        remaining=values["expires"] - now,
        options=orjson.loads(values["options"]),
        confirmed=bool(values["confirmed"]),
        delivery_secret=None if secret is None else decode(secret),
    )
