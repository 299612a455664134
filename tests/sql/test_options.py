"""The options, and what the driver claims of itself under them."""

from pathlib import Path
from typing import Any

import pytest

from angarium.errors import StartError
from angarium.storage.models import Capability
from angarium_sql import options
from tests.sql.drivers import Drivers, new_queue, post

ALWAYS = {Capability.FIFO, Capability.CLAIMS, Capability.AOD}


def test_every_option_is_listed_with_a_help_text_and_the_uri_is_secret() -> None:
    listed = dict(options.list_options())
    assert set(listed) == {options.MESSAGE_STORE, options.MANAGEMENT_STORE}
    for group in listed.values():
        assert all(option.help for option in group)
        assert [option.name for option in group if option.secret] == ["uri"]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (None, {Capability.DURABILITY}),
        ("postgresql://h/d", {Capability.DURABILITY, Capability.HIGH_THROUGHPUT}),
        ("mariadb://h/d", {Capability.DURABILITY, Capability.HIGH_THROUGHPUT}),
    ],
)
def test_capabilities_are_known_without_connecting(
    drivers: Drivers, uri: str | None, expected: set[Capability]
) -> None:
    assert drivers.data(uri).capabilities == ALWAYS | expected
    assert Capability.DURABILITY not in drivers.data(uri, durability=False).capabilities


@pytest.mark.parametrize(("durability", "synchronous"), [(True, 2), (False, 1)])
def test_durability_of_sqlite_is_what_it_waits_for(
    drivers: Drivers, durability: bool, synchronous: int
) -> None:
    """2 is FULL: a commit waits until the disk has it; 1 is NORMAL."""
    driver = drivers.data(durability=durability)
    driver.prepare()
    for engine in (driver.database.reads, driver.database.writes):
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == synchronous
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_management_store_is_always_durable(drivers: Drivers) -> None:
    control = drivers.control()
    control.prepare()
    with control.database.writes.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_mysql_sessions_are_in_utc(drivers: Drivers, server_url: str) -> None:
    """Where the database has a notion of it; the drivers themselves never ask for a local time."""
    driver = drivers.data(server_url)
    driver.upgrade()
    post(driver, new_queue(driver))
    if driver.database.dialect == "mysql":
        for engine in (driver.database.reads, driver.database.writes):
            with engine.connect() as connection:
                assert connection.exec_driver_sql("SELECT @@time_zone").scalar() == "+00:00"


def test_options_of_a_pool_go_before_those_of_the_configuration(
    drivers: Drivers, tmp_path: Path
) -> None:
    uri = f"sqlite:///{tmp_path}/pool.db"
    assert Capability.DURABILITY in drivers.pool(uri).capabilities
    pool = drivers.pool(uri, {"durability": False, "pool_size": 3})
    assert Capability.DURABILITY not in pool.capabilities
    pool.prepare()
    with pool.database.writes.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    assert pool.database.writes.pool.size() == 3
    assert pool.options.pool_timeout == 10


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"durable": True}, "no option 'durable'; it has answer_timeout, connect_timeout"),
        ({"uri": "sqlite:///x.db"}, "no option 'uri'"),
        ({"pool_size": "3"}, "'pool_size' of a pool must be an integer"),
        ({"pool_size": True}, "'pool_size' of a pool must be an integer"),
        ({"pool_size": None}, "'pool_size' of a pool must be an integer"),
        ({"pool_size": 0}, "'pool_size' of a pool cannot be used: .*1"),
        ({"durability": 1}, "'durability' of a pool must be true or false"),
    ],
)
def test_options_of_a_pool_that_cannot_be_used_are_refused(
    drivers: Drivers, wrong: dict[str, Any], text: str
) -> None:
    with pytest.raises(StartError, match=text):
        drivers.pool("postgresql://host/database", wrong)


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////var/lib/pool.db",
        "postgresql://user:password@host/database",
        "postgresql+psycopg://user:password@host:5433/database?sslmode=require",
        "mysql://user@host/database",
        "mysql+pymysql://user@host/database",
        "mariadb+pymysql://user@host/database",
    ],
)
def test_every_uri_that_a_pool_may_have_begins_with_a_scheme_of_the_driver(
    drivers: Drivers, uri: str
) -> None:
    pool = drivers.pool(uri)
    assert uri.partition("://")[0] in pool.schemes
