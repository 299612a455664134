"""Which store a driver opens, when it refuses to, and that deep queues stay usable."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import uuid
from typing import Any

import pytest
from oslo_config import cfg

from angarium.clock import Clock
from angarium.config import options
from angarium.errors import StartError
from angarium.storage import operations as op
from angarium.storage.driver import Driver, StoreEnvironment
from angarium.testing.queues import new_queue, numbered
from angarium_memory.control import MemoryControlDriver
from angarium_memory.data import MemoryDataDriver

DRIVERS = pytest.mark.parametrize("kind", [MemoryDataDriver, MemoryControlDriver])


def environment(uri: str | None = None, **special: Any) -> StoreEnvironment:
    conf = cfg.ConfigOpts()
    options.register(conf)
    conf([], default_config_files=[], default_config_dirs=[])
    return StoreEnvironment(conf, Clock(), uri, **special)


def test_one_name_is_one_store() -> None:
    uri = f"memory://{uuid.uuid4()}"
    queue = new_queue(MemoryDataDriver(environment(uri)))
    queue.post("A")
    again = MemoryDataDriver(environment(uri))
    assert queue.on(again).everything() == ["A"]
    assert again.get_totals().total == 1
    other = MemoryDataDriver(environment(f"memory://{uuid.uuid4()}"))
    assert other.get_totals().total == 0


def test_option_names_the_store() -> None:
    uri = f"memory://{uuid.uuid4()}"
    queue = new_queue(MemoryDataDriver(environment(uri)))
    queue.post("A")
    configured = environment()
    MemoryDataDriver(configured)
    configured.conf.set_override("uri", uri, group="drivers:message_store:memory")
    assert queue.on(MemoryDataDriver(configured)).everything() == ["A"]


@DRIVERS
@pytest.mark.parametrize("uri", ["memory://", "memory:x", "sqlite:///x", "memory://a/b", "x"])
def test_uri_has_to_be_one(kind: type[Driver], uri: str) -> None:
    with pytest.raises(StartError, match="the uri of a pool must be memory:// and a name"):
        kind(environment(uri))


@DRIVERS
def test_several_processes_are_refused(kind: type[Driver]) -> None:
    with pytest.raises(StartError, match="in the memory of one process") as refusal:
        kind(environment("memory://orders", processes=4))
    assert "workers = 1" in str(refusal.value)


@DRIVERS
def test_pool_has_no_options(kind: type[Driver]) -> None:
    with pytest.raises(StartError):
        kind(environment("memory://orders", options={"size": 1}))


@DRIVERS
def test_start_warns(kind: type[Driver], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        kind(environment()).prepare()
    assert "it is lost when that process ends" in caplog.text


def test_serving_needs_none_of_the_kits_packages() -> None:
    program = "import sys, angarium_memory.data, angarium_memory.control; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert {"pytest", "hypothesis"}.isdisjoint(run.stdout.split())


def test_deep_queue_is_usable() -> None:
    """Whatever does not look at all messages does not slow down with their number."""
    queue = new_queue(MemoryDataDriver(environment(f"memory://{uuid.uuid4()}")))
    queue.post(*numbered(30_000))
    start = time.process_time()
    for _ in range(300):
        queue.post("X")
        queue.claim(1).release()
        queue.page(limit=10)
        queue.do(op.PopMessages(1))
    assert time.process_time() - start < 6
