"""The internal delivery endpoint and what it pushes (``websocket-v2.md`` 9 and 10)."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import msgpack
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from angarium.notifications import proof
from angarium.testing import effort
from angarium_websocket.connection import Connection, Terms
from angarium_websocket.encoding import BINARY, TEXT
from angarium_websocket.pushing import Channel
from tests.websocket.client import TIMEOUT, connected
from tests.websocket.loop import TERMS, Answer, Loop, echo, serving
from tests.websocket.poster import Poster
from tests.websocket.raw import RawClient

PUSHERS: Final = 16
LARGE: Final = 200_000  # bytes
UNKNOWN: Final = "522544e3-283a-4500-85ea-3ba9f14773db"
DOCUMENT: Final = {
    "body": {"fruit": "plüm", "kg": 3, "big": -(2**63)},
    "ttl": 240,
    "queue_name": "orchard",
    "Message_Type": "Notification",
}


@dataclass(frozen=True)
class Pushed:
    """A client that is pushed to, and who pushes."""

    loop: Loop
    client: ClientConnection
    channel: Channel
    poster: Poster

    def push(self, document: Any, **options: Any) -> int:
        """Deliver a document to the client; the status of the answer."""
        secret = self.channel.address.secret
        return self.poster.push(self.channel.id, secret, document, **options)


@contextmanager
def pushing(terms: Terms = TERMS, answer: Answer = echo) -> Iterator[Pushed]:
    with serving(terms, answer) as loop, connected(loop.port) as client:
        channel = loop.channels[str(loop.connections.get(timeout=TIMEOUT).id)]
        with Poster(loop.endpoint_port) as poster:
            yield Pushed(loop, client, channel, poster)


@pytest.fixture(scope="module")
def pushed() -> Iterator[Pushed]:
    with pushing() as made:
        yield made


def test_a_document_arrives_as_it_is(pushed: Pushed) -> None:
    raw = json.dumps(DOCUMENT, indent=1).encode()
    assert pushed.push(raw) == 200
    assert pushed.client.recv(TIMEOUT) == raw.decode()


def test_it_arrives_in_the_encoding_of_the_connection(pushed: Pushed) -> None:
    pushed.channel.encoding = BINARY
    assert pushed.push(DOCUMENT) == 200
    received = pushed.client.recv(TIMEOUT)
    pushed.channel.encoding = TEXT
    assert isinstance(received, bytes)
    assert msgpack.unpackb(received) == DOCUMENT


@pytest.mark.parametrize("age", [-290, 290])
def test_a_proof_is_good_for_five_minutes(pushed: Pushed, age: int) -> None:
    assert pushed.push(DOCUMENT, age=age) == 200
    pushed.client.recv(TIMEOUT)


@pytest.mark.parametrize("age", [-310, 310])
def test_a_proof_is_not_good_for_longer(pushed: Pushed, age: int) -> None:
    assert pushed.push(DOCUMENT, age=age) == 403


def test_without_proof_nothing_is_pushed(pushed: Pushed) -> None:
    channel, poster = pushed.channel, pushed.poster
    body = json.dumps(DOCUMENT).encode()
    genuine = proof.sign(channel.address.secret, channel.id, body, int(time.time()))
    assert poster.push(channel.id, "guessed", DOCUMENT) == 403
    for headers in ({}, {proof.HEADER: ""}, {proof.HEADER: genuine[:-1]}):
        assert poster.send("POST", f"/{channel.id}", body, headers) == 403
    assert poster.send("POST", f"/{channel.id}", body + b" ", {proof.HEADER: genuine}) == 403
    with pytest.raises(TimeoutError):
        pushed.client.recv(0.1)
    assert poster.send("POST", f"/{channel.id}", body, {proof.HEADER: genuine}) == 200
    pushed.client.recv(TIMEOUT)


def test_the_proof_for_one_connection_is_none_for_another(pushed: Pushed) -> None:
    with connected(pushed.loop.port):
        other = str(pushed.loop.connections.get(timeout=TIMEOUT).id)
        body = json.dumps(DOCUMENT).encode()
        mine = proof.sign(pushed.channel.address.secret, other, body, int(time.time()))
        assert pushed.poster.send("POST", f"/{other}", body, {proof.HEADER: mine}) == 403


@pytest.mark.parametrize("path", [UNKNOWN, "{id}/more", "{id}%20", "v2/queues"])
def test_a_connection_that_is_not_here(pushed: Pushed, path: str) -> None:
    path = path.format(id=pushed.channel.id)
    assert pushed.poster.push(path, pushed.channel.address.secret, DOCUMENT) == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_another_method(pushed: Pushed, method: str) -> None:
    assert pushed.poster.send(method, f"/{pushed.channel.id}", None, {}) == 405


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[NaN]", b'"\\ud800"', b"1e999", b"[" * 3000])
def test_what_is_not_json(pushed: Pushed, body: bytes) -> None:
    assert pushed.push(body) == 400


def test_no_usable_length(pushed: Pushed) -> None:
    poster, path = pushed.poster, f"/{pushed.channel.id}"
    assert poster.send("POST", path, b"", {}) == 400
    chunks = iter([b"2\r\n{}\r\n0\r\n\r\n"])
    assert poster.send("POST", path, chunks, {"Transfer-Encoding": "chunked"}) == 400
    assert poster.send("POST", "/", b"{}", {}) == 400


@pytest.mark.parametrize("length", ["x", "-1", "+2"])
def test_a_length_that_is_none(pushed: Pushed, length: str) -> None:
    with closing(socket.create_connection(("127.0.0.1", pushed.loop.endpoint_port))) as raw:
        head = f"POST /{pushed.channel.id} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        raw.sendall(head.encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")


def test_a_body_that_ends_early(pushed: Pushed) -> None:
    with closing(socket.create_connection(("127.0.0.1", pushed.loop.endpoint_port))) as raw:
        head = f"POST /{pushed.channel.id} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
        raw.sendall(head.encode() + b"{}")
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")
    assert pushed.push(DOCUMENT) == 200
    pushed.client.recv(TIMEOUT)


def test_a_document_that_is_too_large(pushed: Pushed) -> None:
    largest = TERMS.max_message_size
    assert pushed.push(b"[" + b" " * (largest - 2) + b"]") == 200
    assert len(pushed.client.recv(TIMEOUT)) == largest
    assert pushed.push(b"[" + b" " * (largest - 1) + b"]") == 413
    assert pushed.push(DOCUMENT) == 200, "the connection can still be used"
    pushed.client.recv(TIMEOUT)


def test_a_connection_that_was_closed_is_not_here_any_more() -> None:
    with pushing() as pushed:
        assert pushed.push(DOCUMENT) == 200
        pushed.client.close()
        deadline = time.monotonic() + TIMEOUT
        while pushed.push(DOCUMENT) != 404:
            assert time.monotonic() < deadline


def test_the_answer_comes_before_what_is_pushed_meanwhile() -> None:
    started, going_on = threading.Event(), threading.Event()

    def slowly(connection: Connection, message: str | bytes) -> str | bytes:
        started.set()
        assert going_on.wait(TIMEOUT)
        return "answer"

    with pushing(answer=slowly) as pushed:
        pushed.client.send("post something")
        assert started.wait(TIMEOUT)
        for number in range(3):
            assert pushed.push(number) == 200
        going_on.set()
        received = [pushed.client.recv(TIMEOUT) for _ in range(4)]
        assert received == ["answer", "0", "1", "2"]


def test_many_pushes_do_not_wait_for_a_slow_answer() -> None:
    started, going_on = threading.Event(), threading.Event()

    def slowly(connection: Connection, message: str | bytes) -> str | bytes:
        started.set()
        assert going_on.wait(TIMEOUT)
        return "answer"

    with pushing(replace(TERMS, max_send_queue=20), slowly) as pushed:
        pushed.client.send("post something")
        assert started.wait(TIMEOUT)
        for number in range(50):
            assert pushed.push(number) == 200
        shown = [pushed.client.recv(TIMEOUT) for _ in range(48)]
        going_on.set()
        shown += [pushed.client.recv(TIMEOUT) for _ in range(3)]
        assert "answer" in shown[-3:]
        assert [int(it) for it in shown if it != "answer"] == list(range(50))


class Crowd(threading.Thread):
    """Pushes large documents through a connection of its own to the endpoint."""

    def __init__(self, number: int, pushed: Pushed, count: int) -> None:
        super().__init__()
        self.number = number
        self.received: list[int] = []
        self.room = threading.Semaphore(2)
        self._pushed = pushed
        self._count = count

    def run(self) -> None:
        """Push all, of which only few are on their way at a time."""
        channel = self._pushed.channel
        with Poster(self._pushed.loop.endpoint_port) as poster:
            for place in range(self._count):
                assert self.room.acquire(timeout=effort.PATIENCE)
                document = {"body": [self.number, place, chr(97 + self.number) * LARGE]}
                assert poster.push(channel.id, channel.address.secret, document) == 200

    def take(self, place: int, rest: str) -> None:
        """Check one that arrived."""
        assert rest == chr(97 + self.number) * LARGE
        self.received.append(place)
        self.room.release()


def test_large_pushes_of_sixteen_posters_and_answers_are_never_mixed_up() -> None:
    count = effort.scaled(5, 100)
    with pushing() as pushed:
        crowd = [Crowd(number, pushed, count) for number in range(PUSHERS)]
        for each in crowd:
            each.start()
        answers: list[str] = []
        pushed.client.send("answer 0")
        while any(len(each.received) < count for each in crowd):
            raw = pushed.client.recv(TIMEOUT)
            assert isinstance(raw, str)
            if raw.startswith("answer"):
                answers.append(raw)
                pushed.client.send(f"answer {len(answers)}")
                continue
            number, place, rest = json.loads(raw)["body"]
            crowd[number].take(place, rest)
        for each in crowd:
            each.join()
            assert each.received == list(range(count)), "in the order of the poster"
        assert answers == [f"answer {number}" for number in range(len(answers))]
        assert answers


def test_a_client_that_stops_reading_is_cut_and_others_are_not() -> None:
    with (
        serving(replace(TERMS, max_send_queue=8)) as loop,
        RawClient(loop.port),
        Poster(loop.endpoint_port) as poster,
    ):
        stuck = loop.channels[str(loop.connections.get(timeout=TIMEOUT).id)]
        with connected(loop.port) as client:
            other = loop.channels[str(loop.connections.get(timeout=TIMEOUT).id)]
            statuses, document = [], {"body": "x" * 900_000}
            while not statuses or statuses[-1] == 200:
                statuses.append(poster.push(stuck.id, stuck.address.secret, document))
                assert poster.push(other.id, other.address.secret, len(statuses)) == 200
                assert client.recv(TIMEOUT) == str(len(statuses))
                assert len(statuses) < 1000
            assert statuses[-1] == 404
            assert len(statuses) > 8


def test_a_client_that_is_cut_is_told_why() -> None:
    with pushing(replace(TERMS, max_send_queue=8)) as pushed:
        while pushed.push({"body": "x" * 900_000}) == 200:
            pass
        with suppress(ConnectionClosed):
            while True:
                assert len(json.loads(pushed.client.recv(TIMEOUT))["body"]) == 900_000
        assert pushed.client.close_code == 1013
