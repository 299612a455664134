"""Where values come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from oslo_config import cfg

from angarium import config
from angarium.config.environment import variable
from angarium.config.loading import Configuration
from angarium.config.options import GROUPS, default_state_path
from angarium.errors import StartError
from angarium.limits import Limits
from angarium_rest import options as rest_options

CONTRACT = {
    ("DEFAULT", "admin_mode"): False,
    ("DEFAULT", "pooling"): False,
    ("DEFAULT", "enable_checksum"): False,
    ("DEFAULT", "auth_strategy"): "",
    ("pooling:catalog", "enable_virtual_pool"): False,
    ("drivers", "transport"): ["wsgi", "websocket"],
    ("drivers", "message_store"): "sqlalchemy",
    ("drivers", "management_store"): "sqlalchemy",
    ("transport", "default_message_ttl"): 3600,
    ("transport", "default_message_delay"): 0,
    ("transport", "default_claim_ttl"): 300,
    ("transport", "default_claim_grace"): 60,
    ("transport", "max_queues_per_page"): 20,
    ("transport", "max_messages_per_page"): 20,
    ("transport", "max_messages_per_claim_or_pop"): 20,
    ("transport", "max_flavors_per_page"): 20,
    ("transport", "max_pools_per_page"): 20,
    ("transport", "max_queue_metadata"): 65536,
    ("transport", "max_messages_post_size"): 262144,
    ("transport", "max_message_ttl"): 1209600,
    ("transport", "max_message_delay"): 900,
    ("transport", "max_claim_ttl"): 43200,
    ("transport", "max_claim_grace"): 43200,
    ("transport", "client_id_uuid_safe"): "strict",
    ("transport", "min_length_client_id"): 10,
    ("transport", "max_length_client_id"): 36,
    ("transport", "message_delete_with_claim_id"): False,
    ("transport", "message_encryption_algorithms"): "AES256",
    ("transport", "message_encryption_key"): None,
    ("storage", "queue_pipeline"): [],
    ("storage", "topic_pipeline"): [],
    ("storage", "message_pipeline"): [],
    ("storage", "claim_pipeline"): [],
    ("signed_url", "secret_key"): None,
    ("drivers:transport:wsgi", "bind"): "127.0.0.1",
    ("drivers:transport:wsgi", "port"): 8888,
    ("drivers:transport:wsgi", "threads"): 8,
    ("drivers:transport:wsgi", "body_timeout"): 30.0,
    ("cors", "allowed_origin"): None,
    ("cors", "allow_credentials"): True,
    ("cors", "max_age"): 3600,
}


def file(directory: Path, text: str, name: str = "angarium.conf") -> list[str]:
    path = directory / name
    path.write_text(text)
    return ["--config-file", str(path)]


def refusal(arguments: list[str]) -> str:
    with pytest.raises(StartError) as caught:
        config.load(arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of whoever runs the tests is found."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(("group", "option"), CONTRACT)
def test_the_defaults_are_those_of_the_contract(group: str, option: str) -> None:
    conf = config.load([])
    rest_options.register(conf)
    section = conf if group == "DEFAULT" else conf[group]
    assert section[option] == CONTRACT[group, option]


def test_the_limits_have_the_same_defaults() -> None:
    assert Limits.from_conf(config.load([])) == Limits()


def test_a_file_in_the_usual_place_is_found(tmp_path: Path) -> None:
    place = tmp_path / "home" / ".angarium"
    place.mkdir(parents=True)
    file(place, "[transport]\nmax_message_ttl = 7200\n")
    assert config.load([]).transport.max_message_ttl == 7200


def test_a_file_that_is_named_replaces_the_usual_ones(tmp_path: Path) -> None:
    place = tmp_path / "home" / ".angarium"
    place.mkdir(parents=True)
    file(place, "[transport]\nmax_message_ttl = 7200\n")
    conf = config.load(file(tmp_path, "[transport]\nmax_claim_ttl = 600\n"))
    assert (conf.transport.max_message_ttl, conf.transport.max_claim_ttl) == (1209600, 600)


def test_a_directory_wins_over_a_file(tmp_path: Path) -> None:
    directory = tmp_path / "conf.d"
    directory.mkdir()
    file(directory, "[transport]\nmax_message_ttl = 7200\n")
    arguments = file(tmp_path, "[transport]\nmax_message_ttl = 7201\nmax_claim_ttl = 600\n")
    conf = config.load([*arguments, "--config-dir", str(directory)])
    assert (conf.transport.max_message_ttl, conf.transport.max_claim_ttl) == (7200, 600)


@pytest.mark.parametrize(
    ("group", "option", "name"),
    [
        (None, "admin_mode", "ANGARIUM_DEFAULT__ADMIN_MODE"),
        ("drivers", "message_store", "ANGARIUM_DRIVERS__MESSAGE_STORE"),
        ("drivers:transport:wsgi", "port", "ANGARIUM_DRIVERS_TRANSPORT_WSGI__PORT"),
    ],
)
def test_the_names_of_variables(group: str | None, option: str, name: str) -> None:
    assert variable(group, option) == name


def test_the_environment_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_TRANSPORT__MAX_MESSAGE_TTL", "7300")
    monkeypatch.setenv("ANGARIUM_DRIVERS_TRANSPORT_WSGI__PORT", "1234")
    monkeypatch.setenv("OS_TRANSPORT__MAX_MESSAGE_TTL", "7400")
    conf = config.load(file(tmp_path, "[transport]\nmax_message_ttl = 7200\n"))
    rest_options.register(conf)
    assert conf.transport.max_message_ttl == 7300
    assert conf["drivers:transport:wsgi"].port == 1234


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_DEFAULT__ADMIN_MODE", "false")
    assert config.load(["--admin_mode"]).admin_mode is True


def test_oslo_config_still_reads_the_environment_where_we_replace_it() -> None:
    assert vars(cfg.ConfigOpts()).keys() == vars(Configuration()).keys()


def test_old_names_are_understood(tmp_path: Path) -> None:
    conf = config.load(file(tmp_path, "[drivers]\nstorage = redis\n"))
    assert conf.drivers.message_store == "redis"


def test_options_of_the_reference_without_effect_are_accepted(tmp_path: Path) -> None:
    config.load(
        file(
            tmp_path,
            "[DEFAULT]\nunreliable = true\nenable_deprecated_api_versions = 1.1\n"
            "[transport]\nsubscriber_types = http\n[notification]\nsmtp_mode = self_local\n"
            "[drivers:message_store:swift]\nuri = swift://x\n",
        )
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[transport]\nmax_claim_ttl = soon\n", ["[transport]", "max_claim_ttl", "angarium.conf"]),
        ("[transport]\nmax_claim_ttl = 59\n", ["max_claim_ttl", "60"]),
        ("[transport]\ndefault_claim_ttl = 59\n", ["default_claim_ttl", "60"]),
        ("[transport]\nmax_messages_per_page = 0\n", ["max_messages_per_page", "1"]),
        ("[transport]\nclient_id_uuid_safe = lax\n", ["client_id_uuid_safe", "lax"]),
        ("[DEFAULT]\nadmin_mode = perhaps\n", ["admin_mode", "perhaps"]),
        (
            "[transport]\nmax_message_ttl = 600\n",
            ["default_message_ttl = 3600", "max_message_ttl = 600"],
        ),
        ("[transport]\ndefault_message_delay = 901\n", ["default_message_delay", "= 900"]),
        ("[transport]\ndefault_claim_ttl = 43201\n", ["default_claim_ttl", "max_claim_ttl"]),
        ("[transport]\nmax_claim_grace = 60\ndefault_claim_grace = 61\n", ["default_claim_grace"]),
        ("[transport]\nmin_length_client_id = 40\n", ["min_length_client_id", "36"]),
        ("[transport]\nmessage_encryption_key = AES256\n", ["message_encryption_key", "clear"]),
        ("[transport]\nmessage_encryption_key =\n", ["message_encryption_key"]),
        ("[transport]\nmessage_encryption_algorithms = RSA\n", ["RSA"]),
        ("[drivers]\ntransport =\n", ["[drivers] transport"]),
        ("no assignment\n", ["angarium.conf", "no assignment"]),
        ("[unfinished\n", ["angarium.conf"]),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    message = refusal(file(tmp_path, text))
    assert [word for word in words if word not in message] == []
    assert "LocationInfo" not in message


def test_pooling_has_an_old_name(tmp_path: Path) -> None:
    assert config.load(file(tmp_path, "[DEFAULT]\nsharding = true\n")).pooling is True


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANGARIUM_TRANSPORT__MAX_CLAIM_TTL", "soon")
    assert "ANGARIUM_TRANSPORT__MAX_CLAIM_TTL" in refusal([])


def test_a_secret_value_is_not_shown(tmp_path: Path) -> None:
    text = refusal(file(tmp_path, "[transport]\nmessage_encryption_key = my-own-secret\n"))
    assert "my-own-secret" not in text


def test_missing_files_are_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere.conf")
    assert missing in refusal(["--config-file", missing])
    assert missing in refusal(["--config-dir", missing])


def test_a_directory_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path) in refusal(["--config-file", str(tmp_path)])


def test_every_option_says_what_it_means() -> None:
    options = [
        option for group in (GROUPS, rest_options.GROUPS) for it in group.values() for option in it
    ]
    assert [option.name for option in options if not option.help] == []
    assert [option.name for option in options if "-" in option.name] == []
    keys = {option.name for option in options if "key" in option.name}
    assert keys == {option.name for option in options if option.secret}


def test_the_state_directory_of_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert default_state_path() == "/somewhere/angarium"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_state_path() == "/home/me/.local/state/angarium"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert default_state_path() == "/var/lib/angarium"
