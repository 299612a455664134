"""What a connection goes through, with threads that push into it (``websocket-v2.md`` 9 and 11)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import pytest
from gevent.socket import socketpair
from websockets.exceptions import ConnectionClosed
from werkzeug.test import create_environ

from angarium.testing import effort
from angarium_websocket.connection import Connection, Ending
from angarium_websocket.routing import ConnectionSock, OnePathFlask
from tests.websocket.client import TIMEOUT, connected
from tests.websocket.loop import TERMS, echo, serving
from tests.websocket.raw import RawClient, frame, handshake

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_PUSHERS: Final = 16
_FRAME: Final = 200_000  # bytes


class Pusher(threading.Thread):
    """Pushes large frames, of which only few are on their way at a time."""

    def __init__(self, number: int, connection: Connection, count: int) -> None:
        super().__init__()
        self.number = number
        self.room = threading.Semaphore(2)
        self.received: list[int] = []
        self._connection = connection
        self.count = count

    def run(self) -> None:
        """Push all."""
        for place in range(self.count):
            assert self.room.acquire(timeout=effort.PATIENCE)
            text = f"{self.number}:{place}:".ljust(_FRAME, chr(97 + self.number))
            assert self._connection.send(text if place % 2 else text.encode())

    def take(self, place: int, rest: str) -> None:
        """Check one that arrived."""
        assert rest == chr(97 + self.number) * len(rest)
        self.received.append(place)
        self.room.release()


def test_pushes_of_many_threads_and_answers_are_never_mixed_up() -> None:
    count = effort.scaled(10, 200)
    with serving() as loop, connected(loop.port) as client:
        connection = loop.connections.get(timeout=TIMEOUT)
        pushers = [Pusher(number, connection, count) for number in range(_PUSHERS)]
        for pusher in pushers:
            pusher.start()
        answers, asked = [], 0
        client.send(f"answer {asked}")
        while any(len(pusher.received) < count for pusher in pushers) or len(answers) <= asked:
            raw = client.recv(TIMEOUT)
            text = raw.decode() if isinstance(raw, bytes) else raw
            if text.startswith("answer"):
                answers.append(text)
                if len(answers) < 100:
                    asked += 1
                    client.send(f"answer {asked}")
                continue
            assert len(text) == _FRAME
            number, place, rest = text.split(":", 2)
            pushers[int(number)].take(int(place), rest)
        for pusher in pushers:
            pusher.join()
            assert pusher.received == list(range(count)), "in the order of the thread"
        assert answers == [f"answer {number}" for number in range(asked + 1)]


def push_until_refused(connection: Connection) -> int:
    """Push large frames until they are not taken any more; how many were."""
    for number in range(1000):
        if not connection.send(b"x" * 1_000_000):
            return number
    raise AssertionError("the queue has no end")


def test_a_client_that_does_not_read_is_cut_off_and_others_are_not() -> None:
    with (
        serving(replace(TERMS, max_send_queue=5)) as loop,
        RawClient(loop.port) as stuck,
        connected(loop.port) as other,
    ):
        connection = loop.connections.get(timeout=TIMEOUT)
        assert push_until_refused(connection) >= 5
        started = time.monotonic()
        for number in range(20):
            other.send(str(number))
            assert other.recv(TIMEOUT) == str(number)
        assert time.monotonic() - started < 5
        time.sleep(1.5)  # longer than the server waits for the closing handshake
        assert not connection.send("anything")
        stuck.socket.settimeout(10)
        size = 0
        while piece := _read(stuck):
            size += len(piece)
        assert size > 0


def _read(client: RawClient) -> bytes:
    try:
        return client.socket.recv(1 << 20)
    except ConnectionResetError:
        return b""


def test_a_client_that_reads_again_at_once_is_told_why() -> None:
    with serving(replace(TERMS, max_send_queue=5)) as loop, connected(loop.port) as client:
        connection = loop.connections.get(timeout=TIMEOUT)
        pushed = push_until_refused(connection)
        sizes = []
        with suppress(ConnectionClosed):
            while True:
                sizes.append(len(client.recv(TIMEOUT)))
        assert sizes == [1_000_000] * len(sizes)
        assert 0 < len(sizes) <= pushed
        assert client.close_code == 1013


def test_answers_to_a_client_that_does_not_read_are_not_piled_up() -> None:
    """Requests wait, and none is lost."""
    payload = b"x" * 900_000
    with serving(replace(TERMS, max_send_queue=5)) as loop, RawClient(loop.port) as client:
        request = frame(BINARY, payload)
        sender = threading.Thread(target=lambda: [client.send(request) for _ in range(40)])
        sender.start()
        time.sleep(0.5)
        for _ in range(40):
            assert client.receive() == (BINARY, payload)
        sender.join()


def test_a_client_that_takes_nothing_is_given_up() -> None:
    with serving(replace(TERMS, ping_timeout=0.5)) as loop, RawClient(loop.port):
        connection = loop.connections.get(timeout=TIMEOUT)
        for _ in range(15):
            connection.send(b"x" * 1_000_000)
        until(lambda: not connection.send("more"))


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes within seconds."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_pings_keep_an_idle_client_for_an_hour() -> None:
    """Every 30 seconds, that is; here they follow each other faster."""
    terms = replace(TERMS, ping_interval=0.01, ping_timeout=10.0)
    with serving(terms) as loop, RawClient(loop.port) as client, connected(loop.port) as other:
        for _ in range(3600 // 30):
            assert client.receive() == (PING, b"")
            client.send(frame(PONG, b""))
        client.send(frame(TEXT, b"still here"))
        while (received := client.receive()) == (PING, b""):
            client.send(frame(PONG, b""))
        assert received == (TEXT, b"still here")
        other.send("and its neighbour, too")
        assert other.recv(TIMEOUT) == "and its neighbour, too"


def test_a_client_that_answers_no_ping_is_disconnected() -> None:
    terms = replace(TERMS, ping_interval=0.1, ping_timeout=0.3)
    with serving(terms) as loop, RawClient(loop.port) as client:
        assert client.receive() == (PING, b"")
        client.send(frame(PONG, b""))
        assert client.receive() == (PING, b"")
        assert client.closing()[0] == 1011
        assert client.is_ended()


def test_a_pong_that_waits_behind_a_slow_request_counts() -> None:
    def slowly(connection: Connection, message: str | bytes) -> str | bytes:
        time.sleep(1)
        return echo(connection, message)

    terms = replace(TERMS, ping_interval=0.2, ping_timeout=0.5)
    with serving(terms, slowly) as loop, RawClient(loop.port) as client:
        assert client.receive() == (PING, b"")
        client.send(frame(TEXT, b"slow") + frame(PONG, b""))
        # The next ping may overtake the answer; the end would come instead of it.
        assert {client.receive(), client.receive()} == {(TEXT, b"slow"), (PING, b"")}


def test_pings_of_the_client_are_answered() -> None:
    with serving() as loop, RawClient(loop.port) as client:
        client.send(frame(PING, b"payload"))
        assert client.receive() == (PONG, b"payload")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"first_message_timeout": 0.2}, 1008), ({"idle_timeout": 0.2}, 1000)],
)
def test_a_silent_client_is_disconnected(change: dict[str, Any], code: int) -> None:
    with serving(replace(TERMS, **change)) as loop, RawClient(loop.port) as client:
        assert client.closing()[0] == code
        client.send(frame(CLOSE, code.to_bytes(2, "big")))
        assert client.is_ended()


def test_the_first_message_is_enough() -> None:
    terms = replace(TERMS, first_message_timeout=0.3)
    with serving(terms) as loop, RawClient(loop.port) as client:
        client.send(frame(PING, b""))
        client.receive()
        client.send(frame(TEXT, b"first"))
        client.receive()
        time.sleep(0.6)
        client.send(frame(TEXT, b"second"))
        assert client.receive() == (TEXT, b"second")


def test_a_credential_that_expires_ends_the_connection() -> None:
    def briefly(connection: Connection, message: str | bytes) -> str | bytes:
        connection.live_for(0.2)
        return "good for a while"

    with serving(answer=briefly) as loop, RawClient(loop.port) as client:
        client.send(frame(TEXT, b""))
        assert client.receive() == (TEXT, b"good for a while")
        assert client.closing() == (4003, "Authentication expired.")


def test_what_is_being_answered_is_answered_before_the_end() -> None:
    started, going_on = threading.Event(), threading.Event()

    def slowly(connection: Connection, message: str | bytes) -> str | bytes:
        started.set()
        assert going_on.wait(TIMEOUT)
        return "done"

    with serving(answer=slowly) as loop, connected(loop.port) as client:
        connection = loop.connections.get(timeout=TIMEOUT)
        client.send("do it")
        client.send("and this")
        assert started.wait(TIMEOUT)
        connection.end(Ending(1001, "The service stops."))
        going_on.set()
        assert client.recv(TIMEOUT) == "done"
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(TIMEOUT)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


def test_a_client_that_leaves_before_it_is_accepted() -> None:
    served: list[Connection] = []
    app = OnePathFlask("door")
    app.config["SOCK_SERVER_OPTIONS"] = {"terms": TERMS}
    ConnectionSock(app).route("/")(served.append)
    here, there = socketpair()
    there.close()
    environ = {**create_environ(headers=handshake()), "gunicorn.socket": here}
    with here, pytest.raises(StopIteration):
        app(environ, lambda *_: pytest.fail("it is answered in HTTP"))
    assert served == []


def test_an_error_in_the_program_ends_the_connection() -> None:
    def fail(connection: Connection, message: str | bytes) -> str | bytes:
        raise ZeroDivisionError

    with serving(answer=fail) as loop, RawClient(loop.port) as client:
        client.send(frame(TEXT, b""))
        assert client.closing() == (1011, "Internal error.")
        assert client.is_ended()


def test_a_closing_client_gets_its_code_back() -> None:
    with serving() as loop, connected(loop.port) as client:
        client.close(4321, "bye")
        assert client.close_code == 4321
    with serving() as loop, RawClient(loop.port) as raw:
        raw.send(frame(CLOSE, b""))
        assert raw.receive() == (CLOSE, b"")
        assert raw.is_ended()


def test_messages_in_pieces() -> None:
    with serving() as loop, connected(loop.port) as client:
        client.send(["zer", "", "schn", "itten"])
        assert client.recv(TIMEOUT) == "zerschnitten"
        client.send([b"\x00", b"\xff"])
        assert client.recv(TIMEOUT) == b"\x00\xff"


def test_a_control_frame_between_the_pieces_of_a_message_and_of_a_character() -> None:
    first, second = "ü".encode()[:1], "ü".encode()[1:]
    with serving() as loop, RawClient(loop.port) as client:
        client.send(frame(TEXT, first, is_final=False) + frame(PING, b"p") + frame(0, second))
        assert client.receive() == (PONG, b"p")
        assert client.receive() == (TEXT, "ü".encode())


@pytest.mark.parametrize("payload", ["ü" * 500, "x" * 1000, b"x" * 1000])
def test_a_message_of_the_largest_size(payload: str | bytes) -> None:
    with serving(replace(TERMS, max_message_size=1000)) as loop, connected(loop.port) as client:
        client.send(payload)
        assert client.recv(TIMEOUT) == payload


TOO_LARGE = [
    frame(TEXT, "ü".encode() * 501),
    frame(BINARY, b"x" * 1001),
    frame(BINARY, b"x" * 100_000),
    frame(BINARY, b"x" * 600, is_final=False) + frame(0, b"x" * 600),
    b"".join(frame(0 if n else TEXT, b"x", is_final=False) for n in range(1001)),
    b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(4) + b"x" * 2000,
]


@pytest.mark.parametrize("data", TOO_LARGE, ids=range(len(TOO_LARGE)))
def test_a_message_that_is_too_large(data: bytes) -> None:
    with serving(replace(TERMS, max_message_size=1000)) as loop, RawClient(loop.port) as client:
        client.send(frame(TEXT, b"fine") + data)
        assert client.receive() == (TEXT, b"fine")
        assert client.closing()[0] == 1009


VIOLATIONS = [
    (frame(TEXT, b"\xff\xfe"), 1007),
    (frame(TEXT, b"\xc3", is_final=False) + frame(0, b"x"), 1007),
    (frame(TEXT, b"x", is_masked=False), 1002),
    (frame(0, b"x"), 1002),
    (frame(TEXT, b"x", is_final=False) + frame(TEXT, b"x"), 1002),
    (frame(3, b"x"), 1002),
    (frame(PING, b"x" * 126), 1002),
    (frame(PING, b"x", is_final=False), 1002),
    (b"\xc1\x80\x00\x00\x00\x00", 1002),
    (frame(CLOSE, b"x"), 1002),
    (frame(CLOSE, b"\x00\x01"), 1002),
    (frame(CLOSE, b"\x03\xe8\xff"), 1007),
]


@pytest.mark.parametrize(("data", "code"), VIOLATIONS, ids=range(len(VIOLATIONS)))
def test_a_violation_of_the_protocol(data: bytes, code: int) -> None:
    with serving() as loop, RawClient(loop.port) as client:
        client.send(data)
        assert client.closing()[0] == code
        client.socket.close()


def test_a_client_that_vanishes() -> None:
    with serving() as loop, RawClient(loop.port) as client:
        connection = loop.connections.get(timeout=TIMEOUT)
        client.send(frame(TEXT, b"x" * 1000)[:500])
        client.socket.close()
        until(lambda: not connection.send("anybody there?"))
