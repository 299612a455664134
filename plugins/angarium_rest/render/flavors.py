"""Flavors (contract, ``rest-v2.md`` 11)."""

from __future__ import annotations

from typing import Any

from angarium.actions.flavors import Flavor
from angarium_rest.render.view import View, path_to
from angarium_rest.replies import Reply


def _item(flavor: Flavor) -> dict[str, Any]:
    item: dict[str, Any] = {"name": flavor.name, "href": path_to("/v2/flavors", flavor.name)}
    if flavor.pools:
        item["pool_list"] = flavor.pools
    if flavor.capabilities is not None:
        item["capabilities"] = flavor.capabilities
    return item


def flavor_list(result: tuple[Flavor, ...], view: View) -> Reply:
    """200 with a page."""
    marker = result[-1].name if result else None
    links = view.next_link("/v2/flavors", marker)
    return Reply.json(200, {"flavors": [_item(flavor) for flavor in result], "links": links})


def flavor_create(result: None, view: View) -> Reply:
    """201, also when the flavor existed."""
    location = path_to("/v2/flavors", view.path["flavor_name"])
    return Reply(201, headers={"Location": location})


def flavor_get(result: Flavor, view: View) -> Reply:
    """200 with all members, ``pool_list`` even when it is empty."""
    return Reply.json(200, {**_item(result), "pool_list": result.pools})


def flavor_update(result: Flavor, view: View) -> Reply:
    """200 with the flavor as it is now."""
    return flavor_get(result, view)


def flavor_delete(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)
