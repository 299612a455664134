"""The example in the guide to the kit runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs/driver-kit.rst"
EXAMPLE, IMPORTS = (
    textwrap.dedent(block)
    for block in re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", GUIDE.read_text())
)


def test_example_passes(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(f"{IMPORTS}\n\n{EXAMPLE}")
    command = [sys.executable, "-m", "pytest", "-q", "-k", "scenario", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed
    assert int(passed[1]) >= 20
    assert "Warning" not in run.stdout


def test_example_is_ten_lines_at_most() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 10
