"""The Flask app of the REST door: routes from the table of actions, one way through all of them.

The order of the checks is that of the contract (``rest-v2.md`` 1.2).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header

from angarium.actions import table
from angarium.actions.base import Action
from angarium.actions.metadata import display_defaults
from angarium.dispatch import log_failure
from angarium.errors import (
    ApiError,
    InvalidContentType,
    MethodNotAllowed,
    NotAcceptable,
    StoreUnreachable,
    UnknownRoute,
)
from angarium.identity import Identity
from angarium.ids import new_request_id
from angarium.kernel import Kernel
from angarium.logs import event
from angarium.storage.models import Kind
from angarium_rest import options, signed
from angarium_rest.arguments import Environment, Headers, HttpArguments
from angarium_rest.cors import Cors
from angarium_rest.render import RENDERERS
from angarium_rest.render.view import View
from angarium_rest.replies import Reply, refusal
from angarium_rest.routing import PathFlask

LOG = logging.getLogger(__name__)
_NOBODY: Final = Identity(project=None, user_id=None, roles=frozenset())
_ANYTHING_GOES: Final = frozenset({"", "*/*", "application/json"})
_OPEN_PATH: Final = "/"


class Door:
    """Answers the requests of every route."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._dispatcher = kernel.dispatcher
        limits = kernel.services.limits
        self._metadata_defaults = {kind: display_defaults(limits, kind) for kind in Kind}

    def answer(self, route: table.Route | None, path: dict[str, str]) -> Response:
        """Answer a request.

        :param route: None for a path that the API does not have.
        :param path: the parameters of the route.
        """
        request_id = new_request_id()
        environ = request.environ
        try:
            reply = self._reply(route, path, environ, request_id)
        except ApiError as error:
            reply = self._refuse(error, route, request_id)
        except Exception as error:
            reply = refusal(log_failure(request_id, error))
        return reply.to_response(request_id)

    def _reply(
        self,
        route: table.Route | None,
        path: dict[str, str],
        environ: Environment,
        request_id: str,
    ) -> Reply:
        method = environ["REQUEST_METHOD"]  # verbs are case-sensitive
        headers = Headers(environ)
        identity = self._identify(headers, method)
        if route is None:
            raise UnknownRoute
        arguments = HttpArguments(environ)
        _check_media_types(headers, arguments)
        actions = route.actions.get(method)
        action = _choose(actions, arguments) if actions else next(iter(route.actions.values()))[0]
        context = self._dispatcher.admit(
            action, request_id, identity, _api_headers(headers, identity), path
        )
        if method == "OPTIONS":
            return Reply(200, headers={"Allow": ", ".join(route.methods)})
        if actions is None:
            raise MethodNotAllowed
        result = self._dispatcher.perform(action, context, path, arguments)
        kind = action.kind
        view = View(
            kind,
            path,
            arguments.parsed_query,
            environ.get("QUERY_STRING", ""),
            self._metadata_defaults[kind],
        )
        return RENDERERS[action.handler.__name__](result, view)

    def _identify(self, headers: Headers, method: str) -> Identity:
        """Steps 1 and 3: who asks, by signature or by whatever the identity plugin looks at."""
        path = request.path
        if path == _OPEN_PATH:
            return _NOBODY
        services = self._kernel.services
        by_signature = signed.identify(headers, method, path, services.signer, services.clock.now)
        return by_signature or self._kernel.identity.identify(headers)

    @staticmethod
    def _refuse(error: ApiError, route: table.Route | None, request_id: str) -> Reply:
        event(
            LOG,
            logging.WARNING if error.status >= 500 else logging.DEBUG,
            "request refused",
            code=error.code,
            method=request.method,
            route=route.path if route else None,
            reason=error.description,
            request_id=request_id,
        )
        if request.method == "OPTIONS":
            return Reply(200)
        reply = refusal(error)
        if isinstance(error, MethodNotAllowed) and route is not None:
            reply.headers["Allow"] = ", ".join([*route.methods, "OPTIONS"])
        if isinstance(error, StoreUnreachable) and route is not None and route.path == "/v2/ping":
            reply.body = b""
        return reply


def _check_media_types(headers: Headers, arguments: HttpArguments) -> None:
    """Steps 4 and 5."""
    declares_body = arguments.declares_body
    if declares_body:
        content_type = headers.get("content-type", "").lower()
        if content_type == "application/x-www-form-urlencoded":
            raise InvalidContentType
    accept = headers.get("accept", "").strip()
    if accept in _ANYTHING_GOES:
        return
    if not _admits_json(accept):
        raise NotAcceptable


def _admits_json(accept: str) -> bool:
    """Whether the most specific range that covers JSON has a quality above 0.

    Parameters of a range, a charset for example, are no reason to refuse: JSON has none.
    """
    ranges = [
        (text.partition(";")[0].lower(), quality) for text, quality in parse_accept_header(accept)
    ]
    for covering in ("application/json", "application/*", "*/*"):
        qualities = [quality for name, quality in ranges if name == covering]
        if qualities:
            return max(qualities) > 0
    return False


def _choose(actions: tuple[Action, ...], arguments: HttpArguments) -> Action:
    """The action among those of one method: the first whose query parameter is there."""
    if len(actions) == 1:
        return actions[0]
    for action in actions:
        name = action.http.needs_query
        if name is None or arguments.has(name):
            return action
    raise MethodNotAllowed


def _api_headers(headers: Headers, identity: Identity) -> dict[str, str]:
    """The headers that the schemas describe, in their spelling there."""
    found = {"Client-ID": headers.get("client-id"), "X-Project-Id": identity.project}
    return {name: value for name, value in found.items() if value is not None}


def create_app(kernel: Kernel) -> Flask:
    """The REST API as a Flask app, which is a WSGI callable."""
    options.register(kernel.conf)
    app = PathFlask("angarium_rest")
    door = Door(kernel)
    for route in table.routes(kernel.dispatcher.actions.values()):
        # Every method comes here: which one is right is decided after the headers.
        app.add_route(route.path, _view(door, route))

    @app.errorhandler(HTTPException)
    def unknown_route(error: HTTPException) -> Response:
        return door.answer(None, {})

    Cors(kernel.conf).install(app)
    return app


def _view(door: Door, route: table.Route) -> Callable[..., Any]:
    def view(**path: str) -> Response:
        return door.answer(route, path)

    return view
