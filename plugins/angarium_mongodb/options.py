"""The options of both stores (contract, ``configuration.md`` 2.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from oslo_config import cfg

from angarium.errors import StartError

MESSAGE_STORE: Final = "drivers:message_store:mongodb"
MANAGEMENT_STORE: Final = "drivers:management_store:mongodb"

_ONLY_WITH_SSL: Final = "Counts only if the URI contains ssl=true."

_CONNECTION = (
    cfg.StrOpt(
        "uri",
        secret=True,
        help="Connection string of a replica set or of the mongos of a sharded cluster: "
        "mongodb://user:password@host1,host2/?replicaSet=name, or "
        "mongodb+srv://user:password@host. The write concern is majority unless the string has w.",
    ),
    cfg.StrOpt(
        "database",
        default="angarium",
        help="Base of the names of the databases: angarium makes angarium_messages and "
        "angarium_management.",
    ),
    cfg.StrOpt("ssl_keyfile", help=f"File with the private key of the client. {_ONLY_WITH_SSL}"),
    cfg.StrOpt(
        "ssl_certfile",
        help=f"File with the certificate of the client; it may hold the key too. {_ONLY_WITH_SSL}",
    ),
    cfg.StrOpt(
        "ssl_cert_reqs",
        default="CERT_REQUIRED",
        choices=["CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED"],
        help="Whether the certificate of the server is checked: CERT_NONE does not, the two others "
        f"do. {_ONLY_WITH_SSL}",
    ),
    cfg.StrOpt(
        "ssl_ca_certs",
        help="File with the certificates of the authorities that are trusted; those of the system "
        f"otherwise. {_ONLY_WITH_SSL}",
    ),
)
_RETRIES = (
    cfg.IntOpt(
        "max_attempts",
        default=1000,
        min=1,
        help="Tries of an operation that conflicts with others on the same queue. All tries "
        "together take a few seconds at most.",
    ),
    cfg.FloatOpt(
        "max_retry_sleep",
        default=0.1,
        min=0.0,
        help="Longest pause between two of these tries, in seconds.",
    ),
    cfg.FloatOpt(
        "max_retry_jitter",
        default=0.005,
        min=0.0,
        help="Seconds that are added at random to each such pause, at most.",
    ),
    cfg.IntOpt(
        "max_reconnect_attempts",
        default=10,
        min=1,
        help="Tries of an operation while the deployment has no primary. All tries together take a "
        "few seconds at most.",
    ),
    cfg.FloatOpt(
        "reconnect_sleep",
        default=0.02,
        min=0.0,
        help="First pause between two of these tries, in seconds; it doubles each time.",
    ),
)
_OF_MESSAGES = (
    cfg.BoolOpt(
        "durability",
        default=True,
        help="Whether an acknowledged message survives the crash of a node: you assert that the "
        "members keep a journal, as they do by default. With a write concern below majority and "
        "below 2 it is false in any case. False takes DURABILITY off the pool's capabilities.",
    ),
    cfg.IntOpt(
        "partitions",
        default=2,
        min=1,
        help="Accepted for the sake of old configuration files; has no effect. Messages are spread "
        "by sharding their collection.",
    ),
)
_OF_POOLS: Final[Mapping[str, type]] = {"database": str, "durability": bool}


def register(conf: cfg.ConfigOpts, group: str) -> Any:
    """Make the options of one store known; returns its group of values."""
    conf.register_opts(_options_of(group), group=group)
    return conf[group]


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """Every option of this package by group, for ``oslo-config-generator``."""
    return [(group, _options_of(group)) for group in (MANAGEMENT_STORE, MESSAGE_STORE)]


def require_known(pool: Mapping[str, Any]) -> None:
    """Refuse what a pool has no use for.

    :param pool: its own options.
    :raises StartError: it has another option than ``database`` and ``durability``, or one of a
        wrong type.
    """
    for name, value in pool.items():
        if not isinstance(value, _OF_POOLS.get(name, ())):
            known = ", ".join(sorted(_OF_POOLS))
            raise StartError(
                f"The options of a pool on MongoDB are {known} (a text, and true or false); "
                f"{name!r} is not one of them, or has a wrong value."
            )


def _options_of(group: str) -> list[cfg.Opt]:
    common = [*_CONNECTION, *_RETRIES]
    return [*common, *_OF_MESSAGES] if group == MESSAGE_STORE else common
