"""Pools: the stores that queues are spread over (contract, ``rest-v2.md`` 10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from angarium.errors import NoPoolFound, PoolCapabilitiesMismatch, PoolDoesNotExist
from angarium.storage.driver import DataDriver
from angarium.storage.models import PoolRecord

_POOLS: Final = "/v2/pools"
_POOL: Final = f"{_POOLS}/{{pool_name}}"


@dataclass(frozen=True, slots=True)
class PoolPage:
    """A page of pools."""

    pools: tuple[PoolRecord, ...]
    is_detailed: bool


@dataclass(frozen=True, slots=True)
class ShownPool:
    """A pool, and whether with its options."""

    pool: PoolRecord
    is_detailed: bool


def pool_list(services: Services, context: RequestContext, parameters: Parameters) -> PoolPage:
    """List pools by name."""
    limits = services.limits
    found = services.control.list_pools(
        marker=parameters.get("marker", ""),
        limit=parameters.get("limit", limits.page_size(limits.max_pools_per_page)),
    )
    return PoolPage(tuple(found), parameters.get("detailed", False))


def pool_create(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Create a pool, or replace it as a whole."""
    name = new_name(parameters, "pool_name")
    pool = PoolRecord(
        name,
        parameters["uri"],
        parameters["weight"],
        parameters.get("flavor", ""),
        parameters.get("options", {}),
    )
    _write(services, pool, services.control.get_pool(name), tries_store=True)


def pool_get(services: Services, context: RequestContext, parameters: Parameters) -> ShownPool:
    """Read a pool."""
    return ShownPool(_find(services, parameters), parameters.get("detailed", False))


def pool_update(services: Services, context: RequestContext, parameters: Parameters) -> ShownPool:
    """Change some fields of a pool; its store is tried out only if it becomes another one."""
    before = _find(services, parameters)
    fields = ("uri", "weight", "flavor", "options")
    changes = {name: parameters[name] for name in fields if name in parameters}
    pool = replace(before, **changes)
    _write(services, pool, before, tries_store=not _has_same_store(pool, before))
    return ShownPool(pool, is_detailed=False)


def pool_delete(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Delete a pool that nothing needs."""
    services.control.delete_pool(parameters["pool_name"])


def _find(services: Services, parameters: Parameters) -> PoolRecord:
    name = parameters["pool_name"]
    pool = services.control.get_pool(name) if name else None
    if pool is None:
        raise PoolDoesNotExist
    return pool


def _has_same_store(pool: PoolRecord, before: PoolRecord) -> bool:
    return (pool.uri, pool.options) == (before.uri, before.options)


def _write(
    services: Services, pool: PoolRecord, before: PoolRecord | None, *, tries_store: bool
) -> None:
    """Check a pool and store it.

    :raises InvalidBody: its store is not there, or not ready.
    :raises PoolCapabilitiesMismatch: other pools that may get the same queues offer other things.
    :raises PoolAlreadyExists: another pool has the same uri.
    """
    if tries_store:
        driver = services.pools.try_out(pool)
        try:
            _check_capabilities(services, pool, driver)
        finally:
            driver.close()
    elif before is not None and pool.flavor != before.flavor:
        _check_capabilities(services, pool, services.pools.of(before))
    former = _former_driver(services, pool, before)
    services.control.put_pool(pool)
    if former is not None:
        services.store.catalogue.leave_store(pool.name, former)


def _check_capabilities(services: Services, pool: PoolRecord, driver: DataDriver) -> None:
    for other in services.control.find_pools(pool.flavor):
        if other.name == pool.name:
            continue
        try:
            expected = services.pools.of(other).capabilities
        except NoPoolFound:  # its driver is not installed here, which is logged
            continue
        if driver.capabilities != expected:
            raise PoolCapabilitiesMismatch(
                f"Pool {other.name} offers {', '.join(sorted(expected))}; this one "
                f"{', '.join(sorted(driver.capabilities))}."
            )


def _former_driver(
    services: Services, pool: PoolRecord, before: PoolRecord | None
) -> DataDriver | None:
    """The driver of the store that a pool is about to leave."""
    if before is None or _has_same_store(pool, before):
        return None
    try:
        return services.pools.of(before)
    except NoPoolFound:
        return services.pools.of(pool)  # nobody here can reach the former store


def _action(name: str, rule: str, summary: str, method: str, path: str, handler: Any) -> Action:
    return Action(
        name,
        "pools",
        f"pools:{rule}",
        summary,
        HttpBinding(method, path),
        handler,
        needs_admin_mode=True,
        needs_pooling=True,
        default_check=ADMINS,
        socket=SocketBinding(needs_too=() if "{" in path else ("pool_name",)),
    )


ACTIONS: Final = (
    _action("pool_list", "get_all", "List pools.", "GET", _POOLS, pool_list),
    _action("pool_create", "create", "Create or replace a pool.", "PUT", _POOL, pool_create),
    _action("pool_get", "get", "Show a pool.", "GET", _POOL, pool_get),
    _action("pool_update", "update", "Change a pool.", "PATCH", _POOL, pool_update),
    _action("pool_delete", "delete", "Delete a pool.", "DELETE", _POOL, pool_delete),
)
