"""What both backends make of rows, and the bounds of what one operation does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from angarium.storage.models import Extract, Message, Page, StoredMessage
from angarium_sql.tables import AnyRow, decode, messages

SCAN: Final = 1000  # messages that one listing looks at to fill a page
BOUND: Final = 200  # messages that a claim or a pop moves, beside those that it was asked for
TOMBSTONE_LIFE: Final = 3600  # seconds (design, principle 6)

# What a message is made of when it is read.
MESSAGE_COLUMNS: Final = (
    messages.c.id,
    messages.c.body,
    messages.c.ttl,
    messages.c.created,
    messages.c.due,
    messages.c.claim_id,
    messages.c.claim_count,
    messages.c.checksum,
    messages.c.seq,
)

# What is told of a message to another store, beside its body.
STATE_COLUMNS: Final = (
    messages.c.seq,
    messages.c.id,
    messages.c.client_id,
    messages.c.expires,
    messages.c.ttl,
    messages.c.created,
    messages.c.claim_count,
    messages.c.claim_id,
    messages.c.due,
    messages.c.checksum,
)


def to_messages(rows: Iterable[AnyRow], now: int) -> tuple[Message, ...]:
    """Rows that begin with :data:`MESSAGE_COLUMNS` as the kernel knows them."""
    return tuple(_to_message(row, now) for row in rows)


def to_stored(rows: Iterable[AnyRow], now: int) -> tuple[StoredMessage, ...]:
    """Rows with :data:`STATE_COLUMNS` and ``body`` as another store needs them."""
    return tuple(_to_stored(row, now) for row in rows)


def to_extract(rows: Sequence[AnyRow], last_position: int, now: int, limit: int) -> Extract:
    """What was found when looking for one message more than ``limit``."""
    return Extract(to_stored(rows[:limit], now), last_position, complete=len(rows) <= limit)


def to_page(rows: Sequence[AnyRow], end: int | None, now: int, limit: int) -> Page:
    """The page of what was found up to the position ``end``, or up to the end if that is None."""
    complete = len(rows) == limit or end is None
    last = (rows[-1].seq if rows else None) if complete else end
    return Page(to_messages(rows, now), None if last is None else str(last), complete)


def _to_message(row: AnyRow, now: int) -> Message:
    id_, body, ttl, created, due, claim_id, claim_count, checksum, *_ = row
    is_claimed = claim_id is not None and due is not None and due > now
    return Message(
        id=decode(id_),
        body=body,
        ttl=ttl,
        age=max(now - created, 0),
        claim_id=decode(claim_id) if is_claimed else None,
        claim_count=claim_count,
        checksum=None if checksum is None else decode(checksum),
    )


def _to_stored(row: AnyRow, now: int) -> StoredMessage:
    is_waiting = row.due is not None and row.due > now
    return StoredMessage(
        position=row.seq,
        id=decode(row.id),
        body=row.body,
        client_id=decode(row.client_id),
        remaining=row.expires - now,
        ttl=row.ttl,
        age=max(now - row.created, 0),
        claim_count=row.claim_count,
        claim_id=decode(row.claim_id) if is_waiting and row.claim_id is not None else None,
        due=row.due - now if is_waiting else 0,
        checksum=None if row.checksum is None else decode(row.checksum),
    )
