"""What a failure of a database means: to be tried again, nothing changed, or outcome unknown."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from angarium.errors import OutcomeUnknown, StoreUnreachable

LOG = logging.getLogger(__name__)

# Transactions that the database rolled back because they met another one.
_CONFLICT_STATES: Final = frozenset({"40001", "40P01"})  # PostgreSQL: serialisation, deadlock
_CONFLICT_NUMBERS: Final = frozenset({1205, 1213})  # MySQL: lock wait time-out, deadlock
# PostgreSQL ended the session before it carried out the statement: shut down, or starting up.
_REFUSED_STATES: Final = frozenset({"57P01", "57P02", "57P03"})


def is_disconnect(error: SQLAlchemyError) -> bool:
    """Whether the connection is gone; the pool has then dropped all its connections."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_conflict(error: SQLAlchemyError) -> bool:
    """Whether the transaction was rolled back in favour of another and can be repeated.

    Two transactions that insert one row, because neither found it, are such a conflict.
    """
    if isinstance(error, IntegrityError):
        return True
    return isinstance(error, DBAPIError) and (
        state_of(error) in _CONFLICT_STATES or _number_of(error) in _CONFLICT_NUMBERS
    )


def is_refusal(error: SQLAlchemyError) -> bool:
    """Whether the server ended the session without carrying out the statement."""
    return isinstance(error, DBAPIError) and state_of(error) in _REFUSED_STATES


def state_of(error: DBAPIError) -> str | None:
    """The SQLSTATE, on PostgreSQL."""
    return getattr(error.orig, "sqlstate", None)


def nothing_changed(database: str, error: Exception) -> StoreUnreachable:
    """Log a failure that left the database as it was; returns what to raise.

    :param database: its name, without a password.
    """
    LOG.warning("database %s failed: %s", database, describe(error))
    return StoreUnreachable()


def outcome_unknown(database: str, error: SQLAlchemyError) -> OutcomeUnknown:
    """Log a failure after which a change may have been stored; returns what to raise."""
    LOG.warning("database %s failed during a commit: %s", database, describe(error))
    return OutcomeUnknown()


def describe(error: BaseException) -> str:
    """One line for the operator: no statement, no values, no password."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = " ".join(str(cause).split())
    return f"{type(cause).__name__}: {text[:300]}"


def _number_of(error: DBAPIError) -> int | None:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None
