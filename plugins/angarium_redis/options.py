"""The options of both stores (contract, ``configuration.md`` 2.11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from oslo_config import cfg

from angarium.errors import StartError
from angarium.storage import overrides
from angarium.storage.driver import StoreEnvironment
from angarium.storage.overrides import Settings

MESSAGE_STORE: Final = "drivers:message_store:redis"
MANAGEMENT_STORE: Final = "drivers:management_store:redis"

_URI = cfg.StrOpt(
    "uri",
    secret=True,
    default="redis://127.0.0.1:6379",
    help="Where Redis (6.2 or later) or Valkey is. One server: "
    "redis://[[user]:password@]host[:port]; Sentinel: "
    "redis://[[user]:password@]host1[:port1][,host2...]?master=<name>; a UNIX socket: "
    "redis://[[user]:password@]/path/to/socket; a cluster: redis-cluster://host1[:port1][,host2...]."
    " rediss:// and rediss-cluster:// use TLS. Options after the ?: socket_timeout (seconds, 5), "
    "dbid (0), sentinel_username and sentinel_password (of the sentinels themselves), tls_ca_file "
    "(certificates to trust in place of the system's), and the other options of this group that a "
    "pool may set.",
)
_COMMON = (
    cfg.IntOpt(
        "max_reconnect_attempts",
        default=10,
        min=1,
        help="Tries of an operation when the connection is lost. Whatever the number, a request "
        "waits for Redis a few seconds at most.",
    ),
    cfg.FloatOpt(
        "reconnect_sleep",
        default=1.0,
        min=0.0,
        help="Seconds of pause before an operation is tried again over a new connection; doubles "
        "each time.",
    ),
    cfg.IntOpt(
        "pool_size",
        default=64,
        min=1,
        help="Connections that each process keeps to each server at most. A thread needs one "
        "while it carries out an operation.",
    ),
    cfg.StrOpt(
        "key_prefix",
        default="angarium",
        regex=r"^[A-Za-z0-9_.:-]{1,64}$",
        help="What the keys in Redis begin with. Installations that share a database need "
        "different ones.",
    ),
    cfg.IntOpt(
        "wait_replicas",
        default=0,
        min=0,
        help="Replicas that must have a change before it is acknowledged (WAIT). A change that "
        "fewer have in time is answered 503 with its outcome unknown. 0 does not wait: a fail-over "
        "may then lose what was acknowledged in the last moment.",
    ),
    cfg.IntOpt(
        "wait_timeout",
        default=1000,
        min=1,
        max=10_000,
        help="Milliseconds to wait for these replicas.",
    ),
)
_DURABILITY = cfg.BoolOpt(
    "durability",
    default=False,
    help="Whether you assert that an acknowledged message survives the crash of a node: Redis "
    "writes an append-only file (checked when the service starts), with appendfsync always, or "
    "wait_replicas is above 0. True adds DURABILITY to the pool's capabilities.",
)


def settings(environment: StoreEnvironment, group: str) -> Settings:
    """The values of the options of one store.

    :raises StartError: a pool has options of its own that there are not.
    """
    return overrides.settings(environment, group, options_of(group))


def names(group: str) -> frozenset[str]:
    """What the query of a uri may set in place of the group."""
    return frozenset(option.name for option in options_of(group)) - {_URI.name}


def of_query(given: Iterable[tuple[str, str]], group: str, source: str) -> dict[str, Any]:
    """Values of options that a uri sets.

    :param source: the option that holds the uri, for the operator.
    :raises StartError: a value is none of its option's type.
    """
    known = {option.name: option for option in options_of(group)}
    return {name: _converted(known[name], text, source) for name, text in given}


def _converted(option: cfg.Opt, text: str, source: str) -> Any:
    try:
        return option.type(text)
    except ValueError as error:
        raise StartError(f"{source}: {option.name}: {error}") from None


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """Every option of this package by group, for ``oslo-config-generator``."""
    return [(group, options_of(group)) for group in (MANAGEMENT_STORE, MESSAGE_STORE)]


def options_of(group: str) -> list[cfg.Opt]:
    """The options of one store."""
    options = [_URI, *_COMMON]
    return [*options, _DURABILITY] if group == MESSAGE_STORE else options
