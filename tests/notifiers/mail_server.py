"""A mail server that keeps what it gets."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.ports import free_port


class Post:
    """A handler that keeps what it gets, or answers as it is told."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.said = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return self.said

    def mail(self) -> EmailMessage:
        (envelope,) = self.envelopes
        return parsed(envelope)


class TlsController(Controller):
    """Speaks TLS from the first byte, and believes one password."""

    def __init__(self, handler: Post, authority: trustme.CA, port: int) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        super().__init__(
            handler,
            hostname="localhost",
            port=port,
            ssl_context=context,
            auth_require_tls=False,
            authenticator=lambda *given: AuthResult(
                success=given[4] == LoginPassword(b"angarium", b"s3cret"), handled=False
            ),
        )


def parsed(envelope: Any) -> EmailMessage:
    """The mail in an envelope."""
    return message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[return-value]


@contextmanager
def mail_server(post: Post, authority: trustme.CA, directory: Path) -> Iterator[dict[str, Any]]:
    """A running server; yields the options of ``[notification]`` that lead there.

    :param directory: for the certificate of its authority.
    """
    controller = TlsController(post, authority, free_port())
    controller.start()
    file = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    yield {
        "smtp_mode": "self_local",
        "smtp_host": "localhost",
        "smtp_port": controller.port,
        "smtp_user_name": "angarium",
        "smtp_user_password": "s3cret",
        "smtp_ca_file": str(file),
        "smtp_timeout": 5,
    }
    controller.stop()
