"""Statements of SQLAlchemy Core, compiled once for each database and run on its own cursors.

Compiling and running a statement through a connection of SQLAlchemy costs about twenty
microseconds, running its text on a cursor three; an operation has up to eight of them.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, SelectBase, literal_column, text
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement

from angarium_sql.tables import AnyRow

Values: TypeAlias = Mapping[str, Any]

_PLACES: Final = {"named": ":{}", "pyformat": "%({})s"}


class _Compiled(NamedTuple):
    text: str
    constants: dict[str, Any]
    make_row: Callable[[Sequence[Any]], AnyRow]
    place: str


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The condition that a column has one of the values of the list parameter ``name``."""
    return column.op("IN", is_comparison=True)(literal_column(_token(name)))


def _token(name: str) -> str:
    return f"(<<{name}>>)"


class Statement:
    """A statement whose parameters are named.

    :param element: the statement, in SQLAlchemy Core.
    :param lists: the names of its list parameters; none of them may be given an empty list.
    """

    def __init__(self, element: ClauseElement, *, lists: Sequence[str] = ()) -> None:
        self._element = element
        self._lists = tuple(lists)
        self._compiled: dict[str, _Compiled] = {}

    def run(self, cursor: DBAPICursor, dialect: Dialect, values: Values) -> None:
        """Run it once."""
        text, constants, _, place = self._for(dialect)
        values = {**constants, **values} if constants else dict(values)
        for name in self._lists:
            items = {f"{name}{number}": item for number, item in enumerate(values.pop(name))}
            places = ", ".join(place.format(item) for item in items)
            text = text.replace(_token(name), f"({places})")
            values |= items
        cursor.execute(text, values)

    def run_many(
        self, cursor: DBAPICursor, dialect: Dialect, batch: Sequence[dict[str, Any]]
    ) -> None:
        """Run it for each of a batch, as one statement where the database can."""
        text, constants, *_ = self._for(dialect)
        cursor.executemany(text, [{**constants, **values} for values in batch])

    def rows(self, cursor: DBAPICursor, dialect: Dialect) -> list[AnyRow]:
        """The rows that it found, with the columns as attributes."""
        make_row = self._for(dialect).make_row
        return [make_row(row) for row in cursor.fetchall()]

    def _for(self, dialect: Dialect) -> _Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        return compiled

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled = self._element.compile(dialect=dialect)
        element = self._element
        columns = list(element.selected_columns.keys()) if isinstance(element, SelectBase) else []
        row = namedtuple("row", columns, rename=True)  # type: ignore[misc] # columns known at run time only
        constants = {key: value for key, value in compiled.params.items() if value is not None}
        return _Compiled(str(compiled), constants, row._make, _PLACES[dialect.paramstyle])


def upsert(
    table: str, columns: Sequence[str], key: Sequence[str], changed: Sequence[str]
) -> dict[str, Statement]:
    """Insertions, on each database, that bring a row which is there up to date.

    :param changed: the columns that such a row takes over.
    """
    insertion = (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names of our own columns
        f"VALUES ({', '.join(f':{name}' for name in columns)})"
    )
    updates = ", ".join(f"{name} = excluded.{name}" for name in changed)
    standard = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"
    forms = {
        "sqlite": standard,
        "postgresql": standard,
        "mysql": "ON DUPLICATE KEY UPDATE "
        + ", ".join(f"{name} = VALUES({name})" for name in changed),
    }
    return {name: Statement(text(f"{insertion} {form}")) for name, form in forms.items()}
