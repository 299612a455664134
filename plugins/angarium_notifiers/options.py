"""The options of the notifiers, all in the kernel's group ``notification``."""

from __future__ import annotations

from typing import Final

from oslo_config import cfg, types

GROUP: Final = "notification"

WEBHOOK_OPTIONS: Final[tuple[cfg.Opt, ...]] = (
    cfg.FloatOpt(
        "webhook_connect_timeout",
        default=5.0,
        min=0.01,
        help="Seconds to find and reach the host of a webhook.",
    ),
    cfg.FloatOpt(
        "webhook_read_timeout",
        default=30.0,
        min=0.01,
        help="Seconds to send a request to a webhook and get its answer. Both together bound a "
        "delivery with all its redirects.",
    ),
    cfg.StrOpt(
        "webhook_ca_file",
        help="Certificates (PEM) of authorities that vouch for webhooks, beside the system's.",
    ),
)


def _template(name: str, occasion: str) -> cfg.Opt:
    return cfg.Opt(
        name,
        type=types.Dict(value_type=types.String(quotes=True)),
        default={},
        help=f"The mail that {occasion}: topic (its subject), sender and body, as topic:...,"
        "sender:...,body:... with values that hold commas in quotes. In the body {0} is the "
        "queue, {1} the project and {2} the link. What is left out has a neutral wording.",
    )


MAIL_OPTIONS: Final[tuple[cfg.Opt, ...]] = (
    cfg.StrOpt(
        "smtp_mode",
        default="third_part",
        choices=[
            ("third_part", "run smtp_command for each mail"),
            ("self_local", "send to smtp_host, with TLS from the first byte"),
        ],
        help="How mail is sent.",
    ),
    cfg.HostAddressOpt("smtp_host", help="The mail server, for self_local."),
    cfg.PortOpt("smtp_port", help="The port of the mail server, for self_local."),
    cfg.StrOpt("smtp_user_name", help="The user at the mail server, for self_local."),
    cfg.StrOpt(
        "smtp_user_password", secret=True, help="The password of smtp_user_name, for self_local."
    ),
    cfg.StrOpt(
        "smtp_ca_file",
        help="Certificates (PEM) of authorities that vouch for the mail server, beside the "
        "system's.",
    ),
    cfg.StrOpt(
        "smtp_command",
        default="/usr/sbin/sendmail -t -oi",
        help="The command that takes a whole mail on its standard input, for third_part. It is "
        "split at spaces; no shell is involved.",
    ),
    cfg.FloatOpt(
        "smtp_timeout",
        default=30.0,
        min=0.01,
        help="Seconds for a mail to be taken, by server or command.",
    ),
    cfg.StrOpt(
        "external_confirmation_url",
        help="The page behind the link in mails that ask for a confirmation. Unset, no such mail "
        "is sent.",
    ),
    _template("subscription_confirmation_email_template", "asks for a confirmation"),
    _template("unsubscribe_confirmation_email_template", "tells of the end of a subscription"),
)


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """The entry point ``oslo.config.opts``: the options by group."""
    return [(GROUP, [*WEBHOOK_OPTIONS, *MAIL_OPTIONS])]
