"""The counter of epochs, which is also the lock of the management store."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, update

from angarium_sql.session import Session
from angarium_sql.statements import Statement
from angarium_sql.tables import epochs

_RAISE: Final = Statement(update(epochs).values(last=epochs.c.last + 1))
_LAST: Final = Statement(select(epochs.c.last))
_LOCK: Final = Statement(select(epochs.c.last).with_for_update())


def draw(session: Session) -> int:
    """A fresh epoch; the counter is locked until the transaction ends."""
    session.run(_RAISE, {})
    return int(session.scalar(_LAST, {}))


def lock(session: Session) -> None:
    """Lock the counter as it is."""
    session.scalar(_LOCK, {})
