"""Where a server process listens: found out, and tried, before anything is started."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, replace

from angarium.config.environment import variable
from angarium.errors import StartError


@dataclass(frozen=True, slots=True)
class Listener:
    """The address that a transport listens on.

    :ivar group: its group of options, with ``bind`` and ``port``.
    :ivar address: numeric, IPv4 or IPv6.
    :ivar port: 0 for any free one each time that it is opened.
    :ivar prefix: of the names of the two options.
    """

    group: str
    address: str
    port: int
    prefix: str = ""

    @classmethod
    def resolve(cls, group: str, host: str, port: int, prefix: str = "") -> Listener:
        """Resolve a host.

        :raises StartError: the host is no address of this machine.
        """
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise StartError(
                f"[{group}] {prefix}bind = {host} is no address of this machine: {error.strerror}"
            ) from error
        return cls(group, str(found[0][4][0]), port, prefix)

    @classmethod
    def choose(cls, group: str, host: str, port: int) -> Listener:
        """Resolve a host, and settle on any free port for port 0.

        The port is put into the environment, for processes that load the configuration again.

        :raises StartError: the host is no address of this machine.
        """
        found = cls.resolve(group, host, port)
        return found if port else replace(found, port=_choose_port(group, found.address))

    @property
    def authority(self) -> str:
        """Address and port as they stand in a URL."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    def check(self) -> None:
        """Bind the port for a moment.

        :raises StartError: it is taken, or not for this user.
        """
        self.open().close()

    def open(self, backlog: int = 1) -> socket.socket:
        """A listening socket.

        :raises StartError: the port is taken, or not for this user.
        """
        listening = socket.socket(_family(self.address), socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.address, self.port))
            listening.listen(backlog)
        except OSError as error:
            listening.close()
            raise StartError(
                f"[{self.group}] cannot listen on {self.address} port {self.port}: "
                f"{error.strerror}; stop what uses the port, or change {self.prefix}bind or "
                f"{self.prefix}port"
            ) from error
        return listening


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _choose_port(group: str, address: str) -> int:
    with socket.socket(_family(address), socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
    os.environ[variable(group, "port")] = str(port)
    return port
