"""The server is asked to stop under load: it answers what it has begun, and loses nothing."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.scenarios.door import Door
from tests.scenarios.load import Load
from tests.scenarios.troupe import wait_until
from tests.servers import Server, ServerPark

ROUNDS = 3 if os.environ.get("ANGARIUM_TEST_FULL") == "1" else 1


@pytest.fixture
def server(park: ServerPark, store: str, tmp_path: Path) -> Iterator[Server]:
    options = {
        "DEFAULT": {"state_path": tmp_path / "state"},
        "drivers:transport:wsgi": {"workers": 2, "threads": 4},
    }
    mortal = park.make(store, f"stopped-{uuid.uuid4().hex}", options)
    mortal.start()
    yield mortal
    if mortal.is_running:
        mortal.kill()


def terminate(server: Server) -> None:
    """As a service manager does it: the main process alone."""
    server.process.send_signal(signal.SIGTERM)


def press_control_c(server: Server) -> None:
    """As a terminal does it: every process of the foreground at once."""
    os.killpg(server.process.pid, signal.SIGINT)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ask", [terminate, press_control_c], ids=lambda ask: ask.__name__)
def test_a_stop_answers_everything_that_was_begun(
    server: Server, project: str, ask: Callable[[Server], None]
) -> None:
    for number in range(ROUNDS):
        queue = f"round-{number}"
        # Large bodies, so that every moment finds requests in all stages of their work.
        with Load(server.port, project, queue, padding=10_000) as load:
            wait_until(lambda load=load: load.acknowledged > 20, "there is load")
            ask(server)
            assert server.wait() == 0
        assert "Traceback" not in server.log
        server.start()
        door = Door(server.port, project)
        load.ledger.check(door, queue)
        stored = door.listing(queue, echo=True, include_claimed=True, limit=20)
        unanswered = {key for batch in load.ledger.unknown for key in batch}
        begun = {(each["body"]["by"], each["body"]["number"]) for each in stored}
        assert not begun & unanswered, "it stored what it then did not answer"
