"""Which subscribers there may be: the installed notifiers by scheme, and what they demand.

Contract: ``notifications.md`` 1 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from oslo_config import cfg

from angarium import plugins
from angarium.errors import InvalidRequest
from angarium.notifications.connections import Connector
from angarium.notifications.notifier import Notifier, NotifierEnvironment, Registration

SOCKET: Final = "websocket"
"""The notifier of socket subscriptions, which are chosen by their delivery secret."""


class Subscribers:
    """Checks and registers subscribers, and finds the notifier of each. Safe for threads."""

    def __init__(self, notifiers: Mapping[str, Notifier], types: frozenset[str]) -> None:
        self._notifiers = notifiers
        self._types = types

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> Subscribers:
        """Load the notifiers of all schemes that are to be served and are installed.

        :raises StartError: one of them cannot be loaded.
        """
        option = "[transport] subscriber_types"
        types = frozenset(conf.transport.subscriber_types)
        installed = {plugin.name for plugin in plugins.installed(plugins.NOTIFIERS)}
        guarded = Connector(
            conf.notification.subscriber_deny_networks, conf.notification.subscriber_allow_networks
        )
        free = Connector((), ())
        return cls(
            {
                name: plugins.load(plugins.NOTIFIERS, name, option=option, base=Notifier)(
                    NotifierEnvironment(conf, free if name == SOCKET else guarded)
                )
                for name in sorted(installed & {*types, SOCKET})
            },
            types,
        )

    def notifier(self, subscriber: str, delivery_secret: str | None = None) -> Notifier | None:
        """The notifier of a stored subscription; None if it is not there (any more)."""
        name = SOCKET if delivery_secret is not None else _scheme(subscriber)
        return self._notifiers.get(name)

    def check(self, registration: Registration) -> None:
        """Refuse what could not be delivered to. Without any effect, and without a look-up.

        :raises InvalidRequest: scheme, address or options cannot be used.
        """
        self._notifier_for(registration.subscriber).check(registration)

    def register(self, registration: Registration) -> Mapping[str, Any]:
        """Let the notifier make what it needs; :meth:`check` comes first.

        :returns: the options to store.
        :raises InvalidRequest: scheme, address or options cannot be used.
        :raises StoreUnreachable: it could not be made now.
        """
        return self._notifier_for(registration.subscriber).register(registration)

    def close(self) -> None:
        """Give back the connections of all notifiers."""
        for notifier in self._notifiers.values():
            notifier.close()

    def _notifier_for(self, subscriber: str) -> Notifier:
        scheme = _scheme(subscriber)
        if scheme not in self._types or scheme not in self._notifiers:
            offered = ", ".join(sorted(self._types & self._notifiers.keys())) or "none"
            raise InvalidRequest(
                f"subscriber must be a URI of one of these schemes: {offered}. The operator names "
                "them in subscriber_types."
            )
        return self._notifiers[scheme]


def _scheme(subscriber: str) -> str:
    return subscriber.partition(":")[0].lower()
