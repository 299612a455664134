"""The options of the notifiers, all in the kernel's group ``notification``."""

from __future__ import annotations

from typing import Final

from oslo_config import cfg

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


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """The entry point ``oslo.config.opts``: the options by group."""
    return [(GROUP, [*WEBHOOK_OPTIONS])]
