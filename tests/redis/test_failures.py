"""Failures of a server: what is tried again, what was changed, and how soon the answer comes."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from angarium.errors import OutcomeUnknown, StoreUnreachable
from angarium.storage.models import Kind, QueueFilter, Scope
from angarium.testing.crowd import in_threads
from angarium.testing.queues import Queue, new_batch, new_project, new_queue, numbered
from angarium_redis.client import DEADLINE
from angarium_redis.data import RedisDataDriver
from tests.redis.conftest import Drivers
from tests.redis.wire import Wire
from tests.redis_servers import RedisServer

KEPT = ("--appendonly", "yes", "--appendfsync", "always")
Start = Callable[..., RedisServer]


@pytest.fixture
def wire(server: RedisServer) -> Iterator[Wire]:
    made = Wire(server.port)
    yield made
    made.close()


def test_flushed_scripts_are_sent_again(drivers: Drivers, server: RedisServer) -> None:
    queue = new_queue(drivers.data(server.uri))
    queue.post("A")
    with server.client() as client:
        client.script_flush()
    queue.post("B")
    assert queue.claim().names == ["A", "B"]


def test_restart_goes_unnoticed(drivers: Drivers, start: Start) -> None:
    """Connections that the restart closed cost no request."""
    server = start(*KEPT)
    queue = new_queue(drivers.data(server.uri))
    queue.post("A", "B")
    for name in ("A", "B"):
        server.stop()
        server.start()
        assert queue.pop(1)[0].body == queue_body(name)
    server.stop()
    server.start()
    queue.post("C")
    assert queue.everything() == ["C"]


def queue_body(name: str) -> bytes:
    return new_batch([name])[0].body


@pytest.mark.parametrize("attempts", [1, 10])
def test_server_that_is_gone_is_told_of_in_time(
    drivers: Drivers, server: RedisServer, attempts: int
) -> None:
    driver = drivers.data(server.uri, max_reconnect_attempts=attempts, reconnect_sleep=0.2)
    control = drivers.control(server.uri, max_reconnect_attempts=attempts, reconnect_sleep=0.2)
    queue = new_queue(driver)
    server.stop()
    time.sleep(0.1)  # a connection that is hardly used looks first whether it is still there
    calls: list[Callable[[], Any]] = [
        lambda: queue.post("A"),
        lambda: control.list_queues("p", Kind.QUEUE, marker="", limit=1, select=QueueFilter()),
    ]
    for call in calls:
        start = time.monotonic()
        with pytest.raises(StoreUnreachable) as failure:
            call()
        assert type(failure.value) is StoreUnreachable
        assert time.monotonic() - start < (DEADLINE + 2 if attempts > 1 else 2)


@pytest.mark.parametrize("name", ["post", "claim", "delete", "release"])
def test_lost_answer_is_asked_for_again(drivers: Drivers, wire: Wire, name: str) -> None:
    """The change was made when the connection broke, and is made once."""
    queue = new_queue(drivers.data(f"redis://127.0.0.1:{wire.port}", reconnect_sleep=0.0))
    for _ in range(2):  # the second time, the server knows the scripts
        queue.purge()
        queue.post("A", "B")
        held = queue.claim(1)
        queue.delete(queue.post("X")[0])
        queue.claim(1, ttl=60).release()
    wire.loses_answer = True
    if name == "post":
        queue.post("C")
    elif name == "claim":
        assert queue.claim(1).names == ["B"]
    elif name == "delete":
        queue.delete(held.ids[0], held.id)
    else:
        held.release()
    assert not wire.loses_answer
    total = {"post": 3, "claim": 2, "delete": 1, "release": 2}[name]
    assert queue.counts()[0] == total


def test_lost_answer_to_a_pop_is_told_of(drivers: Drivers, wire: Wire) -> None:
    queue = new_queue(drivers.data(f"redis://127.0.0.1:{wire.port}"))
    queue.post("X", "A", "B")
    queue.pop(1)  # from now on the server knows the script
    wire.loses_answer = True
    with pytest.raises(OutcomeUnknown):
        queue.pop(1)
    assert queue.everything() == ["B"]


def test_lost_answer_to_a_creation(drivers: Drivers, wire: Wire) -> None:
    """Whoever created the record is told so all the same."""
    control = drivers.control(f"redis://127.0.0.1:{wire.port}", reconnect_sleep=0.0)
    scope = Scope(new_project(), "orders")
    control.create_queue(Scope(new_project(), "other"), {}, "")  # the server knows the script
    wire.loses_answer = True
    record, created = control.create_queue(scope, {}, "")
    assert created
    assert control.create_queue(scope, {}, "") == (record, False)


def test_too_few_replicas(drivers: Drivers, server: RedisServer) -> None:
    """The change is there, and its outcome is called unknown; a pop hands out what it took."""
    plain = new_queue(drivers.data(server.uri))
    uri = f"{server.uri}?wait_replicas=1&wait_timeout=50"
    waiting = Queue(drivers.data(uri), plain.ref)
    with pytest.raises(OutcomeUnknown, match="too few replicas"):
        waiting.post("A")
    assert plain.everything() == ["A"]
    assert waiting.listed() == ["A"]
    with pytest.raises(OutcomeUnknown):
        waiting.claim(1)
    plain.post("B")
    assert [message.body for message in waiting.pop(1)] == [queue_body("B")]


def test_foreign_key_of_the_name(drivers: Drivers, server: RedisServer) -> None:
    """Another program's key in the place of ours is a failure of the store, not a crash."""
    driver = drivers.data(server.uri)
    queue = new_queue(driver)
    with server.client() as client:
        (key,) = client.keys("*")
        client.set(key, "something else")
    with pytest.raises(StoreUnreachable):
        queue.post("A")


