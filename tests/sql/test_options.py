"""The options, and what the driver claims of itself under them."""

import pytest

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
