"""A filter that refuses posts to queues that their owner has frozen."""

from __future__ import annotations

from typing import Any

from angarium.errors import Forbidden
from angarium.storage.operations import PostMessages
from angarium.storage.pipeline import Answer, Call, Filter


class FreezeFilter(Filter):
    """Refuses posts to a queue whose metadata says ``"frozen": true``."""

    interface_version = 1

    def before(self, call: Call[Any]) -> Answer | None:
        """Look at the metadata of the queue before anything is stored."""
        if isinstance(call.operation, PostMessages) and call.metadata.get("frozen") is True:
            raise Forbidden("The owner of this queue has frozen it.")
        return None
