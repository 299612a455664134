"""Which URLs are taken, and what is said about the others."""

import logging
import sys
from pathlib import Path

import pytest

from angarium.errors import StartError, StoreUnreachable
from angarium_sql import address
from tests.sql.drivers import Drivers

OPTION = "[drivers:message_store:sqlalchemy] uri"


def refusal(drivers: Drivers, uri: str) -> str:
    with pytest.raises(StartError) as caught:
        drivers.data(uri)
    text = str(caught.value)
    assert OPTION in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    "uri",
    ["nonsense", "://", "postgresql//u:secret@h/d", "postgresql://u:secret@h:port/d", " "],
)
def test_nonsense_is_refused_without_repeating_it(drivers: Drivers, uri: str) -> None:
    assert "secret" not in refusal(drivers, uri)


@pytest.mark.parametrize(
    "uri", ["oracle://u:secret@h/d", "postgresql+psycopg2://u:secret@h/d", "redis://h"]
)
def test_unknown_dialect_is_refused_with_those_that_are_known(drivers: Drivers, uri: str) -> None:
    text = refusal(drivers, uri)
    assert "secret" not in text
    assert all(scheme in text for scheme in ("sqlite", "postgresql", "mysql", "mariadb"))


@pytest.mark.parametrize(
    "uri", ["sqlite://", "sqlite:///:memory:", "sqlite:///x?mode=memory", "sqlite:///file:x?uri=1"]
)
def test_sqlite_without_a_plain_file_is_refused(drivers: Drivers, uri: str) -> None:
    refusal(drivers, uri)


@pytest.mark.parametrize(
    ("uri", "module", "extra"),
    [
        ("postgresql://u:secret@h/d", "psycopg", "angarium[postgresql]"),
        ("mariadb://u:secret@h/d", "pymysql", "angarium[mysql]"),
    ],
)
def test_missing_module_is_named_with_what_installs_it(
    drivers: Drivers, monkeypatch: pytest.MonkeyPatch, uri: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # makes its import fail
    text = refusal(drivers, uri)
    assert module in text
    assert f"pip install '{extra}'" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("uri", "drivername"),
    [
        ("postgresql://h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg"),
        ("mysql://h/d", "mysql+pymysql"),
        ("mariadb://h/d", "mysql+pymysql"),
        ("mariadb+pymysql://h/d", "mysql+pymysql"),
        ("sqlite:////tmp/x.db", "sqlite"),
    ],
)
def test_each_scheme_means_the_module_that_ships(uri: str, drivername: str) -> None:
    assert address.parse(uri, "option").drivername == drivername


def test_relative_file_is_taken_from_where_the_service_was_started(
    drivers: Drivers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    driver = drivers.data("sqlite:///some/store.db")
    monkeypatch.chdir("/")
    driver.prepare()
    assert (tmp_path / "some" / "store.db").exists()


def test_default_is_one_file_in_the_state_path_for_both_stores(drivers: Drivers) -> None:
    data, control = drivers.data(), drivers.control()
    data.prepare()
    control.prepare()
    files = {path.name for path in drivers.state_path.iterdir() if path.suffix == ".db"}
    assert files == {"angarium.db"}


def test_password_is_neither_in_errors_nor_in_the_log(
    drivers: Drivers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    driver = drivers.data("postgresql://user:pass-word@127.0.0.1:1/database")
    with pytest.raises(StoreUnreachable) as caught:
        driver.prepare()
    causes = [str(caught.value), repr(caught.value.__cause__), driver.database.name]
    assert caplog.records
    assert "pass-word" not in "".join([caplog.text, *causes])
