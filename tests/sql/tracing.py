"""What a driver asks of an SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from angarium_sql.data import SqlDataDriver


@contextmanager
def sqlite_statements(driver: SqlDataDriver) -> Iterator[list[str]]:
    """The statements up to their first parenthesis; the rows of one insertion count once."""
    seen: list[str] = []
    is_on = [True]

    def note(statement: str) -> None:
        word = statement.split("(")[0]
        if is_on and not (word.startswith("INSERT INTO angarium_") and seen and seen[-1] == word):
            seen.append(word)

    def start(connection: Any, record: object, proxy: object) -> None:
        connection.set_trace_callback(note)

    engines = (driver.database.reads, driver.database.writes)
    for engine in engines:
        event.listen(engine, "checkout", start)
    yield seen
    is_on.clear()  # a connection remembers whom it tells
    for engine in engines:
        event.remove(engine, "checkout", start)
