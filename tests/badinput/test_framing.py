"""Requests that are none, or lie about their length, sent as bytes to a running server.

What the server itself refuses may be its own empty 400 or 431 (rest-v2.md 1.7); a connection may
be closed. Nothing may hang, come back as HTML, or be stored in part.
"""

from __future__ import annotations

import json
import re
import socket
import uuid
from typing import Any, Final

import pytest

from tests.badinput.wire import CLIENT_ID
from tests.servers import Server, ServerPark

PATIENCE: Final = 10.0  # seconds without a byte, after which a connection counts as hanging
DOCUMENT: Final = b'{"messages": [{"body": 1}]}'
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) ")

Answers = list[tuple[int, Any]]
"""Status and document of each answer on a connection; None for an empty body."""


@pytest.fixture
def server(park: ServerPark) -> Server:
    """A server as it starts without any configuration, on SQLite."""
    return park.get("sqlite")


class Peer:
    """A client that says exactly what it is told, in a project of its own."""

    def __init__(self, server: Server) -> None:
        self._address = (server.host, server.port)
        self.project = uuid.uuid4().hex

    def head(self, method: str, path: str, *lines: str, stays: bool = False) -> bytes:
        """A request line and valid headers, with further lines.

        :param stays: whether further requests follow on the connection.
        """
        common = (
            f"{method} {path} HTTP/1.1",
            "Host: localhost",
            f"Client-ID: {CLIENT_ID}",
            f"X-Project-Id: {self.project}",
            f"Connection: {'keep-alive' if stays else 'close'}",
        )
        return "\r\n".join([*common, *lines, "", ""]).encode("latin-1")

    def post(self, *lines: str, stays: bool = False) -> bytes:
        """The head of a post."""
        return self.head("POST", "/v2/queues/plums/messages", *lines, stays=stays)

    def say(self, *parts: bytes, leaves: bool = False, waits: bool = True) -> Answers:
        """Send bytes and read everything that comes back until the server ends the connection.

        :param leaves: whether to say that nothing more will come.
        :param waits: False to go as soon as there is a whole answer.
        """
        with socket.create_connection(self._address, timeout=PATIENCE) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
                if leaves:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has heard enough; what it says to that counts
            return _answers(_read(connection, waits=waits))

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        """The answer to a proper request."""
        head = self.head(method, path, f"Content-Length: {len(body)}")
        [answer] = self.say(head + body)
        return answer

    def stored(self) -> tuple[list[str], int]:
        """Names of the project's queues, and the messages of ``plums``."""
        _, listed = self.ask("GET", "/v2/queues")
        _, stats = self.ask("GET", "/v2/queues/plums/stats")
        return [queue["name"] for queue in listed["queues"]], stats["messages"]["total"]


NOTHING: Final[tuple[list[str], int]] = ([], 0)


def _read(connection: socket.socket, *, waits: bool) -> bytes:
    received = b""
    while waits or not received.endswith(b"}"):
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            return received
        if not piece:
            return received
        received += piece
    return received


def _answers(received: bytes) -> Answers:
    answers: Answers = []
    while received:
        assert b"<" not in received.partition(b"\r\n\r\n")[0], received[:200]
        head, _, received = received.partition(b"\r\n\r\n")
        status = _STATUS.match(head)
        assert status is not None, head[:200]
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0
        raw, received = received[:size], received[size:]
        assert len(raw) == size
        if int(status[1]) != 100:
            answers.append((int(status[1]), json.loads(raw) if raw else None))
    return answers


@pytest.fixture
def peer(server: Server) -> Peer:
    return Peer(server)


def check_refused(answers: Answers) -> None:
    """No answer at all, or one that says no."""
    assert len(answers) <= 1, answers
    assert all(
        status in (400, 404, 405, 408, 411, 413, 414, 417, 431, 501, 505) for status, _ in answers
    )


# --- The length of a body -----------------------------------------------------------------------


def test_a_proper_post_is_stored(peer: Peer) -> None:
    [(status, _)] = peer.say(peer.post(f"Content-Length: {len(DOCUMENT)}") + DOCUMENT)
    assert status == 201
    assert peer.stored() == (["plums"], 1)


def test_a_body_shorter_than_declared_stores_nothing(peer: Peer) -> None:
    for declared in (len(DOCUMENT) + 1, 1000, 200_000):
        check_refused(peer.say(peer.post(f"Content-Length: {declared}") + DOCUMENT, leaves=True))
    assert peer.stored() == NOTHING


