"""The commands of the guide for operators on pools, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.api.client import Api
from tests.api.helpers import bodies, messages, ok, post
from tests.servers import Options, ServerPark

_GUIDE = Path(__file__).parents[2] / "docs" / "operators.rst"
_BIN = Path(sys.executable).parent
_OPTIONS: Options = {
    "DEFAULT": {"admin_mode": True, "pooling": True},
    "pooling:catalog": {"enable_virtual_pool": True},
}


def commands() -> list[str]:
    """The shell blocks of the section, in order."""
    _, _, section = _GUIDE.read_text().partition("Pools and flavors\n---")
    section, _, _ = section.partition("Who may do what\n")
    blocks = re.findall(r"code-block:: sh\n\n((?:    .*\n|\n)+)", section)
    return [textwrap.dedent(block) for block in blocks]


def test_the_commands_of_the_guide(park: ServerPark, tmp_path: Path) -> None:
    server = park.get("sqlite", "guide", _OPTIONS)
    environment = {
        **server.environment,
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
    }
    api = Api(server, "demo")

    def run(script: str) -> str:
        replaced = (
            script.replace("http://127.0.0.1:8888", f"http://{server.host}:{server.port}")
            .replace("/var/lib/angarium", str(tmp_path))
            .replace("angarium-manage", f"angarium-manage --config-file {server.config_file}")
        )
        done = subprocess.run(
            ["bash", "-e", "-c", replaced],
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    add, drain, delete = commands()
    listing = run(add)
    assert "rack-1  weight 10  flavor durable  queues 0" in listing
    queues = [f"queue-{number}" for number in range(6)]
    for name in queues:
        ok(api.queue_create(name, {"_flavor": "durable"}), 201)
        post(api, name, name)
    assert "0 left in rack-1" in run(drain)
    assert [bodies(messages(api, name)) for name in queues] == [[name] for name in queues]
    run(delete)
