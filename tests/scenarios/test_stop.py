"""The server is asked to stop under load: it answers what it has begun, and loses nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.scenarios.door import Door
from tests.scenarios.ledger import key_of
from tests.scenarios.load import Load
from tests.servers import Server

ROUNDS = 3 if os.environ.get("ANGARIUM_TEST_FULL") == "1" else 1


def terminate(server: Server) -> None:
    """As a service manager does it: the main process alone."""
    server.process.send_signal(signal.SIGTERM)


def press_control_c(server: Server) -> None:
    """As a terminal does it: every process of the foreground at once."""
    os.killpg(server.process.pid, signal.SIGINT)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ask", [terminate, press_control_c], ids=lambda ask: ask.__name__)
def test_a_stop_answers_everything_that_was_begun(
    mortal: Server, project: str, ask: Callable[[Server], None]
) -> None:
    for number in range(ROUNDS):
        queue = f"round-{number}"
        # Large bodies, so that every moment finds requests in all stages of their work.
        with Load(mortal.port, project, queue, padding=10_000) as load:
            load.wait_for_posts(20)
            ask(mortal)
            assert mortal.wait() == 0
        assert "Traceback" not in mortal.log
        mortal.start()
        door = Door(mortal.port, project)
        load.ledger.check(door, queue)
        stored = door.listing(queue, echo=True, include_claimed=True, limit=20)
        unanswered = {key for batch in load.ledger.unknown for key in batch}
        begun = {key_of(message["body"]) for message in stored}
        assert not begun & unanswered, "it stored what it then did not answer"
