"""Who is asking: the interface of the auth strategies (group ``angarium.identity``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from oslo_config import cfg

INTERFACE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """What an auth strategy knows about the caller of a request.

    :ivar project: the project id, or None when the request names none; "" when it names an empty
        one, which the kernel refuses in its own way.
    :ivar user_id: the user, or None when unknown.
    :ivar roles: lower-case role names.
    :ivar expires: when the credential does, in seconds since 1970; None if it does not. Doors that
        keep a connection end it then.
    """

    project: str | None
    user_id: str | None = None
    roles: frozenset[str] = frozenset()
    expires: float | None = None


class IdentityPlugin(ABC):
    """One auth strategy, chosen by ``[DEFAULT] auth_strategy``.

    One instance serves all threads of a process.

    :cvar open: True when it believes the headers as they come, for closed networks only; the
        doors then take extra care on loopback (contract, ``configuration.md`` 6).
    :param conf: the configuration; a plugin registers and reads its own group only.
    :raises StartError: when it cannot work as configured.
    """

    interface_version: ClassVar[int] = INTERFACE_VERSION
    open: ClassVar[bool] = False

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    @abstractmethod
    def identify(self, headers: Mapping[str, str]) -> Identity:
        """Find out who sent a request.

        :param headers: the request's headers under lower-case names; those that a client gives for
            a whole connection are its token alone.
        :raises Unauthorized: without a valid credential where one is needed.
        :raises StoreUnreachable: when whoever vouches for credentials does not answer.
        """
