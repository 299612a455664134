"""The server, or its database, is killed with signal 9 under load, again and again.

A few times by default; with ``ANGARIUM_TEST_FULL=1`` the whole server twenty times on SQLite and
PostgreSQL, whose files and sessions it is about.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.scenarios.door import Door
from tests.scenarios.ledger import Ledger
from tests.scenarios.load import Load
from tests.scenarios.troupe import wait_until
from tests.servers import Server

FULL = os.environ.get("ANGARIUM_TEST_FULL") == "1"
WORKERS = 2  # processes that serve, beside the main process

pytestmark = pytest.mark.timeout(1800 if FULL else 300)


def kill_everything(server: Server) -> None:
    server.kill()
    server.start()


def kill_main_process(server: Server) -> None:
    """The main process alone: its workers must follow it, so that nobody else holds the port."""
    workers = psutil.Process(server.process.pid).children(recursive=True)
    assert len(workers) >= WORKERS
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive, f"workers survive their main process: {alive}"
    server.start()


def kill_one_worker(server: Server) -> None:
    """One worker, which the main process replaces while the other goes on."""
    victim, *_ = worker_processes(server)
    victim.kill()
    wait_until(lambda: len(listening(server)) == WORKERS, "it is replaced")


def listening(server: Server) -> list[psutil.Process]:
    """The workers that serve already: one that is just starting could not go on alone."""
    return [it for it in worker_processes(server) if _listens(it, server.port)]


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        found = process.net_connections("tcp")
    except psutil.Error:  # it ends just now, or has ended
        return False
    return any(it.status == psutil.CONN_LISTEN and it.laddr.port == port for it in found)


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
    ("kill", "usual", "full"),
    [(kill_everything, 3, 20), (kill_main_process, 2, 8), (kill_one_worker, 2, 8)],
    ids=["everything", "main process", "one worker"],
)
def test_nothing_acknowledged_is_lost(
    mortal: Server,
    project: str,
    store: str,
    kill: Callable[[Server], None],
    usual: int,
    full: int,
) -> None:
    times = full if FULL and store in ("sqlite", "postgresql") else usual
    dice = random.Random(kill.__name__)
    books: dict[str, Ledger] = {}
    for number in range(times):
        queue = f"round-{number}"
        with Load(mortal.port, project, queue) as load:
            load.wait_for_posts(20)
            load.wait_for_deletions(5)
            time.sleep(dice.uniform(0, 0.5))  # so that it hits at any moment
            kill(mortal)
            load.wait_for_posts(1)
        load.ledger.check(Door(mortal.port, project), queue)
        books[queue] = load.ledger
    door = Door(mortal.port, project)
    for queue, ledger in books.items():
        ledger.check(door, queue)
