"""The internal delivery endpoint: where the service hands over what is to be pushed.

Contract: ``websocket-v2.md`` 10. It listens in the process that has the connections, for the other
processes of the service.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import gevent
from gevent import pywsgi
from gevent import socket as gevent_socket

from angarium import codec
from angarium.errors import InvalidBody
from angarium.notifications import proof
from angarium_websocket.pushing import Channel

LOG = logging.getLogger(__name__)

_PATIENCE: Final = 120.0  # seconds for the next bytes of a request, and between two requests
_MOST: Final = 1000  # connections of the service's processes
_PROOF: Final = "HTTP_" + proof.HEADER.upper().replace("-", "_")


class Endpoint:
    """A WSGI callable that pushes what is posted to the path of a connection.

    :param channels: of all connections, by id.
    :param max_size: bytes of a document.
    """

    def __init__(self, channels: Mapping[str, Channel], max_size: int) -> None:
        self._channels = channels
        self._max_size = max_size

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
    ) -> tuple[bytes, ...]:
        """Answer with a status alone."""
        headers = [("Content-Length", "0")]
        try:
            status = self._take(environ)
        except OSError:  # the body ends early
            status = "400 Bad Request"
            headers.append(("Connection", "close"))
        start_response(status, headers)
        return ()

    def _take(self, environ: Mapping[str, Any]) -> str:
        if environ["REQUEST_METHOD"] != "POST":
            return "405 Method Not Allowed"
        connection_id = environ["PATH_INFO"].removeprefix("/")
        size = _size(environ)
        if not connection_id or not size:
            return "400 Bad Request"
        if size > self._max_size:
            return "413 Content Too Large"
        if connection_id not in self._channels:
            return "404 Not Found"
        return self._hand_over(connection_id, environ["wsgi.input"].read(size), environ)

    def _hand_over(self, connection_id: str, body: bytes, environ: Mapping[str, Any]) -> str:
        channel = self._channels.get(connection_id)
        if channel is None:  # it ended while the body came
            return "404 Not Found"
        presented, now = environ.get(_PROOF, ""), int(time.time())
        if not proof.verify(presented, channel.address.secret, channel.id, body, now):
            return "403 Forbidden"
        try:
            codec.decode(body)
        except InvalidBody:
            return "400 Bad Request"
        is_queued = channel.push(body)
        gevent.sleep(0)  # a busy poster must not keep the queue from being written
        return "200 OK" if is_queued else "404 Not Found"


def _size(environ: Mapping[str, Any]) -> int | None:
    """The Content-Length, if it tells how long the body is."""
    stated = environ.get("CONTENT_LENGTH") or ""
    is_usable = stated.isascii() and stated.isdigit() and "HTTP_TRANSFER_ENCODING" not in environ
    return int(stated) if is_usable else None


class EndpointServer(pywsgi.WSGIServer):
    """Serves an endpoint in greenlets.

    :param listening: the socket, which is closed with the server.
    """

    def __init__(self, listening: socket.socket, endpoint: Endpoint) -> None:
        listener = gevent_socket.socket(
            listening.family, socket.SOCK_STREAM, fileno=listening.detach()
        )
        listener.setblocking(False)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
        super().__init__(listener, endpoint, spawn=_MOST, log=None, error_log=LOG)

    def handle(self, sock: gevent_socket.socket, address: Any) -> None:
        """Serve a connection until it is silent for too long."""
        sock.settimeout(_PATIENCE)
        super().handle(sock, address)
