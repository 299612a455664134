"""Serves an application for comparison, as ``angarium-server`` serves the REST API.

    python -m angarium.bench.serve MODULE:ATTRIBUTE PORT WORKERS THREADS

The attribute is a function that gets one URL, that of its back end, and returns a WSGI callable.
The URL comes from the environment, as it may hold a password.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from functools import partial
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from angarium.processes import follow_parent, hear_signals

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

URL_VARIABLE = "ANGARIUM_BENCH_URL"


def load(target: str) -> WSGIApplication:
    """The application, built in each process."""
    hear_signals()
    follow_parent()
    application: WSGIApplication = EntryPoint("app", target, "").load()(os.environ[URL_VARIABLE])
    return application


def main() -> None:
    """Serve until a signal comes."""
    target, port, workers, threads = sys.argv[1:]
    hear_signals()
    multiprocessing.set_start_method("spawn")
    server = MPServer(
        "app",
        port=int(port),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=int(workers),
        blocking_threads=int(threads),
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(load, target), wrap_loader=False)


if __name__ == "__main__":
    main()
