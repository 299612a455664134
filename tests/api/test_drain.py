"""Pools that are drained under load, over two server processes and several kinds of store.

Nothing is lost, nothing comes out of order, claims stay valid; and a drain that is killed goes on
when it is run again.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from angarium.testing.effort import scaled
from tests import stores
from tests.api.client import Api
from tests.api.helpers import bodies, claim, messages, ok, post
from tests.servers import Options, Server, ServerPark, TestClock

OPTIONS: Options = {"DEFAULT": {"admin_mode": True, "pooling": True}}
_MANAGE = Path(sys.executable).parent / "angarium-manage"
_BUSY = 503
KINDS = ("postgresql", "redis", "sqlite")


@pytest.fixture
def servers(park: ServerPark) -> list[Server]:
    """Two processes of one installation."""
    return [park.get("postgresql", "pooled", OPTIONS, number) for number in (1, 2)]


@pytest.fixture
def admin(servers: list[Server]) -> Api:
    """An administrator at the first of them."""
    return Api(servers[0], headers={"X-Roles": "admin"})


@pytest.fixture
def pools(
    admin: Api, server_urls: Callable[[str], str], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """Names of pools by the kind of their store, and of the flavor that they are in."""
    flavor = f"flavor-{uuid.uuid4().hex[:8]}"
    made = {"flavor": flavor}
    with (
        stores.database(server_urls("postgresql")) as url,
        stores.redis_store(server_urls("redis")) as redis_uri,
    ):
        admin.server.manage("db", "upgrade", "--uri", url)
        uris = (url, redis_uri, f"sqlite:///{tmp_path}/pool.db")
        for kind, uri in zip(KINDS, uris, strict=True):
            made[kind] = f"pool-{kind}-{flavor}"
            # Kinds of stores do not offer the same, so they meet only in the list of the flavor.
            body = {"uri": uri, "weight": 1, "flavor": f"{flavor}-{kind}"}
            ok(admin.pool_create(made[kind], body), 201)
        ok(admin.flavor_create(flavor, {"pool_list": [made[kind] for kind in KINDS]}), 201)
        yield made
        for item in ok(admin.queue_list(limit=20), 200)["queues"]:
            ok(admin.queue_delete(item["name"]), 204)
        ok(admin.flavor_delete(flavor), 204)
        for kind in KINDS:
            ok(admin.pool_delete(made[kind]), 204)


def drain(server: Server, pool: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_MANAGE, "--config-file", server.config_file, "pool", "drain", pool, *options],
        capture_output=True,
        text=True,
        env=server.environment,
        timeout=120,
        check=False,
    )


def queue_in(admin: Api, pools: dict[str, str], kind: str, name: str) -> None:
    """Create a queue in one of the pools."""
    others = [pools[each] for each in KINDS if each != kind]
    for other in others:
        ok(admin.pool_update(other, {"weight": 0}), 200)
    ok(admin.queue_create(name, {"_flavor": pools["flavor"]}), 201)
    for other in others:
        ok(admin.pool_update(other, {"weight": 1}), 200)


@pytest.mark.parametrize(
    ("source", "target"), [("postgresql", "redis"), ("redis", "sqlite"), ("sqlite", "postgresql")]
)
def test_a_drained_pool_hands_over_everything(
    admin: Api, servers: list[Server], pools: dict[str, str], queue: str, source: str, target: str
) -> None:
    queue_in(admin, pools, source, queue)
    other = admin.at(servers[1])
    ids = post(admin, queue, *range(30))
    claim_id, claimed = claim(other, queue, limit=3, ttl=300)
    first = ok(other.message_list(queue, limit=5, echo="true", include_claimed="true"), 200)
    done = drain(servers[0], pools[source], "--to", pools[target])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"-> {pools[target]}: 30 messages" in done.stdout
    assert ok(admin.pool_get(pools[source]), 200)["weight"] == 0
    ok(admin.pool_delete(pools[source]), 204)
    for api in (admin, other):
        assert bodies(messages(api, queue)) == list(range(20))
        assert len(ok(api.claim_get(queue, claim_id), 200)["messages"]) == 3
    rest = ok(other.call("GET", first["links"][0]["href"]), 200)
    assert bodies(rest["messages"]) == [5, 6, 7, 8, 9]
    ok(other.message_delete(queue, ids[0], claim_id), 204)
    ok(other.claim_delete(queue, claim_id), 204)
    assert bodies(claim(admin, queue, limit=3)[1]) == [1, 2, 3]
    assert claimed[0]["id"] == ids[0]


class Load:
    """Producers, readers by marker and claimers that delete, over two servers."""

    def __init__(self, apis: list[Api], queue: str) -> None:
        self.apis = apis
        self.queue = queue
        self.posted: list[list[int]] = []
        self.done: list[list[int]] = []
        self.published: list[int] = []
        self.read: list[int] = []
        self.over = threading.Event()
        self._lock = threading.Lock()

    def produce(self, number: int) -> None:
        api = self.apis[number % 2].other_client()
        each = 0
        while not self.over.is_set():
            batch = [[number, each], [number, each + 1]]
            documents = [{"body": body} for body in batch]
            self._insist(partial(api.message_post, self.queue, *documents), 201)
            with self._lock:
                self.posted += batch
            each += 2
            time.sleep(0.02)

    def publish(self, board: str) -> None:
        """Post to a queue that nobody deletes from."""
        api = self.apis[0].other_client()
        while not self.over.is_set():
            body = len(self.published)
            self._insist(partial(api.message_post, board, {"body": body}), 201)
            self.published.append(body)
            time.sleep(0.02)

    def follow(self, board: str) -> None:
        """Read that queue by marker, to the end."""
        api = self.apis[1].other_client()
        href = f"/v2/queues/{board}/messages?limit=20"
        while not (self.over.is_set() and len(self.read) >= len(self.published)):
            page = self._insist(partial(api.call, "GET", href), 200).body
            self.read += bodies(page["messages"])
            href = page["links"][0]["href"] if page["links"] else href
            time.sleep(0.02)

    def work(self, number: int) -> None:
        """Claim, delete under the claim; ends when everything that was posted is done."""
        api = self.apis[number % 2].other_client()
        while not (self.over.is_set() and len(self.done) >= len(self.posted)):
            answer = self._insist(lambda: api.claim_create(self.queue, {"ttl": 300}, limit=5))
            if answer.status == 204:
                time.sleep(0.02)
                continue
            claim_id = answer.headers["location"].rpartition("/")[2]
            for message in answer.body["messages"]:
                delete = partial(api.message_delete, self.queue, message["id"], claim_id)
                self._insist(delete, 204)
                with self._lock:
                    self.done.append(message["body"])

    @staticmethod
    def _insist(ask: Callable[[], Any], *expected: int) -> Any:
        """Repeat what is refused for a moment, as every client may: nothing was changed."""
        for _ in range(200):
            answer = ask()
            if answer.status != _BUSY:
                assert answer.status in (expected or (201, 204)), (answer.status, answer.body)
                return answer
            assert answer.headers["retry-after"]
            time.sleep(0.05)
        raise AssertionError("the queue is busy all the time")


def test_draining_under_load_loses_and_reorders_nothing(
    admin: Api, servers: list[Server], pools: dict[str, str], queue: str
) -> None:
    board = f"{queue}-board"
    queue_in(admin, pools, "postgresql", queue)
    queue_in(admin, pools, "postgresql", board)
    load = Load([admin, admin.at(servers[1])], queue)
    with ThreadPoolExecutor(6) as threads:
        tasks = [threads.submit(load.produce, number) for number in range(2)]
        tasks += [threads.submit(load.work, number) for number in range(2)]
        tasks += [threads.submit(load.publish, board), threads.submit(load.follow, board)]
        try:
            for _ in range(scaled(1, 5)):
                for source in KINDS:
                    time.sleep(0.3)
                    done = drain(servers[0], pools[source])
                    assert done.returncode == 0, done.stdout + done.stderr
                    ok(admin.pool_update(pools[source], {"weight": 1}), 200)
        finally:
            load.over.set()
        for task in tasks:
            task.result(timeout=120)
    assert sorted(load.done) == sorted(load.posted)
    assert len(load.posted) > 20
    assert messages(admin, queue) == []
    assert load.read == load.published


def test_a_drain_that_is_killed_goes_on_when_it_is_run_again(
    admin: Api, servers: list[Server], pools: dict[str, str], clock: TestClock
) -> None:
    names = [f"queue-{number}" for number in range(4)]
    for name in names:
        queue_in(admin, pools, "postgresql", name)
        for start in range(0, 200, 50):
            post(admin, name, *range(start, start + 50))
    for delay in (0.9, 1.1, 1.3):
        killed = subprocess.Popen(
            [
                _MANAGE,
                "--config-file",
                servers[0].config_file,
                "pool",
                "drain",
                pools["postgresql"],
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=servers[0].environment,
        )
        time.sleep(delay)
        killed.kill()
        killed.wait()
    admin_elsewhere = admin.at(servers[1])
    done = drain(servers[1], pools["postgresql"])
    if done.returncode:  # a queue stood still for the one that was killed
        clock.advance(60)
        done = drain(servers[1], pools["postgresql"])
    assert done.returncode == 0, done.stdout + done.stderr
    for name in names:
        found: list[Any] = []
        while popped := ok(admin_elsewhere.message_delete_many(name, pop=20), 200)["messages"]:
            found += bodies(popped)
        assert found == list(range(200))
    ok(admin.pool_delete(pools["postgresql"]), 204)
