"""What one server process does before it serves: build a kernel of its own and its companions."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from oslo_config import cfg

from angarium import config, kernel, logs
from angarium.errors import AngariumError
from angarium.hosts import is_loopback
from angarium.processes import follow_parent, hear_signals
from angarium_rest import options
from angarium_rest.app import create_app
from angarium_rest.hosts import HostCheck
from angarium_rest.leftovers import Leftovers
from angarium_rest.silence import SilenceWatch

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_REQUEST_VARIABLES: Final = frozenset({"CONTENT_LENGTH", "CONTENT_TYPE", "QUERY_STRING"})


def load(arguments: Sequence[str], address: str, port: int) -> WSGIApplication:
    """Build the application in a new process; ends the process when that fails.

    :param arguments: command-line arguments, as for :func:`angarium.config.load`.
    :param address: the address that is listened on, and ``port``.
    """
    # Ctrl-C reaches every process of a terminal; only the parent knows how to stop in order.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    hear_signals()
    follow_parent()
    _forget_request_variables()
    try:
        return _build(arguments, address, port)
    except (AngariumError, cfg.Error) as error:
        print(f"angarium-server: a server process cannot start: {error}", file=sys.stderr)
        raise SystemExit(1) from error


def _forget_request_variables() -> None:
    """Drop variables that look like parts of a request.

    Granian starts every request's environment from that of the process, so that a variable
    ``HTTP_X_ROLES`` would be taken for a header of each request that has none.
    """
    for name in list(os.environ):
        if name.startswith("HTTP_") or name in _REQUEST_VARIABLES:
            del os.environ[name]


def _build(arguments: Sequence[str], address: str, port: int) -> WSGIApplication:
    conf = config.load(arguments)
    logs.setup(conf)
    options.register(conf)
    server = conf[options.GROUP]
    others = len(conf.drivers.transport) - 1 + kernel.delivery_processes(conf)
    service = kernel.build(conf, processes=server.workers + others)
    service.start_companions()
    application: WSGIApplication = create_app(service).wsgi_app
    if service.identity.open and is_loopback(address):
        application = HostCheck(application, server.allowed_hosts)
    watched = SilenceWatch(Leftovers(application), port, server.body_timeout)
    watched.start()
    return watched
