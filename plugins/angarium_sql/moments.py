"""The one place where the time is read: the clock of the database plus the offset of the caller."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

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
