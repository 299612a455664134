"""The kernel's options: names, types and defaults of the contract (``configuration.md`` 2).

Options of the reference that change nothing here are accepted by being left alone.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Final

from oslo_config import cfg, types


class _Network(types.ConfigType):
    """An IP network in CIDR notation."""

    def __init__(self) -> None:
        super().__init__(type_name="network")

    def __call__(self, value: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        return ipaddress.ip_network(str(value))

    def _formatter(self, value: object) -> str:
        return str(value)


def default_state_path() -> str:
    """``/var/lib/angarium`` for root, otherwise the user's state directory (XDG)."""
    if os.geteuid() == 0:
        return "/var/lib/angarium"
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return str(Path(home).expanduser() / "angarium")


CLI_OPTIONS: Final = [
    cfg.BoolOpt(
        "admin_mode",
        default=False,
        help="Expose the resources meant for operators: /v2/health and, with pooling, /v2/pools "
        "and /v2/flavors. Without it they do not exist.",
    ),
]

DEFAULT_OPTIONS: Final = [
    cfg.BoolOpt(
        "pooling",
        default=False,
        deprecated_name="sharding",
        help="Spread new queues over the stores that are registered as pools. The configured "
        "message store is then used only if [pooling:catalog] enable_virtual_pool is on. Queues "
        "that are in a pool stay there, whatever this says.",
    ),
    cfg.BoolOpt(
        "unreliable",
        default=False,
        help="Start on a message store that may lose what it has acknowledged: on MongoDB, with a "
        "write concern below majority and below 2.",
    ),
    cfg.BoolOpt(
        "enable_checksum",
        default=False,
        help="Store and show a checksum of each message body.",
    ),
    cfg.StrOpt(
        "auth_strategy",
        default="",
        help="The identity plugin that decides who is asking. Empty means noauth: project, user "
        "and roles are whatever the request headers say, for closed networks only. "
        "`angarium plugins` lists what is installed.",
    ),
    cfg.StrOpt(
        "state_path",
        default=default_state_path(),
        sample_default="/var/lib/angarium for root, else ~/.local/state/angarium",
        help="The directory in which the embedded store keeps its files; made when missing.",
    ),
]

DRIVER_OPTIONS: Final = [
    cfg.ListOpt(
        "transport",
        default=["wsgi", "websocket"],
        help="The transports that angarium-server serves, each in processes of its own.",
    ),
    cfg.StrOpt(
        "message_store",
        default="sqlalchemy",
        deprecated_name="storage",
        help="The data driver: where messages and claims are kept.",
    ),
    cfg.StrOpt(
        "management_store",
        default="sqlalchemy",
        help="The control driver: where queues and their metadata are kept.",
    ),
]


def _seconds(name: str, default: int, least: int, help_text: str) -> cfg.IntOpt:
    return cfg.IntOpt(name, default=default, min=least, help=f"{help_text}, in seconds.")


def _page(what: str) -> cfg.IntOpt:
    return cfg.IntOpt(
        f"max_{what}",
        default=20,
        min=1,
        help=f"The largest limit that a request may name ({what.replace('_', ' ')}). Without a "
        "limit it is 10.",
    )


TRANSPORT_OPTIONS: Final = [
    _seconds("default_message_ttl", 3600, 60, "Life of a message posted without a ttl"),
    _seconds(
        "default_message_delay",
        0,
        0,
        "Shown as the default of _default_message_delay; delays nothing by itself",
    ),
    _seconds("default_claim_ttl", 300, 60, "Life of a claim made without a ttl"),
    _seconds("default_claim_grace", 60, 60, "Grace of a claim made without one"),
    _page("queues_per_page"),
    _page("messages_per_page"),
    _page("messages_per_claim_or_pop"),
    _page("flavors_per_page"),
    _page("pools_per_page"),
    cfg.IntOpt(
        "max_queue_metadata",
        default=65536,
        min=1,
        help="The largest body that creates or changes a queue, and of every other request "
        "without a limit of its own, in bytes.",
    ),
    cfg.IntOpt(
        "max_messages_post_size",
        default=262144,
        min=1,
        help="The largest body that posts messages, in bytes. A queue can lower it.",
    ),
    _seconds("max_message_ttl", 1209600, 60, "The longest ttl of a message"),
    _seconds("max_message_delay", 900, 0, "The longest delay of a message"),
    _seconds("max_claim_ttl", 43200, 60, "The longest ttl of a claim"),
    _seconds("max_claim_grace", 43200, 60, "The longest grace of a claim"),
    cfg.StrOpt(
        "client_id_uuid_safe",
        default="strict",
        choices=[
            ("strict", "a UUID in any of its usual spellings"),
            ("off", "any text within min_length_client_id and max_length_client_id"),
        ],
        help="The form of the Client-ID header.",
    ),
    cfg.IntOpt(
        "min_length_client_id",
        default=10,
        min=1,
        help="The shortest Client-ID, in characters, with client_id_uuid_safe = off.",
    ),
    cfg.IntOpt(
        "max_length_client_id",
        default=36,
        min=1,
        help="The longest Client-ID, in characters, with client_id_uuid_safe = off.",
    ),
    cfg.ListOpt(
        "subscriber_types",
        default=["http", "https", "mailto", "trust+http", "trust+https"],
        help="The URI schemes of subscribers; each needs a notifier plugin of its name as well.",
    ),
    _seconds("default_subscription_ttl", 3600, 60, "Life of a subscription made without a ttl"),
    _page("subscriptions_per_page"),
    cfg.BoolOpt(
        "message_delete_with_claim_id",
        default=False,
        help="Demand that a deletion of several messages by their ids also names their claims.",
    ),
    cfg.StrOpt(
        "message_encryption_algorithms",
        default="AES256",
        choices=[("AES256", "AES-256-GCM")],
        help="The cipher of encrypted queues.",
    ),
    cfg.StrOpt(
        "message_encryption_key",
        secret=True,
        help="The key of encrypted queues. Encryption is not available in this version, which "
        "refuses to start with a key rather than store clear text.",
    ),
]


