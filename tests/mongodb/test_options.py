"""Connection strings and options: what they mean, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg

from angarium.clock import Clock
from angarium.config import options as kernel_options
from angarium.errors import StartError
from angarium.storage.driver import StoreEnvironment
from angarium.storage.models import Capability
from angarium_mongodb import options
from angarium_mongodb.data import MongoDataDriver
from tests.secantus import SecantusServer

_GROUP = options.MESSAGE_STORE
_ALWAYS = {Capability.FIFO, Capability.CLAIMS, Capability.AOD, Capability.HIGH_THROUGHPUT}
_DURABLE = _ALWAYS | {Capability.DURABILITY}


def _driver(
    uri: str | None, *, pool_uri: str | None = None, unreliable: bool = False, **values: Any
) -> MongoDataDriver:
    conf = cfg.ConfigOpts()
    kernel_options.register(conf)
    conf([], default_config_files=[], default_config_dirs=[])
    conf.set_override("unreliable", unreliable)
    options.register(conf, _GROUP)
    for name, value in {"uri": uri, **values}.items():
        conf.set_override(name, value, group=_GROUP)
    return MongoDataDriver(StoreEnvironment(conf, Clock(), pool_uri))


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://host/",
        "mongodb://user:secret@one,two:27018/?replicaSet=rs0",
        "mongodb.fifo://host/",
        "mongodb+srv://cluster.example.net/",
    ],
)
def test_strings_that_are_taken(uri: str) -> None:
    """Without contacting anybody."""
    assert _driver(uri).capabilities == _DURABLE


@pytest.mark.parametrize(
    "uri", ["", "host", "http://host/", "redis://host/", "mongodb:host", "mongodb.fifo+srv://host/"]
)
def test_strings_that_are_not(uri: str) -> None:
    with pytest.raises(StartError, match=r"connection string|not set"):
        _driver(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://user:sec/ret@host/",
        "mongodb://user:secret@/",
        "mongodb://user:secret@host:99999/",
        "mongodb://user:sec:ret@host/",
    ],
)
def test_a_malformed_string_is_refused_without_its_password(uri: str) -> None:
    with pytest.raises(StartError) as refusal:
        _driver(uri).prepare()
    assert "ret" not in str(refusal.value).replace("interpreted", "")
    assert f"[{_GROUP}] uri" in str(refusal.value)


@pytest.mark.parametrize(
    ("w", "durability", "expected"),
    [
        ("majority", True, _DURABLE),
        ("2", True, _DURABLE),
        ("3", True, _DURABLE),
        ("1", True, _ALWAYS),
        ("0", True, _ALWAYS),
        ("custom", True, _ALWAYS),
        ("majority", False, _ALWAYS),
    ],
)
def test_durability_is_asserted_and_possible(
    w: str, durability: bool, expected: set[Capability]
) -> None:
    assert _driver(f"mongodb://host/?w={w}", durability=durability).capabilities == expected


@pytest.mark.parametrize("w", ["0", "1", "custom"])
def test_a_weak_write_concern_stops_the_start(server: SecantusServer, w: str) -> None:
    with pytest.raises(StartError, match=f"w={w}"):
        _driver(f"{server.url}&w={w}").prepare()


def test_unless_the_operator_wants_it(server: SecantusServer) -> None:
    driver = _driver(f"{server.url}&w=1", unreliable=True)
    driver.prepare()
    driver.close()


def test_a_server_without_transactions_stops_the_start(tmp_path: Path) -> None:
    server = SecantusServer(tmp_path / "standalone", ["--standalone"])
    server.start()
    try:
        with pytest.raises(StartError, match="replSet"):
            _driver(server.url, unreliable=True).prepare()
    finally:
        server.remove()


def test_a_pool_says_where_it_is() -> None:
    driver = _driver("mongodb://one/", pool_uri="mongodb://two/")
    assert "two" in driver.deployment.name


def test_names_of_databases(server: SecantusServer) -> None:
    driver = _driver(server.url, database="base")
    driver.prepare()
    names = driver.deployment.run(lambda it: (it.name, it.client.list_database_names()))
    driver.close()
    assert names[0] == "base_messages"
    assert "base_messages" in names[1]
