"""The tables, as the migrations leave them.

Every piece of text is stored as its UTF-8 bytes. That makes comparison exact and order that of code
points on every database, whatever its collation, and holds any character, NUL included. Times are
whole seconds since 1970.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

from angarium.storage.models import Scope

AnyRow: TypeAlias = Any
"""A row of any of the tables: its columns are attributes, in the order of the query."""

metadata = MetaData()


def encode(text: str) -> bytes:
    """Text as it is stored; even a lone surrogate has a form of its own."""
    return text.encode("utf-8", "surrogatepass")


def or_null(text: str | None) -> bytes | None:
    """The same for text that may be absent."""
    return None if text is None else encode(text)


def decode(raw: bytes) -> str:
    """Stored text as it was given."""
    return raw.decode("utf-8", "surrogatepass")


def scope_key(scope: Scope) -> dict[str, bytes]:
    """The key columns of a queue; they are named alike in both stores."""
    return {
        "project": encode(scope.project),
        "kind": scope.kind.value.encode(),
        "name": encode(scope.name),
    }


def scope_values(scope: Scope) -> dict[str, bytes]:
    """The same for a statement that names its parameters apart from the columns that it sets."""
    return {f"p_{column}": value for column, value in scope_key(scope).items()}


def _key(length: int) -> TypeEngine[bytes]:
    """Bytes that can stand in an index; ``length`` matters to MySQL alone."""
    return LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql")


def _content() -> TypeEngine[bytes]:
    return LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")


def _counted() -> TypeEngine[int]:
    """A key that the database hands out and never hands out again."""
    return BigInteger().with_variant(Integer(), "sqlite")


def _scope_columns() -> list[Column[Any]]:
    return [
        Column("project", _key(1024), primary_key=True),
        Column("kind", _key(8), primary_key=True),
        Column("name", _key(256), primary_key=True),
    ]


# --- Message store ------------------------------------------------------------------------------

# A space holds the messages of a queue until it is purged or deleted: then the queue gets another
# space, and this one is dropped, to be emptied later.
spaces = Table(
    "angarium_spaces",
    metadata,
    Column("id", _counted(), primary_key=True),
    Column("dropped", BigInteger),
    Index("ix_angarium_spaces_dropped", "dropped"),
    sqlite_autoincrement=True,
)

# The pool's own record of a queue. Claims belong to its ``life``, since they survive a purge but no
# deletion. It is a space without messages, whose row those lock who change the queue; PostgreSQL
# has other locks, and there it is the first space. ``deleted`` makes the record a tombstone.
pool_queues = Table(
    "angarium_pool_queues",
    metadata,
    *_scope_columns(),
    Column("epoch", BigInteger, nullable=False),
    Column("life", BigInteger, nullable=False),
    Column("space", BigInteger, nullable=False),
    Column("next_seq", BigInteger, nullable=False),
    Column("deleted", BigInteger),
    Index("ix_angarium_pool_queues_deleted", "deleted"),
)

# A message is either ready (available; ``ready`` repeats its position, so that the index on it
# holds the available messages in order and nothing else), or it waits until ``due``: under a claim
# if ``claim_id`` is set, else delayed. One that is overdue counts as available; the next claim or
# pop moves it. The body comes last, so that SQLite reads the rest without it.
messages = Table(
    "angarium_messages",
    metadata,
    Column("space", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("ready", BigInteger),
    Column("due", BigInteger),
    Column("expires", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("ttl", Integer, nullable=False),
    Column("claim_count", Integer, nullable=False),
    Column("claim_id", _key(64)),
    Column("id", _key(64), nullable=False),
    Column("client_id", _key(1024), nullable=False),
    Column("checksum", _key(128)),
    Column("body", _content(), nullable=False),
    UniqueConstraint("space", "id", name="uq_angarium_messages_id"),
)
Index(
    "ix_angarium_messages_ready",
    messages.c.space,
    messages.c.ready,
    sqlite_where=messages.c.ready.is_not(None),
    postgresql_where=messages.c.ready.is_not(None),
)
Index(
    "ix_angarium_messages_due",
    messages.c.space,
    messages.c.due,
    sqlite_where=messages.c.due.is_not(None),
    postgresql_where=messages.c.due.is_not(None),
)
Index("ix_angarium_messages_expires", messages.c.expires, messages.c.space)

# ``positions`` are those of its messages when it was made; the ones still in it carry its id. They
# are positions in whatever space the queue has: none is used twice in the life of a queue.
claims = Table(
    "angarium_claims",
    metadata,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _key(64), primary_key=True),
    Column("ttl", Integer, nullable=False),
    Column("renewed", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column(
        "positions",
        Text()
        .with_variant(postgresql.ARRAY(BigInteger), "postgresql")
        .with_variant(mysql.LONGTEXT(), "mysql"),
        nullable=False,
    ),
    Index("ix_angarium_claims_expires", "expires"),
)

# --- Management store ---------------------------------------------------------------------------

# ``lease_end`` is the time until which a record that is being moved is left alone.
queues = Table(
    "angarium_queues",
    metadata,
    *_scope_columns(),
    Column("epoch", BigInteger, nullable=False),
    Column("state", _key(16), nullable=False),
    Column("pool", _key(1024), nullable=False),
    Column("target", _key(1024)),
    Column("source", _key(1024)),
    Column("lease_end", BigInteger, nullable=False),
    Column("metadata", _content(), nullable=False),
    Index("ix_angarium_queues_pool", "pool", "project", "kind", "name"),
)
for _column in (queues.c.target, queues.c.source):
    Index(
        f"ix_angarium_queues_{_column.name}",
        _column,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )

pools = Table(
    "angarium_pools",
    metadata,
    Column("name", _key(1024), primary_key=True),
    Column("uri", _key(1024), nullable=False),
    Column("weight", BigInteger, nullable=False),
    Column("flavor", _key(1024), nullable=False),
    Column("options", _content(), nullable=False),
    UniqueConstraint("uri", name="uq_angarium_pools_uri"),
    Index("ix_angarium_pools_flavor", "flavor"),
)

# The pools of a flavor are those that are tagged with its name, in whatever project it is.
flavors = Table(
    "angarium_flavors",
    metadata,
    Column("project", _key(1024), primary_key=True),
    Column("name", _key(1024), primary_key=True),
    Index("ix_angarium_flavors_name", "name"),
)

# One row: the last epoch that was given to a queue, so that none is ever given again. It is also
# what is locked by every change that has to find the pools as they are, or may change them.
epochs = Table(
    "angarium_epochs",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
