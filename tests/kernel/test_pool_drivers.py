"""Pools that come, go and change under running processes, on stores in memory."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from angarium import config
from angarium.actions.discovery import ping_node
from angarium.actions.health import check_node_health
from angarium.errors import (
    InvalidBody,
    PoolAlreadyExists,
    PoolCapabilitiesMismatch,
    StartError,
    StoreUnreachable,
)
from angarium.kernel import build
from angarium.storage.driver import ControlDriver
from angarium.storage.models import PoolRecord
from angarium.storage.schemes import Schemes, scheme_of, without_secrets
from angarium_sql.control import SqlControlDriver
from tests.kernel.faults import Counts, Fails
from tests.kernel.installation import CONTEXT, Installation
from tests.kernel.pooled import Pooled, patch_pool, put_pool
from tests.kernel.queues import Queue


@pytest.fixture
def world() -> Pooled:
    """An installation with the pool ``red``."""
    made = Pooled()
    made.add("red")
    return made


def test_a_driver_is_made_once_for_each_store(world: Pooled) -> None:
    pools = world.process().pools
    first = pools.driver("red")
    assert pools.driver("red") is first
    pools.control.put_pool(PoolRecord("red", world.uri("red"), 7, "fast"))
    assert pools.driver("red") is first
    pools.control.put_pool(PoolRecord("red", world.uri("blue"), 7))
    assert pools.driver("red") is not first


def test_a_changed_uri_counts_for_the_very_next_request_everywhere(world: Pooled) -> None:
    admin, here, there = world.process(), Queue(world.process()), Queue(world.process())
    here.post("a")
    assert there.listed() == ["a"]
    patch_pool(admin, "red", uri=world.uri("blue"))
    there.post("b")
    assert here.listed() == there.listed() == ["b"]
    assert world.store("red").get_totals().total == 1
    patch_pool(admin, "red", uri=world.uri("red"))
    assert here.listed() == there.listed() == ["a"]


def test_a_replaced_pool_counts_for_the_very_next_request_everywhere(world: Pooled) -> None:
    here = Queue(world.process())
    here.post("a")
    put_pool(world.process(), "red", world.uri("blue"))
    here.post("b")
    assert here.listed() == ["b"]


def test_new_weights_outdate_no_plan(world: Pooled) -> None:
    counts = Counts()
    queue = Queue(world.process(counts))
    queue.post("a")
    counts.names.clear()
    patch_pool(world.process(), "red", weight=0)
    queue.post("b")
    assert counts.names == ["post_messages"]


def test_a_steady_plan_in_a_pool_costs_one_call(world: Pooled) -> None:
    counts = Counts()
    queue = Queue(world.process(counts))
    queue.post("a")
    counts.names.clear()
    queue.post("b")
    queue.listed()
    queue.claim()
    assert counts.names == ["post_messages", "list_messages", "create_claim"]


def test_a_process_that_heard_nothing_looks_at_the_pools_now_and_then(world: Pooled) -> None:
    process = world.process()
    queue = Queue(process)
    queue.post("a")
    process.control.put_pool(PoolRecord("red", world.uri("blue"), 1))  # by who died before the rest
    assert queue.listed() == ["a"]
    process.pools.drivers()
    assert queue.listed() == []


def test_retired_drivers_are_closed_after_a_while(
    world: Pooled, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools = world.process().pools
    closed: list[str] = []
    monkeypatch.setattr(type(pools.driver("red")), "close", lambda it: closed.append("red"))
    pools.control.delete_pool("red")
    assert list(pools.drivers()) == []
    assert closed == []
    monkeypatch.setattr("angarium.storage.pools._GRACE", -1.0)
    pools.drivers()
    assert closed == ["red"]


def test_with_the_virtual_pool_the_configured_store_is_one_of_them(world: Pooled) -> None:
    assert list(world.process().pools.drivers()) == ["red"]
    assert list(world.process(virtual=True).pools.drivers()) == ["", "red"]
    assert list(world.process(pooling=False).pools.drivers()) == ["", "red"]


def test_health_tells_which_pool_is_down(world: Pooled) -> None:
    world.add("blue")
    down = Fails("get_totals", StoreUnreachable())
    report = check_node_health(world.process(down), CONTEXT, {})
    assert report["catalog_reachable"] is True
    assert report["blue"] == {
        "storage_reachable": False,
        "message_volume": {"free": 0, "claimed": 0, "total": 0},
        "operation_status": {},
    }
    assert report["red"]["storage_reachable"] is True
    assert all(probe["succeeded"] for probe in report["red"]["operation_status"].values())


def test_health_without_a_catalogue_says_so(world: Pooled) -> None:
    down = Fails("list_pools", StoreUnreachable())
    assert check_node_health(world.process(down), CONTEXT, {}) == {"catalog_reachable": False}


def test_ping_asks_every_pool(world: Pooled) -> None:
    world.add("blue")
    counts = Counts()
    ping_node(world.process(counts), CONTEXT, {})
    assert counts.names.count("ping") == 3  # the management store, and two pools
    with pytest.raises(StoreUnreachable):
        ping_node(world.process(Fails("ping", StoreUnreachable())), CONTEXT, {})


# --- Pools that are refused -----------------------------------------------------------------------


def test_two_pools_never_share_a_uri(world: Pooled) -> None:
    process = world.process()
    with pytest.raises(PoolAlreadyExists):
        put_pool(process, "blue", world.uri("red"))
    assert process.control.get_pool("blue") is None
    put_pool(process, "red", world.uri("red"), weight=5)
    pool = process.control.get_pool("red")
    assert pool is not None
    assert pool.weight == 5


def test_pools_of_one_kind_offer_the_same(
    world: Pooled, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process = world.process()
    process.pools.schemes = _BothSchemes(process.pools.schemes)
    uri = f"sqlite:///{tmp_path}/pool.db"
    with pytest.raises(PoolCapabilitiesMismatch, match="Pool red offers"):
        put_pool(process, "blue", uri)
    assert process.control.get_pool("blue") is None
    put_pool(process, "blue", uri, flavor="durable")
    with pytest.raises(PoolCapabilitiesMismatch):
        patch_pool(process, "blue", flavor="")
    process.control.delete_pool("red")
    patch_pool(process, "blue", flavor="")


class _BothSchemes(Schemes):
    """Model stores first, then what is installed."""

    def __init__(self, first: Schemes) -> None:
        super().__init__()
        self._first = first

    def driver_class(self, uri: str) -> type:
        try:
            return self._first.driver_class(uri)
        except InvalidBody:
            return super().driver_class(uri)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("nonsense", "No driver serves the scheme"),
        ("", "No driver serves the scheme"),
        ("gopher://host/x", "known schemes are"),
        ("sqlite:///:memory:", "in memory"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "No store answers"),
        ("postgresql://[::1/none", "database URL"),
    ],
)
def test_a_store_that_cannot_be_a_pool(
    tmp_path: Path, uri: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Installation(tmp_path) as installation:
        pools = installation.open().services.pools
        with pytest.raises(InvalidBody, match=reason) as refusal:
            pools.try_out(PoolRecord("p", uri, 1))
    assert "secret" not in str(refusal.value)
    assert "secret" not in caplog.text


def test_a_store_without_its_tables_tells_what_to_run(tmp_path: Path, postgresql_url: str) -> None:
    with Installation(tmp_path) as installation:
        pools = installation.open().services.pools
        with pytest.raises(InvalidBody, match=r"angarium-manage db upgrade.*--uri"):
            pools.try_out(PoolRecord("p", postgresql_url, 1))
        driver = pools.build(postgresql_url)
        driver.upgrade()
        driver.close()
        pools.try_out(PoolRecord("p", postgresql_url, 1)).close()


def test_schemes_and_shown_uris() -> None:
    assert scheme_of("Redis://h") == "redis"
    assert scheme_of("redis:h") == ""
    assert without_secrets("redis://me:secret@h:1/0?password=x") == "redis://me@h:1/0"
    assert "secret" not in without_secrets("redis://me:secret@[h")


def test_pooling_needs_a_management_store_that_keeps_pools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlControlDriver, "list_pools", ControlDriver.list_pools)
    path = tmp_path / "angarium.conf"
    path.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\npooling = true\n")
    with pytest.raises(StartError, match=r"\[DEFAULT\] pooling is on.*'sqlalchemy'"):
        build(config.load(["--config-file", str(path)]))


def test_a_pool_that_is_down_stops_no_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Installation(tmp_path, {"DEFAULT": {"pooling": True}}) as installation:
        kernel = installation.open()
        uri = "postgresql://nobody:secret@127.0.0.1:1/none"
        kernel.services.control.put_pool(PoolRecord("down", uri, 1))
        installation.open().prepare()
    assert "pool down cannot be used now" in caplog.text
    assert "secret" not in caplog.text
