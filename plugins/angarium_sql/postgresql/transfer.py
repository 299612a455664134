"""What goes between pools, as arguments and answers of the functions in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from angarium.storage import operations as op
from angarium.storage.models import ClaimExtract, StoredClaim
from angarium_sql.postgresql.calls import TIMED_QUEUE, Function
from angarium_sql.tables import decode, encode, or_null

ACCEPT: Final = Function(
    "angarium_accept",
    *(*TIMED_QUEUE, "bytea[]", "bytea[]", "bytea[]", "int[]", "int[]", "int[]", "bytea[]"),
)
EXPORT: Final = Function("angarium_export", *TIMED_QUEUE, "bigint", "int", "boolean", changes=False)
IMPORT: Final = Function(
    "angarium_import",
    *(*TIMED_QUEUE, "bigint", "bigint", "bigint"),
    *("bigint[]", "bytea[]", "bytea[]", "bytea[]", "int[]", "int[]", "int[]", "int[]"),
    *("bytea[]", "int[]", "bytea[]"),
)
EXPORT_CLAIMS: Final = Function(
    "angarium_export_claims", *TIMED_QUEUE, "bytea", "int", changes=False
)
IMPORT_CLAIMS: Final = Function(
    "angarium_import_claims",
    *(*TIMED_QUEUE, "boolean", "bytea[]", "int[]", "int[]", "int[]", "text[]"),
)


def to_accept(operation: op.AcceptDeadLetters) -> tuple[Any, ...]:
    """The arguments of :data:`ACCEPT`."""
    batch, ttl = operation.messages, operation.ttl
    return (
        [encode(it.id) for it in batch],
        [it.body for it in batch],
        [encode(it.client_id) for it in batch],
        [it.remaining if ttl is None else ttl for it in batch],
        [it.ttl if ttl is None else ttl for it in batch],
        [it.age for it in batch],
        [or_null(it.checksum) for it in batch],
    )


def to_import(operation: op.ImportMessages) -> tuple[Any, ...]:
    """The arguments of :data:`IMPORT`."""
    batch = operation.messages
    return (
        operation.after,
        operation.upto,
        operation.last_position,
        [it.position for it in batch],
        [encode(it.id) for it in batch],
        [it.body for it in batch],
        [encode(it.client_id) for it in batch],
        [it.remaining for it in batch],
        [it.ttl for it in batch],
        [it.age for it in batch],
        [it.claim_count for it in batch],
        [or_null(it.claim_id) for it in batch],
        [it.due for it in batch],
        [or_null(it.checksum) for it in batch],
    )


def to_import_claims(operation: op.ImportClaims) -> tuple[Any, ...]:
    """The arguments of :data:`IMPORT_CLAIMS`."""
    batch = operation.claims
    return (
        operation.replaces,
        [encode(it.id) for it in batch],
        [it.ttl for it in batch],
        [it.age for it in batch],
        [it.remaining for it in batch],
        ["{" + ",".join(map(str, it.positions)) + "}" for it in batch],
    )


def to_claims(rows: Sequence[Sequence[Any]], now: int, limit: int) -> ClaimExtract:
    """What :data:`EXPORT_CLAIMS` found when looking for one claim more than ``limit``."""
    claims = tuple(
        StoredClaim(decode(id_), ttl, max(now - renewed, 0), expires - now, tuple(positions))
        for _, _, id_, ttl, renewed, expires, positions in rows[:limit]
    )
    return ClaimExtract(claims, claims[-1].id if len(rows) > limit else None)
