"""SQLAlchemy engines, set up for what each database needs."""

from __future__ import annotations

import select
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DisconnectionError

from angarium_sql import turns


@dataclass(frozen=True, slots=True)
class Settings:
    """How a database is reached.

    :ivar pool_size: connections per process at most.
    :ivar pool_timeout: seconds to wait for one of them.
    :ivar connect_timeout: seconds to wait for a new one, and on SQLite for a lock.
    :ivar answer_timeout: seconds of silence after which a server counts as gone; None for never.
    :ivar durable: whether a commit of SQLite waits for the disk.
    :ivar autocommit: whether every statement is a transaction of its own unless one is begun
        (PostgreSQL only).
    :ivar indexed: whether queries use indexes whatever the statistics say (PostgreSQL only).
    """

    pool_size: int = 16
    pool_timeout: int = 10
    connect_timeout: int = 5
    answer_timeout: int | None = None
    durable: bool = True
    autocommit: bool = False
    indexed: bool = False


class Engines(NamedTuple):
    """One engine for transactions that only read, one for those that change something."""

    reads: Engine
    writes: Engine

    def dispose(self) -> None:
        """Close the pooled connections of both."""
        self.reads.dispose()
        self.writes.dispose()


def create(url: URL, settings: Settings) -> Engines:
    """The engines of a database; connects to nothing."""
    return _MAKERS[url.get_backend_name()](url, settings)


def _common(settings: Settings) -> dict[str, Any]:
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.pool_timeout,
        "pool_reset_on_return": None,  # every transaction is ended by those who began it
        "hide_parameters": True,
    }


# --- SQLite -------------------------------------------------------------------------------------


def _sqlite(url: URL, settings: Settings) -> Engines:
    reads = _sqlite_engine(url, settings, settings.connect_timeout)
    return Engines(reads, _sqlite_engine(url, settings, turns.STEP))


def _sqlite_engine(url: URL, settings: Settings, patience: float) -> Engine:
    engine = create_engine(
        url,
        **_common(settings),
        paramstyle="named",
        connect_args={"timeout": patience},
    )
    synchronous = "FULL" if settings.durable else "NORMAL"

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        connection.isolation_level = None  # so that the module begins no transactions itself
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA temp_store = MEMORY")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:  # a migration
        turns.begin(connection.connection.cursor(), settings.connect_timeout)

    return engine


# --- PostgreSQL ---------------------------------------------------------------------------------


def _postgresql(url: URL, settings: Settings) -> Engines:
    # Whoever reads here reads with one statement, which needs no transaction around it.
    reads = _postgresql_engine(url, settings, "AUTOCOMMIT")
    if settings.autocommit:
        return Engines(reads, reads)
    return Engines(reads, _postgresql_engine(url, settings, "READ COMMITTED"))


def _postgresql_engine(url: URL, settings: Settings, isolation: IsolationLevel) -> Engine:
    engine = create_engine(
        url,
        **_common(settings),
        isolation_level=isolation,
        connect_args={"connect_timeout": settings.connect_timeout, **_liveness(url, settings)},
    )
    event.listen(engine, "checkout", _refuse_closed)
    if settings.indexed:
        event.listen(engine, "connect", _use_indexes)
    return engine


def _use_indexes(connection: Any, record: object) -> None:
    """As the functions of the message store do, and for the same reason (``plans.sql``)."""
    names = ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")
    connection.execute("; ".join(f"SET enable_{name} = off" for name in names))
    connection.commit()


def _liveness(url: URL, settings: Settings) -> dict[str, int]:
    """How the system finds out that the server is gone; what the URL says about it stands."""
    if settings.answer_timeout is None:
        return {}
    wanted = {
        "tcp_user_timeout": settings.answer_timeout * 1000,
        "keepalives_idle": max(settings.answer_timeout // 2, 1),
        "keepalives_interval": max(settings.answer_timeout // 6, 1),
        "keepalives_count": 3,
    }
    return {name: value for name, value in wanted.items() if name not in url.query}


def _refuse_closed(connection: Any, record: object, proxy: object) -> None:
    """An idle connection with something to read is one that the server has closed.

    Seen without a round trip; the pool then connects anew. So a server that was restarted costs no
    request, and the outcome of no change is unknown.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError


# --- MySQL and MariaDB --------------------------------------------------------------------------


def _mysql(url: URL, settings: Settings) -> Engines:
    arguments = {
        **_common(settings),
        "paramstyle": "pyformat",
        "pool_recycle": 3600,  # below wait_timeout, after which the server hangs up
        "connect_args": {
            "connect_timeout": settings.connect_timeout,
            "read_timeout": settings.answer_timeout,
            "write_timeout": settings.answer_timeout,
            "init_command": "SET time_zone = '+00:00'",
        },
    }
    # A change locks the rows that it names, without the gaps between them; a reading transaction
    # sees one state throughout.
    return Engines(
        create_engine(url, **arguments, isolation_level="REPEATABLE READ"),
        create_engine(url, **arguments, isolation_level="READ COMMITTED"),
    )


_MAKERS: Final = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}
