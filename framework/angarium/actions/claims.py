"""Claims (contract, ``rest-v2.md`` 8)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from angarium.actions.base import (
    Action,
    Handler,
    HttpBinding,
    Parameters,
    Services,
    SocketBinding,
    scope_of,
)
from angarium.context import RequestContext
from angarium.errors import ClaimNotFound, QueueDoesNotExist
from angarium.ids import is_well_formed, new_claim_id
from angarium.storage import operations as op
from angarium.storage.models import Claim, Message
from angarium.storage.settings import QueueSettings

_CLAIMS: Final = "/v2/queues/{queue_name}/claims"
_CLAIM: Final = f"{_CLAIMS}/{{claim_id}}"


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A claim just made; without messages there is no claim."""

    id: str
    messages: tuple[Message, ...]


def _or_default(parameters: Parameters, name: str, default: int) -> int:
    """A member of the body; null counts as missing."""
    value: int | None = parameters.get(name)
    return default if value is None else value


def claim_create(services: Services, context: RequestContext, parameters: Parameters) -> NewClaim:
    """Claim the oldest available messages."""
    limits, claim_id = services.limits, new_claim_id()
    maximum = limits.max_messages_per_claim_or_pop

    def build(settings: QueueSettings) -> op.CreateClaim:
        return op.CreateClaim(
            claim_id=claim_id,
            ttl=_or_default(parameters, "ttl", limits.default_claim_ttl),
            grace=_or_default(parameters, "grace", limits.default_claim_grace),
            limit=parameters.get("limit", limits.page_size(maximum)),
            dead_letter=settings.dead_letter,
        )

    try:
        messages = services.store.create_claim(context, scope_of(context, parameters), build)
    except QueueDoesNotExist:
        messages = ()
    return NewClaim(claim_id, messages)


def claim_get(services: Services, context: RequestContext, parameters: Parameters) -> Claim:
    """Read a live claim with its messages."""
    claim_id = _live(parameters)
    try:
        return services.store.perform(
            context, scope_of(context, parameters), lambda _: op.GetClaim(claim_id)
        )
    except QueueDoesNotExist:
        raise ClaimNotFound from None


def claim_update(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Renew a live claim."""
    limits = services.limits
    grace = _or_default(parameters, "grace", limits.default_claim_grace)
    renewal = op.RenewClaim(
        claim_id=_live(parameters),
        ttl=_or_default(parameters, "ttl", limits.default_claim_ttl),
        grace=min(max(grace, 0), limits.max_claim_grace),
    )
    try:
        services.store.perform(context, scope_of(context, parameters), lambda _: renewal)
    except QueueDoesNotExist:
        raise ClaimNotFound from None


def claim_delete(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Release a claim; silent when there is none."""
    if not is_well_formed(parameters["claim_id"]):
        return
    release = op.ReleaseClaim(parameters["claim_id"])
    with suppress(QueueDoesNotExist):
        services.store.perform(context, scope_of(context, parameters), lambda _: release)


def _live(parameters: Parameters) -> str:
    claim_id: str = parameters["claim_id"]
    if not is_well_formed(claim_id):
        raise ClaimNotFound
    return claim_id


def _action(verb: str, summary: str, method: str, path: str, handler: Handler) -> Action:
    return Action(
        f"claim_{verb}",
        "claims",
        f"claims:{verb}",
        summary,
        HttpBinding(method, path),
        handler,
        socket=SocketBinding(),
    )


ACTIONS: Final[tuple[Action, ...]] = (
    _action("create", "Claim messages of a queue.", "POST", _CLAIMS, claim_create),
    _action("get", "Show a claim.", "GET", _CLAIM, claim_get),
    _action("update", "Renew a claim.", "PATCH", _CLAIM, claim_update),
    _action("delete", "Release a claim.", "DELETE", _CLAIM, claim_delete),
)
