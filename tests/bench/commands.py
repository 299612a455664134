"""``angarium bench`` as a process, and small servers for it to meet."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.cli import programs

QUICK = ("--seconds", "0.1", "--rounds", "2", "--connections", "2", "--workers", "1")


def bench(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return programs.run("angarium", "bench", *QUICK, *arguments, variables=variables)


def result(path: Path) -> dict[str, Any]:
    """What ``--json`` wrote."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Run it in the background, with standard error line by line."""
    return subprocess.Popen(
        [programs.BIN / "angarium", "bench", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=programs.environment({"PYTHONUNBUFFERED": "1"}),
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], beginning: str) -> None:
    """Read standard error up to the line that begins so."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(beginning):
            return
    raise AssertionError(f"no line began with {beginning!r}")


@contextmanager
def answering(status: int, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that gives every request the same answer; its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_DELETE(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