def test_full_memory_refuses_posts_and_loses_nothing(drivers: Drivers, server: RedisServer) -> None:
    queue = new_queue(drivers.data(server.uri))
    queue.post("A")
    with server.client() as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(StoreUnreachable):
            queue.post("B")
        client.config_set("maxmemory", 0)
    assert queue.everything() == ["A"]


def test_connections_do_not_survive_a_fork(drivers: Drivers, server: RedisServer) -> None:
    driver = drivers.data(server.uri)
    queue = new_queue(driver)
    queue.post("A")
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_post, args=(queue, f"{n}")) for n in range(3)]
    for child in children:
        child.start()
    _post(queue, "parent")
    for child in children:
        child.join(30)
        assert child.exitcode == 0
    assert queue.counts()[0] == 1 + 4 * 20


def _post(queue: Queue, prefix: str) -> None:
    for name in numbered(20, prefix):
        queue.post(name)


def test_pool_is_never_larger_than_it_may_be(drivers: Drivers, server: RedisServer) -> None:
    driver: RedisDataDriver = drivers.data(server.uri, pool_size=2)
    queue = new_queue(driver)
    with server.client() as client:
        before = client.info("clients")["connected_clients"]
        in_threads([lambda: queue.post(*numbered(5))] * 8)
        assert client.info("clients")["connected_clients"] <= before + 2
    assert queue.counts()[0] == 40


def test_server_that_hangs_is_told_of_in_time(drivers: Drivers, server: RedisServer) -> None:
    """An attempt that begins late has only what is left of the time."""
    queue = new_queue(drivers.data(server.uri, reconnect_sleep=2.0))
    server.stop()
    time.sleep(0.1)  # a connection that is hardly used looks first whether it is still there
    with ExitStack() as stack:
        hanging = partial(socket.create_server, ("127.0.0.1", server.port))
        timer = threading.Timer(0.5, lambda: stack.enter_context(hanging()))
        timer.start()
        start = time.monotonic()
        with pytest.raises(StoreUnreachable):
            queue.post("A")
        assert DEADLINE - 1 < time.monotonic() - start < DEADLINE + 1.5
        timer.join()
