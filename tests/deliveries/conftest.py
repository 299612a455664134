"""Servers that deliver, and receivers of what they deliver."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.api.client import Api
from tests.notifiers.receiver import Receiver, answer, receiving
from tests.servers import Options, Server, ServerPark

DELIVERING: Options = {"notification": {"subscriber_allow_networks": "127.0.0.0/8"}}


@pytest.fixture
def store() -> str:
    """The name of the store, if a test does not ask for others."""
    return "sqlite"


@pytest.fixture(scope="session")
def delivering(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """The options of servers that deliver, with a SQLite file apart from all others.

    Any server of an installation may deliver what was posted at another one, so they must agree.
    """
    return {**DELIVERING, "DEFAULT": {"state_path": tmp_path_factory.mktemp("delivering")}}


@pytest.fixture
def server(park: ServerPark, store: str, delivering: Options) -> Server:
    """A server with its delivery process."""
    return park.get(store, "delivering", delivering)


@pytest.fixture
def second_server(park: ServerPark, store: str, delivering: Options) -> Server:
    """Another one of the same installation, which delivers too."""
    return park.get(store, "delivering", delivering, number=2)


@pytest.fixture
def api(server: Server) -> Api:
    """A client of a project of its own."""
    return Api(server)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A subscriber that takes everything."""
    with receiving(answer(204)) as made:
        yield made


@pytest.fixture
def queue() -> str:
    """A queue name that no other test uses."""
    return f"queue-{uuid.uuid4().hex[:12]}"
