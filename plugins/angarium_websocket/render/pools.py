"""Pools (contract, ``websocket-v2.md`` 8; results of HTTP, without links)."""

from __future__ import annotations

from typing import Any

from angarium.actions.pools import PoolPage, ShownPool
from angarium.storage.models import PoolRecord
from angarium_websocket.render.view import Result, View


def _document(pool: PoolRecord, *, is_detailed: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": pool.name,
        "uri": pool.uri,
        "weight": pool.weight,
        "flavor": pool.flavor or None,
    }
    if is_detailed:
        document["options"] = dict(pool.options)
    return document


def pool_list(result: PoolPage, view: View) -> Result:
    """200 with a page."""
    pools = [_document(pool, is_detailed=result.is_detailed) for pool in result.pools]
    return Result(200, {"pools": pools})


def pool_create(result: None, view: View) -> Result:
    """201, also when the pool existed."""
    return Result(201, {})


def pool_get(result: ShownPool, view: View) -> Result:
    """200 with the pool."""
    return Result(200, _document(result.pool, is_detailed=result.is_detailed))


def pool_update(result: ShownPool, view: View) -> Result:
    """200 with the pool as it is now."""
    return pool_get(result, view)


def pool_delete(result: None, view: View) -> Result:
    """204."""
    return Result(204, {})
