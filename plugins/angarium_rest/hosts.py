"""Whose name a request calls: keeps web pages away from a service in open mode on loopback.

A page can make its own name resolve to 127.0.0.1 and then talk to whatever listens there as if it
were its own server (DNS rebinding). Its requests carry that name as their Host.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from angarium.errors import InvalidHeader
from angarium.hosts import is_loopback, without_port
from angarium.ids import new_request_id
from angarium_rest.replies import refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class HostCheck:
    """WSGI middleware that refuses requests made under a foreign name.

    :param allowed: names beside the loopback ones; ``*`` for any.
    """

    def __init__(self, app: WSGIApplication, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed)
        self._passed = ""  # clients of one service mostly use one spelling of its name

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on, or answer 400."""
        host = environ.get("HTTP_HOST", "")
        if host != self._passed:
            if not self._allows(without_port(host)):
                return self._refuse(environ, start_response)
            self._passed = host
        return self._app(environ, start_response)

    def _allows(self, name: str) -> bool:
        return "*" in self._allowed or name.lower() in self._allowed or is_loopback(name)

    @staticmethod
    def _refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        error = InvalidHeader(
            "The Host header names another machine. This service listens on a loopback address "
            "without authentication; its operator can allow the name in "
            "[drivers:transport:wsgi] allowed_hosts."
        )
        return refusal(error).to_response(new_request_id())(environ, start_response)
