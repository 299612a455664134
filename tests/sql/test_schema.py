"""The schema: made, brought up to date, and checked before the service starts."""

import multiprocessing
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from angarium.errors import StartError
from angarium_sql import tables
from angarium_sql.postgresql import functions
from tests.sql.drivers import Drivers, listed, new_queue, post

VERSION = "angarium_sql_version"


def test_migrations_make_the_tables_that_the_statements_are_written_for(
    drivers: Drivers, url: str
) -> None:
    driver = drivers.data(url)
    driver.upgrade()
    with create_engine(driver.database.url).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []


def test_upgrade_says_what_it_did_and_does_it_once(drivers: Drivers, url: str) -> None:
    driver = drivers.control(url)
    assert driver.upgrade().endswith("the schema is now revision 0001 (there was none)")
    assert driver.upgrade().endswith("the schema is up to date (revision 0001)")
    assert drivers.data(url).upgrade().endswith("the schema is up to date (revision 0001)")


def test_server_without_tables_stops_the_start(drivers: Drivers, server_url: str) -> None:
    for driver in (drivers.data(server_url), drivers.control(server_url)):
        with pytest.raises(StartError, match="run 'angarium-manage db upgrade'"):
            driver.prepare()
    drivers.data(server_url).upgrade()
    for driver in (drivers.data(server_url), drivers.control(server_url)):
        driver.prepare()
        driver.ping()


def test_schema_of_a_newer_version_stops_the_start(drivers: Drivers, url: str) -> None:
    driver = drivers.data(url)
    driver.upgrade()
    with create_engine(driver.database.url).begin() as connection:
        connection.execute(text(f"UPDATE {VERSION} SET version_num = '9999'"))
    with pytest.raises(StartError, match=r"9999.*newer version"):
        drivers.data(url).prepare()


def test_sqlite_directory_is_for_the_service_alone(drivers: Drivers, tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    drivers.data(f"sqlite:///{directory}/store.db").prepare()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_sqlite_directory_that_cannot_be_made_stops_the_start(
    drivers: Drivers, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartError, match="state_path"):
        drivers.data(f"sqlite:///{tmp_path}/file/store.db").prepare()


def post_at_once(url: str, state_path: Path, name: str) -> bool:
    drivers = Drivers(state_path)
    try:
        driver = drivers.data(url)
        driver.prepare()
        queue = new_queue(driver, name)
        return post(driver, queue, 3) == listed(driver, queue)
    finally:
        drivers.close()


def test_processes_that_start_at_once_make_one_sqlite_file(tmp_path: Path) -> None:
    """Whoever comes second waits for the first; none fails, and none makes a table twice."""
    context = multiprocessing.get_context("spawn")
    url = f"sqlite:///{tmp_path}/new/store.db"
    with context.Pool(4) as pool:
        assert all(pool.starmap(post_at_once, [(url, tmp_path, name) for name in "abcd"]))


def test_every_file_of_functions_is_installed() -> None:
    folder = Path(functions.__file__).parent
    assert {path.name for path in folder.glob("*.sql")} == set(functions.FILES)
