"""What makes it wrong to start: one clear line, exit status not 0, no traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli import programs
from tests.plugins.packages import install

FAILURES: dict[str, tuple[programs.Options, list[str]]] = {
    "wrong message store": (
        {"drivers": {"message_store": "nonsense"}},
        ["[drivers] message_store", "'nonsense'", "angarium.storage.data", "sqlalchemy (angarium "],
    ),
    "wrong management store": (
        {"drivers": {"management_store": "nonsense"}},
        ["[drivers] management_store", "'nonsense'", "angarium.storage.control"],
    ),
    "wrong transport": (
        {"drivers": {"transport": "wsgi,nonsense"}},
        ["[drivers] transport", "'nonsense'", "wsgi (angarium "],
    ),
    "wrong auth strategy": (
        {"DEFAULT": {"auth_strategy": "nonsense"}},
        ["[DEFAULT] auth_strategy", "'nonsense'", "noauth (angarium "],
    ),
    "wrong filter": (
        {"storage": {"claim_pipeline": "audit,nonsense"}},
        ["[storage] claim_pipeline", "'nonsense'", "audit (angarium "],
    ),
    "broken plugin": (
        {"drivers": {"message_store": "broken"}},
        ["[drivers] message_store", "third-party 1.0", "ModuleNotFoundError: No module named 'x_y"],
    ),
    "default above its limit": (
        {"transport": {"max_message_ttl": 600}},
        ["default_message_ttl = 3600", "max_message_ttl = 600"],
    ),
    "bad value": ({"transport": {"max_claim_ttl": "long"}}, ["max_claim_ttl", "'long'"]),
    "bad value of a plugin": ({programs.WSGI: {"workers": "many"}}, ["workers", "'many'"]),
    "bad value in another group": ({"cors": {"max_age": "old"}}, ["[cors]", "max_age", "'old'"]),
    "unreachable store": (
        {
            "drivers:message_store:sqlalchemy": {
                "uri": "postgresql+psycopg://me:pa55word@127.0.0.1:1/angarium"
            }
        },
        ["does not answer", "127.0.0.1:1/angarium"],
    ),
    "store of one process for several": (
        {"drivers": {"message_store": "memory"}, programs.WSGI: {"workers": 2}},
        ["memory://angarium", "each of 2 would have one of its own", "workers = 1"],
    ),
    "store of one process for two doors": (
        {
            "drivers": {
                "transport": "wsgi, websocket",
                "message_store": "memory",
                "management_store": "memory",
            },
            programs.WSGI: {"workers": 1, "port": 0},
            "drivers:transport:websocket": {"port": 0},
        },
        ["memory://angarium", "transport = wsgi", "workers = 1"],
    ),
    "delivery endpoint that nobody can be told of": (
        {
            "drivers": {"transport": "websocket"},
            "drivers:transport:websocket": {"notification_bind": "0.0.0.0", "port": 0},
        },
        ["[drivers:transport:websocket]", "notification_bind = 0.0.0.0"],
    ),
    "delivery endpoint on a foreign address": (
        {
            "drivers": {"transport": "websocket"},
            "drivers:transport:websocket": {"notification_bind": "192.0.2.1", "port": 0},
        },
        ["192.0.2.1", "change notification_bind or notification_port"],
    ),
    "foreign address": ({programs.WSGI: {"bind": "192.0.2.1"}}, [programs.WSGI, "192.0.2.1"]),
    "unknown host": ({programs.WSGI: {"bind": "nowhere.invalid"}}, ["nowhere.invalid"]),
    "missing policy file": (
        {"oslo_policy": {"policy_file": "/nowhere/policy.yaml"}},
        ["policy_file", "/nowhere/policy.yaml"],
    ),
    "state path": ({"DEFAULT": {"state_path": "/proc/nowhere"}}, ["state_path", "/proc/nowhere"]),
    "log file": ({"DEFAULT": {"log_file": "/proc/nowhere/log"}}, ["logging", "/proc/nowhere"]),
    "encryption": ({"transport": {"message_encryption_key": "pa55word"}}, ["message_encryption"]),
}


def refusal(directory: Path, options: programs.Options) -> str:
    site = install(
        directory / "site",
        "third-party",
        {"x_broken": "import x_y_z"},
        {"angarium.storage.data": {"broken": "x_broken:Driver"}},
    )
    done = programs.run(
        "angarium-server",
        "--config-file",
        programs.write(directory, options),
        variables={"PYTHONPATH": str(site)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("angarium-server: ")
    assert "Traceback" not in done.stderr
    assert "pa55word" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("name", FAILURES)
def test_one_line(tmp_path: Path, name: str) -> None:
    options, words = FAILURES[name]
    text = refusal(tmp_path, options)
    assert [word for word in words if word not in text] == [], text


@pytest.mark.parametrize("reuse", [False, True])
def test_a_taken_port(tmp_path: Path, reuse: bool) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        text = refusal(tmp_path, {programs.WSGI: {"port": port}})
    assert f"port {port}: Address already in use" in text


def test_a_missing_configuration_file() -> None:
    done = programs.run("angarium-server", "--config-file", "/nowhere/angarium.conf")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "/nowhere/angarium.conf" in done.stderr


@pytest.mark.parametrize("command", ["angarium", "angarium-manage", "angarium-server"])
def test_wrong_usage(command: str) -> None:
    done = programs.run(command, "--nonsense")
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["db", "upgrade"], ["reclaim"], ["upgrade", "check"]])
def test_manage_fails_in_one_line_too(tmp_path: Path, arguments: list[str]) -> None:
    options, words = FAILURES["unreachable store"]
    path = programs.write(tmp_path, options)
    done = programs.run("angarium-manage", "--config-file", path, *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert [word for word in words if word not in done.stderr] == []
