"""The mails that ask for a confirmation (contract, ``notifications.md`` 11.5)."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from angarium.errors import StartError
from angarium.notifications.notifier import MessageType
from angarium_notifiers.mailto import is_one_line

OPTIONS: Final[Mapping[MessageType, str]] = {
    MessageType.SUBSCRIPTION_CONFIRMATION: "subscription_confirmation_email_template",
    MessageType.UNSUBSCRIBE_CONFIRMATION: "unsubscribe_confirmation_email_template",
}
"""The option that holds the template of each kind."""

_DEFAULTS: Final[Mapping[MessageType, Mapping[str, str]]] = {
    MessageType.SUBSCRIPTION_CONFIRMATION: {
        "topic": "Please confirm a subscription",
        "sender": "",
        "body": "This address was subscribed to the queue {0} of the project {1}.\n\n"
        "To receive its messages, confirm that here:\n\n{2}\n\n"
        "If you do nothing, you will not receive any.\n",
    },
    MessageType.UNSUBSCRIBE_CONFIRMATION: {
        "topic": "A subscription has ended",
        "sender": "",
        "body": "This address no longer receives the messages of the queue {0} of the project "
        "{1}.\n\nIf that was a mistake, subscribe again here:\n\n{2}\n",
    },
}
_PLACEHOLDERS: Final = frozenset({"0", "1", "2"})


@dataclass(frozen=True, slots=True)
class Template:
    """The wording of one kind of mail; ``body`` has the placeholders ``{0}`` to ``{2}``."""

    topic: str
    sender: str
    body: str

    @classmethod
    def from_option(cls, kind: MessageType, given: Mapping[str, str]) -> Template:
        """What an option says, with the default wording where it says nothing.

        :raises StartError: it has an unknown key, an unknown placeholder or an impossible header.
        """
        option, default = f"[notification] {OPTIONS[kind]}", _DEFAULTS[kind]
        for key in given.keys() - default.keys():
            raise StartError(f"{option} has the unknown key {key!r}; known are topic, sender, body")
        template = cls(**{**default, **given})
        if not _is_fit(template.body):
            raise StartError(
                f"{option}: the body may have the placeholders {{0}} (queue), {{1}} (project) and "
                "{2} (link) only; a brace that is meant as such is written twice"
            )
        if not (is_one_line(template.topic) and is_one_line(template.sender)):
            raise StartError(f"{option}: topic and sender must be without line breaks")
        return template


def _is_fit(body: str) -> bool:
    try:
        parts = [part[1:] for part in string.Formatter().parse(body) if part[1] is not None]
    except ValueError:
        return False
    return all(part[0] in _PLACEHOLDERS and part[1:] == ("", None) for part in parts)


def confirmation_link(page: str, document: Mapping[str, Any]) -> str:
    """The address that a confirmation mail leads to.

    :param page: ``[notification] external_confirmation_url``.
    :param document: that of 11.3.
    """
    values = {
        "Signature": document["URL-Signature"],
        "Methods": document["URL-Methods"],
        "Paths": document["URL-Paths"],
        "Project": document["X-Project-ID"],
        "Expires": document["URL-Expires"],
        "Url": document.get("WSGISubscribeURL", ""),
        "Queue": document["queue_name"],
    }
    return f"{page}?" + "&".join(f"{name}={quote(it, safe='/:,')}" for name, it in values.items())
