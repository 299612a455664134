"""The packages in contrib/, installed as a third party's are and run from config alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "contrib" / "angarium-freeze"
PIP_INSTALL = (sys.executable, "-m", "pip", "install", "--quiet")
GUIDE = (ROOT / "docs" / "plugins.rst").read_text()

DRIVE = """
import json, sys
from angarium import config, kernel
from angarium_rest.app import create_app

service = kernel.build(config.load(["--config-file", sys.argv[1]]))
service.prepare()
client = create_app(service).test_client()
headers = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-Id": "demo"}

def ask(method, path, document):
    answer = client.open(path, method=method, headers=headers, data=json.dumps(document))
    return answer.status_code

post = {"messages": [{"body": 1}]}
print(
    ask("PUT", "/v2/queues/cold", {"frozen": True}),
    ask("POST", "/v2/queues/cold/messages", post),
    ask("POST", "/v2/queues/warm/messages", post),
)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the package is installed beside Angarium."""
    directory = tmp_path_factory.mktemp("contrib")
    subprocess.run(
        [*PIP_INSTALL, "--no-deps", "--target", directory, PACKAGE],
        check=True,
    )
    return {**os.environ, "PYTHONPATH": str(directory)}


def run(environment: dict[str, str], *command: str | Path) -> str:
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_its_own_tests_pass(environment: dict[str, str]) -> None:
    output = run(
        environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
        PACKAGE / "tests",
    )  # fmt: skip
    assert re.search(r"\b6 passed", output)


def test_it_is_listed_as_what_it_is(environment: dict[str, str]) -> None:
    listing = run(environment, Path(sys.executable).parent / "angarium", "plugins")
    assert re.search(r"freeze.*angarium-freeze", listing)


def test_it_works_from_config_alone(environment: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "angarium.conf"
    config.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\n[storage]\nmessage_pipeline = freeze\n")
    assert run(environment, "-c", DRIVE, config).split() == ["201", "403", "201"]


def test_the_guide_shows_the_packages_own_file() -> None:
    source = (PACKAGE / "angarium_freeze" / "__init__.py").read_text()
    assert textwrap.indent(source, "    ") in GUIDE
