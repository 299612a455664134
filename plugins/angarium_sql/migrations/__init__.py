"""The history of the schema, for Alembic: one history for both stores."""
