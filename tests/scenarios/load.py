"""Load on a server: threads that post and delete, and keep going while it dies and comes back."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Final

from tests.scenarios.door import Door
from tests.scenarios.ledger import Ledger, key_of
from tests.scenarios.troupe import wait_until

POSTERS: Final = 3
_PAUSE: Final = 0.05  # seconds before knocking again at a server that does not answer

Part = Callable[[Door, Ledger, random.Random, str], Iterator[bool]]
"""What one thread does, turn by turn; each turn tells whether it was of use."""


class Load:
    """Posters and deleters on one queue, from ``with`` until its end; then ``ledger`` is complete.

    :param padding: characters that each body is longer by.
    """

    def __init__(self, port: int, project: str, queue: str, padding: int = 0) -> None:
        self._place = (port, project)
        self._queue = queue
        self._padding = "x" * padding
        self._stopping = threading.Event()
        self._books: list[Ledger] = []
        self._threads = [
            *(self._thread(self._post, f"poster-{number}") for number in range(POSTERS)),
            self._thread(self._claim, "claimer"),
            self._thread(self._take_back, "regretter"),
        ]
        self.ledger = Ledger()

    def wait_for_posts(self, count: int) -> None:
        """Wait until so many more messages are acknowledged."""
        self._wait_for(count, "acknowledged")

    def wait_for_deletions(self, count: int) -> None:
        """Wait until so many more deletions are acknowledged."""
        self._wait_for(count, "deleted")

    def wait_for_refusals(self, count: int) -> None:
        """Wait until so many more messages are refused."""
        self._wait_for(count, "refused")

    def _wait_for(self, count: int, what: str) -> None:
        def number() -> int:
            return sum(len(getattr(book, what)) for book in self._books)

        goal = number() + count
        wait_until(lambda: number() >= goal, f"{count} more are {what}")

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for book in self._books:
            self.ledger.add(book)

    def _thread(self, part: Part, name: str) -> threading.Thread:
        book = Ledger()
        self._books.append(book)
        turns = part(Door(*self._place), book, random.Random(name), name)
        return threading.Thread(target=self._run, args=(turns,), name=name)

    def _run(self, turns: Iterator[bool]) -> None:
        for was_useful in turns:
            if self._stopping.is_set():
                return
            if not was_useful:
                time.sleep(_PAUSE)

    def _bodies(self, name: str, first: int, count: int) -> list[dict[str, Any]]:
        numbers = range(first, first + count)
        return [{"by": name, "number": each, "padding": self._padding} for each in numbers]

    def _post(self, door: Door, book: Ledger, dice: random.Random, name: str) -> Iterator[bool]:
        """Posts batches of different sizes."""
        number = 0
        while True:
            bodies = self._bodies(name, number, dice.randint(1, 5))
            number += len(bodies)
            yield bool(book.post(door, self._queue, bodies))

    def _claim(self, door: Door, book: Ledger, dice: random.Random, _: str) -> Iterator[bool]:
        """Claims messages and finishes all but the first of each claim."""
        while True:
            messages = book.claim(door, self._queue, dice.randint(1, 3))
            for message in messages[1:]:
                named = {message["id"]: key_of(message["body"])}
                book.delete(named, partial(door.delete, message["href"]))
            yield bool(messages)

    def _take_back(
        self, door: Door, book: Ledger, dice: random.Random, name: str
    ) -> Iterator[bool]:
        """Posts, and deletes some of it at once by ids, claimed or not."""
        number = 0
        while True:
            posted = book.post(door, self._queue, self._bodies(name, number, 4))
            number += 4
            if posted:
                named = dict(dice.sample(sorted(posted.items()), 2))
                book.delete(named, partial(door.delete_several, self._queue, list(named)))
            yield bool(posted)
