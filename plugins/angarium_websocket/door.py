"""The WebSocket door as a WSGI callable: who may come in, and where they are served.

It needs a server that hands over the socket (gunicorn), served by greenlets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from gevent import threadpool
from wsproto.frame_protocol import CloseReason, Opcode

from angarium.kernel import Kernel
from angarium.logs import event
from angarium_websocket import handshake, options
from angarium_websocket.connection import Connection, Ending, Terms
from angarium_websocket.handshake import Environment, Reply
from angarium_websocket.inbox import Incoming
from angarium_websocket.session import Reception, Session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

LOG = logging.getLogger(__name__)

_STOPPING: Final = Ending(CloseReason.GOING_AWAY, "The service stops.")


class Door:
    """Lets clients in and serves them.

    :param is_local: whether the service listens on a loopback address.
    """

    def __init__(self, kernel: Kernel, *, is_local: bool) -> None:
        settings = kernel.conf[options.GROUP]
        self._reception = Reception.of(kernel)
        self._terms = _terms(settings)
        self._external_port: int | None = settings.external_port
        self._max_connections: int = settings.max_connections
        self._origins = handshake.Origins(
            settings.allowed_origins, is_open=kernel.identity.open, is_local=is_local
        )
        self._threads = None if kernel.is_cooperative else threadpool.ThreadPool(settings.threads)
        self._is_stopping = False
        self.connections: set[Connection] = set()

    def __call__(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a client until it leaves, or refuse it.

        :raises StopIteration: when it has left: there is no answer in HTTP any more.
        """
        refusal = self._refuse(environ)
        if refusal is not None:
            return _answer(refusal, start_response)
        self._serve(environ)
        raise StopIteration

    def stop(self) -> None:
        """Let nobody in any more, and end all connections when what is in flight was answered."""
        self._is_stopping = True
        for connection in list(self.connections):
            connection.end(_STOPPING)

    def _refuse(self, environ: Environment) -> Reply | None:
        if not handshake.is_upgrade(environ):
            return handshake.STATUS_PAGE
        refusal = (
            handshake.check_upgrade(environ)
            or handshake.check_port(environ, self._external_port)
            or self._origins.check(environ)
        )
        is_full = 0 < self._max_connections <= len(self.connections)
        return refusal or (handshake.FULL if is_full or self._is_stopping else None)

    def _serve(self, environ: Environment) -> None:
        sock = environ["gunicorn.socket"]
        session = Session(self._reception)

        def answer(connection: Connection, incoming: Incoming) -> str | bytes:
            payload = self._run(session, incoming)
            connection.live_for(session.lifetime)
            return payload

        connection = Connection(sock, self._terms, answer)
        self.connections.add(connection)
        event(LOG, logging.DEBUG, "connected", connection=connection.id)
        try:
            sock.sendall(handshake.acceptance(environ))
            connection.run()
        finally:
            self.connections.discard(connection)
            event(LOG, logging.DEBUG, "disconnected", connection=connection.id)

    def _run(self, session: Session, incoming: Incoming) -> str | bytes:
        is_text = incoming.opcode is Opcode.TEXT
        if self._threads is None:
            return session.answer(incoming.payload, is_text=is_text)
        payload: str | bytes = self._threads.apply(
            session.answer, (incoming.payload,), {"is_text": is_text}
        )
        return payload


def _terms(settings: Any) -> Terms:
    return Terms(
        first_message_timeout=settings.first_message_timeout or None,
        ping_interval=settings.ping_interval or None,
        ping_timeout=settings.ping_timeout or None,
        idle_timeout=settings.idle_timeout or None,
        max_message_size=settings.max_message_size,
        max_send_queue=settings.max_send_queue,
    )


def _answer(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    body = reply.text.encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        *reply.headers.items(),
    ]
    start_response(reply.status, headers)
    return [body]
