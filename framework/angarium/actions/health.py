"""Health: the stores are tried out on a throw-away queue (contract, ``rest-v2.md`` 4)."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from angarium.actions.base import Action, HttpBinding, Parameters, Services
from angarium.context import RequestContext
from angarium.errors import AngariumError, StoreUnreachable
from angarium.ids import new_claim_id, new_message_id
from angarium.logs import event
from angarium.storage import operations as op
from angarium.storage.models import NewMessage, Scope

LOG = logging.getLogger(__name__)
_MESSAGES: Final = 100


def check_node_health(
    services: Services, context: RequestContext, parameters: Parameters
) -> dict[str, Any]:
    """Report on the message store.

    :raises StoreUnreachable: the status cannot be determined.
    """
    totals = services.data.get_totals()
    return {
        "storage_reachable": _is_reachable(services),
        "message_volume": {
            "free": totals.free,
            "claimed": totals.claimed,
            "total": totals.total,
        },
        "operation_status": _Probe(services, context).run(),
    }


def _is_reachable(services: Services) -> bool:
    try:
        services.data.ping()
    except StoreUnreachable:
        return False
    return True


@dataclass
class _Probe:
    """One run through the operations, each timed, going on after a failure."""

    services: Services
    context: RequestContext
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
        self._try("create_queue", lambda: self._manage(op.CreateQueue({})))
        self._try("post_messages", lambda: self._perform(op.PostMessages(batch, "health")))
        self._try("claim_messages", lambda: self._perform(claim))
        self._try(
            "list_messages",
            lambda: self._perform(op.ListMessages(limit=10, include_claimed=True)),
        )
        self._try("delete_claim", lambda: self._perform(op.ReleaseClaim(self.claim_id)))
        self._try("delete_messages", lambda: self._perform(op.DeleteMessage(first)))
        self._try("bulk_delete_messages", lambda: self._perform(op.DeleteMessages(rest)))
        self._try("delete_queue", lambda: self._manage(op.DeleteQueue()))
        return self.report

    def _manage(self, operation: op.QueueOperation[Any]) -> None:
        operation.perform(self.services.store.catalogue, self.scope)

    def _perform(self, operation: op.DataOperation[Any]) -> None:
        """Straight to the driver: filters have no business with a probe."""
        plan = self.services.store.catalogue.ensure(self.scope)
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
    ),
)
