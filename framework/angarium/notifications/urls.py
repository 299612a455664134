"""The addresses of subscribers, read by one strict grammar wherever they are used.

What is checked and what is connected to can then never differ: a host is a name in plain ASCII or
an address, and nothing else. Contract: ``notifications.md`` 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from angarium.notifications.addresses import Address, literal

LONGEST_URI: Final = 2048
"""Characters in the address of a subscriber."""

_GRAMMAR: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?P<userinfo>[^/?#@\[\]]*)@)?"
    r"(?P<host>\[[^\[\]/?#@]*\]|[^\[\]:/?#@]*)"
    r"(?::(?P<port>[0-9]*))?"
    r"(?P<path>/[^?#]*)?"
    r"(?:\?(?P<query>[^#]*))?"
)
_UNPRINTABLE: Final = re.compile(r"[^\x21-\x7e]|\\")
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_LONGEST_NAME: Final = 254  # with a full stop at its end
_PATH_CHARACTERS: Final = "%/:?@!$&'()*+,;=~[]"
_HOST_RULE: Final = (
    "its host must be a name in letters, digits, hyphens and dots, an IPv4 address, or an IPv6 "
    "address in brackets, which subscriber_deny_networks and subscriber_allow_networks permit"
)


@dataclass(frozen=True, slots=True)
class Url:
    """A URL with a host.

    :ivar scheme: in lower case.
    :ivar host: in lower case; an address without its brackets, with its zone if it has one.
    :ivar address: what the host is, if it is one.
    :ivar port: as written, if it is.
    :ivar target: path and query, as a request line has them.
    :ivar userinfo: what stands before the host, as written; None if nothing does.
    """

    scheme: str
    host: str
    address: Address | None
    port: int | None
    target: str
    userinfo: str | None = field(default=None, repr=False)

    @property
    def authority(self) -> str:
        """Host and port, as the header ``Host`` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def __str__(self) -> str:
        """The URL without the credentials in it."""
        return f"{self.scheme}://{self.authority}{self.target}"


def check_characters(uri: str) -> None:
    """Refuse what no URI may hold.

    :raises ValueError: it completes a sentence that begins with the name of a field.
    """
    if not uri or len(uri) > LONGEST_URI:
        raise ValueError(f"must have between 1 and {LONGEST_URI} characters")
    if _UNPRINTABLE.search(uri):
        raise ValueError(
            "must be written in printable ASCII characters without spaces and backslashes, with "
            f"others percent-encoded; {_HOST_RULE}"
        )


def parse(text: str) -> Url:
    """Read a URL.

    :raises ValueError: it is none, or none that can be contacted. The text completes a sentence
        that begins with the name of a field.
    """
    check_characters(text)
    if "#" in text:
        raise ValueError("must not have a fragment (#...), which is never sent")
    found = _GRAMMAR.fullmatch(text)
    if found is None:
        raise ValueError("must be an absolute URL, such as https://hooks.example.org/plums")
    host = found["host"]
    is_bracketed = host.startswith("[")
    host = host.strip("[]").lower()
    address = _address(host, is_bracketed)
    query = found["query"]
    return Url(
        scheme=found["scheme"].lower(),
        host=host,
        address=address,
        port=_port(found["port"]),
        target=quote(
            (found["path"] or "/") + ("" if query is None else f"?{query}"), safe=_PATH_CHARACTERS
        ),
        userinfo=found["userinfo"],
    )


def _address(host: str, is_bracketed: bool) -> Address | None:
    if not host:
        raise ValueError("must name a host")
    try:
        address = literal(host)
    except ValueError:
        raise ValueError(f"cannot be used: {_HOST_RULE}") from None
    is_name = len(host) <= _LONGEST_NAME and bool(_NAME.fullmatch(host))
    if is_bracketed != (":" in host) or not (address or is_name):
        raise ValueError(f"cannot be used: {_HOST_RULE}")
    return address


def _port(written: str | None) -> int | None:
    if not written:
        return None
    if len(written) > 5 or not 1 <= int(written) <= 65535:
        raise ValueError("must name a port between 1 and 65535, or none")
    return int(written)
