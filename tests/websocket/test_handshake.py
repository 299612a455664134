"""Who may come in, and what is said to others (``websocket-v2.md`` 1)."""

from __future__ import annotations

import socket
import time

import pytest
from websockets.exceptions import InvalidStatus

from angarium_websocket import handshake as rules
from tests.servers import BOTH_DOORS, Server, ServerPark
from tests.websocket import raw
from tests.websocket.client import Client, connected
from tests.websocket.raw import RawClient


def test_no_sub_protocol_and_no_extension_is_selected(port: int) -> None:
    with connected(port, subprotocols=["zaqar", "v2"], compression="deflate") as connection:
        assert connection.subprotocol is None
        assert connection.protocol.extensions == []
        Client(connection).ask("queue_list").ok(200)


@pytest.mark.parametrize("request_line", ["GET / HTTP/1.1", "GET /a//b?c HTTP/1.1"])
def test_a_status_page_for_everybody_else(port: int, request_line: str) -> None:
    with RawClient(port, {"Host": "x"}, request_line) as client:
        assert client.status == 200


ACCEPTED = [
    raw.handshake(),
    raw.handshake(Connection="keep-alive, Upgrade", Upgrade="WebSocket"),
    raw.handshake(Host="anything.example:1234"),
    raw.handshake(Sec_WebSocket_Extensions="permessage-deflate; x=1, nonsense"),
    raw.handshake(X_Roles="admin", X_Auth_Token="nonsense"),
    raw.handshake(Origin="http://127.0.0.1:3000"),
    raw.handshake(Origin="http://localhost", Host="localhost:9000"),
    raw.handshake(Origin="http://[::1]:80", Host="[::1]:9000"),
]
REFUSED = [
    (raw.handshake(Sec_WebSocket_Key=None), 400),
    (raw.handshake(Sec_WebSocket_Key="short"), 400),
    (raw.handshake(Sec_WebSocket_Key="not base64, not at all!!"), 400),
    (raw.handshake(Connection="close"), 400),
    (raw.handshake(Sec_WebSocket_Version="8"), 426),
    (raw.handshake(Sec_WebSocket_Version=None), 426),
    (raw.handshake(Origin="https://evil.example"), 403),
    (raw.handshake(Origin="null"), 403),
    (raw.handshake(Origin=""), 403),
    (raw.handshake(Origin="http://[broken"), 403),
    (raw.handshake(Origin="http://localhost"), 403),
    (raw.handshake(Origin="http://evil.example", Host="evil.example:9000"), 403),
]


@pytest.mark.parametrize("headers", ACCEPTED, ids=range(len(ACCEPTED)))
def test_accepted(port: int, headers: dict[str, str]) -> None:
    with RawClient(port, headers) as client:
        assert client.status == 101


@pytest.mark.parametrize(("headers", "status"), REFUSED, ids=range(len(REFUSED)))
def test_refused(port: int, headers: dict[str, str], status: int) -> None:
    with RawClient(port, headers) as client:
        assert client.status == status
        assert ("Sec-WebSocket-Version: 13" in client.head) is (status == 426)


def test_a_post_is_no_handshake(port: int) -> None:
    with RawClient(port, raw.handshake(), "POST / HTTP/1.1") as client:
        assert client.status == 400


ORIGINS: list[tuple[list[str] | None, bool, bool, str, str, bool]] = [
    # allowed, open, loopback; origin, host; admitted
    (None, False, True, "https://any.example", "x", True),
    (None, False, False, "null", "x", True),
    (None, True, False, "https://a.example", "a.example:9000", True),
    (None, True, False, "https://a.example", "A.EXAMPLE", True),
    (None, True, False, "https://a.example.b", "a.example", False),
    (None, True, False, "https://a.example", "", False),
    (["https://a.example"], True, True, "https://a.example", "b", True),
    (["https://A.example/"], True, True, "https://a.EXAMPLE", "b", True),
    (["https://a.example"], True, True, "http://a.example", "b", False),
    (["https://a.example"], True, True, "https://a.example:8443", "b", False),
    (["https://a.example"], False, True, "https://b.example", "b.example", False),
    (["*"], True, True, "https://b.example", "x", True),
    ([], False, False, "https://b.example", "b.example", False),
]


@pytest.mark.parametrize(
    ("allowed", "is_open", "is_local", "origin", "host", "is_admitted"), ORIGINS
)
def test_origins(
    allowed: list[str] | None,
    is_open: bool,
    is_local: bool,
    origin: str,
    host: str,
    is_admitted: bool,
) -> None:
    checked = rules.Origins(allowed, is_open=is_open, is_local=is_local)
    refusal = checked.check({"HTTP_ORIGIN": origin, "HTTP_HOST": host})
    assert (refusal is None) is is_admitted
    assert checked.check({"HTTP_HOST": host}) is None, "other programs name no origin"


@pytest.mark.parametrize(
    ("external", "host", "is_right"),
    [
        (None, "a:1", True),
        (443, "a:443", True),
        (443, "a", True),
        (443, "[::1]", True),
        (443, "[::1]:443", True),
        (443, "a:9000", False),
        (443, "[::1]:9000", False),
        (443, "a:0443", True),
    ],
)
def test_the_public_port(external: int | None, host: str, is_right: bool) -> None:
    refusal = rules.check_port({"HTTP_HOST": host}, external)
    assert (refusal is None) is is_right


@pytest.fixture
def narrow(park: ServerPark) -> Server:
    """A server with room for two, behind a proxy."""
    door = {
        "max_connections": 2,
        "external_port": 443,
        "allowed_origins": "https://page.example",
        "max_message_size": 300000,
        "first_message_timeout": 600,
    }
    return park.get("sqlite", "narrow", {**BOTH_DOORS, "drivers:transport:websocket": door})


def test_a_full_server(narrow: Server) -> None:
    port = narrow.socket_port
    assert port is not None
    host = raw.handshake(Host="public.example")
    with RawClient(port, host) as one:
        with RawClient(port, host) as two, RawClient(port, host) as three:
            assert (one.status, two.status, three.status) == (101, 101, 503)
            assert "Retry-After: " in three.head
            with RawClient(port, {"Host": "public.example"}) as page:
                assert page.status == 200
            two.send(raw.frame(8, b""))
            two.receive()
            assert two.is_ended()
        with RawClient(port, host) as four:
            assert four.status == 101


def test_options_of_the_handshake(narrow: Server) -> None:
    assert narrow.socket_port is not None
    for changed, status in (
        ({"Host": "public.example:443", "Origin": "https://page.example"}, 101),
        ({"Host": "public.example:443", "Origin": "https://public.example"}, 403),
        ({"Host": "public.example:9000"}, 400),
    ):
        with RawClient(narrow.socket_port, {**raw.handshake(), **changed}) as client:
            assert client.status == status, changed


def test_the_largest_message_is_an_option(narrow: Server) -> None:
    assert narrow.socket_port is not None
    with RawClient(narrow.socket_port, raw.handshake(Host="public.example")) as client:
        client.send(raw.frame(1, b" " * 300000))
        assert b"decode" in client.receive()[1]
        client.send(raw.frame(1, b" " * 300001))
        assert client.closing()[0] == 1009


def test_a_refusal_is_understood_by_other_clients(port: int) -> None:
    with pytest.raises(InvalidStatus) as caught, connected(port, origin="https://evil.example"):
        pass
    assert caught.value.response.status_code == 403


def test_a_handshake_that_does_not_end(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        started = time.monotonic()
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert connection.recv(100) == b""
        assert 3 < time.monotonic() - started < 20
