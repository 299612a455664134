"""The statements of one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor

from angarium_sql.statements import Statement, Values
from angarium_sql.tables import AnyRow


class Session:
    """Runs statements on the cursor of a connection; the transaction is its maker's."""

    __slots__ = ("cursor", "dialect")

    def __init__(self, cursor: DBAPICursor, dialect: Dialect) -> None:
        self.cursor = cursor
        self.dialect = dialect

    def rows(self, statement: Statement, values: Values) -> list[AnyRow]:
        """Run a query."""
        statement.run(self.cursor, self.dialect, values)
        return statement.rows(self.cursor, self.dialect)

    def first(self, statement: Statement, values: Values) -> AnyRow | None:
        """Run a query for its first row."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None

    def scalar(self, statement: Statement, values: Values) -> Any:
        """Run a query for the first column of its first row; None if there is no row."""
        row = self.first(statement, values)
        return None if row is None else row[0]

    def run(self, statement: Statement, values: Values) -> int:
        """Run a change; returns how many rows it changed."""
        statement.run(self.cursor, self.dialect, values)
        return self.cursor.rowcount

    def run_many(self, statement: Statement, batch: Sequence[dict[str, Any]]) -> None:
        """Run a change for each of a batch."""
        statement.run_many(self.cursor, self.dialect, batch)

    def insert(self, statement: Statement, values: Values) -> int:
        """Run an insertion; returns the key that the database gave (not on PostgreSQL)."""
        statement.run(self.cursor, self.dialect, values)
        return int(self.cursor.lastrowid)
