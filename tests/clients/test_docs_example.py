from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.clients.zaqar import Zaqar, bodies
from tests.servers import BOTH_DOORS, Server, ServerPark

GUIDE = Path(__file__).parents[2] / "docs" / "clients.rst"
ADDRESS = "http://127.0.0.1:8888"


SOCKET_ADDRESS = "ws://127.0.0.1:9000/"


def example(number: int = 1) -> str:
    """A program that the guide for API clients shows."""
    block = []
    for line in GUIDE.read_text().split(".. code-block:: python\n")[number].splitlines():
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


def test_the_conversation_of_the_guide_runs_and_prints_what_it_says(park: ServerPark) -> None:
    server, program = park.get("sqlite", "both-doors", BOTH_DOORS), example(2)
    assert SOCKET_ADDRESS in program
    Zaqar(server, "demo").queue("parcels").purge()
    address = f"ws://{server.host}:{server.socket_port}/"
    done = subprocess.run(
        [sys.executable, "-c", program.replace(SOCKET_ADDRESS, address)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _, _, said = GUIDE.read_text().partition("It prints::\n")
    promised = textwrap.dedent(said.strip("\n").split("\n\n")[0])
    assert done.stdout == f"{promised}\n"


def test_the_subscription_of_the_guide_is_made_and_listed(server: Server) -> None:
    program = example(4)
    assert ADDRESS in program
    done = subprocess.run(
        [sys.executable, "-c", program.replace(ADDRESS, f"http://{server.host}:{server.port}")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = (done.returncode, done.stdout)
    assert said == (0, "https://hooks.example.org/invoices 172800\n"), done.stderr
    assert list(Zaqar(server, "demo").queue("invoices").subscriptions()) == []