def test_a_body_longer_than_declared_is_cut_and_the_rest_is_no_request(peer: Peer) -> None:
    post = peer.post(f"Content-Length: {len(DOCUMENT)}", stays=True) + DOCUMENT
    answers = peer.say(post + b"garbage\r\n\r\n")
    assert answers[0][0] == 201
    check_refused(answers[1:])
    check_refused(peer.say(peer.post("Content-Length: 5") + DOCUMENT))
    assert peer.stored() == (["plums"], 1)


@pytest.mark.parametrize(
    "length",
    [
        "-1",
        "-0",
        "+27",
        "27.0",
        "2 7",
        "0x1b",
        "many",
        "",
        "27,28",
        "1" * 30,
        "18446744073709551616",
    ],
)
def test_a_length_that_is_none_stores_nothing(peer: Peer, length: str) -> None:
    answers = peer.say(peer.post(f"Content-Length: {length}") + DOCUMENT)
    assert all(status == 400 for status, _ in answers[:1]), answers
    assert peer.stored() == NOTHING


def test_lengths_that_contradict_each_other_store_nothing(peer: Peer) -> None:
    lines = (f"Content-Length: {len(DOCUMENT)}", "Content-Length: 5")
    check_refused(peer.say(peer.post(*lines) + DOCUMENT))
    check_refused(peer.say(peer.post(*reversed(lines)) + DOCUMENT)[:1])
    assert peer.stored() == NOTHING


def test_a_huge_body_is_refused_before_it_is_sent(peer: Peer) -> None:
    for size in (262_145, 10**9, 10**15):
        head = peer.post(f"Content-Length: {size}")
        answers = peer.say(head + b" " * 1000, waits=False)
        assert answers[0][0] == 400
        assert answers[0][1]["title"] == "Invalid API request"
        assert "262144" in answers[0][1]["description"]
    assert peer.stored() == NOTHING


def test_a_huge_body_is_refused_while_it_is_sent(peer: Peer) -> None:
    size = 5_000_000
    answers = peer.say(peer.post(f"Content-Length: {size}"), b" " * size)
    check_refused(answers)
    assert peer.stored() == NOTHING


def test_after_a_refusal_the_connection_goes_on_or_ends(peer: Peer) -> None:
    body = b" " * 300_000
    first = peer.post(f"Content-Length: {len(body)}", stays=True) + body
    second = peer.post(f"Content-Length: {len(DOCUMENT)}") + DOCUMENT
    answers = peer.say(first, second)
    assert [status for status, _ in answers] in ([400], [400, 201], [])
    assert peer.stored()[1] == len(answers[1:])


def test_a_request_that_expects_a_go_ahead_gets_it(peer: Peer) -> None:
    head = peer.post(f"Content-Length: {len(DOCUMENT)}", "Expect: 100-continue")
    [(status, _)] = peer.say(head, DOCUMENT)
    assert status == 201


# --- Chunks -------------------------------------------------------------------------------------


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def test_a_body_in_chunks_is_stored(peer: Peer) -> None:
    halves = (DOCUMENT[:10], DOCUMENT[10:])
    for body in (
        chunked(DOCUMENT),
        chunked(*halves),
        chunked(*(bytes([each]) for each in DOCUMENT)),
        chunked(DOCUMENT, end=b"0\r\nTrailer: 1\r\n\r\n"),
        b"1b;name=value\r\n" + DOCUMENT + b"\r\n0\r\n\r\n",
    ):
        [(status, _)] = peer.say(peer.post("Transfer-Encoding: chunked") + body)
        assert status == 201
    assert peer.stored() == (["plums"], 5)


@pytest.mark.parametrize(
    "body",
    [
        chunked(DOCUMENT[:10], end=b""),
        b"ff\r\n" + DOCUMENT[:-1],
        b"zz\r\n" + DOCUMENT + b"\r\n0\r\n\r\n",
        b"-1\r\n" + DOCUMENT + b"\r\n0\r\n\r\n",
        b"5\r\n" + DOCUMENT + b"\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\n" + DOCUMENT + b"\r\n0\r\n\r\n",
        b"\r\n\r\n",
        DOCUMENT,
        b"",
    ],
)
def test_chunks_that_are_none_store_nothing(peer: Peer, body: bytes) -> None:
    check_refused(peer.say(peer.post("Transfer-Encoding: chunked") + body, leaves=True)[:1])
    assert peer.stored() == NOTHING


@pytest.mark.parametrize("body", [chunked(DOCUMENT, end=b""), b"ff\r\n" + DOCUMENT])
def test_chunks_without_an_end_are_stored_whole_or_not_at_all(peer: Peer, body: bytes) -> None:
    """An object is complete or no JSON, so a body that was cut can never pass for a shorter one."""
    peer.say(peer.post("Transfer-Encoding: chunked") + body, leaves=True)
    assert peer.stored() in (NOTHING, (["plums"], 1))


