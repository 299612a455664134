"""Lanes: leased with what is due in them, and given back with what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pymongo import UpdateOne

from angarium.storage.deliveries import DutyStatus, Lane, Outcome, Settlement
from angarium_mongodb import owed
from angarium_mongodb.documents import READ_CLOCK, Document, Filter, Pipeline, scope_key
from angarium_mongodb.transaction import Transaction

_SCAN: Final = 10_000  # duties of which a call looks for those that it takes


def lease_lanes(
    transaction: Transaction, owner: str, seconds: int, limits: tuple[int, int], *, suspects: bool
) -> tuple[Lane, ...]:
    """Take the lanes in which something has been due for longest.

    :param limits: lanes, and duties of each.
    """
    condition: Document = {"suspect": suspects, "due": {"$gt": 0}}
    first = transaction.first(transaction.lanes, condition, "due")
    if first is None or first[0] > first[1]:
        return ()
    now, session = first[1], transaction.session
    # Not "$lte": SecantusDB misses equality in the midst of an index.
    condition["due"] = {"$gt": 0, "$lt": now + 1}
    condition["$or"] = [{"until": {"$lt": now + 1}}, {"owner": owner}]
    found = list(transaction.lanes.find(condition, session=session).sort("due", 1).limit(limits[0]))
    keys = _due(transaction, found, limits[1], now)
    found = [it for it in found if it["_id"] in keys]
    if not found:
        return ()
    scopes = [it["scope"] for it in found]
    transaction.lanes.update_many(
        owed.named(keys, scopes),
        {"$set": {"owner": owner, "until": now + seconds}},
        session=session,
    )
    named = [key for those in keys.values() for key in those]
    condition = owed.named(named, scopes)
    duties = list(transaction.duties.find(condition, session=session).batch_size(len(named) + 1))
    copies = owed.payloads(transaction, duties)
    return tuple(
        owed.to_lane(lane, [it for it in duties if it["lane"] == lane["_id"]], copies, now)
        for lane in found
    )


def _due(
    transaction: Transaction, lanes: Sequence[Filter], limit: int, now: int
) -> dict[str, list[str]]:
    """The keys of the duties that are due, by lane: the oldest ones of each.

    Lanes among which there are very many are not told apart: then it is the first one alone.
    """
    keys = {
        it["_id"]: [owed.duty_key(it["_id"], owed.notice_at(it["head"]))]
        for it in lanes
        if it["ordered"]
    }
    others = [it for it in lanes if not it["ordered"]]
    if not others:
        return keys
    condition = {
        "scope": {"$in": sorted({it["scope"] for it in others})},
        "lane": {"$in": [it["_id"] for it in others]},
        "due": {"$gt": 0, "$lt": now + 1},
    }
    pipeline: Pipeline = [
        {"$match": condition},
        {"$sort": {"scope": 1, "lane": 1, "place": 1}},
        {"$limit": limit if len(others) == 1 else _SCAN},
        {"$group": {"_id": "$lane", "places": {"$push": "$place"}, "count": {"$sum": 1}}},
        {"$project": {"count": 1, "places": {"$slice": ["$places", limit]}}},
    ]
    found = list(transaction.duties.aggregate(pipeline, session=transaction.session))
    if len(others) > 1 and sum(it["count"] for it in found) == _SCAN:
        return _due(transaction, lanes[:1], limit, now)
    for it in found:
        keys[it["_id"]] = [owed.duty_key(it["_id"], owed.notice_at(at)) for at in it["places"]]
    return keys


def settle_lane(transaction: Transaction, owner: str, settlement: Settlement) -> Lane | None:
    """Note what became of duties; take more, or give the lane back."""
    scope = scope_key(settlement.scope)
    key = {"_id": owed.lane_key(scope, settlement.subscription_id), "scope": scope}
    session = transaction.session
    pipeline: Pipeline = [
        {"$match": {**key, "owner": {"$in": [owner, None]}}},
        {"$set": {"now": READ_CLOCK}},
    ]
    lane = next(iter(transaction.lanes.aggregate(pipeline, session=session)), None)
    if lane is None:
        return None
    now = transaction.seconds(lane["now"])
    changes = [_outcome(lane, it, now) for it in settlement.outcomes]
    if changes:
        transaction.duties.bulk_write(changes, session=session)
    first = _first(transaction, lane, "due")
    if first is None:
        transaction.lanes.delete_one(key, session=session)
        return None
    head = _first(transaction, lane, "place") or first
    lane["suspect"] = settlement.is_suspect
    lane["due"] = head["due"] if lane["ordered"] else first["due"]
    goes_on = bool(settlement.seconds and settlement.duties) and lane["due"] <= now
    state = {
        "suspect": settlement.is_suspect,
        "soonest": first["due"],
        "head": head["place"],
        "head_due": head["due"],
        "due": lane["due"],
        "owner": owner,
        "until": now + settlement.seconds if goes_on else 0,
    }
    transaction.lanes.update_one(key, {"$set": state}, session=session)
    if not goes_on:
        return None
    duties = [head] if lane["ordered"] else _next(transaction, lane, settlement.duties, now)
    return owed.to_lane(lane, duties, owed.payloads(transaction, duties), now)


def _outcome(lane: Filter, outcome: Outcome, now: int) -> UpdateOne:
    """What became of a duty, if it is still pending."""
    key = {
        "_id": owed.duty_key(lane["_id"], outcome.notice_id),
        "scope": lane["scope"],
        "status": owed.PENDING,
    }
    is_pending = outcome.status is DutyStatus.PENDING
    changes = {
        "state": outcome.state,
        "status": outcome.status.value,
        "due": now + outcome.due if is_pending else 0,
        "forget": 0 if is_pending else now + outcome.keep,
    }
    return UpdateOne(key, {"$set": changes})


def _first(transaction: Transaction, lane: Filter, key: str) -> Document | None:
    """The pending duty of a lane that comes first by a key."""
    condition = {"scope": lane["scope"], "lane": lane["_id"], "due": {"$gt": 0}}
    return transaction.duties.find_one(condition, sort=[(key, 1)], session=transaction.session)


def _next(transaction: Transaction, lane: Filter, limit: int, now: int) -> list[Document]:
    """The oldest duties of a lane that are due."""
    due = {"$gt": 0, "$lt": now + 1}
    condition = {"scope": lane["scope"], "lane": lane["_id"], "due": due}
    found = transaction.duties.find(condition, session=transaction.session)
    return list(found.sort("place", 1).limit(limit).batch_size(limit + 1))
