"""What both backends make of rows, and the bounds of what one operation does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from angarium.storage.models import Message, Page
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


def to_messages(rows: Iterable[AnyRow], now: int) -> tuple[Message, ...]:
    """Rows that begin with :data:`MESSAGE_COLUMNS` as the kernel knows them."""
    return tuple(_to_message(row, now) for row in rows)


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
