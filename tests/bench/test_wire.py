"""Answers taken apart, requests put together."""

from __future__ import annotations

import pytest

from angarium.bench.options import command_line
from angarium.bench.wire import Address, Answer, Requests, parse

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("received", "answer"),
    [
        (HEAD + b"Content-Length: 2\r\n\r\n{}", Answer(200, b"{}", False)),
        (HEAD + b"content-length:2\r\nConnection: Close\r\n\r\n{}", Answer(200, b"{}", True)),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Answer(200, b"", True)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, b"", False)),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            Answer(200, b"{}0123456789", False),
        ),
    ],
)
def test_a_whole_answer_and_all_its_beginnings(received: bytes, answer: Answer) -> None:
    assert parse(received) == answer
    for length in range(len(received)):
        assert parse(received[:length]) is None


def test_a_body_without_length_ends_with_the_connection() -> None:
    assert parse(HEAD + b"\r\n{}") is None
    assert parse(HEAD + b"\r\n{}", ended=True) == Answer(200, b"{}", True)


def test_what_is_no_answer() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse(b"SSH-2.0-OpenSSH\r\n\r\n")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://host", Address("http", "host", 80)),
        ("https://host/", Address("https", "host", 443)),
        ("http://[::1]:8888/v2", Address("http", "::1", 8888)),
        ("http://host:1/messaging/v2/", Address("http", "host", 1, "/messaging")),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    assert Address.parse(url) == address


def test_an_address_shows_no_password() -> None:
    assert Address.parse("http://me:secret@[::1]:1/x").url == "http://[::1]:1/x"


def test_a_request() -> None:
    requests = Requests(Address("http", "host", 1, "/x"), {"X-Project-Id": "p"}, client_id="me")
    assert requests.make("POST", "/v2/queues", {"a": 1}) == (
        b"POST /x/v2/queues HTTP/1.1\r\nHost: host:1\r\nClient-ID: me\r\nX-Project-Id: p\r\n"
        b'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
    )


def test_the_command_line_keeps_no_secret() -> None:
    arguments = ["bench", "--token", "a", "--token=b", "--floor", "redis://me:c@host/0", "--full"]
    assert command_line(arguments) == (
        "angarium bench --token '***' '--token=***' --floor 'redis://***@host/0' --full"
    )
