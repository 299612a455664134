"""``mailto``: each message is a mail (contract, ``notifications.md`` 9 and 11.5)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, ClassVar, Final

from angarium.errors import InvalidRequest, StartError
from angarium.notifications.notifier import (
    Delivery,
    GivenUp,
    MessageType,
    Notifier,
    NotifierEnvironment,
    Registration,
    Verdict,
)
from angarium_notifiers import options
from angarium_notifiers.mailing import CommandMailer, Mailer, ServerMailer
from angarium_notifiers.mailto import is_one_line, parse
from angarium_notifiers.payload import ascii_json
from angarium_notifiers.templates import OPTIONS, Template, confirmation_link
from angarium_notifiers.tls import tls_context

LOG = logging.getLogger(__name__)

_LONGEST_LINE: Final = 998  # characters that mail servers have to take (RFC 5322)
_HEADER_OPTIONS: Final = ("from", "subject")


class MailNotifier(Notifier):
    """Sends mail by a command or to a server of the operator's.

    The connections are not the kernel's: the server is the operator's choice, no subscriber's.
    """

    interface_version = 1
    obeys_retry_policy = False
    options_schema: ClassVar[Mapping[str, Any]] = {
        "properties": {name: {"type": "string"} for name in _HEADER_OPTIONS}
    }

    def __init__(self, environment: NotifierEnvironment) -> None:
        super().__init__(environment)
        conf = environment.conf
        conf.register_opts(options.MAIL_OPTIONS, group=options.GROUP)
        group = conf[options.GROUP]
        self._timeout: float = group.smtp_timeout
        self._page: str | None = group.external_confirmation_url
        self._mailer = _mailer(group)
        self._templates = {
            kind: Template.from_option(kind, group[option]) for kind, option in OPTIONS.items()
        }

    @property
    def time_limit(self) -> float:
        """``smtp_timeout``."""
        return self._timeout

    def check(self, registration: Registration) -> None:
        """Look at the recipient, and at what becomes a header."""
        try:
            parse(registration.subscriber)
        except ValueError as error:
            raise InvalidRequest(f"subscriber {error}.") from None
        for name in _HEADER_OPTIONS:
            if not is_one_line(registration.options.get(name, "")):
                raise InvalidRequest(
                    f"options.{name} must not have line breaks or other control characters."
                )

    def deliver(self, delivery: Delivery) -> Verdict:
        """Send the document, or the mail that asks for a confirmation."""
        is_confirmation = delivery.type is not MessageType.NOTIFICATION
        if is_confirmation and not self._page:
            reason = "[notification] external_confirmation_url is not set"
            LOG.error("no mail can ask for a confirmation: %s", reason)
            return GivenUp(reason)
        try:
            mail = self._confirmation(delivery) if is_confirmation else _notification(delivery)
        except Exception as error:  # of whatever class: it would fail again
            return GivenUp(f"the mail could not be built ({type(error).__name__})")
        return self._mailer.send(mail)

    def _confirmation(self, delivery: Delivery) -> EmailMessage:
        template = self._templates[delivery.type]
        link = confirmation_link(self._page or "", delivery.document)
        text = template.body.format(delivery.scope.name, delivery.scope.project, link)
        return _mail(delivery, template.sender, template.topic, text)


def _notification(delivery: Delivery) -> EmailMessage:
    subject = parse(delivery.subscriber).subject
    if subject is None:
        subject = delivery.options.get("subject", "")
    text = ascii_json(delivery.document)
    if len(text) > _LONGEST_LINE:
        text = json.dumps(delivery.document, indent=1)
    return _mail(delivery, delivery.options.get("from", ""), subject, f"{text}\n")


def _mail(delivery: Delivery, sender: str, subject: str, text: str) -> EmailMessage:
    """:raises ValueError: a header has a line break."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = parse(delivery.subscriber).address
    mail["Subject"] = subject
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{delivery.message_id}.{delivery.subscription_id}@angarium>"
    mail["Auto-Submitted"] = "auto-generated"
    is_plain = text.isascii() and max(map(len, text.split("\n"))) <= _LONGEST_LINE
    if is_plain or delivery.type is MessageType.NOTIFICATION:
        mail.set_content(text, charset="us-ascii", cte="7bit")
    else:
        mail.set_content(text)
    return mail


def _mailer(group: Any) -> Mailer:
    if group.smtp_mode == "third_part":
        return CommandMailer(group.smtp_command, group.smtp_timeout)
    if not group.smtp_host or not group.smtp_port:
        raise StartError("[notification] smtp_mode = self_local needs smtp_host and smtp_port")
    return ServerMailer(
        group.smtp_host,
        group.smtp_port,
        tls_context("smtp_ca_file", group.smtp_ca_file),
        group.smtp_timeout,
        group.smtp_user_name,
        group.smtp_user_password or "",
    )
