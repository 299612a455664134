"""The REST API as a WSGI callable, under a server that is not ours."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli import programs
from tests.cli.programs import HEADERS

SERVER = """
import os
from wsgiref.simple_server import make_server
from angarium_rest.wsgi import application

server = make_server("127.0.0.1", 0, application)
print(server.server_port, flush=True)
if os.fork() == 0:
    server.serve_forever()
os.wait()
"""


def start(config_file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=programs.environment({"ANGARIUM_CONFIG_FILE": str(config_file)}),
        process_group=0,
    )


def test_it_serves_after_a_fork_and_under_any_name(tmp_path: Path) -> None:
    path = programs.write(tmp_path, {"transport": {"max_claim_ttl": 600}})
    process = start(path)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {**HEADERS, "Host": "messages.example.net"}
        connection.request("POST", "/v2/queues/q/claims", '{"ttl": 601, "grace": 60}', headers)
        answer = connection.getresponse()
        assert (answer.status, b"600" in answer.read()) == (400, True)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_mistake_ends_the_import_in_one_line(tmp_path: Path) -> None:
    path = programs.write(tmp_path, {"drivers": {"message_store": "nonsense"}})
    process = start(path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    assert err.startswith("angarium: [drivers] message_store")
    assert err.count("\n") == 1
