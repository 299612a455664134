from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.clients.zaqar import Zaqar, bodies
from tests.servers import Server

GUIDE = Path(__file__).parents[2] / "docs" / "clients.rst"
ADDRESS = "http://127.0.0.1:8888"


def example() -> str:
    """The program that the guide for API clients shows."""
    _, _, rest = GUIDE.read_text().partition(".. code-block:: python\n")
    block = []
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            break
        block.append(line)
    return textwrap.dedent("\n".join(block))


def test_the_program_of_the_guide_does_what_it_says(server: Server) -> None:
    program = example()
    assert ADDRESS in program
    assert '"demo"' in program
    queue = Zaqar(server, "demo").queue("orders")
    queue.purge()
    done = subprocess.run(
        [sys.executable, "-c", program.replace(ADDRESS, f"http://{server.host}:{server.port}")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "{'order': 7731}\n"), done.stderr
    assert bodies(queue.messages(echo=True, include_claimed=True)) == []
