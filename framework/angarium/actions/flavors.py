"""Flavors: named sets of pools that clients choose from (contract, ``rest-v2.md`` 11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from angarium.actions.base import (
    ADMINS,
    Action,
    HttpBinding,
    Parameters,
    Services,
    SocketBinding,
    new_name,
)
from angarium.context import RequestContext
from angarium.errors import (
    FlavorDoesNotExist,
    FlavorUnusable,
    FlavorUpdateFailed,
    InvalidRequest,
    NoPoolFound,
    PoolDoesNotExist,
)
from angarium.storage.models import Capability, PoolRecord

_FLAVORS: Final = "/v2/flavors"
_FLAVOR: Final = f"{_FLAVORS}/{{flavor_name}}"
_LONGEST_PROJECT: Final = 256  # characters, as on routes with the name of a queue
_ONE_POOL: Final = SocketBinding(
    renamed={"pool_list": "pool_name"}, single=frozenset({"pool_list"})
)
_ON_SOCKETS: Final = {
    "flavor_list": SocketBinding(needs_too=("flavor_name",)),
    "flavor_create": _ONE_POOL,
    "flavor_get": SocketBinding(),
    "flavor_update": _ONE_POOL,
    "flavor_delete": SocketBinding(),
}


@dataclass(frozen=True, slots=True)
class Flavor:
    """A flavor.

    :ivar pools: names of the pools that are tagged with it, sorted.
    :ivar capabilities: those of the first pool, in the order of the contract; None if not asked.
    """

    name: str
    pools: tuple[str, ...]
    capabilities: tuple[str, ...] | None


def flavor_list(
    services: Services, context: RequestContext, parameters: Parameters
) -> tuple[Flavor, ...]:
    """List the flavors of the project by name."""
    limits = services.limits
    names = services.control.list_flavors(
        context.project,
        marker=parameters.get("marker", ""),
        limit=parameters.get("limit", limits.page_size(limits.max_flavors_per_page)),
    )
    is_detailed = parameters.get("detailed", False)
    return tuple(_show(services, name, is_detailed=is_detailed) for name in names)


def flavor_create(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Create a flavor, or replace it: exactly the pools of the list are in it afterwards."""
    name = new_name(parameters, "flavor_name")
    if len(context.project) > _LONGEST_PROJECT:
        raise InvalidRequest(f"X-Project-Id may have at most {_LONGEST_PROJECT} characters.")
    try:
        services.control.put_flavor(context.project, name, parameters["pool_list"])
    except PoolDoesNotExist as error:
        raise FlavorUnusable(f"Flavor {name} could not be created, {_missing(error)}") from error


def flavor_get(services: Services, context: RequestContext, parameters: Parameters) -> Flavor:
    """Read a flavor."""
    return _show(services, _find(services, context, parameters), is_detailed=True)


def flavor_update(services: Services, context: RequestContext, parameters: Parameters) -> Flavor:
    """Replace the pools of a flavor."""
    name = _find(services, context, parameters)
    try:
        services.control.put_flavor(context.project, name, parameters["pool_list"])
    except PoolDoesNotExist as error:
        raise FlavorUpdateFailed(
            f"Flavor {name} could not be updated, {_missing(error)}"
        ) from error
    return _show(services, name, is_detailed=True)


def flavor_delete(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Delete a flavor; its pools lose the tag."""
    services.control.delete_flavor(context.project, parameters["flavor_name"])


def _missing(error: PoolDoesNotExist) -> str:
    return f"error:Pool {error.name} does not exist"


def _find(services: Services, context: RequestContext, parameters: Parameters) -> str:
    name: str = parameters["flavor_name"]
    if not name or not services.control.has_flavor(context.project, name):
        raise FlavorDoesNotExist
    return name


def _show(services: Services, name: str, *, is_detailed: bool) -> Flavor:
    pools = services.control.find_pools(name)
    capabilities = _capabilities(services, pools) if is_detailed else None
    return Flavor(name, tuple(pool.name for pool in pools), capabilities)


def _capabilities(services: Services, pools: list[PoolRecord]) -> tuple[str, ...]:
    if not pools:
        return ()
    try:
        offered = services.pools.of(pools[0]).capabilities
    except NoPoolFound:  # its driver is not installed here, which is logged
        return ()
    return tuple(capability.value for capability in Capability if capability in offered)


def _action(
    name: str, rule: str, summary: str, binding: HttpBinding, handler: Any, check: str = ADMINS
) -> Action:
    return Action(
        name,
        "flavors",
        f"flavors:{rule}",
        summary,
        binding,
        handler,
        needs_admin_mode=True,
        needs_pooling=True,
        default_check=check,
        socket=_ON_SOCKETS[name],
    )


ACTIONS: Final = (
    _action(
        "flavor_list", "get_all", "List flavors.", HttpBinding("GET", _FLAVORS), flavor_list, ""
    ),
    _action(
        "flavor_create",
        "create",
        "Create or replace a flavor.",
        HttpBinding("PUT", _FLAVOR),
        flavor_create,
    ),
    _action("flavor_get", "get", "Show a flavor.", HttpBinding("GET", _FLAVOR), flavor_get, ""),
    _action(
        "flavor_update",
        "update",
        "Change the pools of a flavor.",
        HttpBinding("PATCH", _FLAVOR),
        flavor_update,
    ),
    _action(
        "flavor_delete",
        "delete",
        "Delete a flavor.",
        HttpBinding("DELETE", _FLAVOR),
        flavor_delete,
    ),
)
