"""The commands of README.rst, run as they stand in a copy of the tree without anything else."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.rst").read_text()
DEFAULT_ADDRESS = "127.0.0.1:8888"
READY_WITHIN = 300.0  # seconds; most of it is the installation
GENERATED = (".git", ".venv*", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", "state")


def commands() -> list[str]:
    """The lines of the README's shell block, joined where they are continued."""
    block = re.search(r"\.\. code-block:: sh\n\n((?:    .*\n|\n)+)", README)
    assert block is not None
    return [paragraph for paragraph in block[1].split("\n\n") if paragraph.strip()]


class Trial:
    """A person with a fresh copy of the tree, on a machine where the default port is in use."""

    def __init__(self, directory: Path) -> None:
        self.tree = directory / "angarium"
        shutil.copytree(ROOT, self.tree, ignore=shutil.ignore_patterns(*GENERATED))
        self.address = f"127.0.0.1:{free_port()}"
        self.output = directory / "output"
        self.environment = {
            **os.environ,
            "HOME": str(directory),
            "ANGARIUM_DEFAULT__STATE_PATH": str(directory / "state"),
            "ANGARIUM_DRIVERS_TRANSPORT_WSGI__PORT": self.address.rpartition(":")[2],
            "ANGARIUM_DRIVERS_TRANSPORT_WEBSOCKET__PORT": "0",
        }

    def run(self) -> subprocess.Popen[bytes]:
        """``make run``, once it answers."""
        with self.output.open("ab") as output:
            process = subprocess.Popen(
                ["make", "run"],
                cwd=self.tree,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            assert process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.2)
        return process

    def _answers(self) -> bool:
        try:
            with urlopen(f"http://{self.address}/") as answer:
                return bool(answer.status == 300)
        except OSError as error:
            return getattr(error, "code", None) == 300

    def type(self, *lines: str) -> str:
        """Enter lines in another terminal, and read what they print."""
        script = "\n".join(lines).replace(DEFAULT_ADDRESS, self.address)
        return subprocess.run(
            ["bash", "-e", "-c", script], capture_output=True, text=True, check=True, timeout=30
        ).stdout


def press_ctrl_c(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=60)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    person = Trial(tmp_path_factory.mktemp("readme"))
    yield person
    shutil.rmtree(person.tree)


@pytest.mark.timeout(600)
def test_a_first_hour_with_the_readme(trial: Trial) -> None:
    post, claim, delete = commands()
    process = trial.run()
    try:
        assert "HTTP/1.1 201" in trial.type(post)
    finally:
        press_ctrl_c(process)
    process = trial.run()
    try:
        output = trial.type(claim, delete)
    finally:
        press_ctrl_c(process)
    printed = trial.output.read_text()
    assert '"body":{"hello":"world"}' in output
    assert "HTTP/1.1 204" in output
    assert f"http://{trial.address}/v2/" in printed
    assert "curl" in printed
    assert "Traceback" not in printed


def test_the_readme_fits_one_screen_and_names_the_two_commands() -> None:
    assert len(README.splitlines()) <= 60
    assert "\n    make run\n" in README
    assert "\n    make test\n" in README


def test_every_file_that_the_readme_names_is_there() -> None:
    names = re.findall(r"^``([\w./-]+)``", README, flags=re.MULTILINE)
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []
