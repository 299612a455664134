"""Connection strings: read, checked, and shown without their passwords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from angarium.errors import StartError

_FIFO: Final = "mongodb.fifo"  # every queue is FIFO here
SCHEMES: Final = frozenset({"mongodb", "mongodb+srv", _FIFO})


@dataclass(frozen=True, slots=True)
class Address:
    """A connection string.

    :ivar uri: as the client library takes it.
    :ivar option: where it comes from, for errors.
    :ivar name: hosts alone, for people.
    :ivar write_concern: its ``w``, or ``majority``.
    :ivar uses_ssl_options: whether it contains ``ssl=true``.
    """

    uri: str
    option: str
    name: str
    write_concern: str
    uses_ssl_options: bool

    @property
    def is_safe(self) -> bool:
        """Whether a change is acknowledged by a majority, or by two members at least."""
        return self.write_concern == "majority" or (
            self.write_concern.isdecimal() and int(self.write_concern) >= 2
        )

    @property
    def has_own_timeout(self) -> bool:
        """Whether it says itself how long to wait for an answer."""
        own = self.uri.lower()
        return any(
            it.startswith(("sockettimeoutms=", "timeoutms=")) for it in re.split("[?&;]", own)
        )

    def timeouts(self, patience: float) -> dict[str, int]:
        """Time-outs for the client library, but for those that the string has itself.

        :param patience: seconds to look for a primary, and to connect.
        """
        own = self.uri.lower()
        return {
            name: int(patience * 1000)
            for name in ("serverSelectionTimeoutMS", "connectTimeoutMS")
            if f"{name.lower()}=" not in own
        }

    def without_credentials(self, text: str) -> str:
        """A text of the client library, unless it quotes user or password."""
        credentials = self.uri.partition("://")[2].rpartition("@")[0]
        pieces = [it for it in re.split("[:/@]", credentials) if it]
        return "the connection string is malformed" if any(it in text for it in pieces) else text


def parse(uri: str, option: str) -> Address:
    """Read a connection string; contacts nothing.

    :param option: the option that holds it, for errors.
    :raises StartError: it cannot be used; the text never contains a password.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in SCHEMES:
        raise StartError(
            f"{option} is not the connection string of a MongoDB. Write it as "
            "mongodb://user:password@host1,host2/?replicaSet=name or mongodb+srv://…; characters "
            "such as @ or / in a password are written as %40 and %2F."
        )
    scheme = "mongodb" if scheme == _FIFO else scheme
    location, _, query = rest.partition("?")
    hosts = location.partition("/")[0].rpartition("@")[2]
    parameters = {key.lower(): value for key, value in parse_qsl(query.replace(";", "&"))}
    return Address(
        uri=f"{scheme}://{rest}",
        option=option,
        name=f"{scheme}://{hosts}",
        write_concern=parameters.get("w", "majority"),
        uses_ssl_options=parameters.get("ssl", "").lower() == "true",
    )
