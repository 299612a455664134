"""The REST door as a transport: one Granian server with several processes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer
from oslo_config import cfg

from angarium.config.loading import check_values
from angarium.listening import Listener
from angarium.processes import FORCED, hear_signals
from angarium.transport import Transport
from angarium_rest import options, worker

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
        self._listener = Listener.choose(options.GROUP, self._options.bind, self._options.port)

    @property
    def processes(self) -> int:
        """The workers."""
        workers: int = self._options.workers
        return workers

    @property
    def url(self) -> str:
        """Where the API begins, without a slash at the end."""
        return f"http://{self._listener.authority}"

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
        """Try the port, as Granian would share a taken one without a word."""
        self._listener.check()

    def serve(self) -> None:
        """Run Granian's main process until a signal comes."""
        hear_signals()
        # Its processes must not inherit threads and connections of this one.
        multiprocessing.set_start_method("spawn", force=True)
        server = _Server(
            "angarium",
            address=self._listener.address,
            port=self._listener.port,
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
        listener = self._listener
        load = partial(worker.load, self.arguments, listener.address, listener.port)
        server.serve(target_loader=load, wrap_loader=False)
        if server.was_forced:
            raise SystemExit(FORCED)


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
