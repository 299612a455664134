"""Claims (contract, ``websocket-v2.md`` 7.13 to 7.16)."""

from __future__ import annotations

from angarium.actions.claims import NewClaim
from angarium.storage.models import Claim
from angarium_websocket.render.messages import document
from angarium_websocket.render.view import Result, View


def claim_create(result: NewClaim, view: View) -> Result:
    """201 with the messages; 204 if there were none."""
    if not result.messages:
        return Result(204, {"claim_id": None})
    messages = [document(message, view, result.id) for message in result.messages]
    return Result(201, {"claim_id": result.id, "messages": messages})


def claim_get(result: Claim, view: View) -> Result:
    """200 with the claim and what is still in it."""
    messages = [document(message, view, result.id) for message in result.messages]
    return Result(200, {"age": result.age, "ttl": result.ttl, "messages": messages})


def claim_update(result: None, view: View) -> Result:
    """204."""
    return Result(204, f"Claim {view.body['claim_id']} updated.")


def claim_delete(result: None, view: View) -> Result:
    """204."""
    return Result(204, f"Claim {view.body['claim_id']} deleted.")
