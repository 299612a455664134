"""How errors look in messages (contract, ``websocket-v2.md`` 6 and 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from angarium.errors import ApiError, ClaimNotFound, Forbidden, InternalError, InvalidBody
from angarium.validation.wording import printable
from angarium_websocket.render.view import Result

NOT_AUTHENTICATED: Final = Result(403, {"error": "Not authentified."})
AUTHENTICATED: Final = Result(200, {"message": "Authentified."})
_CLAIM_TITLE: Final = "Unable to delete"


def malformed(text: str) -> Result:
    """The answer to what is no request."""
    return Result(400, {"error": text})


def unavailable(action: str) -> Result:
    """The answer to a valid name that nothing executes."""
    return Result(501, {"error": f"{action} is not available over a WebSocket here; use HTTP."})


def not_authenticated_by(error: ApiError) -> Result:
    """The answer to a token that is not accepted, or that nobody could look at."""
    return Result(error.status, {"error": "Authentication failed."})


def refusal(error: ApiError, body: Mapping[str, Any], renamed: Mapping[str, str]) -> Result:
    """The answer for an error of an action.

    :param body: the arguments.
    :param renamed: what is called otherwise in HTTP, whose names the error uses.
    """
    described = error.description or error.title
    for name, shown in renamed.items():
        described = re.sub(rf"\b{name}\b", shown, described)
    if isinstance(error, Forbidden):
        return Result(error.status, {"error": described})
    if isinstance(error, InternalError):
        return Result(error.status, {"exception": described, "error": "Unexpected error."})
    if isinstance(error, InvalidBody):
        return Result(error.status, {"exception": f"Bad request. {described}", "error": None})
    return Result(error.status, {"exception": described, "error": _summary(error, described, body)})


def _summary(error: ApiError, described: str, body: Mapping[str, Any]) -> str:
    if isinstance(error, ClaimNotFound):
        return f"Claim {printable(body.get('claim_id'))} does not exist."
    if error.title == _CLAIM_TITLE:
        return f"{error.title}: {described}"
    return error.title
