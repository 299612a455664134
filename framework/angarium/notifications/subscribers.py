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
from angarium.notifications.urls import check_characters, parse
from angarium.validation import Part

SOCKET: Final = "websocket"
"""The notifier of socket subscriptions, which are chosen by their delivery secret."""


class Subscribers:
    """Checks and registers subscribers, and finds the notifier of each. Safe for threads."""

    def __init__(
        self,
        notifiers: Mapping[str, Notifier],
        types: frozenset[str],
        connector: Connector | None = None,
    ) -> None:
        self._notifiers = notifiers
        self._types = types
        self._connector = connector or Connector((), ())
        self._options = {
            name: Part({"properties": {"options": {**notifier.options_schema}}}, {})
            for name, notifier in notifiers.items()
        }

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
            guarded,
        )

    def notifier(self, subscriber: str, delivery_secret: str | None = None) -> Notifier | None:
        """The notifier of a stored subscription; None if it is not there (any more)."""
        name = SOCKET if delivery_secret is not None else _scheme(subscriber)
        return self._notifiers.get(name)

    @property
    def longest_attempt(self) -> float:
        """Seconds that a delivery may take, whoever the subscriber is."""
        return max((each.time_limit for each in self._notifiers.values()), default=0.0)

    def check(self, registration: Registration, *, is_socket: bool = False) -> None:
        """Refuse what could not be delivered to. Without any effect, and without a look-up.

        :param is_socket: whether the subscriber is a connection to this service, whose scheme and
            address are the server's own.
        :raises InvalidRequest: scheme, address or options cannot be used.
        """
        name = SOCKET if is_socket else _scheme(registration.subscriber)
        if name not in self._notifiers or not (is_socket or name in self._types):
            offered = ", ".join(sorted(self._types & self._notifiers.keys())) or "none"
            raise InvalidRequest(
                "The scheme of subscriber must be supported in the list of this service, which is "
                f"{offered}. The operator sets it with [transport] subscriber_types."
            )
        if not is_socket:
            self._check_target(registration.subscriber)
        self._options[name].check({"options": registration.options}, InvalidRequest)
        self._notifiers[name].check(registration)

    def _check_target(self, subscriber: str) -> None:
        """The rules for URIs and hosts, the same for every notifier."""
        try:
            check_characters(subscriber)
            if "://" not in subscriber.partition("?")[0]:
                return
            url = parse(subscriber)
        except ValueError as error:
            raise InvalidRequest(f"subscriber {error}.") from None
        if url.address is not None and self._connector.denies(url.address):
            raise InvalidRequest(
                f"subscriber has the address {url.address}, which the operator does not let this "
                "service contact; [notification] subscriber_allow_networks names exceptions."
            )
        if "%" in url.host:
            raise InvalidRequest("subscriber must name an address without a zone.")

    def register(self, registration: Registration) -> Mapping[str, Any]:
        """Let the notifier make what it needs; :meth:`check` comes first.

        :returns: the options to store.
        :raises InvalidRequest: scheme, address or options cannot be used.
        :raises StoreUnreachable: it could not be made now.
        """
        notifier = self.notifier(registration.subscriber)
        return registration.options if notifier is None else notifier.register(registration)

    def close(self) -> None:
        """Give back the connections of all notifiers."""
        for notifier in self._notifiers.values():
            notifier.close()


def _scheme(subscriber: str) -> str:
    return subscriber.partition(":")[0].lower()
