"""HTTP/1.1 POST requests over the kernel's connections, each within a deadline."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Final

from angarium.notifications.connections import Connector
from angarium.notifications.urls import Url
from angarium_notifiers.kept import Connection, KeptConnections, Origin
from angarium_notifiers.streams import TimedSocket

PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}

_LARGEST_BODY: Final = 65536  # bytes of an answer that are read so that the connection can be kept
_LONGEST_REST: Final = 1.0  # seconds for the same

FAILURES: Final = (OSError, http.client.HTTPException)
"""What :meth:`Client.post` raises when no answer was got."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; its body is of no interest."""

    status: int
    headers: Message


def origin_of(url: Url) -> Origin:
    """Where to connect to for a URL with the scheme ``http`` or ``https``."""
    host = url.host if url.address is None else str(url.address)
    return Origin(url.scheme, host, url.port or PORTS[url.scheme])


class Client:
    """Sends requests; connections are kept per origin. Safe for threads.

    :param connect_timeout: seconds to find and reach a host.
    :param read_timeout: seconds for one request and its answer.
    """

    def __init__(
        self,
        connector: Connector,
        context: ssl.SSLContext,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._connector = connector
        self._context = context
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._kept = KeptConnections()

    @property
    def time_limit(self) -> float:
        """Seconds that a delivery may take, with all its requests."""
        return self._connect_timeout + self._read_timeout

    def post(self, url: Url, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        """Send a request and get the answer. Redirects are not followed.

        :param headers: beside ``Host`` and ``Content-Length``.
        :param deadline: on the monotonic clock, for all of it.
        :raises TargetDenied: the host may not be contacted.
        :raises OSError: there was no answer; ``TimeoutError`` and ``ssl.SSLError`` are kinds of it.
        :raises http.client.HTTPException: what came is no answer.
        """
        kept = self._kept.take(origin_of(url))
        if kept is not None:
            kept.socket.deadline = self._read_deadline(deadline)
            # Whoever closes an idle connection may do so at the very moment that it is used again.
            with suppress(ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                return self._exchange(kept, url, headers, body)
        return self._exchange(self._open(url, deadline), url, headers, body)

    def close(self) -> None:
        """Give back the connections."""
        self._kept.close()

    def _read_deadline(self, deadline: float) -> float:
        return min(deadline, time.monotonic() + self._read_timeout)

    def _open(self, url: Url, deadline: float) -> Connection:
        _, host, port = origin_of(url)
        connect_by = min(deadline, time.monotonic() + self._connect_timeout)
        connection = self._connector.connect(host, port, connect_by - time.monotonic())
        if url.scheme == "https":
            connection.settimeout(max(connect_by - time.monotonic(), 0.001))
            name = host.removesuffix(".")
            try:
                connection = self._context.wrap_socket(connection, server_hostname=name)
            except BaseException:
                connection.close()
                raise
        client = http.client.HTTPConnection(host, port)
        client.auto_open = 0  # or it would open connections of its own, unchecked
        timed = TimedSocket(connection, self._read_deadline(deadline))
        client.sock = timed
        return Connection(client, timed)

    def _exchange(
        self, connection: Connection, url: Url, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        client = connection.client
        try:
            client.putrequest("POST", url.target, skip_host=True, skip_accept_encoding=True)
            client.putheader("Host", url.authority)
            client.putheader("Content-Length", str(len(body)))
            for name, value in headers.items():
                client.putheader(name, value.encode())
            with suppress(BrokenPipeError):  # a refusal may come before all is sent
                client.endheaders(body)
            response = client.getresponse()
            answer = Answer(response.status, response.headers)
            is_whole = _read_rest(connection, response)
        except BaseException:
            connection.close()
            raise
        if is_whole:
            self._kept.put(origin_of(url), connection)
        else:
            connection.close()
        return answer


def _read_rest(connection: Connection, response: http.client.HTTPResponse) -> bool:
    """Read the body, if it is short and comes quickly: only then the connection can be kept."""
    if response.will_close:
        return False
    timed = connection.socket
    timed.deadline = min(timed.deadline, time.monotonic() + _LONGEST_REST)
    try:
        response.read(_LARGEST_BODY)
    except FAILURES:
        return False
    return response.isclosed()
