"""The interface of a transport: a door for requests (group ``angarium.transports``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from oslo_config import cfg

INTERFACE_VERSION = 1


class Transport(ABC):
    """One door, chosen by ``[drivers] transport``, and the server processes that stand in it.

    :param conf: the configuration; a transport registers and reads its own group only.
    :param arguments: the command-line arguments from which a server process of the transport
        loads the same configuration again (:func:`angarium.config.load`).
    :raises StartError: when it cannot work as configured.
    """

    interface_version: ClassVar[int] = INTERFACE_VERSION

    def __init__(self, conf: cfg.ConfigOpts, arguments: Sequence[str]) -> None:
        self.conf = conf
        self.arguments = tuple(arguments)

    @property
    def processes(self) -> int:
        """How many processes it answers requests with; one unless a transport says more."""
        return 1

    @abstractmethod
    def announce(self) -> list[str]:
        """Say where it listens and what to try, one line of text each, for a person."""

    @abstractmethod
    def check(self) -> None:
        """Find out whether it could serve now.

        :raises StartError: for example when the port is taken.
        """

    @abstractmethod
    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT, then answer what is in flight and return.

        Runs in the main thread of a process and handles both signals itself.

        :raises StartError: when it cannot start serving.
        :raises SystemExit: with a status other than 0 when it had to give up.
        """
