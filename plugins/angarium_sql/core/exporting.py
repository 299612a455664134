"""What another store is told of a queue (``docs/interfaces.rst``, "Moving a queue")."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import bindparam, null, select

from angarium.storage import operations as op
from angarium.storage.models import ClaimExtract, Extract, QueueRef, StoredClaim
from angarium_sql.core import taking
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.rows import STATE_COLUMNS, to_extract
from angarium_sql.statements import Statement
from angarium_sql.tables import AnyRow, claims, decode, encode, messages

_STATES: Final = (
    select(*STATE_COLUMNS, null().label("body"))
    .where(
        taking.IN_SPACE,
        messages.c.seq > bindparam("after"),
        messages.c.expires > bindparam("now"),
    )
    .order_by(messages.c.seq)
    .limit(bindparam("limit"))
    .with_hint(messages, "FORCE INDEX (PRIMARY)", "mysql")
)
_WITHOUT_BODIES: Final = Statement(_STATES)
_WITH_BODIES: Final = Statement(_STATES.with_only_columns(*STATE_COLUMNS, messages.c.body))
_CLAIMS: Final = Statement(
    select(claims)
    .where(
        claims.c.life == bindparam("p_life"),
        claims.c.id > bindparam("after"),
        claims.c.expires > bindparam("now"),
    )
    .order_by(claims.c.id)
    .limit(bindparam("limit"))
)
_AT_POSITIONS: Final = Statement(
    select(messages.c.seq, messages.c.claim_id, messages.c.due, messages.c.expires).where(
        taking.IN_SPACE, taking.AT_POSITIONS, messages.c.claim_id.is_not(None)
    ),
    lists=("positions",),
)


def export_messages(
    transaction: Transaction, queue: QueueRef, operation: op.ExportMessages
) -> Extract:
    """Messages with everything, in queue order."""
    row = transaction.queue(queue)
    now = transaction.now()
    values = {
        "p_space": row.space,
        "after": operation.after,
        "now": now,
        "limit": operation.limit + 1,
    }
    rows = transaction.rows(_WITH_BODIES if operation.bodies else _WITHOUT_BODIES, values)
    return to_extract(rows, row.next_seq - 1, now, operation.limit)


def export_claims(
    transaction: Transaction, queue: QueueRef, operation: op.ExportClaims
) -> ClaimExtract:
    """Live claims by id, which is the cursor."""
    row = transaction.queue(queue)
    now = transaction.now()
    values = {
        "p_life": row.life,
        "after": encode(operation.cursor or ""),
        "now": now,
        "limit": operation.limit + 1,
    }
    found = transaction.rows(_CLAIMS, values)
    page = found[: operation.limit]
    members = _members(transaction, row, page, now)
    return ClaimExtract(
        tuple(_to_stored(claim, members.get(claim.id, []), now) for claim in page),
        decode(page[-1].id) if len(found) > len(page) else None,
    )


def _members(
    transaction: Transaction, row: QueueRow, page: list[AnyRow], now: int
) -> dict[bytes, list[int]]:
    """The positions of what is in each claim."""
    positions = sorted({place for claim in page for place in json.loads(claim.positions)})
    members: dict[bytes, list[int]] = {}
    for chunk in taking.chunks(positions):
        values = {"p_space": row.space, "positions": chunk}
        for message in transaction.rows(_AT_POSITIONS, values):
            if min(message.due, message.expires) > now:
                members.setdefault(message.claim_id, []).append(message.seq)
    return members


def _to_stored(claim: AnyRow, positions: list[int], now: int) -> StoredClaim:
    return StoredClaim(
        id=decode(claim.id),
        ttl=claim.ttl,
        age=max(now - claim.renewed, 0),
        remaining=claim.expires - now,
        positions=tuple(sorted(positions)),
    )
