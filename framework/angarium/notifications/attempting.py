"""One attempt to deliver one message of a duty, and what came of it (``notifications.md`` 5, 6)."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from angarium.notifications.duties import Recipient
from angarium.notifications.notice import AnnouncedMessage, Announcement
from angarium.notifications.notifier import (
    Delivered,
    Delivery,
    GivenUp,
    MessageType,
    Notifier,
    Verdict,
)
from angarium.notifications.retrying import RetryPolicy
from angarium.storage.models import Scope

LOG = logging.getLogger(__name__)
_LONGEST_REASON: Final = 300  # characters


@dataclass(frozen=True)
class Batch:
    """The messages of one notice on their way to one subscriber; they go by their index.

    :ivar notifier: None if none is there (any more).
    :ivar posted: when the batch was, in seconds since 1970.
    """

    notifier: Notifier | None
    scope: Scope
    subscription_id: str
    recipient: Recipient
    notice_id: str
    announcement: Announcement
    posted: int

    def __len__(self) -> int:
        """How many there are; a document of another kind counts as one."""
        return len(self.announcement.messages) if self.is_notification else 1

    @property
    def is_notification(self) -> bool:
        """Whether these are messages that somebody posted."""
        return self.announcement.type is MessageType.NOTIFICATION

    @property
    def policy(self) -> RetryPolicy:
        """When to try again."""
        if not self.is_notification or not self.notifier or not self.notifier.obeys_retry_policy:
            return RetryPolicy()
        own = self.recipient.options.get("_retry_policy")
        return RetryPolicy.choose(self.announcement.retry_policy, own)

    def message(self, index: int) -> AnnouncedMessage | None:
        """A message; None if this is about a document of another kind."""
        return self.announcement.messages[index] if self.is_notification else None

    def attempt(self, index: int, *, attempt: int, time_left: int) -> Verdict:
        """Try to deliver a message.

        :param attempt: 0 for the first.
        :param time_left: seconds until the subscription expires.
        """
        if self.notifier is None:
            scheme = self.recipient.subscriber.partition(":")[0]
            return GivenUp(f"no notifier for the scheme {scheme} is installed")
        message = self.message(index)
        delivery = Delivery(
            scope=self.scope,
            subscription_id=self.subscription_id,
            subscriber=self.recipient.subscriber,
            options=self.recipient.options,
            type=self.announcement.type,
            document=self._document(message),
            message_id=message.id if message else self.notice_id,
            posted=self.posted,
            attempt=attempt,
            time_left=time_left,
            delivery_secret=self.recipient.secret,
        )
        try:
            verdict = self.notifier.deliver(delivery)
        except Exception as error:
            # Without the text of the error, which may hold what only the subscriber should know.
            frames = "".join(traceback.format_tb(error.__traceback__))
            LOG.error("a notifier failed with %s:\n%s", type(error).__name__, frames)
            return GivenUp(f"the notifier failed with {type(error).__name__}")
        if isinstance(verdict, Delivered):
            return verdict
        return replace(verdict, reason=_clean(verdict.reason))

    def _document(self, message: AnnouncedMessage | None) -> Mapping[str, Any]:
        if message is None:
            return self.announcement.document or {}
        document = {"body": message.body, "ttl": message.ttl}
        if message.delay is not None:
            document["delay"] = message.delay
        document["queue_name"] = self.scope.name
        document["Message_Type"] = self.announcement.type.value
        return document


def _clean(reason: str) -> str:
    """One line that any store can hold."""
    line = " ".join(reason.encode(errors="replace").decode().split())
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"
