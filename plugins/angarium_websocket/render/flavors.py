"""Flavors (contract, ``websocket-v2.md`` 8; results of HTTP, without links)."""

from __future__ import annotations

from typing import Any

from angarium.actions.flavors import Flavor
from angarium_websocket.render.view import Result, View


def _item(flavor: Flavor) -> dict[str, Any]:
    item: dict[str, Any] = {"name": flavor.name}
    if flavor.pools:
        item["pool_list"] = list(flavor.pools)
    if flavor.capabilities is not None:
        item["capabilities"] = list(flavor.capabilities)
    return item


def flavor_list(result: tuple[Flavor, ...], view: View) -> Result:
    """200 with a page."""
    return Result(200, {"flavors": [_item(flavor) for flavor in result]})


def flavor_create(result: None, view: View) -> Result:
    """201, also when the flavor existed."""
    return Result(201, {})


def flavor_get(result: Flavor, view: View) -> Result:
    """200 with all members, ``pool_list`` even when it is empty."""
    return Result(200, {**_item(result), "pool_list": list(result.pools)})


def flavor_update(result: Flavor, view: View) -> Result:
    """200 with the flavor as it is now."""
    return flavor_get(result, view)


def flavor_delete(result: None, view: View) -> Result:
    """204."""
    return Result(204, {})
