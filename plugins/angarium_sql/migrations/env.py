"""Run by Alembic for every command: works on the connection that it is given."""

from __future__ import annotations

from alembic import context

from angarium_sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
