"""``angarium`` and ``angarium-manage``."""

from __future__ import annotations

from pathlib import Path

import pytest

from angarium import config
from angarium.clock import ENVIRONMENT_VARIABLE, SharedClock
from tests.cli import programs
from tests.cli.programs import serving
from tests.plugins.packages import install


def output(command: str, *arguments: str | Path, **variables: str) -> str:
    done = programs.run(command, *arguments, variables=variables)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_plugins_tells_what_is_there_and_what_is_used(tmp_path: Path) -> None:
    site = install(
        tmp_path / "site",
        "third-party",
        {},
        {"angarium.filters": {"theirs": "x:Theirs"}, "angarium.identity": {"other": "x:Other"}},
        version="2.5",
    )
    path = programs.write(tmp_path, {"storage": {"claim_pipeline": "theirs"}})
    listed = rows(output("angarium", "--config-file", path, "plugins", PYTHONPATH=str(site)))
    assert ["*", "angarium.filters", "theirs", "third-party", "2.5", "x:Theirs"] in listed
    assert ["angarium.identity", "other", "third-party", "2.5", "x:Other"] in listed
    used = {tuple(row[1:3]) for row in listed if row[0] == "*"}
    assert used == {
        ("angarium.transports", "wsgi"),
        ("angarium.storage.data", "sqlalchemy"),
        ("angarium.storage.control", "sqlalchemy"),
        ("angarium.identity", "noauth"),
        ("angarium.filters", "theirs"),
        ("angarium.notifiers", "http"),
        ("angarium.notifiers", "https"),
        ("angarium.notifiers", "mailto"),
        ("angarium.notifiers", "websocket"),
    }


def test_config_show_tells_where_values_come_from(tmp_path: Path) -> None:
    path = programs.write(
        tmp_path,
        {"transport": {"max_claim_ttl": 600}, "signed_url": {"secret_key": "very-secret"}},
    )
    text = output(
        "angarium", "--config-file", path, "config", "show",
        ANGARIUM_DRIVERS_TRANSPORT_WSGI__PORT="1234",
    )  # fmt: skip
    shown = rows(text)
    assert shown[0] == ["Files:", str(path)]
    assert ["[transport]", "max_claim_ttl", "600", str(path)] in shown
    assert ["[signed_url]", "secret_key", "****", str(path)] in shown
    variable = "ANGARIUM_DRIVERS_TRANSPORT_WSGI__PORT"
    assert ["[drivers:transport:wsgi]", "port", "1234", variable] in shown
    assert "very-secret" not in text
    assert "max_claim_grace" not in text


def test_config_show_all_of_a_group() -> None:
    shown = rows(output("angarium", "config", "show", "--all", "drivers"))
    assert ["[drivers]", "message_store", "sqlalchemy", "default"] in shown
    assert {row[0] for row in shown[2:]} == {"[drivers]"}


def test_config_sample_covers_plugins_and_libraries() -> None:
    text = output("angarium", "config", "sample")
    for option in (
        "#max_claim_ttl = 43200",
        "#port = 8888",
        "#use_json = false",
        "#policy_file = ",
    ):
        assert option in text


def test_upgrade_check_and_reclaim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SharedClock(tmp_path / "clock")
    variables = {ENVIRONMENT_VARIABLE: str(tmp_path / "clock")}
    options = {"storage": {"reclaim_interval": 100000}}
    messages = ",".join(['{"ttl": 60, "body": 1}'] * 20)
    with serving(tmp_path, options, variables) as program:
        for _ in range(5):
            path = "/v2/queues/q/messages"
            assert program.send("POST", path, f'{{"messages": [{messages}]}}')[0] == 201
        clock.offset = 61
        file = tmp_path / "angarium.conf"
        manage = ("angarium-manage", "--config-file", file)
        assert output(*manage, "reclaim", **variables).splitlines() == [
            "management store: 0 freed",
            "message store: 100 freed",
        ]
        assert "message store: 0 freed" in output(*manage, "reclaim", **variables)
        checked = output(*manage, "upgrade", "check", **variables)
    assert checked.splitlines() == [
        "options, plugins and policy: fine",
        "structure of the stores: up to date",
        "management store: answers",
        "message store: answers",
    ]


def test_db_upgrade_can_be_repeated(tmp_path: Path) -> None:
    path = programs.write(tmp_path, {})
    for _ in range(2):
        lines = output("angarium-manage", "--config-file", path, "db", "upgrade").splitlines()
        assert [line.split(":")[0] for line in lines] == ["management store", "message store"]
    assert (tmp_path / "state").is_dir()


@pytest.mark.parametrize("command", ["angarium", "angarium-manage", "angarium-server"])
def test_version_and_help(command: str) -> None:
    from angarium.version import version

    assert output(command, "--version") == f"{command} {version()}\n"
    text = output(command, "--help")
    assert "--config-file" in text
    assert "--config-dir" in text


def test_the_commands_find_what_load_finds(tmp_path: Path) -> None:
    path = programs.write(tmp_path, {"transport": {"max_claim_ttl": 600}})
    assert config.load(["--config-file", str(path)]).transport.max_claim_ttl == 600
