"""Pools (contract, ``rest-v2.md`` 10)."""

from __future__ import annotations

from typing import Any

from angarium.actions.pools import PoolPage, ShownPool
from angarium.storage.models import PoolRecord
from angarium_rest.render.view import View, path_to
from angarium_rest.replies import Reply


def _document(pool: PoolRecord, *, is_detailed: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": pool.name,
        "href": path_to("/v2/pools", pool.name),
        "uri": pool.uri,
        "weight": pool.weight,
        "flavor": pool.flavor or None,
    }
    if is_detailed:
        document["options"] = pool.options
    return document


def pool_list(result: PoolPage, view: View) -> Reply:
    """200 with a page, and the path and query of the request."""
    pools = [_document(pool, is_detailed=result.is_detailed) for pool in result.pools]
    marker = result.pools[-1].name if result.pools else None
    document = {"pools": pools, "links": view.next_link("/v2/pools", marker)}
    return Reply.json(200, document, Content_Location=view.target("/v2/pools"))


def pool_create(result: None, view: View) -> Reply:
    """201, also when the pool existed."""
    location = path_to("/v2/pools", view.path["pool_name"])
    return Reply(201, headers={"Location": location})


def pool_get(result: ShownPool, view: View) -> Reply:
    """200 with the pool."""
    return Reply.json(200, _document(result.pool, is_detailed=result.is_detailed))


def pool_update(result: ShownPool, view: View) -> Reply:
    """200 with the pool as it is now."""
    return pool_get(result, view)


def pool_delete(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)
