"""The commands on stores that only the server's own process sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import programs

MEMORY: programs.Options = {
    "drivers": {"message_store": "memory", "management_store": "memory"},
    programs.WSGI: {"workers": 1},
}


@pytest.mark.parametrize("command", [["reclaim"], ["db", "upgrade"]])
def test_nothing_to_manage_from_outside(command: list[str], tmp_path: Path) -> None:
    path = programs.write(tmp_path, MEMORY)
    run = programs.run("angarium-manage", "--config-file", path, *command)
    assert run.returncode == 1
    assert "in the memory of one process" in run.stderr
    assert "Traceback" not in run.stderr


def test_upgrade_check_tells_that_it_would_start(tmp_path: Path) -> None:
    path = programs.write(tmp_path, MEMORY)
    run = programs.run("angarium-manage", "--config-file", path, "upgrade", "check")
    assert run.returncode == 0, run.stderr
    assert "message store: answers" in run.stdout
