"""The WSGI callable under a server other than Granian, which gives it every byte of a header.

(Granian hands over a header with bytes beyond ASCII as an empty one: such a project is refused
there, and never taken for another.)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, claim, ok, post, refused, totals
from tests.servers import Server, ServerPark

PROGRAM = """
import sys
from wsgiref.simple_server import make_server
from angarium_rest.wsgi import application
make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""


class WsgirefServer(Server):
    """The same service under the server of the standard library."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", PROGRAM, str(self.port)]

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "ANGARIUM_CONFIG_FILE": str(self.config_file)}


@pytest.fixture(scope="module")
def plain(park: ServerPark, store: str) -> Iterator[Api]:
    """A client of the callable."""
    options = {"transport": {"client_id_uuid_safe": "off"}}
    prepared = park.make(store, f"wsgiref-{store}", options)
    server = WsgirefServer(prepared.config_file.parent, prepared.options, park.clock)
    server.start()
    yield Api(server)
    server.kill()


def test_a_cycle(plain: Api, queue: str) -> None:
    post(plain, queue, "Zoë")
    claim_id, [message] = claim(plain, queue)
    ok(plain.message_delete(queue, message["id"], claim_id), 204)
    assert totals(plain, queue) == (0, 0, 0)
    assert plain.call("HEAD", "/v2/queues").status == 405


PROJECTS = ["Zoë", "zoë", "日本", "日", "\u00a0", "é" * 256]


def test_every_character_is_legal_in_a_project(plain: Api, queue: str) -> None:
    owners = {name: Api(plain.server, headers={"X-Project-Id": name.encode()}) for name in PROJECTS}
    for name, owner in owners.items():
        ok(owner.queue_delete(queue), 204)
        ok(owner.queue_create(queue, {"owner": name}), 201)
    for name, owner in owners.items():
        assert ok(owner.queue_get(queue), 200)["owner"] == name
    too_long = Api(plain.server, headers={"X-Project-Id": ("é" * 257).encode()})
    refused(too_long.queue_get(queue), 400, "Invalid queue identification")


def test_bytes_that_are_no_utf8_are_characters_too(plain: Api, queue: str) -> None:
    first = Api(plain.server, headers={"X-Project-Id": b"Zo\xeb"})
    second = Api(plain.server, headers={"X-Project-Id": b"Zo\xff"})
    post(first, queue, 1)
    assert totals(second, queue) == (0, 0, 0)
    assert totals(first, queue) == (1, 0, 1)


def test_client_ids_of_any_characters(plain: Api, queue: str) -> None:
    worker = Api(plain.server, plain.project, headers={"Client-ID": "né-ünïcödé".encode()})
    post(worker, queue, "mine")
    assert ok(worker.message_list(queue), 200)["messages"] == []
    assert bodies(ok(plain.message_list(queue), 200)["messages"]) == ["mine"]


def test_a_signature_of_any_characters_is_a_wrong_one(plain: Api, queue: str) -> None:
    answer = plain.call("GET", f"/v2/queues/{queue}", headers={"URL-Signature": "é".encode()})
    refused(answer, 404, "404 Not Found")
