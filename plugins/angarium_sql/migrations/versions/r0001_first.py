"""The tables of both stores, and on PostgreSQL the functions of the message store."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

from angarium_sql.postgresql import functions

revision = "0001"
down_revision = None


def _key(length: int) -> Any:
    return sa.LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql")


_CONTENT = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")
_POSITIONS = (
    sa.Text()
    .with_variant(postgresql.ARRAY(sa.BigInteger()), "postgresql")
    .with_variant(mysql.LONGTEXT(), "mysql")
)


_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DIGEST = _key(32)


def _scope(*, is_key: bool = True) -> list[sa.Column[Any]]:
    return [
        sa.Column("project", _key(1024), primary_key=is_key, nullable=False),
        sa.Column("kind", _key(8), primary_key=is_key, nullable=False),
        sa.Column("name", _key(256), primary_key=is_key, nullable=False),
    ]


def upgrade() -> None:
    """Make everything."""
    _make_spaces_and_queues()
    _make_messages()
    _make_claims()
    _make_notices()
    _make_lanes_and_duties()
    _make_management_store()
    if op.get_bind().dialect.name == "postgresql":
        _set_up_postgresql()


def _make_spaces_and_queues() -> None:
    op.create_table(
        "angarium_spaces",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("dropped", sa.BigInteger()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_angarium_spaces_dropped", "angarium_spaces", ["dropped"])
    op.create_table(
        "angarium_pool_queues",
        *_scope(),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("life", sa.BigInteger(), nullable=False),
        sa.Column("space", sa.BigInteger(), nullable=False),
        sa.Column("next_seq", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger()),
    )
    op.create_index("ix_angarium_pool_queues_deleted", "angarium_pool_queues", ["deleted"])


def _make_messages() -> None:
    op.create_table(
        "angarium_messages",
        sa.Column("space", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("ready", sa.BigInteger()),
        sa.Column("due", sa.BigInteger()),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ttl", sa.Integer(), nullable=False),
        sa.Column("claim_count", sa.Integer(), nullable=False),
        sa.Column("claim_id", _key(64)),
        sa.Column("id", _key(64), nullable=False),
        sa.Column("client_id", _key(1024), nullable=False),
        sa.Column("checksum", _key(128)),
        sa.Column("body", _CONTENT, nullable=False),
        sa.UniqueConstraint("space", "id", name="uq_angarium_messages_id"),
    )
    _index_where_set("angarium_messages", ["space", "ready"], "ready")
    _index_where_set("angarium_messages", ["space", "due"], "due")
    op.create_index("ix_angarium_messages_expires", "angarium_messages", ["expires", "space"])


def _make_claims() -> None:
    op.create_table(
        "angarium_claims",
        sa.Column("life", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("id", _key(64), primary_key=True),
        sa.Column("ttl", sa.Integer(), nullable=False),
        sa.Column("renewed", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("positions", _POSITIONS, nullable=False),
    )
    op.create_index("ix_angarium_claims_expires", "angarium_claims", ["expires"])


def _make_notices() -> None:
    op.create_table(
        "angarium_notices",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("key", _DIGEST, nullable=False),
        sa.Column("queue", _DIGEST, nullable=False),
        *_scope(is_key=False),
        sa.Column("id", _key(64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.SmallInteger()),
        sa.Column("cursor", _CONTENT),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.Column("owner", _key(256)),
        sa.Column("lease_end", sa.BigInteger()),
        sa.Column("payload", _CONTENT, nullable=False),
        sa.UniqueConstraint("key", name="uq_angarium_notices_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_angarium_notices_queue", "angarium_notices", ["queue", "number"])
    _index_where_set("angarium_notices", ["pending", "number"], "pending")
    _index_where_set("angarium_notices", ["owner", "queue", "number", "lease_end"], "owner")


def _make_lanes_and_duties() -> None:
    op.create_table(
        "angarium_lanes",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("key", _DIGEST, nullable=False),
        sa.Column("queue", _DIGEST, nullable=False),
        *_scope(is_key=False),
        sa.Column("subscription_id", _key(64), nullable=False),
        sa.Column("is_ordered", sa.SmallInteger(), nullable=False),
        sa.Column("is_suspect", sa.SmallInteger(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("owner", _key(256)),
        sa.Column("lease_end", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("key", name="uq_angarium_lanes_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_angarium_lanes_due", "angarium_lanes", ["is_suspect", "due", "number"])
    op.create_index("ix_angarium_lanes_queue", "angarium_lanes", ["queue"])
    op.create_table(
        "angarium_duties",
        sa.Column("notice", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("lane", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("pending", sa.BigInteger()),
        sa.Column("due", sa.BigInteger()),
        sa.Column("status", _key(16), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("state", _CONTENT, nullable=False),
    )
    op.create_index("ix_angarium_duties_due", "angarium_duties", ["lane", "due"])
    op.create_index(
        "ix_angarium_duties_status", "angarium_duties", ["status", "expires", "notice", "lane"]
    )
    _index_where_set("angarium_duties", ["lane", "pending", "notice", "due"], "pending")


def _make_management_store() -> None:
    op.create_table(
        "angarium_queues",
        *_scope(),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("state", _key(16), nullable=False),
        sa.Column("pool", _key(1024), nullable=False),
        sa.Column("target", _key(1024)),
        sa.Column("source", _key(1024)),
        sa.Column("lease_end", sa.BigInteger(), nullable=False),
        sa.Column("has_subscribers", sa.SmallInteger(), nullable=False),
        sa.Column("metadata", _CONTENT, nullable=False),
    )
    op.create_index(
        "ix_angarium_queues_pool", "angarium_queues", ["pool", "project", "kind", "name"]
    )
    _index_where_set("angarium_queues", ["target"], "target")
    _index_where_set("angarium_queues", ["source"], "source")
    _make_subscriptions()
    _make_pools_and_flavors()
    epochs = op.create_table(
        "angarium_epochs",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(epochs, [{"id": 1, "last": 0}])


def _make_subscriptions() -> None:
    op.create_table(
        "angarium_subscriptions",
        *_scope(),
        sa.Column("id", _key(64), primary_key=True),
        sa.Column("key", _DIGEST, nullable=False),
        sa.Column("subscriber", _CONTENT, nullable=False),
        sa.Column("ttl", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.SmallInteger(), nullable=False),
        sa.Column("delivery_secret", _CONTENT),
        sa.Column("options", _CONTENT, nullable=False),
        sa.UniqueConstraint("key", name="uq_angarium_subscriptions_key"),
    )
    op.create_index("ix_angarium_subscriptions_expires", "angarium_subscriptions", ["expires"])


def _make_pools_and_flavors() -> None:
    op.create_table(
        "angarium_pools",
        sa.Column("name", _key(1024), primary_key=True),
        sa.Column("uri", _key(1024), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("flavor", _key(1024), nullable=False),
        sa.Column("options", _CONTENT, nullable=False),
        sa.UniqueConstraint("uri", name="uq_angarium_pools_uri"),
    )
    op.create_index("ix_angarium_pools_flavor", "angarium_pools", ["flavor"])
    op.create_table(
        "angarium_flavors",
        sa.Column("project", _key(1024), primary_key=True),
        sa.Column("name", _key(1024), primary_key=True),
    )
    op.create_index("ix_angarium_flavors_name", "angarium_flavors", ["name"])


def _index_where_set(table: str, columns: list[str], name: str) -> None:
    """An index of the rows whose column ``name`` is not NULL, where the database can have one."""
    is_set = sa.text(f"{name} IS NOT NULL")
    op.create_index(
        f"ix_{table}_{name}",
        table,
        columns,
        sqlite_where=is_set,
        postgresql_where=is_set,
    )


def _set_up_postgresql() -> None:
    # Room for updates in place, and a vacuum that keeps up with the coming and going of messages.
    op.execute("ALTER TABLE angarium_pool_queues SET (fillfactor = 50)")
    op.execute("ALTER TABLE angarium_epochs SET (fillfactor = 10)")
    for name in ("messages", "claims", "pool_queues", "notices", "lanes", "duties"):
        op.execute(
            f"ALTER TABLE angarium_{name} SET (autovacuum_vacuum_scale_factor = 0.05, "
            "autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)"
        )
    for text in functions.texts():
        op.get_bind().exec_driver_sql(text.replace("%", "%%"))
