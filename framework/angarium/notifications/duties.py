"""The state of a duty: what is still to be done for one subscription because of one notice.

Stores keep it as it is (``docs/interfaces.rst``, Notices, duties and lanes). Two stores have two
clocks and a duty may move from one to the other, so every moment is told as the *age* that the
notice has then, in seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from angarium.codec import encode
from angarium.storage.models import Subscription

_AT_ONCE: Final = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """A subscription as it was when somebody last looked.

    :ivar secret: the delivery secret of a socket's subscription, or None.
    :ivar until: the age at which the subscription expires.
    """

    subscriber: str
    options: Mapping[str, Any]
    secret: str | None = field(repr=False)
    until: int

    @classmethod
    def of(cls, subscription: Subscription, age: int) -> Recipient:
        """What is kept of a subscription.

        :param age: of the notice, now.
        """
        return cls(
            subscription.subscriber,
            subscription.options,
            subscription.delivery_secret,
            age + subscription.remaining,
        )

    @property
    def is_ordered(self) -> bool:
        """Whether nothing may overtake."""
        return self.options.get("_ordered") is True


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose last attempt failed and that gets another one.

    :ivar attempts: made so far.
    :ivar due: the age at which the next one is due.
    :ivar reason: why the last one failed.
    """

    attempts: int
    due: int
    reason: str


@dataclass(frozen=True, slots=True)
class Loss:
    """A message that was given up.

    :ivar attempts: made in all.
    :ivar is_settled: whether its dead letter is stored, or nobody wants one.
    """

    attempts: int
    reason: str
    is_settled: bool = True


@dataclass(slots=True)
class DutyState:
    """Where the messages of a batch stand; they go by their index in the batch.

    What is before ``next`` and neither waiting nor lost is delivered.

    :ivar picked: the indices that a filter lets through, ascending; None for all.
    :ivar next: the first index that was never tried.
    """

    recipient: Recipient
    picked: tuple[int, ...] | None = None
    next: int = 0
    waiting: dict[int, Waiting] = field(default_factory=dict)
    lost: dict[int, Loss] = field(default_factory=dict)

    def encode(self) -> bytes:
        """As a store keeps it."""
        document = {
            "subscriber": self.recipient.subscriber,
            "options": self.recipient.options,
            "secret": self.recipient.secret,
            "until": self.recipient.until,
            "picked": self.picked,
            "next": self.next,
            "waiting": [(at, it.attempts, it.due, it.reason) for at, it in self.waiting.items()],
            "lost": [(at, it.attempts, it.reason, it.is_settled) for at, it in self.lost.items()],
        }
        return encode({name: value for name, value in document.items() if value})

    @classmethod
    def decode(cls, state: bytes) -> DutyState:
        """What :meth:`encode` has written."""
        document: dict[str, Any] = orjson.loads(state)
        picked = document.get("picked")
        return cls(
            Recipient(
                document.get("subscriber", ""),
                document.get("options", {}),
                document.get("secret"),
                document.get("until", 0),
            ),
            None if picked is None else tuple(picked),
            document.get("next", 0),
            {at: Waiting(*rest) for at, *rest in document.get("waiting", ())},
            {at: Loss(*rest) for at, *rest in document.get("lost", ())},
        )

    def ready(self, age: int, count: int) -> int | None:
        """The index of the message to be tried now, of a batch of so many; None if there is none.

        :param age: of the notice.
        """
        due = min((at for at, it in self.waiting.items() if it.due <= age), default=None)
        return self._untried(count) if due is None else due

    def due(self, count: int) -> int | None:
        """The age at which a message is to be tried; None if there is nothing more to try."""
        if self._untried(count) is not None:
            return _AT_ONCE
        return min((it.due for it in self.waiting.values()), default=None)

    def begin(self, index: int) -> int:
        """Note that a message is tried now; returns how often it was tried before."""
        waited = self.waiting.pop(index, None)
        self.next = max(self.next, index + 1)
        return waited.attempts if waited else 0

    def rest(self, count: int) -> Iterator[tuple[int, int]]:
        """What is neither delivered nor lost: indices, and how often each was tried."""
        yield from ((at, it.attempts) for at, it in self.waiting.items())
        yield from ((at, 0) for at in self._indices(count) if at >= self.next)

    def replayed(self) -> DutyState:
        """The state in which everything is tried at once that is not delivered, or all of it."""
        open_ = {at: Waiting(0, _AT_ONCE, it.reason) for at, it in self.lost.items()}
        open_ |= {at: replace(it, due=_AT_ONCE) for at, it in self.waiting.items()}
        is_fresh = not open_
        return DutyState(
            self.recipient, self.picked, 0 if is_fresh else self.next, dict(sorted(open_.items()))
        )

    @property
    def unsettled(self) -> list[int]:
        """The indices of the losses whose dead letters are still to be stored."""
        return [at for at, loss in self.lost.items() if not loss.is_settled]

    def _indices(self, count: int) -> Sequence[int]:
        return range(count) if self.picked is None else self.picked

    def _untried(self, count: int) -> int | None:
        """The first message that was never tried, unless it may not overtake."""
        if self.recipient.is_ordered and self.waiting:
            return None
        indices = self._indices(count)
        place = bisect_left(indices, self.next)
        return indices[place] if place < len(indices) else None
