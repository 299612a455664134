"""The WebSocket door as a Flask app: who may come in, and how they are served.

It needs a server that hands over the socket (gunicorn), served by greenlets.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final, NoReturn

from flask import Flask, Response, request
from gevent import threadpool
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason

from angarium.kernel import Kernel
from angarium.logs import event
from angarium_websocket import handshake, options
from angarium_websocket.connection import Connection, Ending, Terms
from angarium_websocket.handshake import Environment, Reply
from angarium_websocket.leaving import Remover
from angarium_websocket.pushing import Channel
from angarium_websocket.routing import PATH, ConnectionSock, OnePathFlask
from angarium_websocket.session import Reception, Session

LOG = logging.getLogger(__name__)

_SHARE: Final = 4  # of the queue of a connection may be pushes that wait for an answer
_CLEARING: Final = 5.0  # seconds, of those that gunicorn leaves a process to stop
_STOPPING: Final = Ending(CloseReason.GOING_AWAY, "The service stops.")


class Door:
    """Lets clients in and serves them.

    :param endpoint: URI of the delivery endpoint, with a slash at the end.
    :param is_local: whether the service listens on a loopback address.
    :ivar terms: of every connection.
    :ivar connections: that are served now.
    :ivar channels: the pushes to each of them, by the id of the connection.
    """

    def __init__(self, kernel: Kernel, endpoint: str, *, is_local: bool) -> None:
        settings = kernel.conf[options.GROUP]
        self._reception = Reception.of(kernel)
        self.terms = _terms(settings)
        self._external_port: int | None = settings.external_port
        self._max_connections: int = settings.max_connections
        self._origins = handshake.Origins(
            settings.allowed_origins, is_open=kernel.identity.open, is_local=is_local
        )
        self._threads = None if kernel.is_cooperative else threadpool.ThreadPool(settings.threads)
        self._is_stopping = False
        self._endpoint = endpoint
        self._remover = Remover(kernel)
        self.connections: set[Connection] = set()
        self.channels: dict[str, Channel] = {}

    def refuse(self) -> Response | None:
        """The answer to a handshake that is refused; None for all others."""
        refusal = self._refuse(request.environ)
        return None if refusal is None else _answer(refusal)

    def serve(self, connection: Connection) -> None:
        """Answer the messages of a client until the connection is closed."""
        self.connections.add(connection)
        channel = Channel(connection, self._endpoint, self.terms.max_send_queue // _SHARE)
        self.channels[channel.id] = channel
        session = Session(self._reception, channel.address)
        event(LOG, logging.DEBUG, "connected", connection=connection.id)
        try:
            with suppress(ConnectionClosed):
                self._converse(connection, session, channel)
            connection.close()  # here, since what is being closed counts among the connections
        finally:
            self.connections.discard(connection)
            del self.channels[channel.id]
            self._remover.remove(session.subscriptions.values())
            event(LOG, logging.DEBUG, "disconnected", connection=connection.id)

    def stop(self) -> None:
        """Let nobody in any more, and end all connections when what is in flight was answered."""
        self._is_stopping = True
        for connection in list(self.connections):
            connection.end(_STOPPING)

    def finish(self) -> None:
        """Wait until what connections leave behind is cleared away, for a while."""
        self._remover.finish(_CLEARING)

    def _refuse(self, environ: Environment) -> Reply | None:
        if not handshake.is_upgrade(environ):
            return None
        refusal = (
            handshake.check_upgrade(environ)
            or handshake.check_port(environ, self._external_port)
            or self._origins.check(environ)
        )
        is_full = 0 < self._max_connections <= len(self.connections)
        return refusal or (handshake.FULL if is_full or self._is_stopping else None)

    def _converse(self, connection: Connection, session: Session, channel: Channel) -> NoReturn:
        while True:
            message = connection.receive()
            channel.hold()
            answer = self._run(session, message)
            connection.live_for(session.lifetime)
            connection.send(answer)
            channel.encoding = session.push_encoding
            channel.release()

    def _run(self, session: Session, message: str | bytes) -> str | bytes:
        is_text = isinstance(message, str)
        raw = message.encode() if isinstance(message, str) else message
        if self._threads is None:
            return session.answer(raw, is_text=is_text)
        answer: str | bytes = self._threads.apply(session.answer, (raw,), {"is_text": is_text})
        return answer


def create_app(door: Door) -> Flask:
    """The door as a Flask app, which is a WSGI callable."""
    app = OnePathFlask("angarium_websocket")
    app.config["SOCK_SERVER_OPTIONS"] = {"terms": door.terms}
    app.before_request(door.refuse)
    app.add_url_rule(PATH, view_func=_show_status, provide_automatic_options=False)
    ConnectionSock(app).route(PATH)(door.serve)
    return app


def _show_status() -> Response:
    return _answer(handshake.STATUS_PAGE)


def _terms(settings: Any) -> Terms:
    return Terms(
        first_message_timeout=settings.first_message_timeout or None,
        ping_interval=settings.ping_interval or None,
        ping_timeout=settings.ping_timeout or None,
        idle_timeout=settings.idle_timeout or None,
        max_message_size=settings.max_message_size,
        max_send_queue=settings.max_send_queue,
    )


def _answer(reply: Reply) -> Response:
    return Response(reply.text, reply.status, reply.headers, mimetype="text/plain")
