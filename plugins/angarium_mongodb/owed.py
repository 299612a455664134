"""What is stored of deliveries (``docs/interfaces.rst``, Notices, duties and lanes).

The ``_id`` of whatever a queue owes begins with its scope and a slash. ``place`` puts notices, and
with them duties, in queue order: the position, then the id of the notice.

A notice (``notices``) has the payload, once for all of its duties. While it is to be expanded,
``cursor`` says how far that is, ``since`` repeats when it was stored, and the ``owner`` holds it
until ``until``; afterwards they are None, 0 and 0, but for the owner. If ``check`` is above 0,
somebody is to look from then on whether it is still needed.

A duty (``duties``) waits until ``due``; one that is over has 0 there, and is listed until
``forget``. It is deleted by ``reclaim`` alone, as are notices.

A lane (``lanes``) is there as long as it has pending duties. ``soonest`` is when the first of them
is due, ``head`` the place of the oldest and ``head_due`` when that is due; ``due`` is that of both
times which counts; ``entries`` counts the changes that duties made. The ``owner`` holds it until
``until``, and is the last one who did. Whatever changes a pending duty changes its lane too, in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pymongo import UpdateOne

from angarium.storage.deliveries import Duty, DutyStatus, Lane
from angarium_mongodb.documents import Document, Filter, quoted, to_scope
from angarium_mongodb.transaction import Transaction

PENDING: Final = DutyStatus.PENDING.value
CHECK_NOW: Final = 1  # a time long ago


def notice_key(scope: str, id_: str) -> str:
    """The ``_id`` of a notice."""
    return f"{scope}/{quoted(id_)}"


def lane_key(scope: str, subscription_id: str) -> str:
    """The ``_id`` of a lane."""
    return f"{scope}/{quoted(subscription_id)}"


def duty_key(lane: str, notice_id: str) -> str:
    """The ``_id`` of a duty."""
    return f"{lane}/{quoted(notice_id)}"


def lane_turn(lane: str) -> str:
    """Where the threads of this process wait for each other to change a lane."""
    return f"lane {lane}"


def place_of(position: int, notice_id: str) -> str:
    """The place of a notice among those of its queue."""
    return f"{position:020d}/{notice_id}"


def notice_at(place: str) -> str:
    """The id of the notice at a place."""
    return place.partition("/")[2]


def of_queue(scope: str) -> Document:
    """The filter of what a queue owes; the keys alone may be those of another one as well."""
    return {"_id": {"$gt": f"{scope}/", "$lt": f"{scope}0"}, "scope": scope}


def named(keys: Iterable[str], scopes: Iterable[str]) -> Document:
    """The filter of documents by their keys."""
    return {"_id": {"$in": list(keys)}, "scope": {"$in": sorted(set(scopes))}}


def make_notice(scope: str, id_: str, payload: bytes, place: tuple[int, int]) -> Document:
    """A notice that is to be expanded from the beginning.

    :param place: position, and when it was stored.
    """
    position, created = place
    return {
        "_id": notice_key(scope, id_),
        "scope": scope,
        "id": id_,
        "position": position,
        "place": place_of(position, id_),
        "created": created,
        "since": created,
        "cursor": "",
        "owner": None,
        "until": 0,
        "check": 0,
        "payload": payload,
    }


def make_duty(notice: Filter, subscription_id: str, state: bytes, due: int) -> Document:
    """A pending duty.

    :param due: the time.
    """
    lane = lane_key(notice["scope"], subscription_id)
    return {
        "_id": duty_key(lane, notice["id"]),
        "scope": notice["scope"],
        "lane": lane,
        "subscription": subscription_id,
        "notice": notice["id"],
        "position": notice["position"],
        "place": notice["place"],
        "created": notice["created"],
        "due": due,
        "status": PENDING,
        "forget": 0,
        "state": state,
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """A duty that became pending, or due earlier, on its way into its lane.

    :ivar is_ordered: None to leave that as it is.
    :ivar is_suspect: of a lane that this makes.
    """

    duty: Filter
    is_ordered: bool | None
    is_suspect: bool


def enter(transaction: Transaction, entries: Iterable[Entry]) -> None:
    """Change the lanes of duties; of two about one lane, the last word on the order counts."""
    lanes: dict[str, list[Entry]] = {}
    for it in entries:
        lanes.setdefault(it.duty["lane"], []).append(it)
    changes = [_change(those) for those in lanes.values()]
    transaction.lanes.bulk_write(changes, session=transaction.session)


def _change(entries: Sequence[Entry]) -> UpdateOne:
    oldest = min((it.duty for it in entries), key=lambda duty: str(duty["place"]))
    soonest = min(it.duty["due"] for it in entries)
    place, due = {"$literal": oldest["place"]}, oldest["due"]
    is_head = {"$lte": [place, {"$ifNull": ["$head", place]}]}
    is_ordered = entries[-1].is_ordered
    changes = {
        "subscription": {"$literal": oldest["subscription"]},
        "ordered": {"$ifNull": ["$ordered", False]} if is_ordered is None else is_ordered,
        "suspect": {"$ifNull": ["$suspect", entries[0].is_suspect]},
        "soonest": {"$min": [{"$ifNull": ["$soonest", soonest]}, soonest]},
        "head": {"$cond": [is_head, place, "$head"]},
        "head_due": {"$cond": [is_head, due, "$head_due"]},
        "owner": {"$ifNull": ["$owner", None]},
        "until": {"$ifNull": ["$until", 0]},
        # MongoDB does not write a document that stays as it is, and then nobody conflicts with who
        # deletes the lane at the same time because it knows of no more duties.
        "entries": {"$add": [{"$ifNull": ["$entries", 0]}, 1]},
    }
    counts = {"due": {"$cond": ["$ordered", "$head_due", "$soonest"]}}
    key = {"_id": oldest["lane"], "scope": oldest["scope"]}
    return UpdateOne(key, [{"$set": changes}, {"$set": counts}], upsert=True)


def payloads(transaction: Transaction, duties: Sequence[Filter]) -> Mapping[str, bytes]:
    """The payloads that duties refer to, by the key of the notice."""
    if not duties:
        return {}
    keys = {notice_key(it["scope"], it["notice"]) for it in duties}
    condition = named(keys, [it["scope"] for it in duties])
    found = transaction.notices.find(condition, {"payload": 1}, session=transaction.session)
    return {it["_id"]: it["payload"] for it in found.batch_size(len(keys) + 1)}


def to_lane(lane: Filter, duties: Sequence[Filter], copies: Mapping[str, bytes], now: int) -> Lane:
    """A lane as who holds it sees it.

    :param copies: the payloads.
    """
    return Lane(
        scope=to_scope(lane["scope"]),
        subscription_id=lane["subscription"],
        is_ordered=lane["ordered"],
        is_suspect=lane["suspect"],
        duties=tuple(
            Duty(
                notice_id=it["notice"],
                payload=copies[notice_key(it["scope"], it["notice"])],
                state=it["state"],
                position=it["position"],
                age=max(now - it["created"], 0),
                late=max(now - it["due"], 0),
            )
            for it in sorted(duties, key=lambda duty: str(duty["place"]))
        ),
    )
