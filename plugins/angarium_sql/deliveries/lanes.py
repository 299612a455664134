"""Lanes: what is owed to one subscription of one queue, and who is at work on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, case, insert, null, or_, select, update

from angarium.storage.deliveries import DutyStatus, NewDuty
from angarium.storage.models import Scope
from angarium_sql.core import taking
from angarium_sql.core.transaction import Transaction
from angarium_sql.moments import NOW
from angarium_sql.statements import Statement, one_of, upsert
from angarium_sql.tables import AnyRow, digest, duties, encode, lanes, scope_key

PENDING: Final = encode(DutyStatus.PENDING.value)

_AT_NUMBERS: Final = one_of(lanes.c.number, "numbers")
_KNOWN: Final = Statement(
    select(lanes.c.number, lanes.c.key).where(one_of(lanes.c.key, "keys")), lists=("keys",)
)
_INSERT: Final = Statement(
    insert(lanes)
    .values({it.name: bindparam(it.name) for it in lanes.c if it is not lanes.c.number})
    .inline()
)
_LOCK: Final = Statement(
    select(lanes)
    .where(_AT_NUMBERS)
    .order_by(lanes.c.number)
    .with_hint(lanes, "FORCE INDEX (PRIMARY)", "mysql")
    .with_for_update(),
    lists=("numbers",),
)
_LOCK_ONE: Final = Statement(select(lanes).where(lanes.c.key == bindparam("key")).with_for_update())
_FREE: Final = Statement(
    select(lanes.c.number)
    .where(
        lanes.c.is_suspect == bindparam("suspect"),
        lanes.c.due <= NOW,
        or_(lanes.c.lease_end <= NOW, lanes.c.owner == bindparam("p_owner")),
    )
    .order_by(lanes.c.due, lanes.c.number)
    .limit(bindparam("limit"))
    .with_hint(lanes, "FORCE INDEX (ix_angarium_lanes_due)", "mysql")
)
_HOLD: Final = Statement(
    update(lanes)
    .where(_AT_NUMBERS)
    .values(
        owner=bindparam("new_owner"),
        lease_end=bindparam("new_lease_end"),
        is_suspect=bindparam("new_suspect"),
    ),
    lists=("numbers",),
)
_BEGIN: Final = Statement(
    update(lanes)
    .where(_AT_NUMBERS)
    .values(
        is_ordered=bindparam("new_ordered"),
        is_suspect=bindparam("new_suspect"),
        owner=null(),
        lease_end=0,
    ),
    lists=("numbers",),
)
_ORDER: Final = Statement(
    update(lanes).where(_AT_NUMBERS).values(is_ordered=bindparam("new_ordered")),
    lists=("numbers",),
)
_OF_LANE: Final = select(duties.c.due).where(duties.c.lane == lanes.c.number).limit(1)
_SOONEST: Final = _OF_LANE.where(duties.c.due > 0).order_by(duties.c.due)
_OLDEST: Final = _OF_LANE.where(duties.c.pending >= 0).order_by(duties.c.pending, duties.c.notice)
_REFRESH: Final = Statement(
    update(lanes)
    .where(_AT_NUMBERS)
    .values(
        due=case(
            (lanes.c.is_ordered == 1, _OLDEST.correlate(lanes).scalar_subquery()),
            else_=_SOONEST.correlate(lanes).scalar_subquery(),
        )
    ),
    lists=("numbers",),
)
_THERE: Final = Statement(
    select(duties.c.notice, duties.c.lane).where(
        one_of(duties.c.notice, "numbers"),
        one_of(duties.c.lane, "lanes"),
        or_(duties.c.pending >= 0, duties.c.expires > bindparam("now")),
    ),
    lists=("numbers", "lanes"),
)
STORE_DUTIES: Final = upsert(
    duties.name,
    duties.c.keys(),
    ("notice", "lane"),
    ("pending", "due", "status", "expires", "state"),
)
"""Those that are there, pending or over, become what they are told to be."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A duty on its way into the store.

    :ivar notice: the number of its notice.
    :ivar position: that of the notice.
    """

    notice: int
    position: int
    scope: Scope
    duty: NewDuty

    @property
    def lane(self) -> bytes:
        """The key of its lane."""
        return digest(self.scope, self.duty.subscription_id)


@dataclass(slots=True)
class _Wanted:
    """A lane as its new duties want it to be."""

    scope: Scope
    subscription_id: str
    is_ordered: bool
    is_suspect: bool


def owe(transaction: Transaction, owed: Sequence[Owed], now: int) -> None:
    """Store duties, each unless it is there, in lanes that are made if need be."""
    if not owed:
        return
    rows = _make(transaction, _wanted(owed))
    numbers = {key: row.number for key, row in rows.items()}
    new = {(it.notice, numbers[it.lane]): it for it in reversed(owed)}
    for pair in _there(transaction, new, now):
        del new[pair]
    if not new:
        return
    transaction.run_many(
        STORE_DUTIES[transaction.dialect.name],
        [_duty_values(*pair, it, now) for pair, it in reversed(new.items())],
    )
    _set(transaction, rows, _wanted([it for it in owed if (it.notice, numbers[it.lane]) in new]))
    refresh(transaction, numbers.values())


def _wanted(owed: Sequence[Owed]) -> dict[bytes, _Wanted]:
    """The lanes of duties by key; the last duty says whether it is ordered."""
    wanted: dict[bytes, _Wanted] = {}
    for it in owed:
        new = it.duty
        fresh = _Wanted(it.scope, new.subscription_id, new.is_ordered, new.is_suspect)
        wanted.setdefault(it.lane, fresh).is_ordered = new.is_ordered
    return wanted


def _there(
    transaction: Transaction, pairs: Collection[tuple[int, int]], now: int
) -> list[tuple[int, int]]:
    """Those duties, by notice and lane, that are there; the lanes are locked."""
    found: list[AnyRow] = []
    numbers = list({notice for notice, _ in pairs})
    for chunk in taking.chunks(sorted({lane for _, lane in pairs})):
        found += transaction.rows(_THERE, {"numbers": numbers, "lanes": chunk, "now": now})
    return [pair for row in found if (pair := (row.notice, row.lane)) in pairs]


def _duty_values(notice: int, lane: int, owed: Owed, now: int) -> dict[str, Any]:
    return {
        "notice": notice,
        "lane": lane,
        "pending": owed.position,
        "due": now + owed.duty.due,
        "status": PENDING,
        "expires": 0,
        "state": owed.duty.state,
    }


def _make(transaction: Transaction, wanted: dict[bytes, _Wanted]) -> dict[bytes, AnyRow]:
    """Lock lanes by number, with those made before that are not there."""
    known = _known(transaction, wanted)
    missing = [key for key in wanted if key not in known]
    if missing:
        transaction.run_many(_INSERT, [_values(key, wanted[key]) for key in missing])
        known |= _known(transaction, missing)
    rows = {row.key: row for row in lock(transaction, known.values())}
    # One that was at rest may have been reclaimed before it was locked.
    return rows if len(rows) == len(wanted) else _make(transaction, wanted)


def _known(transaction: Transaction, keys: Iterable[bytes]) -> dict[bytes, int]:
    found: list[AnyRow] = []
    for chunk in taking.chunks(list(keys)):
        found += transaction.rows(_KNOWN, {"keys": chunk})
    return {row.key: row.number for row in found}


def _values(key: bytes, wanted: _Wanted) -> dict[str, Any]:
    return {
        "key": key,
        "queue": digest(wanted.scope),
        **scope_key(wanted.scope),
        "subscription_id": encode(wanted.subscription_id),
        "is_ordered": int(wanted.is_ordered),
        "is_suspect": int(wanted.is_suspect),
        "due": None,
        "owner": None,
        "lease_end": 0,
    }


def _set(transaction: Transaction, rows: dict[bytes, AnyRow], wanted: dict[bytes, _Wanted]) -> None:
    """Bring lanes into the order that is wanted, and those that were at rest to life."""
    begun: dict[tuple[int, int], list[int]] = {}
    changed: dict[int, list[int]] = {}
    for key, lane in wanted.items():
        row, ordered, suspect = rows[key], int(lane.is_ordered), int(lane.is_suspect)
        if row.due is None and (row.is_ordered, row.is_suspect, row.owner, row.lease_end) != (
            *(ordered, suspect),
            *(None, 0),
        ):
            begun.setdefault((ordered, suspect), []).append(row.number)
        elif row.is_ordered != ordered:
            changed.setdefault(ordered, []).append(row.number)
    for (ordered, suspect), numbers in begun.items():
        values = {"numbers": numbers, "new_ordered": ordered, "new_suspect": suspect}
        transaction.run(_BEGIN, values)
    for ordered, numbers in changed.items():
        transaction.run(_ORDER, {"numbers": numbers, "new_ordered": ordered})


# --- Locking, leasing ---------------------------------------------------------------------------


def lock(transaction: Transaction, numbers: Iterable[int]) -> list[AnyRow]:
    """Lock those lanes that are there, by number."""
    rows: list[AnyRow] = []
    for chunk in taking.chunks(sorted(numbers)):
        rows += transaction.rows(_LOCK, {"numbers": chunk})
    return rows


def lock_one(transaction: Transaction, scope: Scope, subscription_id: str) -> AnyRow | None:
    """Lock the lane of a subscription, at rest or not; None if there is none."""
    return transaction.first(_LOCK_ONE, {"key": digest(scope, subscription_id)})


def refresh(transaction: Transaction, numbers: Collection[int]) -> None:
    """Note when the first duty is due of lanes that are locked."""
    for chunk in taking.chunks(sorted(numbers)):
        transaction.run(_REFRESH, {"numbers": chunk})


def free(transaction: Transaction, owner: str, limit: int, *, suspects: bool) -> list[int]:
    """Those that the owner can take, what has been due for longest first; nothing is locked."""
    wanted = {"p_owner": encode(owner), "suspect": int(suspects), "limit": limit}
    return taking.positions_of(transaction.rows(_FREE, {**wanted, **transaction.moment()}))


def is_free(row: AnyRow, owner: str, now: int) -> bool:
    """Whether the owner can take a lane."""
    is_held = row.lease_end > now and row.owner != encode(owner)
    return row.due is not None and row.due <= now and not is_held


def hold(
    transaction: Transaction,
    numbers: Sequence[int],
    owner: bytes | None,
    lease_end: int,
    *,
    is_suspect: bool,
) -> None:
    """Note whose lanes are until when, and whether they are suspect; they are locked."""
    values = {"new_owner": owner, "new_lease_end": lease_end, "new_suspect": int(is_suspect)}
    transaction.run(_HOLD, {"numbers": list(numbers), **values})
