"""Working through lanes: leased with what is due in them, and reported on."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select

from angarium.storage.deliveries import DutyStatus, Lane, Outcome, Settlement
from angarium_sql.core import taking
from angarium_sql.core.transaction import Transaction
from angarium_sql.deliveries import due, lanes, notices
from angarium_sql.statements import Statement, one_of
from angarium_sql.tables import AnyRow, digest, duties, encode

_REPORTED: Final = Statement(
    select(duties.c.notice, duties.c.pending).where(
        one_of(duties.c.notice, "numbers"), duties.c.lane == bindparam("p_lane")
    ),
    lists=("numbers",),
)
_FORGET: Final = Statement(
    delete(duties).where(duties.c.lane == bindparam("p_lane"), one_of(duties.c.notice, "numbers")),
    lists=("numbers",),
)


def lease(
    transaction: Transaction, owner: str, seconds: int, limits: tuple[int, int], *, suspects: bool
) -> tuple[Lane, ...]:
    """Take lanes in which something is due.

    :param limits: how many lanes at most, and how many duties of each.
    """
    most, of_each = limits
    numbers = lanes.free(transaction, owner, most, suspects=suspects)
    locked = {row.number: row for row in lanes.lock(transaction, numbers)}
    now = transaction.now()
    # Others may have taken some, or settled what was due, before these were locked.
    rows = [locked[it] for it in numbers if it in locked and lanes.is_free(locked[it], owner, now)]
    rows = [row for row in rows if bool(row.is_suspect) == suspects]
    if not rows:
        return ()
    found = due.find(transaction, rows, of_each, now)
    held = [row.number for row in rows]
    lanes.hold(transaction, held, encode(owner), now + seconds, is_suspect=suspects)
    return tuple(found.in_lane(row, is_suspect=suspects) for row in rows)


def settle(transaction: Transaction, owner: str, settlement: Settlement) -> Lane | None:
    """Store outcomes, unless somebody else took the lane; then go on or give it back."""
    lane = lanes.lock_one(transaction, settlement.scope, settlement.subscription_id)
    if lane is None or lane.due is None or lane.owner not in (None, encode(owner)):
        return None
    now = transaction.now()
    forgotten = _report(transaction, lane, settlement, now)
    lanes.refresh(transaction, [lane.number])
    notices.forget(transaction, forgotten)
    found = None
    if settlement.seconds and settlement.duties:
        further = due.find(transaction, [lane], settlement.duties, now)
        found = further.in_lane(lane, is_suspect=settlement.is_suspect)
    goes_on = found is not None and bool(found.duties)
    lanes.hold(
        transaction,
        [lane.number],
        encode(owner) if goes_on else lane.owner,
        now + settlement.seconds if goes_on else 0,
        is_suspect=settlement.is_suspect,
    )
    return found if goes_on else None


def _report(transaction: Transaction, lane: AnyRow, settlement: Settlement, now: int) -> list[int]:
    """Store what became of those duties that are pending; returns the notices of forgotten ones."""
    outcomes = {digest(settlement.scope, it.notice_id): it for it in settlement.outcomes}
    by_number = {
        number: outcomes[key] for key, number in notices.known(transaction, outcomes).items()
    }
    found: list[AnyRow] = []
    for chunk in taking.chunks(list(by_number)):
        found += transaction.rows(_REPORTED, {"numbers": chunk, "p_lane": lane.number})
    pending = [(row, by_number[row.notice]) for row in found if row.pending is not None]
    kept = [(row, outcome) for row, outcome in pending if not _is_forgotten(outcome)]
    forgotten = [row.notice for row, outcome in pending if _is_forgotten(outcome)]
    if kept:
        transaction.run_many(
            lanes.STORE_DUTIES[transaction.dialect.name],
            [_values(row, lane, outcome, now) for row, outcome in kept],
        )
    if forgotten:
        transaction.run(_FORGET, {"p_lane": lane.number, "numbers": forgotten})
    return forgotten


def _is_forgotten(outcome: Outcome) -> bool:
    return outcome.status is not DutyStatus.PENDING and outcome.keep <= 0


def _values(row: AnyRow, lane: AnyRow, outcome: Outcome, now: int) -> dict[str, object]:
    is_pending = outcome.status is DutyStatus.PENDING
    return {
        "notice": row.notice,
        "lane": lane.number,
        "pending": row.pending if is_pending else None,
        "due": now + outcome.due if is_pending else None,
        "status": encode(outcome.status.value),
        "expires": 0 if is_pending else now + outcome.keep,
        "state": outcome.state,
    }
