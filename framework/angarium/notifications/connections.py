"""Connections into the world: every address is checked, and the checked address is connected to.

Contract: ``notifications.md`` 3.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from typing import Final

from angarium.errors import AngariumError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class TargetDenied(AngariumError):
    """Raised when an address lies in a denied network."""


class Connector:
    """Resolves a host once, checks every address, and connects to one that was checked.

    :param denied: networks that are never contacted, but for
    :param allowed: these exceptions.
    """

    def __init__(self, denied: Sequence[Network], allowed: Sequence[Network]) -> None:
        self._denied = tuple(denied)
        self._allowed = tuple(allowed)

    def denies(self, address: Address) -> bool:
        """Whether an address may not be contacted; one that embeds an IPv4 address counts as it."""
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                address = address.ipv4_mapped
            elif address in _NAT64:
                address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)

        def lies_in(networks: Sequence[Network]) -> bool:
            return any(address.version == it.version and address in it for it in networks)

        return lies_in(self._denied) and not lies_in(self._allowed)

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A TCP connection to a host, by name or address.

        :param timeout: seconds for all of its addresses together; it is then the socket's own.
        :raises TargetDenied: one of its addresses lies in a denied network.
        :raises OSError: it cannot be resolved or reached.
        """
        deadline = time.monotonic() + timeout
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for _, _, _, _, address in found:
            if self.denies(ipaddress.ip_address(str(address[0]).partition("%")[0])):
                raise TargetDenied(f"{host} has the address {address[0]}, which is denied")
        failure: OSError = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(max(deadline - time.monotonic(), 0.001))
                connection.connect(address)
            except OSError as error:
                connection.close()
                failure = error
            else:
                connection.settimeout(timeout)
                return connection
        raise failure