def test_the_limit_counts_for_chunks_too(peer: Peer) -> None:
    body = chunked(*([b" " * 50_000] * 6), DOCUMENT)
    answers = peer.say(peer.post("Transfer-Encoding: chunked"), body)
    check_refused(answers)
    assert answers[0][1]["title"] == "Invalid API request"
    assert peer.stored() == NOTHING


@pytest.mark.parametrize(
    "lines",
    [
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: identity", "Content-Length: 5"),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding:\x0bchunked",),
    ],
)
def test_nothing_is_smuggled_past_a_proxy(peer: Peer, lines: tuple[str, ...]) -> None:
    """What follows a body that ends at once is a request only if all agree that it ends there."""
    hidden = peer.head("PUT", "/v2/queues/smuggled", "Content-Length: 0")
    answers = peer.say(peer.post(*lines, stays=True) + b"0\r\n\r\n" + hidden)
    names, total = peer.stored()
    assert total == 0
    ends_in_chunks = any(re.fullmatch(r"Transfer-Encoding: (.*, )?chunked", line) for line in lines)
    assert names == [] or (ends_in_chunks and answers[-1][0] == 201)


# --- Requests that are none ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 100,
        b"\xff\xfe\xfd" * 100,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1 extra\r\nHost: a\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"G\0T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v2/\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v2/\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v2/a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"GET / HTTP/1.1\r\n: empty\r\n\r\n",
        b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\tfolded: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 2000 + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\0" * 200,
        b"{" * 10_000,
    ],
    ids=lambda raw: repr(raw[:30]),
)
def test_what_is_no_request_is_refused(peer: Peer, request_bytes: bytes) -> None:
    check_refused(peer.say(request_bytes, leaves=True)[:1])
    assert peer.ask("GET", "/v2/queues")[0] == 200


@pytest.mark.parametrize("target", ["*", "http://localhost/v2/queues", "localhost:1", "?a=1", "#"])
def test_other_forms_of_a_target_are_answered(peer: Peer, target: str) -> None:
    for method in ("GET", "OPTIONS", "CONNECT"):
        answers = peer.say(peer.head(method, target))
        assert all(status < 500 for status, _ in answers), answers
    assert peer.stored() == NOTHING


@pytest.mark.parametrize(
    "path", ["/v2/queues/%FF", "/v2/queues/%00", "/v2/queues/a%0A", "/v2/queues/"]
)
def test_odd_bytes_in_a_name_are_refused(peer: Peer, path: str) -> None:
    status, document = peer.ask("PUT", path)
    assert (status, document["title"]) == (400, "Invalid queue identification")
    assert peer.stored() == NOTHING


def test_a_project_beyond_ascii_is_never_another_one(peer: Peer) -> None:
    """A server may keep such headers from the application, but not give it half of them."""
    plain = peer.project
    for suffix in ("-\u00e9".encode().decode("latin-1"), "-\xff"):
        peer.project = f"{plain}{suffix}"
        status, _ = peer.ask("PUT", "/v2/queues/plums")
        assert status in (201, 400)
    peer.project = plain
    assert peer.stored() == NOTHING


def test_an_old_client_is_answered(peer: Peer) -> None:
    head = peer.head("GET", "/v2/queues").replace(b"HTTP/1.1", b"HTTP/1.0")
    [(status, document)] = peer.say(head)
    assert (status, document) == (200, {"queues": [], "links": []})


def test_requests_one_after_the_other_are_answered_in_order(peer: Peer) -> None:
    post = peer.post(f"Content-Length: {len(DOCUMENT)}", stays=True) + DOCUMENT
    bad = peer.post("Content-Length: 4", stays=True) + b"null"
    last = peer.head("GET", "/v2/queues/plums/stats")
    answers = peer.say(post + bad + post + last)
    assert [status for status, _ in answers] == [201, 400, 201, 200]
    assert answers[-1][1]["messages"]["total"] == 2


def test_headers_given_twice_never_pass_for_one(peer: Peer) -> None:
    doubled = peer.head("PUT", "/v2/queues/plums", f"Client-ID: {CLIENT_ID}", "Content-Length: 0")
    answers = peer.say(doubled)
    assert all(status in (201, 400) for status, _ in answers), answers


def test_clients_that_stop_in_the_middle_keep_nobody_from_being_served(peer: Peer) -> None:
    """Fewer of them than the server has threads; more end after ``body_timeout``."""
    waiting = [socket.create_connection(peer._address, timeout=PATIENCE) for _ in range(3)]
    try:
        for connection in waiting:
            connection.sendall(peer.post("Content-Length: 1000") + b"{")
        assert peer.stored() == NOTHING
    finally:
        for connection in waiting:
            connection.close()
    assert peer.stored() == NOTHING
