"""A project with something in it, and all that can be seen of it, to be compared."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from angarium.kernel import Kernel
from angarium.storage import operations as op
from angarium.storage.models import Kind, PoolRecord, QueueFilter, Scope
from angarium_rest.app import create_app
from tests.badinput.wire import CLIENT_ID, Answer, send

QUEUE: Final = "plums"
TOPIC: Final = QUEUE  # they share a name and nothing else
SUBSCRIBER: Final = "https://hooks.example.org/plums"
DELAYED: Final = "prunes"
ABSENT: Final = "quinces"

POOL: Final = "rack"
POOL_URI: Final = "memory://rack"
"""Of a pool that belongs to all projects, as every pool does; no queue is ever placed in it."""
TAGGED_POOL: Final = "shelf"
FLAVOR: Final = "durable"

Fingerprint = dict[Any, Any]


class World:
    """One project at a service: a queue with free and claimed messages, and a delayed queue.

    The first has a subscription.

    And the same in topics, where nothing is claimed. Beside it a flavor with a pool, and a pool
    without one, both as if nothing had ever been done to them.
    """

    def __init__(self, kernel: Kernel, application: Any = None) -> None:
        self.kernel = kernel
        self.application = application or create_app(kernel).wsgi_app
        self.project = uuid.uuid4().hex
        self.ids: dict[str, str] = {}
        self._topic_ids: dict[str, str] = {}
        self._fill()

    def names(self, kind: Kind) -> dict[str, str]:
        """Path parameters that name what there is in one of the name spaces."""
        return self._topic_ids if kind is Kind.TOPIC else self.ids

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | bytes | None] | None = None,
        **rest: Any,
    ) -> Answer:
        """Send a request with valid headers; None as a value takes one away."""
        merged: dict[str, str | bytes | None] = {
            "Client-ID": CLIENT_ID,
            "X-Project-Id": self.project,
            "X-Roles": "admin",
            **(headers or {}),
        }
        given = {name: value for name, value in merged.items() if value is not None}
        return send(self.application, method, path, headers=given, **rest)

    def _fill(self) -> None:
        self._fill_pools()
        metadata = b'{"team": "billing", "_default_message_ttl": 900}'
        messages = b'{"messages": [{"body": 1}, {"body": {"a": 2}}, {"body": null}]}'
        delayed = b'{"_default_message_delay": 5}'
        second, subscriptions = {}, {}
        subscriber = f'{{"subscriber": "{SUBSCRIBER}"}}'.encode()
        for path in (f"/v2/queues/{QUEUE}", f"/v2/topics/{TOPIC}"):
            assert self.send("PUT", path, body=metadata).status == 201
            posted = self.send("POST", f"{path}/messages", body=messages)
            second[path] = posted.document["resources"][1].rpartition("/")[2]
            subscribed = self.send("POST", f"{path}/subscriptions", body=subscriber)
            subscriptions[path] = subscribed.document["subscription_id"]
            other = path.replace(QUEUE, DELAYED)
            assert self.send("PUT", other, body=delayed).status == 201
        claimed = self.send("POST", f"/v2/queues/{QUEUE}/claims", query="limit=1")
        assert claimed.status == 201
        self.ids = {
            "queue_name": QUEUE,
            "message_id": second[f"/v2/queues/{QUEUE}"],
            "claim_id": claimed.headers["location"].rpartition("/")[2],
            "subscription_id": subscriptions[f"/v2/queues/{QUEUE}"],
            "pool_name": POOL,
            "flavor_name": FLAVOR,
        }
        self._topic_ids = {
            "topic_name": TOPIC,
            "message_id": second[f"/v2/topics/{TOPIC}"],
            "subscription_id": subscriptions[f"/v2/topics/{TOPIC}"],
        }

    def _fill_pools(self) -> None:
        control = self.kernel.services.control
        control.put_pool(PoolRecord(POOL, POOL_URI, 0))
        control.put_pool(PoolRecord(TAGGED_POOL, f"memory://{TAGGED_POOL}", 0))
        control.put_flavor(self.project, FLAVOR, [TAGGED_POOL])

    def fingerprint(self) -> Fingerprint:
        """All of the project, and all pools."""
        pools = self.kernel.services.control.list_pools(marker="", limit=100)
        return {**self.of_project(), "pools": pools}

    def of_project(self) -> Fingerprint:
        """Queues and topics with epoch, metadata, messages and subscriptions; names of flavors."""
        control, everything = self.kernel.services.control, QueueFilter()
        flavors = control.list_flavors(self.project, marker="", limit=100)
        queues: Fingerprint = {
            (kind, record.scope.name): (record.epoch, record.metadata, self._messages(record.scope))
            for kind in Kind
            for record in control.list_queues(
                self.project, kind, marker="", limit=100, select=everything
            )
        }
        subscriptions = {
            (kind, name, "subscriptions"): [
                (it.id, it.subscriber, it.ttl, it.options, it.confirmed)
                for it in control.list_subscriptions(
                    Scope(self.project, name, kind), marker="", limit=100
                )
            ]
            for kind, name in queues
        }
        return {**queues, **subscriptions, "flavors": flavors}

    def _messages(self, scope: Scope) -> list[tuple[Any, ...]]:
        plan = self.kernel.services.store.catalogue.plan_anew(scope)
        assert plan is not None
        everything = op.ListMessages(limit=100, include_claimed=True, include_delayed=True)
        page = plan.driver.list_messages(plan.queue, everything)
        return [(it.id, it.body, it.ttl, it.claim_id, it.claim_count) for it in page.messages]
