"""Claims (contract, ``rest-v2.md`` 8)."""

from __future__ import annotations

from angarium.actions.claims import NewClaim
from angarium.storage.models import Claim
from angarium_rest.render.messages import document
from angarium_rest.render.view import View
from angarium_rest.replies import Reply


def claim_create(result: NewClaim, view: View) -> Reply:
    """201 with the messages; 204 if there were none."""
    if not result.messages:
        return Reply(204)
    return Reply.json(
        201,
        {"messages": [document(message, view) for message in result.messages]},
        Location=f"{view.queue}/claims/{result.id}",
    )


def claim_get(result: Claim, view: View) -> Reply:
    """200 with the claim and what is still in it."""
    return Reply.json(
        200,
        {
            "age": result.age,
            "ttl": result.ttl,
            "href": f"{view.queue}/claims/{result.id}",
            "messages": [document(message, view) for message in result.messages],
        },
    )


def claim_update(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)


def claim_delete(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)
