"""Notifiers with quick time-outs, and deliveries for them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from angarium.config import options as kernel_options
from angarium.context import RequestContext
from angarium.notifications.connections import Connector
from angarium.notifications.notifier import (
    Delivery,
    MessageType,
    Notifier,
    NotifierEnvironment,
    Registration,
)
from angarium.storage.models import Scope
from angarium_notifiers import options

SCOPE = Scope("f00d", "plums")
DOCUMENT: Mapping[str, Any] = {
    "body": {"fruit": "plum", "größe": 3},
    "ttl": 240,
    "queue_name": "plums",
    "Message_Type": "Notification",
}
POSTED = 1_900_000_000
MESSAGE_ID = "5b1e0c52-3b5f-4b0e-9a76-8a6d7a7c9d10"


def configuration(**given: Any) -> cfg.ConfigOpts:
    """A configuration with some options of ``[notification]``."""
    conf = cfg.ConfigOpts()
    conf([])
    for group, registered in kernel_options.GROUPS.items():
        conf.register_opts(registered, group=None if group == "DEFAULT" else group)
    conf.register_opts(options.WEBHOOK_OPTIONS, group=options.GROUP)
    conf.register_opts(options.MAIL_OPTIONS, group=options.GROUP)
    for name, value in given.items():
        conf.set_override(name, value, group=options.GROUP)
    return conf


def networks(*names: str) -> Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(name) for name in names]


def notifier(
    kind: type[Notifier], denied: Sequence[str] = (), allowed: Sequence[str] = (), **given: Any
) -> Any:
    """A notifier whose time-outs are short unless a test says otherwise."""
    conf = configuration(**{"webhook_connect_timeout": 1, "webhook_read_timeout": 2, **given})
    connector = Connector(networks(*denied), networks(*allowed))
    return kind(NotifierEnvironment(conf, connector))


def delivery(subscriber: str, secret: str | None = None, **given: Any) -> Delivery:
    """A notification, or what is given."""
    values: dict[str, Any] = {
        "options": {},
        "type": MessageType.NOTIFICATION,
        "document": DOCUMENT,
        **given,
    }
    return Delivery(
        scope=values.get("scope", SCOPE),
        subscription_id="7c1e",
        subscriber=subscriber,
        options=values["options"],
        type=values["type"],
        document=values["document"],
        message_id=MESSAGE_ID,
        posted=POSTED,
        delivery_secret=secret,
    )


def registration(subscriber: str, **options: Any) -> Registration:
    return Registration(SCOPE, subscriber, options, 3600, RequestContext("req-1"))
