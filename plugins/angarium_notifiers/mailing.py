"""The two ways in which a mail leaves (contract, ``notifications.md`` 9)."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
import subprocess
import time
from abc import ABC, abstractmethod
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any, Final

from angarium.notifications.notifier import Delivered, GivenUp, TryAgain, Verdict
from angarium_notifiers.streams import TimedSocket


class Mailer(ABC):
    """Sends mails. Safe for threads."""

    @abstractmethod
    def send(self, mail: EmailMessage) -> Verdict:
        """Hand over a mail, whose ``From`` and ``To`` are those of the envelope too."""


class CommandMailer(Mailer):
    """Runs a command for each mail, which finds it on its standard input.

    :param command: split at single spaces.
    :param timeout: seconds; then the command is killed.
    """

    def __init__(self, command: str, timeout: float) -> None:
        self._command = command.split(" ")
        self._timeout = timeout

    def send(self, mail: EmailMessage) -> Verdict:
        """Exit status 0 is success, 75 (``EX_TEMPFAIL``) and a lapse of time may pass."""
        try:
            done = subprocess.run(  # noqa: S603 - the operator chose the command
                self._command,
                input=mail.as_bytes(),
                stdout=subprocess.DEVNULL,
                timeout=self._timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return TryAgain("smtp_command took too long")
        except OSError as error:
            return GivenUp(f"smtp_command cannot be run: {error.strerror}")
        if done.returncode == 0:
            return Delivered()
        reason = f"smtp_command ended with status {done.returncode}"
        return TryAgain(reason) if done.returncode == os.EX_TEMPFAIL else GivenUp(reason)


class ServerMailer(Mailer):
    """Connects to a mail server for each mail, with TLS from the first byte.

    :param user: None for a server that wants no login.
    :param timeout: seconds for all of it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext,
        timeout: float,
        user: str | None = None,
        password: str = "",
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._timeout = timeout
        self._user = user
        self._password = password

    def send(self, mail: EmailMessage) -> Verdict:
        """Greet, log in, send. What the server calls temporary may pass, and so may its absence."""
        sender, recipient = parseaddr(str(mail["From"]))[1], str(mail["To"])
        try:
            with _TimedSmtp(self._host, self._port, self._context, self._timeout) as server:
                server.ehlo_or_helo_if_needed()
                if self._user is not None:
                    server.login(self._user, self._password)
                server.sendmail(sender, [recipient], mail.as_bytes(policy=SMTP))
        except smtplib.SMTPRecipientsRefused as error:
            return _refused("the recipient", next(iter(error.recipients.values()))[0])
        except smtplib.SMTPAuthenticationError as error:
            return _refused("the login", error.smtp_code)
        except smtplib.SMTPResponseException as error:
            return _refused("the mail", error.smtp_code)
        except smtplib.SMTPNotSupportedError:
            return GivenUp("the mail server offers no login")
        except OSError as error:  # TLS failures and the rest of smtplib's errors among them
            return TryAgain(f"no mail server: {' '.join(str(error).split())}")
        except ValueError:
            return GivenUp("an address of the mail is not written in ASCII")
        return Delivered()


_LEAST_FINAL: Final = 500


def _refused(what: str, code: int) -> Verdict:
    reason = f"the mail server refused {what} with {code}"
    return GivenUp(reason) if code >= _LEAST_FINAL else TryAgain(reason)


class _TimedSmtp(smtplib.SMTP_SSL):
    """A conversation that ends in time as a whole."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, timeout: float) -> None:
        self._deadline = time.monotonic() + timeout
        super().__init__(host, port, context=context, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        connection = socket.create_connection((host, port), timeout)
        try:
            secured = self.context.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise
        return TimedSocket(secured, self._deadline)
