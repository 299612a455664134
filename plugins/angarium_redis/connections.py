"""Connections to one server, kept by one process."""

from __future__ import annotations

import math
import queue
import time
from collections import deque
from typing import Any, Final

from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from angarium.errors import StoreUnreachable
from angarium_redis.address import Address, Node
from angarium_redis.failures import Failed, code_of

_CONNECT_WITHIN: Final = 2.0  # seconds
_TOLERATED: Final = 1.0  # seconds by which an answer may be later than a call has time for
_RECENT: Final = 0.05  # seconds within which a connection is hardly ever closed unnoticed


def make(
    address: Address, node: Node, *, within: float = math.inf, is_sentinel: bool = False
) -> Any:
    """A connection that is not open yet; its retries are ours.

    :param within: seconds for an answer, if that is less than the address says.
    """
    timeout = min(address.socket_timeout, within)
    options: dict[str, Any] = {
        "username": address.sentinel_username if is_sentinel else address.username,
        "password": address.sentinel_password if is_sentinel else address.password,
        "db": 0 if is_sentinel else address.database,
        "socket_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    host, port = node
    if port == 0:
        through_socket: Any = UnixDomainSocketConnection
        return through_socket(path=host, **options)
    options |= {"host": host, "port": port, "socket_keepalive": True}
    options["socket_connect_timeout"] = min(timeout, _CONNECT_WITHIN)
    over_network: Any = Connection
    if address.is_tls:
        over_network = SSLConnection
        options |= {"ssl_ca_certs": address.tls_ca_file, "ssl_check_hostname": True}
    return over_network(**options)


def open_(connection: Any) -> None:
    """Connect and log in.

    :raises Failed: nothing was sent.
    """
    try:
        connection.connect()
    except (RedisError, OSError) as error:
        connection.disconnect()
        raise Failed(error, code_of(error)) from error


def exchange(connection: Any, data: bytes, count: int) -> list[Any]:
    """Send commands and read their answers; refusals are among them, as exceptions.

    :raises RedisError: the connection failed.
    """
    connection.send_packed_command((data,), check_health=False)
    answers: list[Any] = []
    for _ in range(count):
        try:
            answers.append(connection.read_response())
        except ResponseError as refusal:
            answers.append(refusal)
    return answers


def _is_closed(connection: Any) -> bool:
    """Whether there is something to read although nothing was asked: the end."""
    try:
        return bool(connection.can_read(0))
    except (RedisError, OSError):
        return True


class Pool:
    """Connections to one server. Safe for threads, useless after a fork."""

    def __init__(self, address: Address, node: Node, size: int) -> None:
        self._address = address
        self._node = node
        self._idle: deque[tuple[Any, float]] = deque()
        self._places: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(size):
            self._places.put(None)

    def take(self, *, looks: bool = False, within: float = math.inf) -> tuple[Any, bool]:
        """A connection, and whether it is one that has been used before.

        :param looks: whether to look in any case if the server has closed it, and not only if it
            has not been used for a moment.
        :param within: seconds for an answer; if that is a second less than usual or more, the
            connection is a new one for this call alone.
        :raises StoreUnreachable: all are in use, and stay so.
        :raises Failed: the server cannot be reached.
        """
        is_short = within < self._address.socket_timeout - _TOLERATED
        try:
            self._places.get(timeout=min(within, self._address.socket_timeout))
        except queue.Empty:
            raise StoreUnreachable from None
        try:
            while not is_short:
                connection, since = self._idle.pop()
                looks = looks or time.monotonic() - since > _RECENT
                if not (looks and _is_closed(connection)):
                    return connection, True
                connection.disconnect()
        except IndexError:
            pass
        try:
            connection = make(self._address, self._node, within=within if is_short else math.inf)
            open_(connection)
        except BaseException:
            self._places.put(None)
            raise
        return connection, False

    def give(self, connection: Any) -> None:
        """Take a connection back that has no answer outstanding."""
        if connection.socket_timeout < self._address.socket_timeout:
            connection.disconnect()
        else:
            self._idle.append((connection, time.monotonic()))
        self._places.put(None)

    def drop(self, connection: Any) -> None:
        """Close a connection."""
        connection.disconnect()
        self._places.put(None)

    def clear(self) -> None:
        """Close what is idle."""
        while True:
            try:
                self._idle.pop()[0].disconnect()
            except IndexError:
                return
