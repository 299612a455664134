"""Claims: made, read, renewed and released (contract, ``storage-semantics.md`` 5)."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import and_, bindparam, case, delete, insert, null, select, update

from angarium.errors import ClaimNotFound
from angarium.storage import operations as op
from angarium.storage.models import Claim, Message, QueueRef
from angarium.storage.signals import Again
from angarium_sql.core import dead_letters, taking
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.rows import MESSAGE_COLUMNS, to_messages
from angarium_sql.statements import Statement
from angarium_sql.tables import AnyRow, claims, encode, messages

_THIS_CLAIM: Final = (
    claims.c.life == bindparam("p_life"),
    claims.c.id == bindparam("p_claim_id"),
)
_SELECT: Final = select(claims).where(*_THIS_CLAIM)
_CLAIM: Final = Statement(_SELECT)
_LOCKED_CLAIM: Final = Statement(_SELECT.with_for_update())
_INSERT: Final = Statement(insert(claims).inline())
_RENEW: Final = Statement(
    update(claims)
    .where(*_THIS_CLAIM)
    .values(
        ttl=bindparam("new_ttl"),
        renewed=bindparam("now"),
        expires=bindparam("lapse"),
    )
)
_DELETE: Final = Statement(delete(claims).where(*_THIS_CLAIM))

_MEMBERS: Final = and_(
    taking.IN_SPACE,
    taking.AT_POSITIONS,
    messages.c.claim_id == bindparam("p_claim_id"),
)
_LIVE_MEMBERS: Final = Statement(
    select(*MESSAGE_COLUMNS)
    .where(taking.IN_SPACE, taking.AT_POSITIONS, taking.IS_LIVE_MEMBER)
    .order_by(messages.c.seq),
    lists=("positions",),
)
_LOCKED_MEMBERS: Final = Statement(
    select(messages.c.seq).where(_MEMBERS).order_by(messages.c.seq).with_for_update(),
    lists=("positions",),
)

# A message that would expire before its claim lives on until the grace after it (5.1).
_OUTLIVED: Final = messages.c.expires < bindparam("lapse")
_EXTENSION: Final = {
    "ttl": case((_OUTLIVED, bindparam("extended_ttl")), else_=messages.c.ttl),
    "expires": case((_OUTLIVED, bindparam("extended")), else_=messages.c.expires),
}
_ON_MEMBERS: Final = update(messages).where(taking.IN_SPACE, taking.AT_POSITIONS)
_CLAIM_THEM: Final = Statement(
    _ON_MEMBERS.ordered_values(
        # MySQL assigns from left to right, so the ttl still sees the old expiry.
        ("ttl", _EXTENSION["ttl"]),
        ("expires", _EXTENSION["expires"]),
        ("ready", null()),
        ("due", bindparam("lapse")),
        ("claim_id", bindparam("new_claim_id")),
        ("claim_count", messages.c.claim_count + 1),
    ),
    lists=("positions",),
)
_EXTEND_THEM: Final = Statement(
    _ON_MEMBERS.where(messages.c.expires > bindparam("now")).ordered_values(
        ("ttl", _EXTENSION["ttl"]),
        ("expires", _EXTENSION["expires"]),
        ("due", bindparam("lapse")),
    ),
    lists=("positions",),
)


def create_claim(
    transaction: Transaction, queue: QueueRef, operation: op.CreateClaim
) -> tuple[Message, ...]:
    """Claim the oldest available messages; a claim that exists already is returned."""
    row = transaction.queue_to_change(queue)
    taking.wait_for_turn(transaction, row.space)
    claim_id = encode(operation.claim_id)
    now = transaction.now()
    known = _find(transaction, row, claim_id, lock=True)
    if known is not None:
        if known.expires > now:
            return _members(transaction, row, known, now)
        transaction.run(_DELETE, {"p_life": row.life, "p_claim_id": claim_id})
    rule = operation.dead_letter
    if rule and rule.lease_id is not None:
        _tell_of_lease(transaction, row, encode(rule.lease_id), now)
    taking.make_due_ready(transaction, row.space, now)
    taken = taking.take(
        transaction, row.space, now, operation.limit, rule.max_claims if rule else None
    )
    if rule and taken.over_claimed:
        dead_letters.take_away(transaction, row, taken.over_claimed, rule, now)
    if taken.is_short:
        raise Again
    if not taken.good:
        return ()
    _claim(transaction, row, operation, taken.good, now)
    return taking.read(transaction, row.space, taken.good, now)


def _tell_of_lease(transaction: Transaction, row: QueueRow, lease_id: bytes, now: int) -> None:
    """Go on if nothing is under the lease; forget it if it is there all the same.

    :raises DeadLettersLeased: the call is a repetition.
    """
    known = _find(transaction, row, lease_id, lock=True)
    if known is not None:
        positions = json.loads(known.positions)
        dead_letters.tell_of_leased(transaction, row, positions, lease_id, now)
        transaction.run(_DELETE, {"p_life": row.life, "p_claim_id": lease_id})


def _claim(
    transaction: Transaction,
    row: QueueRow,
    operation: op.CreateClaim,
    positions: list[int],
    now: int,
) -> None:
    claim_id = encode(operation.claim_id)
    transaction.run(
        _CLAIM_THEM,
        {
            "p_space": row.space,
            "positions": positions,
            "new_claim_id": claim_id,
            **_lifetimes(operation.ttl, operation.grace, now),
        },
    )
    values = {
        "life": row.life,
        "id": claim_id,
        "ttl": operation.ttl,
        "renewed": now,
        "expires": now + operation.ttl,
        "positions": json.dumps(positions),
    }
    transaction.run(_INSERT, values)


def get_claim(transaction: Transaction, queue: QueueRef, operation: op.GetClaim) -> Claim:
    """A live claim with what is still in it."""
    row = transaction.queue(queue)
    now = transaction.now()
    claim = _find(transaction, row, encode(operation.claim_id))
    if claim is None or claim.expires <= now:
        raise ClaimNotFound
    return Claim(
        id=operation.claim_id,
        ttl=claim.ttl,
        age=max(now - claim.renewed, 0),
        messages=_members(transaction, row, claim, now),
    )


def renew_claim(transaction: Transaction, queue: QueueRef, operation: op.RenewClaim) -> None:
    """Move the lapse of a live claim, and extend its messages again."""
    row = transaction.queue_to_change(queue)
    claim_id = encode(operation.claim_id)
    claim = _find(transaction, row, claim_id, lock=True)
    if claim is None:
        raise ClaimNotFound
    members = _lock_members(transaction, row, claim)
    # Only now: whoever took the messages of a claim that lapsed did so before they were locked.
    now = transaction.now()
    if claim.expires <= now:
        raise ClaimNotFound
    lifetimes = _lifetimes(operation.ttl, operation.grace, now)
    if members:
        values = {"p_space": row.space, "positions": members, "now": now, **lifetimes}
        transaction.run(_EXTEND_THEM, values)
    key = {"p_life": row.life, "p_claim_id": claim_id}
    transaction.run(
        _RENEW, {**key, "new_ttl": operation.ttl, "now": now, "lapse": lifetimes["lapse"]}
    )


def release_claim(transaction: Transaction, queue: QueueRef, operation: op.ReleaseClaim) -> None:
    """End a claim; its messages are available again at their old positions."""
    row = transaction.queue_to_change(queue)
    claim_id = encode(operation.claim_id)
    claim = _find(transaction, row, claim_id, lock=True)
    if claim is None:
        return
    members = _lock_members(transaction, row, claim)
    if members:
        transaction.run(taking.MAKE_READY, {"p_space": row.space, "positions": members})
    transaction.run(_DELETE, {"p_life": row.life, "p_claim_id": claim_id})


def is_live(transaction: Transaction, row: QueueRow, claim_id: bytes, now: int) -> bool:
    """Whether a claim of this queue exists and has not lapsed."""
    claim = _find(transaction, row, claim_id)
    return claim is not None and claim.expires > now


def _find(
    transaction: Transaction, row: QueueRow, claim_id: bytes, *, lock: bool = False
) -> AnyRow | None:
    statement = _LOCKED_CLAIM if lock else _CLAIM
    return transaction.first(statement, {"p_life": row.life, "p_claim_id": claim_id})


def _members(
    transaction: Transaction, row: QueueRow, claim: AnyRow, now: int
) -> tuple[Message, ...]:
    values = {**_of(row, claim), "now": now}
    rows = transaction.rows(_LIVE_MEMBERS, values) if values["positions"] else ()
    return to_messages(rows, now)


def _lock_members(transaction: Transaction, row: QueueRow, claim: AnyRow) -> list[int]:
    values = _of(row, claim)
    rows = transaction.rows(_LOCKED_MEMBERS, values) if values["positions"] else ()
    return taking.positions_of(rows)


def _of(row: QueueRow, claim: AnyRow) -> dict[str, Any]:
    return {
        "p_space": row.space,
        "p_claim_id": claim.id,
        "positions": json.loads(claim.positions),
    }


def _lifetimes(ttl: int, grace: int, now: int) -> dict[str, int]:
    lapse = now + ttl
    return {"lapse": lapse, "extended": lapse + grace, "extended_ttl": ttl + grace}
