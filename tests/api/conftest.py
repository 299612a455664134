"""The servers of the API tests: one for each store and configuration variant."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Final

import pytest

from angarium.testing import effort
from tests import stores
from tests.api.client import Api
from tests.api.doors import WEBSOCKET, WSGI, doors_of
from tests.servers import BOTH_DOORS, Options, Server, ServerPark

SECRET: Final = "paper-boat-42"
"""The key of pre-signed credentials, as in the worked example."""

ORIGIN: Final = "https://dashboard.example"

VARIANTS: Final[dict[str, Options]] = {
    "default": {},
    # Each of these shows in answers of its own, so one server has them all.
    "features": {
        "DEFAULT": {"enable_checksum": True, "admin_mode": True},
        "signed_url": {"secret_key": SECRET},
        "cors": {"allowed_origin": ORIGIN, "max_age": 600},
    },
    "limits": {
        "transport": {
            "default_message_ttl": 120,
            "default_message_delay": 7,
            "default_claim_ttl": 90,
            "default_claim_grace": 70,
            "max_queues_per_page": 4,
            "max_messages_per_page": 5,
            "max_messages_per_claim_or_pop": 3,
            "max_queue_metadata": 400,
            "max_messages_post_size": 600,
            "max_message_ttl": 1000,
            "max_message_delay": 50,
            "max_claim_ttl": 200,
            "max_claim_grace": 150,
        }
    },
    "pooled": {
        "DEFAULT": {"admin_mode": True, "pooling": True},
        "transport": {"max_pools_per_page": 15, "max_flavors_per_page": 15},
    },
    "strict-delete": {
        "transport": {
            "message_delete_with_claim_id": True,
            "client_id_uuid_safe": "off",
            "min_length_client_id": 12,
            "max_length_client_id": 40,
        }
    },
}


CHEAP: Final = (
    "test_examples.py", "test_claims.py", "test_dead_letters.py", "test_isolation.py"
)  # fmt: skip
"""What slow and private stores get by default: the examples of the contract, and what a store
decides most."""

TOO_MUCH: Final = ("test_the_number_of_messages_is_limited_by_the_size_only",)
"""What slow stores never get: they are busy with clearing it away for a minute."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the second door does not have, and what is left to full runs."""
    left_out = [it for it in items if not _is_worthwhile(it) or _is_too_slow(it)]
    config.hook.pytest_deselected(items=left_out)
    dropped = set(left_out)
    items[:] = [it for it in items if it not in dropped]


def _is_too_slow(item: pytest.Item) -> bool:
    store = _store_of(item)
    if store in stores.SLOW_STORES and getattr(item, "originalname", "") in TOO_MUCH:
        return True
    is_extra = store in (*stores.SLOW_STORES, *stores.PRIVATE_STORES)
    return is_extra and not effort.IS_FULL and item.path.name not in CHEAP


def _store_of(item: pytest.Item) -> str | None:
    """The store of a test of this directory that uses the fixture of that name."""
    call = getattr(item, "callspec", None)
    is_here = item.path.parent == Path(__file__).parent
    return call.params.get("store") if is_here and call is not None else None


@pytest.fixture(
    scope="session", params=(*stores.STORES, *stores.PRIVATE_STORES, *stores.SLOW_STORES)
)
def store(request: pytest.FixtureRequest) -> str:
    """The name of the store that a test runs on: a single server will do for all tests here."""
    return str(request.param)


_SOCKETS: Final = 9  # the number of the servers that have both doors


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the cases that are not about HTTP over each door."""
    if "door" in metafunc.fixturenames:
        metafunc.parametrize("door", doors_of(metafunc), indirect=True)


def _is_worthwhile(item: pytest.Item) -> bool:
    chosen = getattr(getattr(item, "callspec", None), "params", {})
    if chosen.get("door") != WEBSOCKET:
        return True
    # Nothing in the door knows the store, and a private one has no second process for it.
    is_shared = chosen.get("store") in stores.STORES
    is_wanted = is_shared if effort.IS_FULL else chosen.get("store") == "sqlite"
    return chosen.get("kind") != "topic" and is_wanted


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """What the clients ask for: queues, or topics in the cases that are mirrored."""
    return str(getattr(request, "param", "queue"))


@pytest.fixture
def door(request: pytest.FixtureRequest) -> str:
    """The door over which the case is run."""
    return str(request.param)


def _server(park: ServerPark, store: str, variant: str, door: str = WSGI) -> Server:
    options = VARIANTS[variant]
    if door == WEBSOCKET:
        return park.get(store, variant, {**options, **BOTH_DOORS}, _SOCKETS)
    return park.get(store, variant, options)


@pytest.fixture
def server(park: ServerPark, store: str, door: str) -> Server:
    """A server with the default configuration."""
    return _server(park, store, "default", door)


@pytest.fixture
def second_server(park: ServerPark, store: str, server: Server) -> Server:
    """Another process of the same installation as ``server``."""
    return park.get(store, "default", VARIANTS["default"], number=2)


@pytest.fixture
def api(server: Server, kind: str) -> Api:
    """A client of a project of its own, at a server with the default configuration."""
    return Api(server, kind=kind)


@pytest.fixture
def features(park: ServerPark, store: str, kind: str, door: str) -> Api:
    """The same where checksums, signatures, CORS and the admin mode are on."""
    return Api(_server(park, store, "features", door), kind=kind)


@pytest.fixture
def admin(features: Api) -> Api:
    """A client with the role admin at the server of ``features``."""
    return Api(features.server, features.project, headers={"X-Roles": "member, Admin"})


@pytest.fixture
def pooled(park: ServerPark, store: str) -> Api:
    """A client with the role admin where queues are spread over pools; there are none at first."""
    return Api(_server(park, store, "pooled"), headers={"X-Roles": "admin"})


@pytest.fixture
def limited(park: ServerPark, store: str, kind: str, door: str) -> Api:
    """The same where every limit and default has a small value of its own."""
    return Api(_server(park, store, "limits", door), kind=kind)


@pytest.fixture
def strict(park: ServerPark, store: str, kind: str, door: str) -> Api:
    """The same where bulk deletions must name claims and client ids are free text."""
    return Api(_server(park, store, "strict-delete", door), kind=kind)


@pytest.fixture
def queue() -> str:
    """A queue name that no other test uses."""
    return f"queue-{uuid.uuid4().hex[:12]}"