def _pipeline(name: str, about: str) -> cfg.ListOpt:
    return cfg.ListOpt(
        name,
        default=[],
        help=f"The filters that {about} pass through before the driver, in this order.",
    )


STORAGE_OPTIONS: Final = [
    _pipeline("queue_pipeline", "operations on queues"),
    _pipeline("topic_pipeline", "operations on topics"),
    _pipeline("message_pipeline", "operations on messages"),
    _pipeline("claim_pipeline", "operations on claims"),
    _pipeline("subscription_pipeline", "operations on subscriptions"),
    cfg.IntOpt(
        "plan_cache_size",
        default=100000,
        min=1,
        help="How many queues each process remembers, to spare a look-up. Never observable as a "
        "wrong answer.",
    ),
    cfg.FloatOpt(
        "reclaim_interval",
        default=5.0,
        min=0.01,
        help="Seconds between two rounds in which a process frees the space of what expired.",
    ),
]

POOLING_OPTIONS: Final[list[cfg.Opt]] = [
    cfg.BoolOpt(
        "enable_virtual_pool",
        default=False,
        help="With pooling: use the configured message store as a pool without a name, for queues "
        "without a flavor that no registered pool may get. Off, queues that are in it behave as "
        "absent.",
    ),
]

_DENIED: Final = (
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, "
    "192.168.0.0/16, 224.0.0.0/3, ::/128, ::1/128, fc00::/7, fe80::/10, ff00::/8"
)


def _networks(name: str, default: str, help_text: str) -> cfg.Opt:
    kind = types.List(item_type=_Network())
    return cfg.Opt(name, type=kind, default=default, sample_default=default, help=help_text)


NOTIFICATION_OPTIONS: Final[list[cfg.Opt]] = [
    cfg.IntOpt(
        "max_notifier_workers",
        default=10,
        min=1,
        help="How many deliveries are under way at a time in each delivery process.",
    ),
    _seconds(
        "keep_delivered",
        60,
        0,
        "How long a delivery that succeeded is still shown by `angarium-manage deliveries`",
    ),
    _seconds(
        "keep_failed",
        86400,
        0,
        "How long a delivery that was given up is still shown by `angarium-manage deliveries`, "
        "which can replay it",
    ),
    cfg.BoolOpt(
        "require_confirmation",
        default=False,
        help="Deliver only to subscribers that have confirmed their subscription, and ask them to; "
        "needs [signed_url] secret_key.",
    ),
    _networks(
        "subscriber_deny_networks",
        _DENIED,
        "Networks that deliveries never contact. IPv6 addresses that embed an IPv4 address "
        "(mapped, NAT64) count as that.",
    ),
    _networks(
        "subscriber_allow_networks",
        "",
        "Exceptions to subscriber_deny_networks: the operator's own receivers.",
    ),
    cfg.StrOpt(
        "public_endpoint",
        help="The base URL of this service as subscribers reach it, for confirmation links. Unset, "
        "the identity catalogue is asked.",
    ),
    cfg.StrOpt(
        "public_websocket_endpoint",
        help="The same for the WebSocket service.",
    ),
]

SIGNED_URL_OPTIONS: Final[list[cfg.Opt]] = [
    cfg.StrOpt(
        "secret_key",
        secret=True,
        help="The key that signs pre-signed credentials. Unset: none is issued, none verifies.",
    ),
]

GROUPS: Final[dict[str, list[cfg.Opt]]] = {
    "DEFAULT": [*CLI_OPTIONS, *DEFAULT_OPTIONS],
    "drivers": DRIVER_OPTIONS,
    "transport": TRANSPORT_OPTIONS,
    "storage": STORAGE_OPTIONS,
    "pooling:catalog": POOLING_OPTIONS,
    "signed_url": SIGNED_URL_OPTIONS,
    "notification": NOTIFICATION_OPTIONS,
}


def register(conf: cfg.ConfigOpts) -> None:
    """Make the kernel's options known to a configuration that is not loaded yet."""
    conf.register_cli_opts(CLI_OPTIONS)
    for group, options in GROUPS.items():
        conf.register_opts(options, group=None if group == "DEFAULT" else group)


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """The entry point ``oslo.config.opts``: the options by group."""
    return list(GROUPS.items())
