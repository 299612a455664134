"""The state of a duty: what is still to be done for one subscription because of one notice.

Stores keep it as it is (``docs/interfaces.rst``, Notices, duties and lanes). Two stores have two
clocks and a duty may move from one to the other, so every moment is told as the *age* that the
notice has then, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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

    def untried(self, count: int) -> Iterator[int]:
        """The indices that were never tried, of a batch of so many messages."""
        every = range(count) if self.picked is None else self.picked
        return (index for index in every if index >= self.next)

    def due(self, count: int) -> int | None:
        """The age at which there is something to do; None if the duty is over."""
        if any(not loss.is_settled for loss in self.lost.values()):
            return _AT_ONCE
        if next(self.untried(count), None) is not None and not self.is_held_up:
            return _AT_ONCE
        return min((it.due for it in self.waiting.values()), default=None)

    @property
    def is_held_up(self) -> bool:
        """Whether a message has to wait that no other may overtake."""
        return self.recipient.is_ordered and bool(self.waiting)
