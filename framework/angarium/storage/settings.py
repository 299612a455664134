"""What the reserved metadata keys mean for the operations on a queue (contract, rest-v2.md 5.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from angarium.limits import Limits
from angarium.storage.models import DeadLetter


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Reserved metadata with the configured defaults filled in; times in seconds.

    :ivar max_post_size: bytes of a message post.
    :ivar message_delay: of messages posted without one; above 0 it makes this a delayed queue.
    :ivar dead_letter: where a claim moves what was claimed too often, or None.
    """

    max_post_size: int
    message_ttl: int
    message_delay: int = 0
    dead_letter: DeadLetter | None = None

    @property
    def is_delayed(self) -> bool:
        """Whether delays are honoured here."""
        return self.message_delay > 0

    @classmethod
    def from_metadata(
        cls, metadata: Mapping[str, Any], limits: Limits, dead_letter: DeadLetter | None = None
    ) -> QueueSettings:
        """Read validated metadata; falsy values count as unset."""
        largest = limits.max_messages_post_size
        return cls(
            max_post_size=min(metadata.get("_max_messages_post_size") or largest, largest),
            message_ttl=metadata.get("_default_message_ttl") or limits.default_message_ttl,
            message_delay=metadata.get("_default_message_delay") or 0,
            dead_letter=dead_letter,
        )
