"""A running ``angarium-server``: what it says, whom it answers, and how it ends."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli import programs
from tests.cli.programs import HEADERS, WSGI, Program, serving
from tests.plugins.packages import install

MESSAGES = "/v2/queues/q/messages"
POST = '{"messages": [{"ttl": 300, "body": 1}]}'

SLOW = """
import os
import time
from angarium.storage.pipeline import Filter

class Slow(Filter):
    interface_version = 1
    def before(self, call):
        time.sleep(float(os.environ.get("SLOW_SECONDS", "1.5")))
"""

SECOND = """
import pathlib
import signal
from angarium.transport import Transport

class Second(Transport):
    interface_version = 1
    def announce(self):
        return ["second transport"]
    def check(self):
        pass
    def serve(self):
        path = pathlib.Path(self.conf.state_path) / "second"
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        path.write_text("serving")
        signal.sigwait({signal.SIGTERM})
        path.write_text("stopped")

class Failing(Second):
    def serve(self):
        raise SystemExit(3)
"""


@pytest.fixture
def third_party(tmp_path: Path) -> dict[str, str]:
    """Variables under which a slow filter and another transport are installed."""
    site = install(
        tmp_path / "site",
        "third-party",
        {"x_slow": SLOW, "x_second": SECOND},
        {
            "angarium.filters": {"slow": "x_slow:Slow"},
            "angarium.transports": {"second": "x_second:Second", "failing": "x_second:Failing"},
        },
    )
    return {"PYTHONPATH": str(site)}


@pytest.fixture
def slow(tmp_path: Path, third_party: dict[str, str]) -> Iterator[Program]:
    """A server on which a post takes 1.5 seconds."""
    with serving(tmp_path, {"storage": {"message_pipeline": "slow"}}, third_party) as program:
        yield program


def in_background(call: Callable[[], object]) -> Callable[[], object]:
    """Start a call; the function that is returned waits for its result or its error."""
    results: list[object] = []

    def record() -> None:
        try:
            results.append(call())
        except OSError as error:
            results.append(error)

    thread = threading.Thread(target=record)
    thread.start()

    def wait() -> object:
        thread.join(30)
        return results[0]

    return wait


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_commands_that_it_announces_work(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        lines = program.output.splitlines()
        commands = [line for line in lines if line.startswith("  curl ")]
        assert len(commands) == 3
        answers = [
            subprocess.run(
                shlex.split(command), capture_output=True, text=True, check=True, timeout=30
            ).stdout
            for command in commands
        ]
    assert answers[0].startswith("HTTP/1.1 201")
    assert answers[1].startswith("HTTP/1.1 201")
    assert '"event":"hello"' in answers[1]
    assert answers[2].startswith("HTTP/1.1 200")
    assert '"event":"hello"' in answers[2]
    assert str(tmp_path / "angarium.conf") in program.output
    assert str(tmp_path / "state") in program.output


def test_it_says_where_the_stores_are_without_their_passwords() -> None:
    from angarium.cli.server import without_secrets

    assert without_secrets("mysql+pymysql://me:se:cret@db:1/name?password=x") == (
        "mysql+pymysql://me@db:1/name"
    )
    assert without_secrets("sqlite:////var/lib/angarium/x.db") == "sqlite:////var/lib/angarium/x.db"


def test_what_is_in_flight_is_answered(slow: Program) -> None:
    answer = in_background(lambda: slow.send("POST", MESSAGES, POST)[0])
    time.sleep(0.5)
    assert slow.stop() == 0
    assert answer() == 201
    assert "Traceback" not in slow.output


def test_ctrl_c_reaches_all_processes_and_stops_them_in_order(slow: Program) -> None:
    answer = in_background(lambda: slow.send("POST", MESSAGES, POST)[0])
    time.sleep(0.5)
    os.killpg(slow.process.pid, signal.SIGINT)
    assert slow.process.wait(30) == 0
    assert answer() == 201
    assert "ERROR" not in slow.output


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path, third_party: dict[str, str]) -> None:
    options = {"storage": {"message_pipeline": "slow"}}
    with serving(tmp_path, options, {**third_party, "SLOW_SECONDS": "25"}) as slow:
        answer = in_background(lambda: slow.send("POST", MESSAGES, POST)[0])
        time.sleep(0.5)
        os.killpg(slow.process.pid, signal.SIGINT)
        time.sleep(0.5)
        os.killpg(slow.process.pid, signal.SIGINT)
        assert slow.process.wait(10) == 130
        assert isinstance(answer(), OSError)


def test_nobody_keeps_the_port_when_the_parent_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, {WSGI: {"workers": 2}}) as program:
        children = program.children()
        assert len(children) == 2
        program.process.kill()
        program.process.wait()
        wait_until(lambda: not any(map(programs.is_serving, children)))


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        (child,) = program.children()
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: program.children() not in ([], [child]))
        program.wait_until_it_answers()
        assert program.stop() == 0


def test_a_reload_reads_the_configuration_again(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        before = program.children()
        assert program.get("/v2/health")[0] == 404
        with (tmp_path / "angarium.conf").open("a") as file:
            file.write("[DEFAULT]\nadmin_mode = true\n")
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(program.children()) == 1 and program.children() != before)
        wait_until(lambda: program.get("/v2/health", {"X-Roles": "admin"})[0] == 200)
        assert program.get("/v2/health")[0] == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 300),
        ("LocalHost:8888", 300),
        ("127.0.0.1:1", 300),
        ("127.9.9.9", 300),
        ("[::1]:8888", 300),
        ("angarium.localhost", 300),
        ("inside.example.net:8888", 300),
        ("evil.example.net", 400),
        ("localhost.evil.example.net", 400),
        ("192.0.2.1", 400),
        ("", 400),
    ],
)
def test_open_mode_on_loopback_answers_to_its_own_names(
    names: Program, host: str, status: int
) -> None:
    assert names.get("/", {"Host": host})[0] == status


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    options = {WSGI: {"allowed_hosts": "Inside.example.net"}}
    with serving(tmp_path_factory.mktemp("names"), options) as program:
        yield program


@pytest.mark.parametrize("options", [{"allowed_hosts": "*"}, {"bind": "0.0.0.0"}])
def test_any_name_where_the_operator_says_so(tmp_path: Path, options: dict[str, object]) -> None:
    with serving(tmp_path, {WSGI: options}) as program:
        assert program.get("/", {"Host": "any.example.net"})[0] == 300


def test_ipv6(tmp_path: Path) -> None:
    with serving(tmp_path, {WSGI: {"bind": "::1"}}) as program:
        assert program.host == "[::1]"
        assert program.send("POST", MESSAGES, POST)[0] == 201


def half_a_post(program: Program) -> socket.socket:
    connection = socket.create_connection((program.host, program.port), timeout=30)
    head = [f"POST {MESSAGES} HTTP/1.1", f"Host: {program.host}", "Content-Length: 400"]
    head += [f"{name}: {value}" for name, value in HEADERS.items()]
    connection.sendall("\r\n".join([*head, "", POST]).encode())
    return connection


def test_half_sent_bodies_hold_nobody_up_for_long(tmp_path: Path) -> None:
    with serving(tmp_path, {WSGI: {"body_timeout": 1, "threads": 2}}) as program:
        silent = [half_a_post(program) for _ in range(6)]
        time.sleep(0.2)
        began = time.monotonic()
        assert program.get("/")[0] == 300
        assert time.monotonic() - began < 10
        answers = [connection.recv(1000) for connection in silent]
        assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 400 Bad Request"] * 6
        assert program.get("/v2/queues") == (200, b'{"queues":[],"links":[]}')
        for connection in silent:
            connection.close()


def test_a_slow_operation_is_no_silence(tmp_path: Path, third_party: dict[str, str]) -> None:
    options = {WSGI: {"body_timeout": 1}, "storage": {"message_pipeline": "slow"}}
    with serving(tmp_path, options, third_party) as program:
        assert program.send("POST", MESSAGES, POST)[0] == 201


def test_several_transports_run_beside_each_other(
    tmp_path: Path, third_party: dict[str, str]
) -> None:
    options = {"drivers": {"transport": "wsgi,second"}}
    mark = tmp_path / "state" / "second"
    with serving(tmp_path, options, third_party, arguments=()) as program:
        assert "second transport" in program.output
        wait_until(lambda: mark.exists() and mark.read_text() == "serving")
        assert program.send("POST", MESSAGES, POST)[0] == 201
        assert program.stop() == 0
    assert mark.read_text() == "stopped"


def test_if_one_transport_ends_all_do(tmp_path: Path, third_party: dict[str, str]) -> None:
    path = programs.write(tmp_path, {"drivers": {"transport": "wsgi,failing"}, WSGI: {"port": 0}})
    done = programs.run("angarium-server", "--config-file", path, variables=third_party)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "angarium-server: failing ended, so everything was stopped"
    )


def test_admin_mode_on_the_command_line(tmp_path: Path) -> None:
    variables = {"ANGARIUM_DEFAULT__ADMIN_MODE": "true"}
    with serving(tmp_path, variables=variables) as program:
        assert program.get("/v2/health", {"X-Roles": "admin"})[0] == 200


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        assert program.send("POST", MESSAGES, POST)[0] == 201
        assert program.stop(signal.SIGINT) == 0
    with serving(tmp_path) as program:
        status, body = program.get(f"{MESSAGES}?echo=true")
    assert status == 200
    assert body.count(b'"body":1') == 1


def test_variables_of_the_process_are_no_headers(tmp_path: Path) -> None:
    with serving(tmp_path, {}, {"HTTP_ACCEPT": "text/html", "CONTENT_LENGTH": "7"}) as program:
        assert program.get("/v2/queues")[0] == 200
