"""What goes back over HTTP (contract, ``rest-v2.md`` 1.6 and 1.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from flask import Response

from angarium.errors import ApiError, NotAcceptable, Unauthorized

JSON: Final = "application/json"
_ACCEPT_HELP: Final = {
    "text": "The Accept header field",
    "href": "https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1",
    "rel": "help",
}


@dataclass(slots=True)
class Reply:
    """An answer on its way out.

    :ivar body: JSON in UTF-8; empty where the status says all.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON

    @classmethod
    def json(cls, status: int, document: Any, **headers: str) -> Reply:
        """An answer with a document; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, orjson.dumps(document), named)

    def to_response(self, request_id: str) -> Response:
        """The answer as Flask sends it."""
        response = Response(self.body, self.status, self.headers, content_type=self.content_type)
        if self.status == 204:
            response.headers.remove("Content-Type")
        response.headers["X-Openstack-Request-Id"] = request_id
        return response


def refusal(error: ApiError) -> Reply:
    """The answer for an error."""
    if isinstance(error, Unauthorized):
        return _unauthorized(error)
    document: dict[str, Any] = {"title": error.title}
    if error.description is not None:
        document["description"] = error.description
    if isinstance(error, NotAcceptable):
        document["link"] = _ACCEPT_HELP
    reply = Reply.json(error.status, document, Vary="Accept")
    if error.retry_after is not None:
        reply.headers["Retry-After"] = str(error.retry_after)
    return reply


def _unauthorized(error: Unauthorized) -> Reply:
    """The one error with a shape of its own (``rest-v2.md`` 1.8)."""
    document = {"error": {"code": error.status, "title": error.title, "message": error.description}}
    reply = Reply.json(error.status, document, Vary="Accept")
    reply.content_type = f"{JSON}; charset=UTF-8"
    return reply
