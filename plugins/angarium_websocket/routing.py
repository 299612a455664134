"""Flask and flask-sock as the door uses them: any path, and WebSockets of our own class."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, NoReturn

from flask import Flask, Request, Response, current_app, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed
from werkzeug.routing import MapAdapter
from wsproto.frame_protocol import CloseReason

from angarium_websocket import handshake
from angarium_websocket.connection import Connection, Ending

LOG = logging.getLogger(__name__)

PATH: Final = "/"
_FAILED: Final = Ending(CloseReason.INTERNAL_ERROR, "Internal error.")

View = Callable[[Connection], None]


class OnePathFlask(Flask):
    """Flask with one route for WebSockets and one for everybody else, whatever the path."""

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What chooses between the two, by the header that asks for an upgrade alone."""
        if request is None:
            return super().create_url_adapter(request)
        scheme = "ws" if handshake.is_upgrade(request.environ) else "http"
        return self.url_map.bind("localhost", url_scheme=scheme, path_info=PATH)


class _Left(Response):
    """In place of an answer: the client has left, and there is none in HTTP any more."""

    def __call__(self, *arguments: Any) -> NoReturn:
        """Have gunicorn close the connection, as flask-sock does."""
        raise StopIteration


class ConnectionSock(Sock):  # type: ignore[misc]  # flask-sock has no type hints
    """flask-sock whose views get a :class:`Connection`.

    flask-sock names the class of its sockets in the function that it makes of a view, so that it
    takes another function to have another class. The rest is as it does it: the options in
    ``SOCK_SERVER_OPTIONS``, the route for WebSockets only, and the answer that is none.
    """

    def route(self, path: str) -> Callable[[View], Callable[[], Response]]:
        """Have a view serve the WebSockets on a path of the app."""

        def decorate(view: View) -> Callable[[], Response]:
            @wraps(view)
            def serve() -> Response:
                _serve(view)
                return _Left()

            self.app.add_url_rule(path, view_func=serve, websocket=True)
            return serve

        return decorate


def _serve(view: View) -> None:
    """Serve a client until it has left; it cannot be told of errors in HTTP."""
    try:
        connection = Connection(request.environ, **current_app.config["SOCK_SERVER_OPTIONS"])
    except OSError:  # it has left already
        return
    try:
        view(connection)
    except ConnectionClosed:
        pass
    except Exception:
        LOG.exception("a connection has to be closed")
        connection.end(_FAILED)
    connection.close()
