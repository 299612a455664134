"""Which services ``angarium-server`` runs: ``--only``, and what it tells of deliveries."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.cli import programs
from tests.cli.programs import serving
from tests.cli.test_serving import MESSAGES, POST, wait_until

MEMORY = {"drivers": {"message_store": "memory", "management_store": "memory"}}
DELIVERS = "INFO angarium.notifications.service delivering to subscribers"


def test_it_delivers_in_a_process_that_is_replaced_when_it_dies(tmp_path: Path) -> None:
    with serving(tmp_path, arguments=()) as program:
        assert "Deliveries to subscribers: up to 10 at a time.\n" in program.output
        wait_until(lambda: DELIVERS in program.output)
        line = next(it for it in program.output.splitlines() if DELIVERS in it)
        psutil.Process(int(line.split()[2])).kill()
        wait_until(lambda: program.output.count(DELIVERS) == 2)
        assert program.send("POST", MESSAGES, POST)[0] == 201
        assert program.stop() == 0


def test_a_store_in_memory_is_served_and_delivered_from_by_one_process(tmp_path: Path) -> None:
    with serving(tmp_path, MEMORY, arguments=()) as program:
        assert "by the process that serves" in program.output
        assert len(program.children()) == 1
        assert program.send("POST", MESSAGES, POST)[0] == 201
        assert program.stop() == 0


def test_one_service_runs_alone(tmp_path: Path) -> None:
    with serving(tmp_path, arguments=("--only", "wsgi")) as program:
        assert "not here; run angarium-server --only deliveries somewhere" in program.output
        assert DELIVERS not in program.output


@pytest.mark.parametrize(
    ("options", "only", "reason"),
    [
        ({}, "nothing", "there is no such service; there are wsgi, deliveries"),
        (MEMORY, "deliveries", "a store is inside the process that serves"),
    ],
)
def test_a_service_that_is_not_there_is_one_line(
    tmp_path: Path, options: programs.Options, only: str, reason: str
) -> None:
    options = {**options, programs.WSGI: {"workers": 1, "port": 0}}
    path = programs.write(tmp_path, options)
    done = programs.run("angarium-server", "--config-file", path, "--only", only)
    assert done.returncode == 1
    assert done.stderr.startswith(f"angarium-server: --only {only}: ")
    assert reason in done.stderr
