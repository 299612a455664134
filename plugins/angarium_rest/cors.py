"""Cross-origin requests; idle until ``[cors] allowed_origin`` is set (``rest-v2.md`` 1.10)."""

from __future__ import annotations

from typing import Final

from flask import Flask, Request, Response, request
from oslo_config import cfg

_SIMPLE_HEADERS: Final = frozenset(
    {"accept", "accept-language", "content-language", "content-type"}
)


class Cors:
    """Adds the headers that let pages of the allowed origins read the answers."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        options = conf.cors
        self._origins = frozenset(options.allowed_origin or ())
        self._credentials = options.allow_credentials
        self._max_age = options.max_age
        self._methods = frozenset(options.allow_methods)
        self._headers = _SIMPLE_HEADERS | {name.lower() for name in options.allow_headers}
        self._exposed = ",".join(options.expose_headers)

    def install(self, app: Flask) -> None:
        """Act on every answer of the app, unless no origin is allowed."""
        if self._origins:
            app.after_request(self._decorate)

    def _decorate(self, response: Response) -> Response:
        origin = request.headers.get("Origin")
        if origin is None or not self._origins & {origin, "*"}:
            return response
        is_preflight = request.method == "OPTIONS"
        if is_preflight and not self._permits(request):
            return response
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = origin if origin in self._origins else "*"
        if self._credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        if not is_preflight:
            headers.add("Vary", "Origin")
            headers["Access-Control-Expose-Headers"] = self._exposed
            return response
        headers["Access-Control-Max-Age"] = str(self._max_age)
        headers["Access-Control-Allow-Methods"] = request.headers["Access-Control-Request-Method"]
        headers["Access-Control-Allow-Headers"] = ",".join(_requested_headers(request))
        return response

    def _permits(self, preflight: Request) -> bool:
        method = preflight.headers.get("Access-Control-Request-Method")
        return method in self._methods and all(
            name.lower() in self._headers for name in _requested_headers(preflight)
        )


def _requested_headers(preflight: Request) -> list[str]:
    text = preflight.headers.get("Access-Control-Request-Headers", "")
    return [name.strip() for name in text.split(",") if name.strip()]
