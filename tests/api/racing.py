"""One queue whose life is changed through one server while others use it through another.

A :class:`Race` notes when every request was sent and answered. :class:`Verdict` then says of each
answer whether it is consistent with the changes: every change that was acknowledged before the
request was sent counts, no change does that was begun after the answer, and what lies between may
or may not.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from tests.api.client import Api
from tests.api.helpers import Document, last_segment, ok
from tests.api.wire import Answer

LARGE: Final = 1500  # bytes in the body of a large message
CLAIM_TTL: Final = 60  # below every ttl of a message, so that no claim extends one
_FIRST_TTL: Final = 10_000  # of the first change; each has a ttl of its own
_BUSY: Final = 503


@dataclass(frozen=True)
class Settings:
    """What the metadata of the queue say."""

    ttl: int = 3600
    size: int = 262144
    delay: int = 0

    @property
    def metadata(self) -> dict[str, int]:
        """As clients store it."""
        return {
            "_default_message_ttl": self.ttl,
            "_max_messages_post_size": self.size,
            "_default_message_delay": self.delay,
        }

    @property
    def patch(self) -> list[Document]:
        """What sets all of it at once."""
        return [
            {"op": "add", "path": f"/metadata/{key}", "value": value}
            for key, value in self.metadata.items()
        ]


BARE: Final = Settings()
"""A queue without metadata, or none: a post makes it."""


@dataclass
class Change:
    """What the side of the control plane did, and when; the times are those of one clock.

    :ivar settings: what holds from then on.
    """

    settings: Settings
    is_deletion: bool
    begun: float
    acknowledged: float = float("inf")


@dataclass(frozen=True)
class Seen:
    """A message in an answer to a request of that time."""

    body: int
    ttl: int
    sent: float
    answered: float
    is_taken: bool


@dataclass(frozen=True)
class Posted:
    """The post of one message.

    :ivar id: None if it was refused.
    """

    body: int
    is_large: bool
    sent: float
    answered: float
    id: str | None


@dataclass(frozen=True)
class Missed:
    """The answer that a message which had been posted is not there."""

    body: int
    sent: float
    answered: float


@dataclass
class Race:
    """The requests of all sides.

    :param changer: changes the queue.
    :param user: uses it.
    :param may_be_busy: whether refusals with 503 are met by asking again.
    :param posts_between: how often the queue is posted to between two changes of its metadata.
    :ivar removed: when it was acknowledged that a message is gone, by its body.
    """

    changer: Api
    user: Api
    queue: str
    may_be_busy: bool = False
    posts_between: int = 2
    changes: list[Change] = field(default_factory=list)
    posts: list[Posted] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    removed: dict[int, float] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    _may_end: threading.Event = field(default_factory=threading.Event)
    _bodies: itertools.count[int] = field(default_factory=itertools.count)

    def run(self, changes: int, meanwhile: Callable[[], bool] = lambda: True) -> None:
        """Let all sides race until so many changes are made, and empty the queue.

        :param meanwhile: something else to do at the same time, again and again; says whether it
            was done often enough.
        """
        sides: list[Callable[[], None]] = [self._post, self._take, self._look]
        with ThreadPoolExecutor(len(sides) + 1) as threads:
            tasks = [threads.submit(self._until_over, side) for side in sides]
            changing = threads.submit(self._change_all, changes)
            try:
                while not self.over.is_set():
                    if meanwhile():
                        self._may_end.set()
                        break
                changing.result()
            finally:
                self.over.set()
            for task in tasks:
                task.result()
        while self._pop(20):
            pass

    def _until_over(self, side: Callable[[], None]) -> None:
        try:
            while not self.over.is_set():
                side()
        except BaseException:
            self.over.set()
            raise

    # --- The control plane ------------------------------------------------------------------------

    def _change_all(self, changes: int) -> None:
        random = Random(changes)
        for number in itertools.count(1):
            if self.over.is_set():
                return
            if number >= changes and self._may_end.is_set():
                self._set(Settings(_FIRST_TTL + number))
                return
            if number % 5 == 0:
                self._delete()
                continue
            size, delay = random.choice((1000, 5000)), random.choice((0, 0, 600))
            self._set(Settings(_FIRST_TTL + number, size, delay))
            self._wait_for_use()

    def _wait_for_use(self) -> None:
        """Until the others have posted under this change, so that their plans are up to date."""
        posted = len(self.posts)
        while len(self.posts) < posted + self.posts_between and not self.over.is_set():
            time.sleep(0.001)

    def _delete(self) -> None:
        change = self._begin(BARE, is_deletion=True)
        ok(self._ask(partial(self.changer.queue_delete, self.queue)), 204)
        change.acknowledged = time.monotonic()

    def _set(self, settings: Settings) -> None:
        """Create the queue or change it; a post may have created it meanwhile."""
        change = self._begin(settings, is_deletion=False)
        create = partial(self.changer.queue_create, self.queue, settings.metadata)
        update = partial(self.changer.queue_update, self.queue, settings.patch)
        if self._ask(update).status == 404 and self._ask(create).status != 201:
            ok(self._ask(update), 200)
        change.acknowledged = time.monotonic()

    def _begin(self, settings: Settings, *, is_deletion: bool) -> Change:
        change = Change(settings, is_deletion, time.monotonic())
        self.changes.append(change)
        return change

    # --- The data plane ---------------------------------------------------------------------------

    def _post(self) -> None:
        number = next(self._bodies)
        is_large = number % 3 == 1
        body = [number, "x" * LARGE] if is_large else [number]
        sent = time.monotonic()
        answer = self.user.message_post(self.queue, {"body": body})
        allowed = {201} | ({400} if is_large else set()) | ({_BUSY} if self.may_be_busy else set())
        assert answer.status in allowed, (answer.status, answer.body)
        identifier = last_segment(answer.body["resources"][0]) if answer.status == 201 else None
        answered = time.monotonic()
        if answer.status != _BUSY:
            self.posts.append(Posted(number, is_large, sent, answered, identifier))
        if identifier is not None:
            self._get(number, identifier)

    def _get(self, body: int, identifier: str) -> None:
        sent = time.monotonic()
        answer = self._ask(partial(self.user.message_get, self.queue, identifier))
        if answer.status == 404:
            self.missed.append(Missed(body, sent, time.monotonic()))
        else:
            self._note([ok(answer, 200)], sent)

    def _look(self) -> None:
        sent = time.monotonic()
        query = {"echo": "true", "include_claimed": "true", "include_delayed": "true", "limit": 20}
        answer = self._ask(partial(self.user.message_list, self.queue, **query))
        found = ok(answer, 200)["messages"]
        self._note(found, sent)
        numbers = [message["body"][0] for message in found]
        assert numbers == sorted(set(numbers)), "one side alone posts, one after the other"

    def _take(self) -> None:
        sent = time.monotonic()
        claim = partial(self.user.claim_create, self.queue, {"ttl": CLAIM_TTL}, limit=2)
        answer = self._ask(claim)
        assert answer.status in (201, 204), (answer.status, answer.body)
        if answer.status == 201:
            found = answer.body["messages"]
            self._note(found, sent, is_taken=True)
            claim_id = last_segment(answer.headers["location"])
            for message in found:
                delete = partial(self.user.message_delete, self.queue, message["id"], claim_id)
                ok(self._ask(delete), 204)
                self.removed[message["body"][0]] = time.monotonic()
        self._pop(2)

    def _pop(self, limit: int) -> int:
        sent = time.monotonic()
        pop = partial(self.user.message_delete_many, self.queue, pop=limit)
        found = ok(self._ask(pop), 200)["messages"]
        self._note(found, sent, is_taken=True)
        self.removed |= {message["body"][0]: time.monotonic() for message in found}
        return len(found)

    def _note(self, found: Iterable[Document], sent: float, *, is_taken: bool = False) -> None:
        answered = time.monotonic()
        self.seen += [
            Seen(message["body"][0], message["ttl"], sent, answered, is_taken) for message in found
        ]

    def _ask(self, ask: Callable[[], Answer]) -> Answer:
        """Ask, and ask again where the queue may be on the move: nothing was changed then."""
        for _ in range(200):
            answer = ask()
            if not self.may_be_busy or answer.status != _BUSY:
                return answer
            assert answer.headers["retry-after"]
            time.sleep(0.02)
        raise AssertionError("the queue is busy all the time")


class Verdict:
    """What can be said for certain of a race that is over."""

    def __init__(self, race: Race) -> None:
        self._changes = [Change(BARE, is_deletion=True, begun=0.0, acknowledged=0.0), *race.changes]
        self._race = race
        self._posts = {post.body: post for post in race.posts}
        self._taken = {seen.body: seen for seen in race.seen if seen.is_taken}

    def check(self) -> None:
        """Hold every answer to it."""
        for post in self._race.posts:
            self._check_post(post)
        for seen in self._race.seen:
            self._check_seen(seen)
        for missed in self._race.missed:
            assert self._may_be_gone(missed), f"lost: {missed}"
        taken = [seen.body for seen in self._race.seen if seen.is_taken]
        assert len(taken) == len(set(taken)), "taken twice"
        self._check_last_life()

    def _possible(self, sent: float, answered: float) -> list[Settings]:
        """What may have been true at the moment at which a request was carried out."""
        first = max(
            index for index, change in enumerate(self._changes) if change.acknowledged < sent
        )
        return [
            change.settings
            for index, change in enumerate(self._changes)
            if index >= first and change.begun < answered
        ]

    def _check_post(self, post: Posted) -> None:
        possible = self._possible(post.sent, post.answered)
        if post.is_large:
            fits = [settings.size > LARGE for settings in possible]
            assert any(fits) if post.id else not all(fits), f"{post} under {possible}"

    def _check_seen(self, seen: Seen) -> None:
        post = self._posts.get(seen.body)
        assert post is not None, f"nobody was told that this is stored: {seen}"
        assert post.id is not None, f"was refused: {seen}"
        possible = self._possible(post.sent, post.answered)
        fitting = [settings for settings in possible if settings.ttl == seen.ttl]
        assert fitting, f"{seen} of {post} under {possible}"
        assert not post.is_large or any(it.size > LARGE for it in fitting), f"{seen} {fitting}"
        assert not seen.is_taken or not all(it.delay for it in fitting), f"{seen} {fitting}"
        former = [
            change
            for change in self._changes
            if change.is_deletion
            and post.answered < change.begun
            and change.acknowledged < seen.sent
        ]
        assert not former, f"of a former life: {seen} of {post}, deleted by {former}"
        removed = self._race.removed.get(seen.body, float("inf"))
        assert seen.sent < removed, f"was removed: {seen}"

    def _may_be_gone(self, missed: Missed) -> bool:
        post, taken = self._posts[missed.body], self._taken.get(missed.body)
        if taken is not None and taken.sent < missed.answered:
            return True
        return any(
            change.is_deletion
            and change.begun < missed.answered
            and change.acknowledged > post.sent
            for change in self._changes
        )

    def _check_last_life(self) -> None:
        """All that was posted in it was taken, once: the last change leaves it without delay."""
        start = max(change.acknowledged for change in self._changes if change.is_deletion)
        delayed = {change.settings.ttl for change in self._changes if change.settings.delay}
        shown = {seen.body: seen.ttl for seen in self._race.seen}
        for post in self._race.posts:
            if post.id and post.sent > start and shown.get(post.body) not in delayed:
                assert post.body in self._taken, f"lost: {post}"
