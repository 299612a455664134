"""The notifier and the receiver that the guides show do what they say."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from angarium.errors import InvalidRequest
from angarium.notifications.connections import Connector
from angarium.notifications.notifier import Delivered, GivenUp, Notifier, TryAgain
from angarium.notifications.subscribers import Subscribers
from angarium_notifiers.webhook import WebhookNotifier
from tests.notifiers.deliveries import MESSAGE_ID, delivery, networks, notifier, registration
from tests.ports import free_port

DOCS = Path(__file__).parents[2] / "docs"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def example(page: str, title: str) -> str:
    """The first program below a title."""
    _, _, section = (DOCS / page).read_text().partition(f"\n{title}\n---")
    block = []
    for line in section.partition(".. code-block:: python\n")[2].splitlines():
        if line and not line.startswith(" "):
            break
        block.append(line)
    return textwrap.dedent("\n".join(block))


@pytest.fixture
def line_notifier() -> type[Notifier]:
    names: dict[str, object] = {"__name__": "angarium_lines"}
    exec(compile(example("plugins.rst", "A notifier"), "plugins.rst", "exec"), names)
    found = names["LineNotifier"]
    assert isinstance(found, type)
    assert issubclass(found, Notifier)
    return found


def test_the_notifier_of_the_guide_delivers(line_notifier: type[Notifier]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        lines = notifier(line_notifier)
        given = delivery(url, options={"prefix": "> "}, document={"body": 3})
        assert lines.deliver(given) == Delivered()
        connection, _ = listener.accept()
        with connection, connection.makefile() as file:
            assert file.read() == '> {"body": 3}\n'
    assert isinstance(lines.deliver(given), TryAgain)
    guarded = notifier(line_notifier, denied=["127.0.0.0/8"])
    assert isinstance(guarded.deliver(given), GivenUp)


@pytest.mark.parametrize(
    ("url", "options", "text"),
    [
        ("tcp://lines.example.org", {}, "subscriber must name a port"),
        ("tcp://127.1:7000", {}, "subscriber_allow_networks"),
        ("tcp://lines.example.org:7000", {"prefix": 3}, "options.prefix must be a string"),
    ],
)
def test_the_kernel_guards_the_notifier_of_the_guide(
    line_notifier: type[Notifier], url: str, options: dict[str, object], text: str
) -> None:
    connector = Connector(networks("127.0.0.0/8"), ())
    subscribers = Subscribers({"tcp": notifier(line_notifier)}, frozenset({"tcp"}), connector)
    subscribers.check(registration("tcp://lines.example.org:7000", prefix="> "))
    with pytest.raises(InvalidRequest, match=text):
        subscribers.check(registration(url, **options))


def test_the_receiver_of_the_guide_takes_what_is_signed() -> None:
    port = free_port()
    program = example("clients.rst", "Receiving webhooks").replace("8080", str(port))
    assert SECRET in program
    running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        hooks = notifier(WebhookNotifier)
        url = f"http://127.0.0.1:{port}/"
        unsigned = delivery(url)
        deadline = time.monotonic() + 30
        while isinstance(verdict := hooks.deliver(unsigned), TryAgain):
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)
        assert verdict == GivenUp("answered 403")
        other = delivery(url, options={"_signing_secret": "whsec_b3RoZXI="})
        assert hooks.deliver(other) == GivenUp("answered 403")
        signed = delivery(url, options={"_signing_secret": ["whsec_b3RoZXI=", SECRET]})
        assert hooks.deliver(signed) == Delivered()
        assert running.stdout is not None
        assert running.stdout.readline() == f"{MESSAGE_ID} {{'fruit': 'plum', 'größe': 3}}\n"
    finally:
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()
