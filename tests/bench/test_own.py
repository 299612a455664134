"""Servers that the benchmark starts itself, and how they end with it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.bench import commands
from tests.cli import programs

LONG = ("--workload", "post", "--seconds", "0.1", "--rounds", "1000", "--workers", "1")


def test_the_embedded_server_is_measured_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    done = commands.bench(
        "--workload", "cycle", "--processes", "2", "--json", path,
        HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path / "state"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = commands.result(path)["results"]
    assert [row["target"] for row in rows] == ["constant", "embedded"]
    assert all(row["rate"]["most"] > 0 for row in rows)
    assert {entry.name for entry in tmp_path.iterdir()} <= {"result.json", ".cache"}


def test_configurations_are_compared(tmp_path: Path) -> None:
    files = []
    for name in ("plain", "audited"):
        directory = tmp_path / name
        directory.mkdir()
        pipeline = {"storage": {"message_pipeline": "audit"}} if name == "audited" else {}
        files.append(programs.write(directory, pipeline).rename(directory / f"{name}.conf"))
    path = tmp_path / "result.json"
    options = [part for file in files for part in ("--config-file", file)]
    done = commands.bench(*options, "--workload", "post", "--json", path)
    assert done.returncode == 0, done.stderr
    names = [row["target"] for row in commands.result(path)["results"]]
    assert names == ["constant", "plain", "audited"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_everything_and_shows_what_it_has(
    tmp_path: Path, number: int
) -> None:
    path = tmp_path / "result.json"
    process = commands.start(*LONG, "--processes", "2", "--json", path)
    commands.read_until(process, "round 1 of")
    descendants = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "embedded" in output
    assert commands.result(path)["complete"] is False
    assert len(descendants) >= 4
    assert [child for child in descendants if is_alive(child)] == []


def is_alive(process: psutil.Process) -> bool:
    """Whether it does not end within a moment; orphans may stay zombies."""
    for _ in range(100):
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        time.sleep(0.1)
    return True


def test_a_server_that_dies_ends_the_run_with_its_log(tmp_path: Path) -> None:
    process = commands.start(*LONG, "--connections", "2")
    commands.read_until(process, "round 1 of")
    (server,) = (
        child
        for child in psutil.Process(process.pid).children()
        if "from angarium.cli.server import main; main()" in child.cmdline()
    )
    server.kill()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "embedded" in output
    assert "REST API on http://127.0.0.1:" in errors
    assert errors.endswith("the server of embedded ended with status -9; its log is above\n")


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    path = programs.write(tmp_path, {"drivers": {"message_store": "nowhere"}})
    done = programs.run("angarium", "--config-file", path, "bench", "--workload", "post")
    assert done.returncode == 1
    assert "[drivers] message_store asks for 'nowhere'" in done.stderr
    assert done.stderr.endswith("the server of configured ended with status 1; its log is above\n")
