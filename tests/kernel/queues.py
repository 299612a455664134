"""A queue as the tests of the kernel use it: one short line per request, through one kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from angarium.actions import claims, messages, queues
from angarium.actions.base import Services
from angarium.actions.claims import NewClaim
from angarium.context import RequestContext
from angarium.kernel import Kernel
from angarium.storage.catalogue import Catalogue
from angarium.storage.models import Kind, Message, QueueState, Scope
from tests.kernel.installation import CONTEXT

READER: Final = RequestContext(
    CONTEXT.request_id, CONTEXT.project, client_id="00000000-0000-4000-8000-000000000001"
)
NAME: Final = "plums"
SCOPE: Final = Scope(CONTEXT.project, NAME)


class Queue:
    """A queue or topic seen through the handlers of one kernel, as one process would see it."""

    def __init__(
        self, kernel: Kernel | Services, name: str = NAME, kind: Kind = Kind.QUEUE
    ) -> None:
        self._services = kernel.services if isinstance(kernel, Kernel) else kernel
        self._name = {f"{kind}_name": name}
        self.scope = Scope(CONTEXT.project, name, kind)

    def create(self, **metadata: Any) -> bool:
        """Create it; whether it was not there."""
        return queues.queue_create(self._services, CONTEXT, {**self._name, "metadata": metadata})

    def metadata(self) -> Mapping[str, Any]:
        """What is stored."""
        return queues.queue_get(self._services, CONTEXT, self._name)

    def add(self, key: str, value: Any) -> Mapping[str, Any]:
        """Set one key of the metadata."""
        operation = {"op": "add", "path": f"/metadata/{key}", "value": value}
        return queues.queue_update(
            self._services, CONTEXT, {**self._name, "operations": [operation]}
        )

    def remove(self, key: str) -> Mapping[str, Any]:
        """Remove one key of the metadata."""
        operation = {"op": "remove", "path": f"/metadata/{key}"}
        return queues.queue_update(
            self._services, CONTEXT, {**self._name, "operations": [operation]}
        )

    def delete(self) -> None:
        """Delete it."""
        queues.queue_delete(self._services, CONTEXT, self._name)

    def post(self, *bodies: Any, body_size: int = 0, **members: Any) -> tuple[str, ...]:
        """Post a batch; its ids."""
        documents = [{"body": body, **members} for body in bodies]
        parameters = {**self._name, "messages": documents, "body_size": body_size}
        return messages.message_post(self._services, CONTEXT, parameters)

    def listed(self, **parameters: Any) -> list[Any]:
        """The bodies of a page, those under claims included."""
        shown = {"include_claimed": True, "limit": 20, **parameters}
        found = messages.message_list(self._services, READER, {**self._name, **shown})
        return bodies(found.page.messages)

    def ttls(self) -> list[int]:
        """The lifetimes of the messages."""
        found = messages.message_list(self._services, READER, {**self._name, "limit": 20})
        return [message.ttl for message in found.page.messages]

    def get(self, identifier: str) -> Message:
        """One message."""
        return messages.message_get(
            self._services, CONTEXT, {**self._name, "message_id": identifier}
        )

    def pop(self, limit: int = 20) -> list[Any]:
        """Pop; the bodies."""
        popped = messages.message_delete_many(self._services, CONTEXT, {**self._name, "pop": limit})
        assert popped is not None
        return bodies(popped)

    def remove_message(self, identifier: str) -> None:
        """Delete one message, whatever claim it is under."""
        parameters = {**self._name, "ids": [identifier]}
        messages.message_delete_many(self._services, CONTEXT, parameters)

    def claim(self, limit: int = 20) -> NewClaim:
        """Claim."""
        return claims.claim_create(self._services, CONTEXT, {**self._name, "limit": limit})

    def release(self, claim: NewClaim) -> None:
        """Release a claim."""
        claims.claim_delete(self._services, CONTEXT, {**self._name, "claim_id": claim.id})

    def total(self) -> int:
        """How many messages there are."""
        return queues.queue_get_stats(self._services, CONTEXT, self._name).stats.total


def bodies(found: Any) -> list[Any]:
    """The bodies of messages."""
    return [json.loads(message.body) for message in found]


def catalogue_of(kernel: Kernel) -> Catalogue:
    """The catalogue that a kernel uses."""
    return kernel.services.store.catalogue


def state_of(kernel: Kernel) -> QueueState | None:
    """Where the record of the queue ``plums`` stands; None if there is none."""
    record = kernel.services.control.get_queue(SCOPE)
    return None if record is None else record.state
