"""The one place where the time is read: the clock of the database plus the offset of the caller."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from angarium.clock import Clock
from angarium_sql.session import Session
from angarium_sql.statements import Statement

_CLOCKS: Final = {
    "mysql": Statement(select(func.unix_timestamp())),
    "postgresql": Statement(select(func.angarium_now(0))),
}


def now(session: Session, clock: Clock) -> int:
    """The time in whole seconds; to be asked after the locks were taken."""
    statement = _CLOCKS.get(session.dialect.name)
    if statement is None:  # SQLite is in this process
        return clock.now()
    return int(session.scalar(statement, {})) + clock.offset


class Now(ColumnElement[int]):
    """The time within a statement, to which the values of :func:`moment` are given."""

    inherit_cache = True
    type = BigInteger()


_MOMENT: Final = bindparam("moment", type_=BigInteger())
NOW: Final = Now()


@compiles(Now)
def _sqlite_now(element: Now, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(_MOMENT, **options)


@compiles(Now, "mysql")
def _mysql_now(element: Now, compiler: SQLCompiler, **options: Any) -> str:
    return f"(unix_timestamp() + {compiler.process(_MOMENT, **options)})"


@compiles(Now, "postgresql")
def _postgresql_now(element: Now, compiler: SQLCompiler, **options: Any) -> str:
    # As a query of its own it is carried out once, so that an index can be searched for it.
    return f"(SELECT angarium_now({compiler.process(_MOMENT, **options)}))"


def moment(session: Session, clock: Clock) -> dict[str, int]:
    """The values for a statement with :data:`NOW`."""
    return {"moment": clock.now() if session.dialect.name == "sqlite" else clock.offset}
