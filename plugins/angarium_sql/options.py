"""The options of both stores (contract, ``configuration.md`` 2.12)."""

from __future__ import annotations

from typing import Final

from oslo_config import cfg

from angarium.storage import overrides
from angarium.storage.driver import StoreEnvironment
from angarium.storage.overrides import Settings

MESSAGE_STORE: Final = "drivers:message_store:sqlalchemy"
MANAGEMENT_STORE: Final = "drivers:management_store:sqlalchemy"

_COMMON = (
    cfg.StrOpt(
        "uri",
        secret=True,
        sample_default="sqlite:///<state_path>/angarium.db",
        help="Database URL: sqlite:///path, postgresql://user:password@host/database or "
        "mysql://user:password@host/database. Unset means an SQLite file in [DEFAULT] state_path. "
        "Connections to MySQL and MariaDB are switched to UTC.",
    ),
    cfg.IntOpt(
        "pool_size",
        default=16,
        min=1,
        help="Connections that each process keeps to the database at most. A thread needs one "
        "while it carries out an operation.",
    ),
    cfg.IntOpt(
        "pool_timeout",
        default=10,
        min=1,
        help="Seconds after which a request that waits for a connection of the pool is answered "
        "503.",
    ),
    cfg.IntOpt(
        "connect_timeout",
        default=5,
        min=1,
        help="Seconds after which an attempt to connect is given up. On SQLite: after which a "
        "database that another program keeps locked counts as not answering.",
    ),
    cfg.IntOpt(
        "answer_timeout",
        default=60,
        min=1,
        help="Seconds of silence after which a database server counts as gone, and a request that "
        "waits for it is answered 503. Has no effect on SQLite.",
    ),
)
_DURABILITY = cfg.BoolOpt(
    "durability",
    default=True,
    help="Whether an acknowledged message survives the crash of the machine that holds the "
    "database. On PostgreSQL and MySQL you assert that the server is set up so (it is, by "
    "default); on SQLite it decides between synchronous=FULL and NORMAL. False takes DURABILITY "
    "off the pool's capabilities.",
)


def settings(environment: StoreEnvironment, group: str) -> Settings:
    """The values of the options of one store.

    :raises StartError: a pool has options of its own that there are not.
    """
    return overrides.settings(environment, group, options_of(group))


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """Every option of this package by group, for ``oslo-config-generator``."""
    return [(group, options_of(group)) for group in (MANAGEMENT_STORE, MESSAGE_STORE)]


def options_of(group: str) -> list[cfg.Opt]:
    """The options of one store."""
    return [*_COMMON, _DURABILITY] if group == MESSAGE_STORE else list(_COMMON)
