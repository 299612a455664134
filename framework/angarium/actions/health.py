"""Health: the stores are tried out on a throw-away queue (contract, ``rest-v2.md`` 4)."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from angarium.actions.base import (
    ADMINS,
    Action,
    HttpBinding,
    Parameters,
    Services,
    SocketBinding,
)
from angarium.context import RequestContext
from angarium.errors import AngariumError, StoreUnreachable
from angarium.ids import new_claim_id, new_message_id
from angarium.logs import event
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver
from angarium.storage.models import NewMessage, Scope, Stats

LOG = logging.getLogger(__name__)
_MESSAGES: Final = 100


def check_node_health(
    services: Services, context: RequestContext, parameters: Parameters
) -> dict[str, Any]:
    """Report on the message store or, with pooling, on the catalogue and every pool.

    :raises StoreUnreachable: the status cannot be determined.
    """
    if services.pools.is_pooling:
        return _report_on_pools(services, context)
    return _report_on(services.pools.default, "", services, context)


def _report_on_pools(services: Services, context: RequestContext) -> dict[str, Any]:
    try:
        services.control.ping()
        drivers = services.pools.drivers()
    except StoreUnreachable:
        return {"catalog_reachable": False}
    report: dict[str, Any] = {
        name: _report_on_pool(driver, name, services, context)
        for name, driver in drivers.items()
        if name
    }
    return {**report, "catalog_reachable": True}


def _report_on_pool(
    driver: DataDriver, pool: str, services: Services, context: RequestContext
) -> dict[str, Any]:
    """Of one pool that is down, the others being up, everything is known."""
    try:
        return _report_on(driver, pool, services, context)
    except StoreUnreachable:
        return {
            "storage_reachable": False,
            "message_volume": _volume(Stats()),
            "operation_status": {},
        }


def _report_on(
    driver: DataDriver, pool: str, services: Services, context: RequestContext
) -> dict[str, Any]:
    totals = driver.get_totals()
    return {
        "storage_reachable": _is_reachable(driver),
        "message_volume": _volume(totals),
        "operation_status": _Probe(services, context, pool).run(),
    }


def _volume(totals: Stats) -> dict[str, int]:
    return {"free": totals.free, "claimed": totals.claimed, "total": totals.total}


def _is_reachable(driver: DataDriver) -> bool:
    try:
        driver.ping()
    except StoreUnreachable:
        return False
    return True


@dataclass
class _Probe:
    """One run through the operations in one pool, each timed, going on after a failure."""

    services: Services
    context: RequestContext
    pool: str
    report: dict[str, dict[str, Any]] = field(default_factory=dict)
    claim_id: str = field(default_factory=new_claim_id)
    ids: tuple[str, ...] = field(
        default_factory=lambda: tuple(new_message_id() for _ in range(_MESSAGES))
    )
    scope: Scope = field(
        default_factory=lambda: Scope(f"health-{uuid.uuid4()}", f"probe-{uuid.uuid4()}")
    )

    def run(self) -> dict[str, dict[str, Any]]:
        """Try everything and clean up."""
        first, rest = self.ids[0], self.ids[1:]
        batch = tuple(NewMessage(message_id, b'"probe"', ttl=60) for message_id in self.ids)
        claim = op.CreateClaim(self.claim_id, ttl=60, grace=60, limit=10)
        self._try("create_queue", self._create)
        self._try("post_messages", lambda: self._perform(op.PostMessages(batch, "health")))
        self._try("claim_messages", lambda: self._perform(claim))
        self._try(
            "list_messages",
            lambda: self._perform(op.ListMessages(limit=10, include_claimed=True)),
        )
        self._try("delete_claim", lambda: self._perform(op.ReleaseClaim(self.claim_id)))
        self._try("delete_messages", lambda: self._perform(op.DeleteMessage(first)))
        self._try("bulk_delete_messages", lambda: self._perform(op.DeleteMessages(rest)))
        self._try("delete_queue", self._delete)
        return self.report

    def _create(self) -> None:
        self.services.store.catalogue.create(self.scope, {}, self.pool)

    def _delete(self) -> None:
        self.services.store.catalogue.delete(self.scope)

    def _perform(self, operation: op.DataOperation[Any]) -> None:
        """Straight to the driver: filters have no business with a probe."""
        plan = self.services.store.catalogue.ensure(self.scope, self.pool)
        operation.perform(plan.driver, plan.queue)

    def _try(self, name: str, step: Callable[[], None]) -> None:
        reference, started = None, time.perf_counter()
        try:
            step()
        except AngariumError as error:
            reference = str(uuid.uuid4())
            event(
                LOG,
                logging.ERROR,
                "health probe failed",
                probe=name,
                code=getattr(error, "code", None),
                reason=error,
                ref=reference,
                request_id=self.context.request_id,
            )
        self.report[name] = {
            "succeeded": reference is None,
            "seconds": round(time.perf_counter() - started, 6),
            "ref": reference,
        }


ACTIONS: Final = (
    Action(
        "check_node_health",
        "health",
        "health:get",
        "Report on the stores.",
        HttpBinding("GET", "/v2/health"),
        check_node_health,
        needs_admin_mode=True,
        default_check=ADMINS,
        socket=SocketBinding(needs_caller=False),
    ),
)
