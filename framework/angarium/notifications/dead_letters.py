"""What is given up goes to the dead-letter queue of its queue, if the subscription asks for it.

Contract: ``notifications.md`` 1, option ``_dead_letter``.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import Final

from angarium import logs
from angarium.codec import encode
from angarium.errors import ApiError, StoreUnreachable
from angarium.notifications.notice import AnnouncedMessage
from angarium.storage import operations as op
from angarium.storage.models import NewMessage, Scope
from angarium.storage.store import Store

LOG = logging.getLogger(__name__)
_NAMESPACE: Final = uuid.UUID("8d0f6f0c-6b1b-4a4e-9a52-0f2a5d7c3b61")
_CLIENT: Final = "00000000-0000-0000-0000-000000000000"  # no client's, so that all hear the echo


@dataclass(frozen=True)
class DeadLetters:
    """Posts dead letters. Safe for threads."""

    store: Store

    def post(
        self,
        scope: Scope,
        subscription_id: str,
        message: AnnouncedMessage,
        *,
        attempts: int,
        reason: str,
    ) -> bool:
        """Store a message that was given up in the dead-letter queue of its queue as it is now.

        It has the same id in every repetition, and leaves no notice.

        :returns: whether there is such a queue.
        :raises StoreUnreachable: a store failed; to be repeated.
        """
        try:
            return self._post(scope, subscription_id, message, attempts, reason)
        except StoreUnreachable:
            raise
        except ApiError as error:
            logs.event(
                LOG,
                logging.ERROR,
                f"a dead letter is lost: {error}",
                project=scope.project,
                queue=scope.name,
                subscription=subscription_id,
                message_id=message.id,
            )
            return False

    def _post(
        self,
        scope: Scope,
        subscription_id: str,
        message: AnnouncedMessage,
        attempts: int,
        reason: str,
    ) -> bool:
        catalogue = self.store.catalogue
        record = catalogue.read(scope)
        name = record.metadata.get("_dead_letter_queue") if record is not None else None
        if record is None or not name:
            return False
        target = Scope(scope.project, name)
        settings = catalogue.ensure(target, record.pool).settings
        body = {
            "reason": reason,
            "subscription": subscription_id,
            "attempts": attempts,
            "body": message.body,
        }
        letter = NewMessage(
            id=str(uuid.uuid5(_NAMESPACE, f"{message.id}/{subscription_id}")),
            body=encode(body),
            ttl=record.metadata.get("_dead_letter_queue_messages_ttl") or settings.message_ttl,
        )
        self.store.carry_out(target, op.PostMessages((letter,), _CLIENT), creates_in=record.pool)
        return True
