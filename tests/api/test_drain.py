"""Pools that are drained under load, over two server processes and several kinds of store.

Nothing is lost, nothing comes out of order, claims stay valid; and a drain that is killed goes on
when it is run again.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from angarium.cli.manage import manage as commands
from angarium.clock import ENVIRONMENT_VARIABLE
from angarium.testing.effort import IS_FULL, PATIENCE, scaled
from tests import stores
from tests.api.client import Api
from tests.api.conftest import VARIANTS
from tests.api.helpers import bodies, claim, messages, ok, post
from tests.api.racing import Race, Verdict
from tests.cli.programs import write
from tests.servers import Server, ServerPark, TestClock

Drain = Callable[..., str]

_MANAGE = Path(sys.executable).parent / "angarium-manage"
_BUSY = 503
KINDS = ("postgresql", "redis", "mongodb")


@pytest.fixture(scope="session")
def store() -> str:
    """Where the pools are registered; their queues are in stores of all kinds."""
    return "postgresql"


@pytest.fixture
def servers(pooled: Api, park: ServerPark) -> list[Server]:
    """Two processes of one installation."""
    return [pooled.server, park.get("postgresql", "pooled", VARIANTS["pooled"], number=2)]


@pytest.fixture
def admin(pooled: Api) -> Api:
    """An administrator at the first of them."""
    return pooled


@pytest.fixture(scope="module")
def bodies_of_pools(
    server_urls: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, int], dict[str, object]]]:
    """A function that returns the body of a pool, by its kind and a number.

    The store behind it is ready, and the same for all tests: they differ in their projects.
    """
    directory = tmp_path_factory.mktemp("pools")
    made: dict[tuple[str, int], dict[str, object]] = {}
    with ExitStack() as stack:

        def find(kind: str, number: int = 0) -> dict[str, object]:
            if (kind, number) not in made:
                pool = stack.enter_context(stores.pool(kind, server_urls, directory))
                if kind in stores.SQL_SERVERS:
                    upgrade(str(pool["uri"]), directory)
                made[kind, number] = pool
            return made[kind, number]

        yield find


def upgrade(uri: str, directory: Path) -> None:
    """Make a database ready to be a pool."""
    done = manage(write(directory, {}), "db", "upgrade", "--uri", uri)
    assert done.exit_code == 0, done.output


def manage(config_file: Path, *arguments: str) -> Result:
    """Run ``angarium-manage`` here: a third process of the installation, and none to start."""
    return CliRunner().invoke(commands, ["--config-file", str(config_file), *arguments])


@pytest.fixture
def pools(
    admin: Api, bodies_of_pools: Callable[[str], dict[str, object]]
) -> Iterator[dict[str, str]]:
    """Names of pools by the kind of their store, and of the flavor that they are in."""
    flavor = f"flavor-{uuid.uuid4().hex[:8]}"
    made = {"flavor": flavor}
    for kind in KINDS:
        made[kind] = f"pool-{kind}-{flavor}"
        # Kinds of stores do not offer the same, so they meet only in the list of the flavor.
        body = {**bodies_of_pools(kind), "weight": 1, "flavor": f"{flavor}-{kind}"}
        ok(admin.pool_create(made[kind], body), 201)
    ok(admin.flavor_create(flavor, {"pool_list": [made[kind] for kind in KINDS]}), 201)
    yield made
    for item in ok(admin.queue_list(limit=20), 200)["queues"]:
        ok(admin.queue_delete(item["name"]), 204)
    ok(admin.flavor_delete(flavor), 204)
    for kind in KINDS:
        ok(admin.pool_delete(made[kind]), 204)


@pytest.fixture
def drain(servers: list[Server], clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> Drain:
    """Runs the command that drains a pool, and returns what it said.

    A queue that a busy store kept where it was is moved when the command runs again.
    """
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(clock.path))

    def run(pool: str, *options: str) -> str:
        for _ in range(5):
            done = manage(servers[0].config_file, "pool", "drain", pool, *options)
            if done.exit_code == 0 or "please retry" not in done.output.lower():
                break
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    return run


def queue_in(admin: Api, pools: dict[str, str], kind: str, name: str) -> None:
    """Create a queue in one of the pools."""
    others = [pools[each] for each in KINDS if each != kind]
    for other in others:
        ok(admin.pool_update(other, {"weight": 0}), 200)
    ok(admin.queue_create(name, {"_flavor": pools["flavor"]}), 201)
    for other in others:
        ok(admin.pool_update(other, {"weight": 1}), 200)


@pytest.mark.parametrize(
    ("source", "target"), [("postgresql", "redis"), ("redis", "mongodb"), ("mongodb", "postgresql")]
)
def test_a_drained_pool_hands_over_everything(
    admin: Api,
    servers: list[Server],
    pools: dict[str, str],
    drain: Drain,
    queue: str,
    source: str,
    target: str,
) -> None:
    queue_in(admin, pools, source, queue)
    other = admin.at(servers[1])
    ids = post(admin, queue, *range(30))
    claim_id, claimed = claim(other, queue, limit=3, ttl=300)
    first = ok(other.message_list(queue, limit=5, echo="true", include_claimed="true"), 200)
    said = drain(pools[source], "--to", pools[target])
    assert f"-> {pools[target]}: 30 messages" in said
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
        self.sources = 3  # two producers and a publisher, as long as they may post
        self._lock = threading.Lock()

    def is_complete(self) -> bool:
        """Whether nothing more is posted."""
        return self.sources == 0

    def source(self, supply: Callable[..., None], *arguments: Any) -> None:
        """Let one of the sources post until all is over."""
        try:
            supply(*arguments)
        finally:
            with self._lock:
                self.sources -= 1

    def go_on(self) -> None:
        """Until something more was posted and done."""
        posted, done = len(self.posted), len(self.done)
        deadline = time.monotonic() + PATIENCE
        while len(self.posted) < posted + 4 or len(self.done) < done + 2:
            assert time.monotonic() < deadline, "producers or workers stand still"
            time.sleep(0.01)

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
        while not (self.is_complete() and len(self.read) >= len(self.published)):
            page = self._insist(partial(api.call, "GET", href), 200).body
            self.read += bodies(page["messages"])
            href = page["links"][0]["href"] if page["links"] else href
            time.sleep(0.02)

    def work(self, number: int) -> None:
        """Claim, delete under the claim; ends when everything that was posted is done."""
        api = self.apis[number % 2].other_client()
        while not (self.is_complete() and len(self.done) >= len(self.posted)):
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
    admin: Api, servers: list[Server], pools: dict[str, str], drain: Drain, queue: str
) -> None:
    board = f"{queue}-board"
    queue_in(admin, pools, "postgresql", queue)
    queue_in(admin, pools, "postgresql", board)
    load = Load([admin, admin.at(servers[1])], queue)
    with ThreadPoolExecutor(6) as threads:
        tasks = [threads.submit(load.source, load.produce, number) for number in range(2)]
        tasks += [threads.submit(load.work, number) for number in range(2)]
        tasks += [
            threads.submit(load.source, load.publish, board),
            threads.submit(load.follow, board),
        ]
        try:
            for _ in range(scaled(1, 3)):
                for source in KINDS:
                    load.go_on()
                    drain(pools[source])
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
    admin: Api, servers: list[Server], pools: dict[str, str], drain: Drain, clock: TestClock
) -> None:
    names = [f"queue-{number}" for number in range(scaled(3, 8))]
    for name in names:
        queue_in(admin, pools, "postgresql", name)
        for start in range(0, 200, 50):
            post(admin, name, *range(start, start + 50))
    # One is killed while it copies the first queue, the others while they copy a later one.
    for said in ("weight set", *["messages in"] * scaled(1, 3)):
        kill_a_drain(servers[0], pools["postgresql"], said)
    clock.advance(60)  # a queue may stand still for one that was killed
    drain(pools["postgresql"])
    admin_elsewhere = admin.at(servers[1])
    for name in names:
        found: list[Any] = []
        while popped := ok(admin_elsewhere.message_delete_many(name, pop=20), 200)["messages"]:
            found += bodies(popped)
        assert found == list(range(200))
    ok(admin.pool_delete(pools["postgresql"]), 204)


def kill_a_drain(server: Server, pool: str, after: str) -> None:
    """Start to drain a pool, and kill the process once it has said something."""
    command = [_MANAGE, "--config-file", server.config_file, "pool", "drain", pool]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=server.environment
    ) as process:
        assert process.stdout is not None
        try:
            assert any(after in line for line in process.stdout), f"it never said {after!r}"
        finally:
            process.kill()


@pytest.mark.parametrize("kind", [*stores.STORES, *(["mongodb"] if IS_FULL else [])])
def test_a_queue_that_is_changed_while_it_is_moved(
    admin: Api,
    servers: list[Server],
    bodies_of_pools: Callable[[str, int], dict[str, object]],
    drain: Drain,
    queue: str,
    kind: str,
) -> None:
    """New metadata, deletion and creation count at once, on whatever step the queue is."""
    names = [f"pool-{number}-{queue}" for number in range(2)]
    for number, name in enumerate(names):
        ok(admin.pool_create(name, {**bodies_of_pools(kind, number), "weight": 1}), 201)
    # A move begins anew with each change: with too many of them it would hardly ever be over.
    race = Race(admin, admin.at(servers[1]), queue, may_be_busy=True, posts_between=8)
    is_slow = kind in stores.SLOW_STORES
    changes, wanted = (15, 1) if is_slow else (scaled(15, 100), scaled(1, 5))
    sources, moved = itertools.cycle(names), 0

    def move() -> bool:
        nonlocal moved
        source = next(sources)
        moved += " -> " in drain(source)
        ok(admin.pool_update(source, {"weight": 1}), 200)
        return moved >= wanted

    race.run(changes, move)
    Verdict(race).check()
    ok(admin.queue_delete(queue), 204)
    for name in names:
        ok(admin.pool_delete(name), 204)
