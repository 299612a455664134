"""gunicorn as the WebSocket door needs it: one process of greenlets that nothing blocks.

Nothing is monkey-patched. The greenlets of connections wait through gevent; all that a request does
runs on threads, where drivers wait as they do everywhere else.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, cast

import gevent
from gevent import socket as gevent_socket
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.ggevent import GeventWorker
from oslo_config import cfg

from angarium import kernel
from angarium.errors import AngariumError
from angarium_websocket.door import Door, create_app
from angarium_websocket.endpoint import Endpoint, EndpointServer

_HANDSHAKE: Final = 5  # seconds (contract, 1)
_GRACE: Final = 15  # seconds for what is in flight when the service stops
_UNLIMITED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Places:
    """Where the service listens. A process that takes the place of a dead one listens there, too.

    :ivar clients: descriptor of the socket on which clients connect, for gunicorn to close.
    :ivar is_local: whether that is a loopback address.
    :ivar internal: the socket of the delivery endpoint.
    :ivar endpoint: the URI of that, with a slash at the end.
    """

    clients: int
    is_local: bool
    internal: socket.socket
    endpoint: str


class Application(BaseApplication):
    """What gunicorn runs.

    :ivar door: what is served, in the process that serves.
    """

    door: Door

    def __init__(self, conf: cfg.ConfigOpts, places: Places) -> None:
        self._conf = conf
        self._places = places
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        settings = {
            "bind": f"fd://{self._places.clients}",
            "workers": 1,
            "worker_class": Worker,
            "worker_connections": _UNLIMITED,  # the door counts them, and refuses with an answer
            "keepalive": _HANDSHAKE,  # gunicorn waits so long for the headers of a request
            "graceful_timeout": _GRACE,
            "logger_class": _Logger,
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:  # not every version has all of them
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the service, in the process that serves."""
        try:
            # Every door has a process at least.
            processes = len(self._conf.drivers.transport) + kernel.delivery_processes(self._conf)
            service = kernel.build(self._conf, processes=processes)
        except (AngariumError, cfg.Error) as error:
            print(f"angarium-server: a server process cannot start: {error}", file=sys.stderr)
            raise SystemExit(Arbiter.APP_LOAD_ERROR) from error
        service.start_companions()
        places = self._places
        self.door = Door(service, places.endpoint, is_local=places.is_local)
        endpoint = Endpoint(self.door.channels, self.door.terms.max_message_size)
        EndpointServer(places.internal, endpoint).start()
        return create_app(self.door)

    def run(self) -> None:
        """Serve until a signal comes.

        :raises SystemExit: always, with gunicorn's status.
        """
        _Arbiter(self).run()


class _Arbiter(Arbiter):
    """Starts the process that serves, and starts another one when it dies."""

    def handle_int(self) -> None:
        """Ctrl-C stops in order, as SIGTERM does; a second one is gunicorn's own business."""
        raise StopIteration


class Worker(GeventWorker):
    """The process that serves."""

    def patch(self) -> None:
        """Make the sockets those of gevent, and leave everything else as it is."""
        listeners: list[Any] = self.sockets
        self.sockets = [
            gevent_socket.socket(each.FAMILY, socket.SOCK_STREAM, fileno=each.sock.detach())
            for each in listeners
        ]

    def init_signals(self) -> None:
        """Leave Ctrl-C, which reaches every process of a terminal, to the parent."""
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def run(self) -> None:
        """Serve until a signal comes, and leave nothing behind."""
        try:
            super().run()
        finally:
            cast(Application, self.app).door.finish()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Close the clients' connections in order, and stop when they are gone."""
        super().handle_exit(sig, frame)
        if self.booted:
            gevent.spawn(cast(Application, self.app).door.stop)


class _Logger(Logger):
    """Hands what gunicorn says to the log of the service."""

    def setup(self, cfg: Any) -> None:
        """Add no handler of its own."""
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True
