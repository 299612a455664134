"""The server, or its database, is killed with signal 9 under load, again and again.

Three times each by default, twenty times with ``ANGARIUM_TEST_FULL=1``.
"""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.scenarios.door import Door
from tests.scenarios.ledger import Ledger
from tests.scenarios.load import Load
from tests.scenarios.troupe import wait_until
from tests.servers import Server, ServerPark

FULL = os.environ.get("ANGARIUM_TEST_FULL") == "1"
KILLS = 20 if FULL else 3
WORKERS = {"workers": 2, "threads": 4}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def server(park: ServerPark, store: str, tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill: with a state directory that no other server uses."""
    options = {"DEFAULT": {"state_path": tmp_path / "state"}, "drivers:transport:wsgi": WORKERS}
    mortal = park.make(store, f"mortal-{uuid.uuid4().hex}", options)
    mortal.start()
    yield mortal
    if mortal.is_running:
        mortal.kill()


def kill_everything(server: Server) -> None:
    server.kill()
    server.start()


def kill_main_process(server: Server) -> None:
    """The main process alone: its workers must follow it, so that nobody else holds the port."""
    workers = psutil.Process(server.process.pid).children(recursive=True)
    assert len(workers) >= WORKERS["workers"]
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive, f"workers survive their main process: {alive}"
    server.start()


def kill_one_worker(server: Server) -> None:
    """One worker, which the main process replaces while the other goes on."""
    victim, *_ = worker_processes(server)
    victim.kill()
    wait_until(lambda: len(worker_processes(server)) == WORKERS["workers"], "it is replaced")


def worker_processes(server: Server) -> list[psutil.Process]:
    """The processes that listen, without the helpers of the interpreter."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [process for process in children if _is_worker(process)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any("spawn_main" in argument for argument in process.cmdline())
    except psutil.Error:  # it ends just now, or has ended
        return False


@pytest.mark.parametrize(
    "kill", [kill_everything, kill_main_process, kill_one_worker], ids=lambda kill: kill.__name__
)
def test_nothing_acknowledged_is_lost(
    server: Server, project: str, kill: Callable[[Server], None]
) -> None:
    dice = random.Random(kill.__name__)
    books: dict[str, Ledger] = {}
    for number in range(KILLS):
        queue = f"round-{number}"
        with Load(server.port, project, queue) as load:
            wait_until(
                lambda load=load: load.acknowledged > 20 and load.deleted > 5, "there is load"
            )
            time.sleep(dice.uniform(0, 0.5))  # so that it hits at any moment
            kill(server)
            before = load.acknowledged
            wait_until(lambda load=load, n=before: load.acknowledged > n, "it serves again")
        load.ledger.check(Door(server.port, project), queue)
        books[queue] = load.ledger
    for queue, ledger in books.items():
        ledger.check(Door(server.port, project), queue)
