"""Duties as an operator sees them: listed, and made due again."""

from __future__ import annotations

from angarium.storage.deliveries import DutyPage, DutyStatus, ListedDuty
from angarium.storage.models import Scope
from angarium_mongodb import owed
from angarium_mongodb.documents import READ_CLOCK, Document, Pipeline, scope_key, to_scope
from angarium_mongodb.transaction import Transaction


def list_duties(
    transaction: Transaction, now: int, status: DutyStatus, marker: str | None, limit: int
) -> DutyPage:
    """Read duties: pending ones by key, others in the order in which they will be forgotten.

    :param now: the time.
    """
    found = list(
        transaction.duties.find(_after(status, marker, now), session=transaction.session)
        .sort([("forget", 1), ("_id", 1)])
        .limit(limit + 1)
    )
    page = found[:limit]
    copies = owed.payloads(transaction, page)
    return DutyPage(
        duties=tuple(
            ListedDuty(
                scope=to_scope(it["scope"]),
                subscription_id=it["subscription"],
                notice_id=it["notice"],
                status=status,
                state=it["state"],
                payload=copies[owed.notice_key(it["scope"], it["notice"])],
                age=max(now - it["created"], 0),
                due=max(it["due"] - now, 0),
            )
            for it in page
        ),
        marker=f"{page[-1]['forget']}/{page[-1]['_id']}" if len(found) > limit else None,
    )


def _after(status: DutyStatus, marker: str | None, now: int) -> Document:
    """The filter of what follows a marker and is not forgotten."""
    known = {"status": status.value}
    forget, _, key = (marker or "").partition("/")
    if status is DutyStatus.PENDING:
        return {**known, "forget": 0, "_id": {"$gt": key}}
    if not forget or int(forget) <= now:
        return {**known, "forget": {"$gt": now}}
    later = {**known, "forget": {"$gt": int(forget)}}
    return {"$or": [{**known, "forget": int(forget), "_id": {"$gt": key}}, later]}


def replay_duty(
    transaction: Transaction, scope: Scope, subscription_id: str, notice_id: str, state: bytes
) -> bool:
    """Make a duty due at once."""
    name = scope_key(scope)
    key = {"_id": owed.duty_key(owed.lane_key(name, subscription_id), notice_id), "scope": name}
    session = transaction.session
    pipeline: Pipeline = [{"$match": key}, {"$set": {"now": READ_CLOCK}}]
    duty = next(iter(transaction.duties.aggregate(pipeline, session=session)), None)
    if duty is None:
        return False
    now = transaction.seconds(duty["now"])
    if duty["status"] != owed.PENDING and duty["forget"] <= now:
        return False
    changes = {"state": state, "status": owed.PENDING, "due": now, "forget": 0}
    transaction.duties.update_one(key, {"$set": changes}, session=session)
    entry = owed.Entry({**duty, "due": now}, is_ordered=None, is_suspect=False)
    owed.enter(transaction, [entry])
    return True
