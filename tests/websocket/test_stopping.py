"""How the service starts, stops and survives (``websocket-v2.md`` 11)."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from angarium.testing import effort
from tests.cli import programs
from tests.servers import BOTH_DOORS, Server, ServerPark
from tests.websocket.client import TIMEOUT, Client, connected

WEBSOCKET = "drivers:transport:websocket"


@pytest.fixture
def own(park: ServerPark, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of this test's own, with both doors."""
    server = park.make("sqlite", f"own-{request.node.name}", BOTH_DOORS)
    server.start()
    yield server
    if server.is_running:
        server.kill()


def socket_port(server: Server) -> int:
    assert server.socket_port is not None
    return server.socket_port


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_client_is_told_that_the_service_stops(own: Server) -> None:
    count = effort.scaled(300, 3000)
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(socket_port(own))) for _ in range(10)]
        busy, headers = clients[0], Client(clients[0]).headers
        for _ in range(count):
            messages = [{"body": 1}]
            body = {"queue_name": "q", "messages": messages}
            busy.send(json.dumps({"action": "message_post", "headers": headers, "body": body}))
        busy.recv(TIMEOUT)
        own.process.send_signal(signal.SIGTERM)
        answered = 1 + replies_until_the_end(busy)
        assert [replies_until_the_end(client) for client in clients[1:]] == [0] * 9
    assert own.wait() == 0
    own.start()
    with connected(socket_port(own)) as connection:
        client = Client(connection)
        client.headers = headers
        stats = client.ask("queue_get_stats", queue_name="q").ok(200)
    assert stats["messages"]["total"] == answered, "what was carried out was answered"


def replies_until_the_end(client: ClientConnection) -> int:
    """How many messages come before the service says that it stops."""
    count = 0
    with suppress(ConnectionClosed):
        while True:
            client.recv(TIMEOUT)
            count += 1
    assert client.close_code == 1001
    return count


def serving_process(server: Server) -> psutil.Process:
    """The process that has the WebSocket connections."""
    leaves = [
        process
        for process in psutil.Process(server.process.pid).children(recursive=True)
        if not process.children()
    ]
    [found] = [
        process
        for process in leaves
        if any(
            each.laddr and each.laddr.port == socket_port(server)
            for each in process.net_connections()
        )
    ]
    return found


def test_a_killed_process_is_replaced_and_nothing_is_left_of_a_killed_service(own: Server) -> None:
    killed = serving_process(own)
    with connected(socket_port(own)) as connection:
        Client(connection).ask("queue_list").ok(200)
        killed.kill()
        with pytest.raises(ConnectionClosed):
            connection.recv(TIMEOUT)
    until(own.answers)
    with connected(socket_port(own)) as connection:
        Client(connection).ask("queue_list").ok(200)
    processes = psutil.Process(own.process.pid).children(recursive=True)
    os.kill(own.process.pid, signal.SIGKILL)
    own.process.wait()
    until(lambda: not any(process.is_running() for process in processes))
    own.kill()


def test_it_serves_alone(park: ServerPark, tmp_path: Path) -> None:
    options = {"drivers": {"transport": "websocket"}, WEBSOCKET: {"port": 0}}
    with (tmp_path / "output").open("w") as output:
        process = programs.start(programs.write(tmp_path, options), output)
    try:
        until(lambda: "WebSocket API on ws://" in (tmp_path / "output").read_text())
        text = (tmp_path / "output").read_text()
        port = int(text.split("ws://127.0.0.1:")[1].split("/")[0])
        until(lambda: programs.listens(port))
        with connected(port) as connection:
            told = json.loads(text.split("\n  ")[1].splitlines()[0])
            assert Client(connection).send(told).ok(200) == {"messages": []}
            process.send_signal(signal.SIGINT)
            with pytest.raises(ConnectionClosed):
                connection.recv(TIMEOUT)
        assert process.wait(TIMEOUT) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("transport", ["websocket", "wsgi, websocket"])
def test_a_taken_port_is_one_line(tmp_path: Path, port: int, transport: str) -> None:
    options = {
        "drivers": {"transport": transport},
        WEBSOCKET: {"port": port},
        programs.WSGI: {"port": 0},
    }
    done = programs.run("angarium-server", "--config-file", programs.write(tmp_path, options))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert f"[{WEBSOCKET}] cannot listen on 127.0.0.1 port {port}" in line


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("max_message_size", 262144, "max_messages_post_size"),
        ("bind", "no.such.host.invalid", "bind"),
        ("ping_interval", -1, "ping_interval"),
        ("max_send_queue", 0, "max_send_queue"),
    ],
)
def test_what_makes_no_sense_stops_the_start(
    tmp_path: Path, option: str, value: object, said: str
) -> None:
    options = {"drivers": {"transport": "websocket"}, WEBSOCKET: {"port": 0, option: value}}
    done = programs.run("angarium-server", "--config-file", programs.write(tmp_path, options))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert said in line
