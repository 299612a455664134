"""What kernel and message stores tell each other about deliveries to subscribers.

A *notice* is the record of one posted batch, written in the post's own step. The delivery process
expands it into *duties*, one for each subscription, which are fulfilled lane by lane: a *lane* is
all that is owed to one subscription of one queue (``docs/interfaces.rst``, Notices, duties and
lanes). All times are whole seconds of the store's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from angarium.storage.models import Scope

HOLD: Final = 3600
"""Seconds for which a notice from another store is kept at least: its duties may still come."""


class DutyStatus(StrEnum):
    """What became of a duty."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewNotice:
    """The notice of a batch on its way into a store.

    :ivar id: made by the caller; a store that knows it stores nothing again.
    :ivar payload: copies of the messages and what else the kernel needs; opaque to the store.
    """

    id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that was leased, to be expanded.

    :ivar position: that of the last message of the batch: later batches have higher ones.
    :ivar cursor: where the expansion stands, as the last page of it said; empty at the beginning.
    :ivar age: seconds since it was stored.
    """

    scope: Scope
    id: str
    payload: bytes
    position: int
    cursor: str
    age: int


@dataclass(frozen=True, slots=True)
class NewDuty:
    """What is owed to one subscription because of one notice.

    :ivar subscription_id: names the lane, together with the scope of the notice.
    :ivar state: the kernel's, opaque to the store.
    :ivar due: seconds from now.
    :ivar is_ordered: whether the lane hands out only the oldest duty it has; the last word counts.
    :ivar is_suspect: whether the lane counts as suspect, should this duty be what makes it.
    """

    subscription_id: str
    state: bytes
    due: int = 0
    is_ordered: bool = False
    is_suspect: bool = False


@dataclass(frozen=True, slots=True)
class Expansion:
    """One page of the expansion of a notice.

    :ivar after: the cursor at which it goes on; another one of the notice makes this page void.
    :ivar cursor: where the next page goes on; None if this was the last one.
    """

    scope: Scope
    notice_id: str
    after: str
    duties: tuple[NewDuty, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty that is due, in a lane that was leased.

    :ivar payload: that of its notice.
    :ivar position: that of its notice.
    :ivar age: seconds since the notice was stored.
    :ivar late: seconds since it became due.
    """

    notice_id: str
    payload: bytes
    state: bytes
    position: int
    age: int
    late: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane that was leased, with what is due in it, by position.

    :ivar is_suspect: as it was last released.
    :ivar duties: at least one. In an ordered lane, one: the oldest.
    """

    scope: Scope
    subscription_id: str
    is_ordered: bool
    is_suspect: bool
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a duty.

    :ivar state: what to go on with, or how it ended.
    :ivar due: for one that is still pending: seconds from now.
    :ivar keep: for one that is over: seconds for which it is listed and can be replayed; 0 forgets
        it.
    """

    notice_id: str
    state: bytes
    status: DutyStatus = DutyStatus.PENDING
    due: int = 0
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the holder of a lane reports, and whether it goes on.

    :ivar seconds: for which it keeps the lane from now on; 0 gives it back.
    :ivar duties: how many further duties it takes at most, if it keeps the lane.
    :ivar is_suspect: whether the lane counts as suspect from now on.
    """

    scope: Scope
    subscription_id: str
    outcomes: tuple[Outcome, ...]
    seconds: int = 0
    duties: int = 0
    is_suspect: bool = False


@dataclass(frozen=True, slots=True)
class ListedDuty:
    """A duty as an operator sees it.

    :ivar due: seconds until it is due, 0 for one that is due or over.
    """

    scope: Scope
    subscription_id: str
    notice_id: str
    status: DutyStatus
    state: bytes
    payload: bytes
    age: int
    due: int


@dataclass(frozen=True, slots=True)
class DutyPage:
    """Part of a listing of duties.

    :ivar marker: where to go on, in whatever form the driver likes; None at the end. A page with a
        marker may be empty.
    """

    duties: tuple[ListedDuty, ...]
    marker: str | None


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice as one store hands it to another.

    :ivar cursor: where its expansion stands; None if it is complete.
    """

    id: str
    payload: bytes
    position: int
    cursor: str | None
    age: int


@dataclass(frozen=True, slots=True)
class StoredDuty:
    """A pending duty as one store hands it to another; leases are not told of.

    :ivar due: seconds until it is due, 0 if it is.
    :ivar is_ordered: of its lane.
    :ivar is_suspect: of its lane.
    """

    subscription_id: str
    notice_id: str
    state: bytes
    due: int
    is_ordered: bool
    is_suspect: bool


@dataclass(frozen=True, slots=True)
class NoticeExtract:
    """Part of what a queue owes its subscribers.

    Every notice precedes all duties: a notice that is expanded while it is being exported is then
    handed over as it was, or with duties that the other store makes once more, but never lost.

    :ivar cursor: where to go on, in whatever form the driver likes; None at the end.
    """

    notices: tuple[StoredNotice, ...]
    duties: tuple[StoredDuty, ...]
    cursor: str | None
