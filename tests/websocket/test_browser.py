"""A page in a browser is told of messages that are posted over REST (``websocket-v2.md`` 9)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ports import free_port
from tests.servers import BOTH_DOORS, Server, ServerPark
from tests.websocket import browser
from tests.websocket.client import Client, connected
from tests.websocket.test_subscriptions import rest


class Pages(SimpleHTTPRequestHandler):
    """Serves this directory without a word."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""


@pytest.fixture
def pages() -> Iterator[int]:
    """The port of a server of pages."""
    handler = partial(Pages, directory=str(Path(__file__).parent))
    with ThreadingHTTPServer(("127.0.0.1", free_port()), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def server(park: ServerPark, pages: int) -> Iterator[Server]:
    """A server that lets pages of one origin in."""
    origins = {"allowed_origins": f"http://127.0.0.1:{pages}"}
    options = {**BOTH_DOORS, "drivers:transport:websocket": origins, "notification": {}}
    made = park.make("sqlite", "browser", options)
    made.start()
    yield made
    made.kill()


def test_a_page_shows_what_is_posted_over_rest(
    server: Server, pages: int, queue: str, tmp_path: Path
) -> None:
    assert server.socket_port is not None
    with connected(server.socket_port) as connection, browser.browsing(tmp_path) as tab:
        client = Client(connection)
        said = {"port": server.socket_port, "project": client.headers["X-Project-ID"]}
        address = f"page.html#{quote(json.dumps({**said, 'queue': queue}))}"
        tab.open(f"http://localhost:{pages}/{address}")
        tab.wait_for("state", "closed 1006")  # refused before the upgrade
        tab.open(f"http://127.0.0.1:{pages}/{address}")
        tab.wait_for("state", "subscription_create 201")
        document = {"messages": [{"body": {"text": "Grüße über HTTP"}}]}
        assert rest(server, client, "POST", f"{queue}/messages", document) == 201
        tab.wait_for("messages", f"{queue}: Grüße über HTTP")
        tab.take_picture(tmp_path / "page.png")
