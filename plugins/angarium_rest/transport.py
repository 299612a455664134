"""The REST door as a transport: one Granian server with several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer
from oslo_config import cfg

from angarium.config.environment import variable
from angarium.config.loading import check_values
from angarium.errors import StartError
from angarium.processes import hear_signals
from angarium.transport import Transport
from angarium_rest import options, worker

_FORCED: Final = 128 + signal.SIGINT  # what a shell shows for a process ended by Ctrl-C
_STOP_GRACE: Final = 5  # seconds on top of body_timeout for what is in flight
_LOGGERS: Final = {"handlers": [], "propagate": True}
_LOG_CONFIG: Final = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": _LOGGERS, "granian.access": _LOGGERS},
}


class RestTransport(Transport):
    """The REST API over HTTP/1.1, configured by ``[drivers:transport:wsgi]``."""

    interface_version = 1

    def __init__(self, conf: cfg.ConfigOpts, arguments: Sequence[str]) -> None:
        super().__init__(conf, arguments)
        options.register(conf)
        check_values(conf)
        self._options = conf[options.GROUP]
        self._address = _resolve(self._options.bind)
        self._port = self._options.port or _choose_port(self._address)

    @property
    def processes(self) -> int:
        """The workers."""
        workers: int = self._options.workers
        return workers

    @property
    def url(self) -> str:
        """Where the API begins, without a slash at the end."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"http://{host}:{self._port}"

    def announce(self) -> list[str]:
        """The address, and three commands that post, claim and list."""
        queue = f"{self.url}/v2/queues/demo"
        headers = (
            '-H "Client-ID: 3381af92-2b9e-11e3-b191-71861300734c" -H "X-Project-Id: demo" '
            '-H "Content-Type: application/json"'
        )
        message = """'{"messages": [{"ttl": 300, "body": {"event": "hello"}}]}'"""
        size = f"{self._options.workers} processes of {self._options.threads} threads"
        return [
            f"REST API on {self.url}/v2/ ({size}). Try:",
            f"  curl -i -X POST {headers} -d {message} {queue}/messages",
            f'  curl -i -X POST {headers} -d \'{{"ttl": 300, "grace": 60}}\' {queue}/claims',
            f"  curl -i {headers} '{queue}/messages?echo=true&include_claimed=true'",
        ]

    def check(self) -> None:
        """Bind the port for a moment, as Granian would share a taken one without a word."""
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._address, self._port))
                probe.listen(1)
            except OSError as error:
                raise StartError(
                    f"[{options.GROUP}] cannot listen on {self._address} port {self._port}: "
                    f"{error.strerror}; stop what uses the port, or change bind or port"
                ) from error

    def serve(self) -> None:
        """Run Granian's main process until a signal comes."""
        hear_signals()
        # Its processes must not inherit threads and connections of this one.
        multiprocessing.set_start_method("spawn", force=True)
        server = _Server(
            "angarium",
            address=self._address,
            port=self._port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,
            websockets=False,
            workers=self._options.workers,
            blocking_threads=self._options.threads,
            respawn_failed_workers=True,
            workers_kill_timeout=int(self._options.body_timeout) + _STOP_GRACE,
            log_level=LogLevels.error,
            log_dictconfig=_LOG_CONFIG,
        )
        load = partial(worker.load, self.arguments, self._address, self._port)
        server.serve(target_loader=load, wrap_loader=False)
        if server.was_forced:
            raise SystemExit(_FORCED)


class _Server(MPServer):
    """Granian, with a way out when somebody presses Ctrl-C a second time."""

    was_forced = False

    def signal_handler_interrupt(
        self, signum: int = signal.SIGINT, frame: FrameType | None = None, **_: Any
    ) -> None:
        """Stop gracefully the first time; after that, end what is still running."""
        if self.interrupt_signal:
            self.was_forced = True
            for process in self.wrks:
                process.kill()
        self.interrupt_signal = True
        self.main_loop_interrupt.set()


def _resolve(host: str) -> str:
    """A name as the address that Granian needs."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise StartError(
            f"[{options.GROUP}] bind = {host} is no address of this machine: {error.strerror}"
        ) from error
    return str(found[0][4][0])


def _choose_port(address: str) -> int:
    """Any free port, for all processes of this service."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
    os.environ[variable(options.GROUP, "port")] = str(port)
    return port
