"""IP addresses as they hide in hosts and in other addresses (contract, ``notifications.md`` 3)."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_BITS_32: Final = 0xFFFFFFFF
_LAST_32_BITS: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # NAT64 of a site (RFC 8215), as a prefix of 96 bits
        "::ffff:0:0:0/96",  # translated (RFC 2765)
        "::/96",  # compatible (RFC 4291)
    )
)
_THEMSELVES: Final = (ipaddress.IPv6Address("::"), ipaddress.IPv6Address("::1"))
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


def faces(address: Address) -> tuple[Address, ...]:
    """The addresses that have to be judged in place of one.

    An IPv4 address in an IPv6 one (mapped, compatible, translated, NAT64) is all there is to it.
    The tunnels of 6to4 and Teredo are judged by the ends of the tunnel as well.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address not in _THEMSELVES and any(address in network for network in _LAST_32_BITS):
        return (ipaddress.IPv4Address(int(address) & _BITS_32),)
    tunnel = address.teredo or ((address.sixtofour,) if address.sixtofour else ())
    return (address, *tunnel)


def literal(host: str) -> Address | None:
    """The address that a host of a URL is, in any notation that a resolver understands.

    That is IPv6 with or without a zone, and IPv4 as of one to four numbers which are decimal,
    octal or hexadecimal: ``127.0.0.1``, ``127.1``, ``0x7f000001``, ``017700000001``.

    :param host: without brackets.
    :returns: None for a name.
    :raises ValueError: it looks like an address and is none.
    """
    if ":" in host:
        return ipaddress.IPv6Address(host.partition("%")[0])
    parts = host.removesuffix(".").split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    *heads, last = [_number(part) for part in parts]
    if len(heads) > 3 or any(head > 255 for head in heads) or last >= 256 ** (4 - len(heads)):
        raise ValueError("out of range")
    return ipaddress.IPv4Address(
        sum(head << 8 * (3 - index) for index, head in enumerate(heads)) + last
    )


def _number(text: str) -> int:
    """A number as in C: 0x begins a hexadecimal one, 0 an octal one."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text[0] == "0" else 10)
