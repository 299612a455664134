"""Connections into the world: every address is checked, and the checked address is connected to.

Contract: ``notifications.md`` 3.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

from angarium.errors import AngariumError
from angarium.notifications.addresses import Address, faces

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]

_LEAST: Final = 0.001  # seconds; 0 would mean not to wait


class TargetDenied(AngariumError):
    """Raised when an address lies in a denied network."""


class Connector:
    """Resolves a host once, checks every address, and connects to one that was checked.

    Knows no proxies, and looks for no credentials.

    :param denied: networks that are never contacted, but for
    :param allowed: these exceptions.
    """

    def __init__(self, denied: Sequence[Network], allowed: Sequence[Network]) -> None:
        self._denied = tuple(denied)
        self._allowed = tuple(allowed)

    def denies(self, address: Address) -> bool:
        """Whether an address may not be contacted; one that embeds an IPv4 address counts as it."""

        def lies_in(face: Address, networks: Sequence[Network]) -> bool:
            return any(face.version == it.version and face in it for it in networks)

        return any(
            lies_in(face, self._denied) and not lies_in(face, self._allowed)
            for face in faces(address)
        )

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A TCP connection to a host, by name or address.

        :param timeout: seconds for the look-up and all addresses together; it is then the socket's
            own.
        :raises TargetDenied: one of its addresses lies in a denied network.
        :raises OSError: it cannot be resolved or reached.
        """
        deadline = time.monotonic() + timeout
        found = _resolve(host, port, timeout)
        for *_, address in found:
            if self.denies(ipaddress.ip_address(str(address[0]).partition("%")[0])):
                raise TargetDenied(f"{host} has an address that subscriber_deny_networks denies")
        failure: OSError = OSError(f"{host} has no address")
        for index, it in enumerate(found):
            # A silent address leaves time for the next ones.
            share = (deadline - time.monotonic()) / (len(found) - index)
            try:
                connection = _connect(it, max(share, _LEAST))
            except OSError as error:
                failure = error
            else:
                connection.settimeout(timeout)
                return connection
        raise failure


def _connect(found: _Found, timeout: float) -> socket.socket:
    family, kind, protocol, _, address = found
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _resolve(host: str, port: int, timeout: float) -> Sequence[_Found]:
    """The addresses of a host.

    The look-up of the C library cannot be told how long to take, so it has a thread of its own,
    which is left alone when it takes too long; the library gives up by itself some time.
    """
    answers: queue.SimpleQueue[Sequence[Any] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(timeout, _LEAST))
    except queue.Empty:
        raise TimeoutError(f"{host} was not resolved within {timeout:g} seconds") from None
    if isinstance(answer, Exception):
        raise OSError(f"{host} cannot be resolved: {answer}") from answer
    return answer
