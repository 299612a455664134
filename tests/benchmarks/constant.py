"""A Flask route that answers a constant, served as angarium-server serves the REST API.

    python -m tests.benchmarks.constant PORT WORKERS THREADS

It reads no body and keeps nothing: what it takes is what Flask and the HTTP server take.
"""

from __future__ import annotations

import multiprocessing
import sys

from flask import Flask, Response
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer

_DOCUMENT = b'{"resources": ["/v2/queues/constant/messages/019f2f8c-7d3b-7c9a-8d6e-3f1b2a4c5d6e"]}'


def load() -> Flask:
    """The application, built in each process."""
    app = Flask("constant")

    @app.post("/v2/queues/<queue>/messages")
    def answer(queue: str) -> Response:
        return Response(_DOCUMENT, 201, content_type="application/json")

    return app


def main() -> None:
    """Serve until a signal comes."""
    port, workers, threads = map(int, sys.argv[1:])
    multiprocessing.set_start_method("spawn")
    server = MPServer(
        "constant",
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=load, wrap_loader=False)


if __name__ == "__main__":
    main()
