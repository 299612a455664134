"""Fixtures that every kind of test may use: databases and running servers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import beyond, stores
from tests.secantus import SecantusServer
from tests.servers import ServerPark, TestClock


def pytest_addoption(parser: pytest.Parser) -> None:
    """How ``make test-full`` leaves out what ``make test`` has run."""
    parser.addoption(
        beyond.OPTION,
        action="store_true",
        help="run only tests that a full run adds, or runs with larger counts",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the usual run has run just so."""
    if not config.getoption(beyond.OPTION):
        return
    added = [item for item in items if beyond.is_added(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(added)])
    items[:] = added


_PARK: pytest.StashKey[ServerPark] = pytest.StashKey()
_LOGGED: pytest.StashKey[dict[str, int]] = pytest.StashKey()


@pytest.fixture(scope="session")
def run_id(request: pytest.FixtureRequest) -> str:
    """One name for this run of the tests, the same in all its processes."""
    worker = getattr(request.config, "workerinput", {})
    return str(worker.get("testrunuid", uuid.uuid4().hex))


class _Postgresql:
    """Starts the PostgreSQL server when it is first asked for its URL."""

    def __init__(self, run_id: str, stack: ExitStack) -> None:
        self._run_id = run_id
        self._stack = stack
        self._url: str | None = None

    def __call__(self) -> str:
        if self._url is None:
            self._url = self._stack.enter_context(stores.postgresql_server(self._run_id))
        return self._url


@pytest.fixture(scope="session")
def postgresql(run_id: str) -> Iterator[_Postgresql]:
    """A function that returns the URL of a running PostgreSQL server."""
    with ExitStack() as stack:
        yield _Postgresql(run_id, stack)


class _Redis:
    """Starts the Redis server when it is first asked for its uri."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._uri: str | None = None

    def __call__(self) -> str:
        if self._uri is None:
            self._uri = self._stack.enter_context(stores.redis_server())
        return self._uri


@pytest.fixture
def postgresql_url(postgresql: Callable[[], str]) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with stores.database(postgresql()) as found:
        yield found


@pytest.fixture(scope="session")
def redis() -> Iterator[_Redis]:
    """A function that returns the uri of a running Redis server."""
    with ExitStack() as stack:
        yield _Redis(stack)


class _Mongodb:
    """Starts a server when it is first asked for its URL: one for each test process, since it is
    written in Python and has one core."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._url = os.environ.get(stores.MONGODB_VARIABLE)

    def __call__(self) -> str:
        if self._url is None:
            server = SecantusServer(self._directory)
            self._stack.callback(server.remove)
            server.start()
            self._url = server.url
        return self._url


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Mongodb]:
    """A function that returns the URL of a running server that speaks the MongoDB protocol."""
    directory: Path = tmp_path_factory.mktemp("mongodb")
    with ExitStack() as stack:
        yield _Mongodb(directory, stack)


@pytest.fixture(scope="class")
def mongodb_database(mongodb: _Mongodb) -> Iterator[stores.MongoDatabase]:
    """An empty place on it."""
    with stores.mongodb_database(mongodb()) as place:
        yield place


@pytest.fixture(scope="session")
def server_urls(postgresql: _Postgresql, redis: _Redis, mongodb: _Mongodb) -> Callable[[str], str]:
    """A function that returns the URL of a running server for a store that has servers."""

    def find(store: str) -> str:
        if store == "mysql":
            return os.environ[stores.MYSQL_VARIABLE]
        starters = {"postgresql": postgresql, "redis": redis, "mongodb": mongodb}
        return starters[store]()

    return find


@pytest.fixture(scope="session")
def park(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server_urls: Callable[[str], str],
) -> Iterator[ServerPark]:
    """The servers of this test process."""
    directory: Path = tmp_path_factory.mktemp("servers")
    servers = ServerPark(directory, server_urls)
    request.config.stash[_PARK] = servers
    yield servers
    servers.close()


@pytest.fixture(scope="session", params=stores.STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The name of the store that a test runs on: each test that uses it runs on all of them."""
    return str(request.param)


@pytest.fixture(scope="session")
def clock(park: ServerPark) -> TestClock:
    """The time of all running servers."""
    return park.clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the servers logged meanwhile."""
    report = yield
    servers = item.config.stash.get(_PARK, None)
    if servers is None:
        return report
    seen = item.config.stash.setdefault(_LOGGED, {})
    for name, path in servers.logs().items():
        start, seen[name] = seen.get(name, 0), path.stat().st_size
        if report.failed and seen[name] > start:
            logged = path.read_bytes()[start:].decode(errors="replace")
            report.sections.append((f"log of {name}", logged))
    return report
