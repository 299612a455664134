"""Pools (contract, ``storage-semantics.md`` 13)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy import delete as delete_from

from angarium import codec
from angarium.errors import PoolAlreadyExists, PoolHasQueues, PoolInUseByFlavor
from angarium.storage.models import PoolRecord
from angarium_sql.management import epochs
from angarium_sql.session import Session
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, decode, encode, pools, queues

_THIS_POOL: Final = pools.c.name == bindparam("p_name")
_NAMED: Final = one_of(pools.c.name, "names")

_POOL: Final = Statement(select(pools).where(_THIS_POOL))
_PAGE: Final = Statement(
    select(pools)
    .where(pools.c.name > bindparam("marker"))
    .order_by(pools.c.name)
    .limit(bindparam("limit"))
)
_TAGGED: Final = Statement(
    select(pools).where(pools.c.flavor == bindparam("flavor")).order_by(pools.c.name)
)
_NAMES: Final = Statement(select(pools.c.name).where(_NAMED), lists=("names",))
_OTHER_WITH_URI: Final = Statement(
    select(pools.c.name).where(pools.c.uri == bindparam("uri"), pools.c.name != bindparam("p_name"))
)
_COUNT_TAGGED: Final = Statement(
    select(func.count()).select_from(pools).where(pools.c.flavor == bindparam("flavor"))
)
_INSERT: Final = Statement(insert(pools).inline())
_REPLACE: Final = Statement(
    update(pools)
    .where(_THIS_POOL)
    .values({name: bindparam(name) for name in ("uri", "weight", "flavor", "options")})
)
_DELETE: Final = Statement(delete_from(pools).where(_THIS_POOL))
_UNTAG: Final = Statement(
    update(pools).where(pools.c.flavor == bindparam("old_flavor")).values(flavor=b"")
)
_TAG: Final = Statement(
    update(pools).where(_NAMED).values(flavor=bindparam("new_flavor")), lists=("names",)
)


def _first_that_names(column: ColumnElement[Any]) -> Statement:
    return Statement(select(queues.c.epoch).where(column == bindparam("p_name")).limit(1))


_QUEUES: Final = tuple(
    _first_that_names(it) for it in (queues.c.pool, queues.c.target, queues.c.source)
)


def find(session: Session, name: str) -> PoolRecord | None:
    """A pool by name."""
    row = session.first(_POOL, {"p_name": encode(name)})
    return None if row is None else _to_pool(row)


def page(session: Session, marker: str, limit: int) -> list[PoolRecord]:
    """Pools with a name after ``marker``, by name."""
    rows = session.rows(_PAGE, {"marker": encode(marker), "limit": limit})
    return [_to_pool(row) for row in rows]


def tagged(session: Session, flavor: str) -> list[PoolRecord]:
    """All pools with a tag, by name."""
    return [_to_pool(row) for row in session.rows(_TAGGED, {"flavor": encode(flavor)})]


def missing(session: Session, names: Collection[str]) -> list[str]:
    """Those of some names, in their order, that no pool has."""
    raw = {name: encode(name) for name in names}
    if not raw:
        return []
    found = {row.name for row in session.rows(_NAMES, {"names": list(raw.values())})}
    return [name for name in raw if raw[name] not in found]


def put(session: Session, pool: PoolRecord) -> None:
    """Create a pool or replace it as a whole."""
    epochs.lock(session)
    name, uri = encode(pool.name), encode(pool.uri)
    if session.first(_OTHER_WITH_URI, {"uri": uri, "p_name": name}) is not None:
        raise PoolAlreadyExists
    values = {
        "uri": uri,
        "weight": pool.weight,
        "flavor": encode(pool.flavor),
        "options": codec.encode(pool.options),
    }
    if session.run(_REPLACE, {**values, "p_name": name}) == 0:
        session.run(_INSERT, {**values, "name": name})


def delete(session: Session, name: str) -> None:
    """Delete a pool that is neither the last one with its tag nor named by a record."""
    epochs.lock(session)
    pool = find(session, name)
    if pool is None:
        return
    flavor = {"flavor": encode(pool.flavor)}
    if pool.flavor and session.scalar(_COUNT_TAGGED, flavor) == 1:
        raise PoolInUseByFlavor
    values = {"p_name": encode(name)}
    if any(session.first(statement, values) is not None for statement in _QUEUES):
        raise PoolHasQueues
    session.run(_DELETE, values)


def retag(session: Session, flavor: str, names: Collection[str]) -> None:
    """Give these pools, and no others, a tag; the counter is locked and the pools are there."""
    tag = encode(flavor)
    session.run(_UNTAG, {"old_flavor": tag})
    if names:
        session.run(_TAG, {"new_flavor": tag, "names": [encode(name) for name in names]})


def _to_pool(row: AnyRow) -> PoolRecord:
    return PoolRecord(
        name=decode(row.name),
        uri=decode(row.uri),
        weight=row.weight,
        flavor=decode(row.flavor),
        options=orjson.loads(row.options),
    )
