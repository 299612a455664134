"""The tables, as the migrations leave them.

Every piece of text is stored as its UTF-8 bytes. That makes comparison exact and order that of code
points on every database, whatever its collation, and holds any character, NUL included. Times are
whole seconds since 1970.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, TypeAlias

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

_DIGEST: Final = 32  # bytes


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


def digest(scope: Scope, *names: str) -> bytes:
    """What stands for a queue, or for something in it, where the full name would be too long."""
    parts = [*scope_key(scope).values(), *map(encode, names)]
    text = b"".join(b"%d:%b" % (len(part), part) for part in parts)
    return hashlib.blake2b(text, digest_size=_DIGEST).digest()


def scope_values(scope: Scope) -> dict[str, bytes]:
    """The same for a statement that names its parameters apart from the columns that it sets."""
    return {f"p_{column}": value for column, value in scope_key(scope).items()}


def _digest() -> TypeEngine[bytes]:
    return _key(_DIGEST)


def _key(length: int) -> TypeEngine[bytes]:
    """Bytes that can stand in an index; ``length`` matters to MySQL alone."""
    return LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql")


def _content() -> TypeEngine[bytes]:
    return LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")


def _counted() -> TypeEngine[int]:
    """A key that the database hands out and never hands out again."""
    return BigInteger().with_variant(Integer(), "sqlite")


def _scope_columns(*, is_key: bool = True) -> list[Column[Any]]:
    lengths = {"project": 1024, "kind": 8, "name": 256}
    return [
        Column(name, _key(length), primary_key=is_key, nullable=False)
        for name, length in lengths.items()
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

# A notice counts as pending (1, else NULL) until it is fully expanded. ``owner`` leased it last and
# has it until ``lease_end``; both are NULL for one that nobody has leased or that is not pending.
# One from another store is kept at least until ``keep_until``, since its duties follow. ``queue``
# is the digest of the scope, ``key`` that of the scope and the id.
notices = Table(
    "angarium_notices",
    metadata,
    Column("number", _counted(), primary_key=True),
    Column("key", _digest(), nullable=False),
    Column("queue", _digest(), nullable=False),
    *_scope_columns(is_key=False),
    Column("id", _key(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("pending", SmallInteger),
    Column("cursor", _content()),
    Column("created", BigInteger, nullable=False),
    Column("keep_until", BigInteger, nullable=False),
    Column("owner", _key(256)),
    Column("lease_end", BigInteger),
    Column("payload", _content(), nullable=False),
    UniqueConstraint("key", name="uq_angarium_notices_key"),
    Index("ix_angarium_notices_queue", "queue", "number"),
    sqlite_autoincrement=True,
)
Index(
    "ix_angarium_notices_pending",
    notices.c.pending,
    notices.c.number,
    sqlite_where=notices.c.pending.is_not(None),
    postgresql_where=notices.c.pending.is_not(None),
)
Index(
    "ix_angarium_notices_owner",
    notices.c.owner,
    notices.c.queue,
    notices.c.number,
    notices.c.lease_end,
    sqlite_where=notices.c.owner.is_not(None),
    postgresql_where=notices.c.owner.is_not(None),
)

# ``due`` is when the first of its duties that it may hand out is due; a lane without pending duties
# has none, counts as not there, and is used again or reclaimed. Whoever changes the duties of a
# lane locks it first.
lanes = Table(
    "angarium_lanes",
    metadata,
    Column("number", _counted(), primary_key=True),
    Column("key", _digest(), nullable=False),
    Column("queue", _digest(), nullable=False),
    *_scope_columns(is_key=False),
    Column("subscription_id", _key(64), nullable=False),
    Column("is_ordered", SmallInteger, nullable=False),
    Column("is_suspect", SmallInteger, nullable=False),
    Column("due", BigInteger),
    Column("owner", _key(256)),
    Column("lease_end", BigInteger, nullable=False),
    UniqueConstraint("key", name="uq_angarium_lanes_key"),
    Index("ix_angarium_lanes_due", "is_suspect", "due", "number"),
    Index("ix_angarium_lanes_queue", "queue"),
    sqlite_autoincrement=True,
)

# ``pending`` is the position of its notice, or NULL for a duty that is over, which has no ``due``
# either but is listed until it ``expires``.
duties = Table(
    "angarium_duties",
    metadata,
    Column("notice", BigInteger, primary_key=True, autoincrement=False),
    Column("lane", BigInteger, primary_key=True, autoincrement=False),
    Column("pending", BigInteger),
    Column("due", BigInteger),
    Column("status", _key(16), nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("state", _content(), nullable=False),
    Index("ix_angarium_duties_due", "lane", "due"),
    Index("ix_angarium_duties_status", "status", "expires", "notice", "lane"),
)
Index(
    "ix_angarium_duties_pending",
    duties.c.lane,
    duties.c.pending,
    duties.c.notice,
    duties.c.due,
    sqlite_where=duties.c.pending.is_not(None),
    postgresql_where=duties.c.pending.is_not(None),
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
    Column("has_subscribers", SmallInteger, nullable=False),
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

# ``key`` is the digest of the scope and the subscriber. What has expired is not there; it makes way
# for what needs its key or its id.
subscriptions = Table(
    "angarium_subscriptions",
    metadata,
    *_scope_columns(),
    Column("id", _key(64), primary_key=True),
    Column("key", _digest(), nullable=False),
    Column("subscriber", _content(), nullable=False),
    Column("ttl", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("confirmed", SmallInteger, nullable=False),
    Column("delivery_secret", _content()),
    Column("options", _content(), nullable=False),
    UniqueConstraint("key", name="uq_angarium_subscriptions_key"),
    Index("ix_angarium_subscriptions_expires", "expires"),
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
