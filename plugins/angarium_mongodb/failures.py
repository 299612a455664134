"""What a failure of a deployment means: to be tried again, nothing changed, or outcome unknown."""

from __future__ import annotations

import logging
from typing import Final

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from angarium.errors import OutcomeUnknown, StoreUnreachable

LOG = logging.getLogger(__name__)

_DUPLICATE_KEY: Final = 11000
_CONFLICTS: Final = frozenset({24, 112, 246, 251})
"""LockTimeout, WriteConflict, SnapshotUnavailable, NoSuchTransaction."""
_TRANSIENT: Final = "TransientTransactionError"
_UNKNOWN: Final = "UnknownTransactionCommitResult"


def is_duplicate(error: PyMongoError) -> bool:
    """Whether a document was to be inserted that is there already."""
    if isinstance(error, BulkWriteError):
        return any(it["code"] == _DUPLICATE_KEY for it in error.details["writeErrors"])
    return isinstance(error, DuplicateKeyError)


def is_lost(error: PyMongoError) -> bool:
    """Whether the connection or the primary is gone."""
    return isinstance(error, ConnectionFailure)


def is_conflict(error: PyMongoError) -> bool:
    """Whether the server ended the transaction in favour of another and it can be repeated.

    Two transactions that insert one document, because neither found it, are such a conflict.
    """
    if is_lost(error):
        return False
    if is_duplicate(error) or error.has_error_label(_TRANSIENT):
        return True
    if isinstance(error, BulkWriteError):
        return any(it["code"] in _CONFLICTS for it in error.details["writeErrors"])
    return isinstance(error, OperationFailure) and error.code in _CONFLICTS


def is_undone(error: PyMongoError) -> bool:
    """Whether an error of a commit says that nothing was committed."""
    return error.has_error_label(_TRANSIENT) and not error.has_error_label(_UNKNOWN)


def nothing_changed(deployment: str, error: PyMongoError) -> StoreUnreachable:
    """Log a failure that left the store as it was; returns what to raise.

    :param deployment: its name, without a password.
    """
    LOG.warning("%s failed: %s", deployment, describe(error))
    return StoreUnreachable()


def outcome_unknown(deployment: str, error: PyMongoError) -> OutcomeUnknown:
    """Log a failure after which a change may have been stored; returns what to raise."""
    LOG.warning("%s failed during a commit: %s", deployment, describe(error))
    return OutcomeUnknown()


def describe(error: PyMongoError) -> str:
    """One line for the operator: no command, no values, no password."""
    if isinstance(error, BulkWriteError):  # whose text has the documents
        codes = sorted({it["code"] for it in error.details["writeErrors"]})
        return f"{type(error).__name__}: error codes {codes}"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text.partition(', full error:')[0][:300]}"
