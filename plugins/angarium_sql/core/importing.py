"""What another store told of a queue, stored (``docs/interfaces.rst``, "Moving a queue")."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import bindparam, delete, select

from angarium.storage import operations as op
from angarium.storage.models import QueueRef, StoredClaim, StoredMessage
from angarium_sql.core import posting, taking
from angarium_sql.core.transaction import QueueRow, Transaction
from angarium_sql.statements import Statement, one_of, upsert
from angarium_sql.tables import claims, encode, messages

_KNOWN: Final = select(messages.c.seq, messages.c.id).where(taking.IN_SPACE).with_for_update()
_IN_STRETCH: Final = Statement(
    _KNOWN.where(messages.c.seq > bindparam("after"), messages.c.seq <= bindparam("upto"))
)
_NAMESAKES: Final = Statement(_KNOWN.where(one_of(messages.c.id, "ids")), lists=("ids",))
_BODIES: Final = Statement(
    select(messages.c.id, messages.c.body).where(taking.IN_SPACE, taking.AT_POSITIONS),
    lists=("positions",),
)
_DELETE_CLAIMS: Final = Statement(delete(claims).where(claims.c.life == bindparam("p_life")))
_STORE_MESSAGES: Final = upsert(
    messages.name,
    messages.c.keys(),
    ("space", "seq"),
    [name for name in messages.c.keys() if name not in ("space", "seq", "id", "body")],  # noqa: SIM118
)
_STORE_CLAIMS: Final = upsert(
    claims.name, claims.c.keys(), ("life", "id"), ("ttl", "renewed", "expires", "positions")
)


# --- Messages -----------------------------------------------------------------------------------


def import_messages(
    transaction: Transaction, queue: QueueRef, operation: op.ImportMessages
) -> None:
    """Make a stretch what it is told; what is there already keeps its body."""
    row = transaction.queue(queue, lock=True)
    known = _known(transaction, row, operation)
    wanted = {encode(message.id): message for message in operation.messages}
    in_place = {id_ for id_ in wanted if known.get(id_) == wanted[id_].position}
    moved = [
        known[id_]
        for id_, message in wanted.items()
        if message.body is None and id_ in known and id_ not in in_place
    ]
    bodies = {it.id: it.body for it in _read_bodies(transaction, row, moved)}
    strangers = [seq for id_, seq in known.items() if id_ not in in_place]
    for chunk in taking.chunks(strangers):
        transaction.run(taking.DELETE, {"p_space": row.space, "positions": chunk})
    now = transaction.now()
    batch = []
    for id_, message in wanted.items():
        body = bodies.get(id_) if message.body is None else message.body
        if body is not None or id_ in in_place:
            values = message_values(message, row.space, message.position, now)
            batch.append({**values, "body": body or b""})
    if batch:
        transaction.run_many(_STORE_MESSAGES[transaction.dialect.name], batch)
    if operation.last_position >= row.next_seq:
        posting.advance(transaction, row, operation.last_position + 1 - row.next_seq)


def _known(
    transaction: Transaction, row: QueueRow, operation: op.ImportMessages
) -> dict[bytes, int]:
    """The positions of all that is in the stretch, and of what has the id of an import."""
    stretch = {"after": operation.after, "upto": operation.upto}
    found = transaction.rows(_IN_STRETCH, {"p_space": row.space, **stretch})
    for chunk in taking.chunks([encode(message.id) for message in operation.messages]):
        found += transaction.rows(_NAMESAKES, {"p_space": row.space, "ids": chunk})
    return {message.id: message.seq for message in found}


def _read_bodies(transaction: Transaction, row: QueueRow, positions: list[int]) -> list[Any]:
    found = []
    for chunk in taking.chunks(positions):
        found += transaction.rows(_BODIES, {"p_space": row.space, "positions": chunk})
    return found


def message_values(message: StoredMessage, space: int, seq: int, now: int) -> dict[str, Any]:
    """The columns of a message from another store."""
    expires = now + message.remaining
    is_claimed = message.due > 0 and message.claim_id is not None
    due = now + message.due if message.due > 0 else None
    if due is not None and is_claimed:
        due = min(due, expires)  # so that whatever counts as claimed has not expired
    return {
        "space": space,
        "seq": seq,
        "ready": seq if due is None else None,
        "due": due,
        "expires": expires,
        "created": now - message.age,
        "ttl": message.ttl,
        "claim_count": message.claim_count,
        "claim_id": encode(message.claim_id) if is_claimed and message.claim_id else None,
        "id": encode(message.id),
        "client_id": encode(message.client_id),
        "checksum": None if message.checksum is None else encode(message.checksum),
        "body": message.body,
    }


# --- Claims -------------------------------------------------------------------------------------


def import_claims(transaction: Transaction, queue: QueueRef, operation: op.ImportClaims) -> None:
    """Store claims; their messages name them already."""
    row = transaction.queue(queue, lock=True)
    now = transaction.now()
    if operation.replaces:
        transaction.run(_DELETE_CLAIMS, {"p_life": row.life})
    batch = [_claim_values(claim, row.life, now) for claim in operation.claims]
    if batch:
        transaction.run_many(_STORE_CLAIMS[transaction.dialect.name], batch)


def _claim_values(claim: StoredClaim, life: int, now: int) -> dict[str, Any]:
    return {
        "life": life,
        "id": encode(claim.id),
        "ttl": claim.ttl,
        "renewed": now - claim.age,
        "expires": now + claim.remaining,
        "positions": json.dumps(claim.positions),
    }
