"""What goes back over HTTP (contract, ``rest-v2.md`` 1.6 and 1.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.urls import iri_to_uri

from angarium.errors import ApiError, NotAcceptable, Unauthorized

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON: Final = "application/json"
_PATHS: Final = ("Location", "Content-Location")
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._~?=&,:-]*")
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
        for name in _PATHS:
            if name in self.headers and not _PLAIN_PATH.fullmatch(self.headers[name]):
                self.headers[name] = iri_to_uri(self.headers[name])
        headers = list(self.headers.items())
        headers.append(("X-Openstack-Request-Id", request_id))
        if self.status != 204:
            headers.append(("Content-Type", self.content_type))
            headers.append(("Content-Length", str(len(self.body))))
        return _Finished([self.body], self.status, headers)


class _Finished(Response):
    """An answer with all its headers: Flask would go through them again, and add to them."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """As they are."""
        return self.headers


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
