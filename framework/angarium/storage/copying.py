"""Copying the messages and claims of one queue from store to store, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from angarium.storage import operations as op
from angarium.storage.driver import DataDriver
from angarium.storage.models import Extract, QueueRef, StoredMessage
from angarium.storage.repeating import perform

_MESSAGES: Final = 100  # of a page
_CLAIMS: Final = 200  # of a page
_NOTICES: Final = 100  # of a page
_PASSES: Final = 2  # in which the copy follows a queue that is posted to all the time
_COMPARED: Final = 10  # stretches whose states are read in one call


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Positions that were copied: those above ``after`` up to ``upto``.

    :ivar messages: how many there were.
    :ivar state: tells whether any of them is another one or in another state now.
    """

    after: int
    upto: int
    messages: int
    state: int


class Copy:
    """The copy of a queue, made while the queue is in use and then brought up to date.

    Every import states what a stretch of positions holds, so that pages may be copied again, by
    this process or by the next one that tries.

    :ivar copied: messages that were copied, each counted once.
    """

    def __init__(self, source: DataDriver, target: DataDriver, queue: QueueRef) -> None:
        self.copied = 0
        self._source = source
        self._target = target
        self._queue = queue
        self._stretches: list[_Stretch] = []

    @property
    def _end(self) -> int:
        """The highest position that was copied."""
        return self._stretches[-1].upto if self._stretches else 0

    def follow(self) -> None:
        """Copy nearly everything while the queue is in use.

        :raises StalePlan: the queue was changed meanwhile.
        """
        for _ in range(_PASSES):
            goal = self._last_position()
            while not self._copy_page() and self._end < goal:
                pass

    def bring_up_to_date(self, queue: QueueRef, keep_alive: Callable[[], None]) -> None:
        """Make the copy exact. The queue stands still: only this process reaches it.

        :param queue: with the epoch on which it stands still.
        :param keep_alive: called often.
        """
        self._queue = queue
        for stretch in self._outdated(keep_alive):
            self._copy_again(stretch)
        while not self._copy_page():
            keep_alive()
        last = self._last_position()
        self._import(self._end, max(last, self._end), (), last)  # nothing lies behind the last one
        self._copy_claims(keep_alive)
        self._copy_notices(keep_alive)

    def _copy_page(self) -> bool:
        """Copy the next page with its bodies; True if it was the last one for now."""
        extract = self._export(self._end, _MESSAGES)
        messages = extract.messages
        if messages:
            upto = messages[-1].position
            self._import(self._end, upto, messages, extract.last_position)
            stretch = _Stretch(self._end, upto, len(messages), _state_of(messages))
            self._stretches.append(stretch)
            self.copied += len(messages)
        return extract.complete

    def _outdated(self, keep_alive: Callable[[], None]) -> Iterator[_Stretch]:
        """Stretches in which anything changed since they were copied."""
        for start in range(0, len(self._stretches), _COMPARED):
            keep_alive()
            group = self._stretches[start : start + _COMPARED]
            size = sum(stretch.messages for stretch in group)
            now = self._export(group[0].after, size, bodies=False).messages
            for stretch in group:
                if _state_of(_within(stretch, now)) != stretch.state:
                    yield stretch

    def _copy_again(self, stretch: _Stretch) -> None:
        """With bodies: a claim may have extended a life that was over in the target."""
        extract = self._export(stretch.after, stretch.messages)
        messages = _within(stretch, extract.messages)
        self._import(stretch.after, stretch.upto, messages, extract.last_position)

    def _last_position(self) -> int:
        return self._export(self._end, 1, bodies=False).last_position

    def _copy_claims(self, keep_alive: Callable[[], None]) -> None:
        cursor: str | None = None
        replaces = True
        while True:
            keep_alive()
            extract = perform(op.ExportClaims(cursor, _CLAIMS), self._source, self._queue)
            perform(op.ImportClaims(extract.claims, replaces), self._target, self._queue)
            cursor, replaces = extract.cursor, False
            if cursor is None:
                return

    def _copy_notices(self, keep_alive: Callable[[], None]) -> None:
        """What the queue owes its subscribers; notices come before duties.

        :raises NotOffered: the target keeps no notices, and there are some.
        """
        if not self._source.keeps_notices:
            return
        cursor: str | None = None
        replaces = True
        while True:
            keep_alive()
            extract = perform(op.ExportNotices(cursor, _NOTICES), self._source, self._queue)
            if self._target.keeps_notices or extract.notices or extract.duties:
                operation = op.ImportNotices(extract.notices, extract.duties, replaces)
                perform(operation, self._target, self._queue)
            cursor, replaces = extract.cursor, False
            if cursor is None:
                return

    def _export(self, after: int, limit: int, *, bodies: bool = True) -> Extract:
        return perform(op.ExportMessages(after, limit, bodies), self._source, self._queue)

    def _import(
        self, after: int, upto: int, messages: tuple[StoredMessage, ...], last_position: int
    ) -> None:
        operation = op.ImportMessages(after, upto, messages, last_position)
        perform(operation, self._target, self._queue)


def _within(stretch: _Stretch, messages: tuple[StoredMessage, ...]) -> tuple[StoredMessage, ...]:
    return tuple(it for it in messages if stretch.after < it.position <= stretch.upto)


def _state_of(messages: tuple[StoredMessage, ...]) -> int:
    """Equal for equal states. Ages and lifetimes run in both stores alike: their sums count."""
    return hash(
        tuple(
            (
                it.position,
                it.id,
                it.claim_id,
                it.claim_count,
                it.ttl,
                it.age + it.remaining,
                it.due and it.age + it.due,
            )
            for it in messages
        )
    )
