"""What is decided before a connection becomes a WebSocket (contract, ``websocket-v2.md`` 1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from wsproto.utilities import generate_accept_token

from angarium.hosts import is_loopback, without_port

Environment = Mapping[str, Any]

_VERSION: Final = "13"
_KEY_SIZE: Final = 16  # bytes
_WELCOME: Final = (
    "This is Angarium's WebSocket service. Connect with a WebSocket client; every path will do.\n"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in HTTP instead of an upgrade."""

    status: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


STATUS_PAGE: Final = Reply("200 OK", _WELCOME)
FULL: Final = Reply(
    "503 Service Unavailable", "No further connection is accepted now.\n", {"Retry-After": "5"}
)


def is_upgrade(environ: Environment) -> bool:
    """Whether a request asks for a WebSocket."""
    return "websocket" in _tokens(environ.get("HTTP_UPGRADE", ""))


def check_upgrade(environ: Environment) -> Reply | None:
    """What is wrong with the request for a WebSocket (RFC 6455, 4.2.1); None if nothing is."""
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != _VERSION:
        return Reply(
            "426 Upgrade Required",
            "The version of the WebSocket protocol must be 13.\n",
            {"Sec-WebSocket-Version": _VERSION},
        )
    is_request = (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and "upgrade" in _tokens(environ.get("HTTP_CONNECTION", ""))
        and bool(environ.get("HTTP_HOST"))
    )
    if not is_request or not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        return Reply("400 Bad Request", "This is no opening handshake of a WebSocket.\n")
    return None


def acceptance(environ: Environment) -> bytes:
    """The answer that makes the connection a WebSocket; it selects no sub-protocol or extension."""
    token = generate_accept_token(environ["HTTP_SEC_WEBSOCKET_KEY"].encode())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
    )


def _tokens(header: str) -> set[str]:
    return {token.strip().lower() for token in header.split(",")}


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_SIZE
    except (binascii.Error, ValueError):
        return False


class Origins:
    """Whose pages may connect.

    :param allowed: origins, or ``*``; None for the rule of the access mode.
    :param is_open: whether nobody has to authenticate.
    :param is_local: whether the service listens on a loopback address.
    """

    def __init__(self, allowed: Iterable[str] | None, *, is_open: bool, is_local: bool) -> None:
        self._allowed = None if allowed is None else {_normal(origin) for origin in allowed}
        self._is_open = is_open
        self._is_local = is_local

    def check(self, environ: Environment) -> Reply | None:
        """The refusal for a page that may not connect. Other programs name no origin."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is None or self._admits(origin, environ.get("HTTP_HOST", "")):
            return None
        return Reply(
            "403 Forbidden",
            "Pages of this origin may not connect; the operator can allow it in "
            "[drivers:transport:websocket] allowed_origins.\n",
        )

    def _admits(self, origin: str, host: str) -> bool:
        if self._allowed is not None:
            return "*" in self._allowed or _normal(origin) in self._allowed
        if not self._is_open:
            return True
        name = without_port(host).strip("[]").lower()
        # A page can make its own name resolve to 127.0.0.1; then origin and host agree.
        return _host_of(origin) == name and (not self._is_local or is_loopback(name))


def _normal(origin: str) -> str:
    return origin.strip().rstrip("/").lower()


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def check_port(environ: Environment, external_port: int | None) -> Reply | None:
    """The refusal for a client that names another port than the public one."""
    host = environ.get("HTTP_HOST", "")
    named = host.removeprefix(without_port(host)).removeprefix(":")
    if external_port is None or not named or int(named) == external_port:
        return None
    return Reply("400 Bad Request", f"The public port of this service is {external_port}.\n")
