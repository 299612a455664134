"""The options of the WebSocket door: ``[drivers:transport:websocket]``.

Names and defaults: contract, ``configuration.md`` 2.4 and 2.16.
"""

from __future__ import annotations

from typing import Final

from oslo_config import cfg

GROUP: Final = "drivers:transport:websocket"


def _seconds(name: str, default: float, help_text: str) -> cfg.FloatOpt:
    return cfg.FloatOpt(name, default=default, min=0.0, help=help_text)


OPTIONS: Final[list[cfg.Opt]] = [
    cfg.HostAddressOpt(
        "bind",
        default="127.0.0.1",
        help="The address on which angarium-server listens, IPv4, IPv6 or a host name. The default "
        "is reached from this machine only, which is right for auth_strategy = noauth.",
    ),
    cfg.PortOpt(
        "port",
        default=9000,
        help="The port on which angarium-server listens; 0 for any that is free.",
    ),
    cfg.PortOpt(
        "external_port",
        help="The public port behind a proxy. If it is set, clients that name another port in "
        "their Host header are refused.",
    ),
    cfg.HostAddressOpt(
        "notification_bind",
        help="The address of the internal endpoint, to which the other processes of the service "
        "deliver what is pushed to the clients of this one. They must reach it by this very name "
        "or address, so on several machines it has to be one of the internal network. Unset: "
        "127.0.0.1.",
    ),
    cfg.PortOpt(
        "notification_port",
        default=0,
        help="The port of the internal endpoint; 0 for any that is free.",
    ),
    cfg.ListOpt(
        "allowed_origins",
        help="Origins whose pages may connect, as scheme://host[:port]; * for any. Unset: every "
        "origin where a token is needed; in open mode only pages of the same host, and on a "
        "loopback address only those that were loaded from this machine.",
    ),
    cfg.IntOpt(
        "threads",
        default=8,
        min=1,
        help="How many requests are worked on at a time. The connections themselves take no "
        "thread.",
    ),
    _seconds(
        "first_message_timeout",
        30.0,
        "Seconds after which a connection is closed on which the client has said nothing; 0 for "
        "none.",
    ),
    _seconds("ping_interval", 30.0, "Seconds between two pings to a client; 0 for none."),
    _seconds(
        "ping_timeout",
        30.0,
        "Seconds within which a client must answer a ping, and within which it must take some of "
        "what is sent to it; 0 to wait for ever.",
    ),
    _seconds(
        "idle_timeout",
        0.0,
        "Seconds after which a connection is closed on which the client has sent no message; 0 "
        "for none.",
    ),
    cfg.IntOpt(
        "max_message_size",
        default=1048576,
        min=1024,
        help="The largest message that a client may send, in bytes. It must be larger than "
        "[transport] max_messages_post_size.",
    ),
    cfg.IntOpt(
        "max_connections",
        default=0,
        min=0,
        help="How many clients may be connected to the process; further ones are refused with 503. "
        "0 for any number.",
    ),
    cfg.IntOpt(
        "max_send_queue",
        default=1000,
        min=1,
        help="How many messages may wait for a client that reads too slowly; then it is "
        "disconnected.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options known to a configuration; harmless when they are already."""
    conf.register_opts(OPTIONS, group=GROUP)


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """The entry point ``oslo.config.opts``: the options by group."""
    return [(GROUP, OPTIONS)]
