"""What the cases talk to: one method per action, so that any door of the service can stand behind.

:class:`Api` is the client of one project; :class:`Rest` knows how an action is asked for over
HTTP. Every answer is held to the rules of :mod:`tests.api.rules` and to the response schema of its
action before a case sees it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.api import rules
from tests.api.socket import Socket
from tests.api.unset import UNSET
from tests.api.wire import Answer, Http
from tests.servers import Server

PATCH_TYPE: Final = "application/openstack-messaging-v2.0-json-patch"

_Q: Final = "/v2/queues/{queue}"
_T: Final = "/v2/topics/{queue}"
ROUTES: Final = {
    "list_versions": ("GET", "/"),
    "get_home_doc": ("GET", "/v2/"),
    "ping_node": ("GET", "/v2/ping"),
    "ping_process": ("HEAD", "/v2/ping"),
    "check_node_health": ("GET", "/v2/health"),
    "queue_list": ("GET", "/v2/queues"),
    "queue_create": ("PUT", _Q),
    "queue_get": ("GET", _Q),
    "queue_update": ("PATCH", _Q),
    "queue_delete": ("DELETE", _Q),
    "queue_get_stats": ("GET", f"{_Q}/stats"),
    "queue_purge": ("POST", f"{_Q}/purge"),
    "queue_share": ("POST", f"{_Q}/share"),
    "message_post": ("POST", f"{_Q}/messages"),
    "message_list": ("GET", f"{_Q}/messages"),
    "message_get_many": ("GET", f"{_Q}/messages"),
    "message_delete_many": ("DELETE", f"{_Q}/messages"),
    "message_get": ("GET", f"{_Q}/messages/{{message}}"),
    "message_delete": ("DELETE", f"{_Q}/messages/{{message}}"),
    "claim_create": ("POST", f"{_Q}/claims"),
    "claim_get": ("GET", f"{_Q}/claims/{{claim}}"),
    "claim_update": ("PATCH", f"{_Q}/claims/{{claim}}"),
    "claim_delete": ("DELETE", f"{_Q}/claims/{{claim}}"),
    "subscription_create": ("POST", f"{_Q}/subscriptions"),
    "subscription_list": ("GET", f"{_Q}/subscriptions"),
    "subscription_get": ("GET", f"{_Q}/subscriptions/{{subscription}}"),
    "subscription_update": ("PATCH", f"{_Q}/subscriptions/{{subscription}}"),
    "subscription_delete": ("DELETE", f"{_Q}/subscriptions/{{subscription}}"),
    "subscription_confirm": ("PUT", f"{_Q}/subscriptions/{{subscription}}/confirm"),
    "pool_list": ("GET", "/v2/pools"),
    "pool_create": ("PUT", "/v2/pools/{pool}"),
    "pool_get": ("GET", "/v2/pools/{pool}"),
    "pool_update": ("PATCH", "/v2/pools/{pool}"),
    "pool_delete": ("DELETE", "/v2/pools/{pool}"),
    "flavor_list": ("GET", "/v2/flavors"),
    "flavor_create": ("PUT", "/v2/flavors/{flavor}"),
    "flavor_get": ("GET", "/v2/flavors/{flavor}"),
    "flavor_update": ("PATCH", "/v2/flavors/{flavor}"),
    "flavor_delete": ("DELETE", "/v2/flavors/{flavor}"),
}
ROUTES |= {
    "topic_list": ("GET", "/v2/topics"),
    "topic_create": ("PUT", _T),
    "topic_get": ("GET", _T),
    "topic_update": ("PATCH", _T),
    "topic_delete": ("DELETE", _T),
    "topic_get_stats": ("GET", f"{_T}/stats"),
    "topic_purge": ("POST", f"{_T}/purge"),
    "topic_message_post": ("POST", f"{_T}/messages"),
    "topic_message_list": ("GET", f"{_T}/messages"),
    "topic_message_get_many": ("GET", f"{_T}/messages"),
    "topic_message_delete_many": ("DELETE", f"{_T}/messages"),
    "topic_message_get": ("GET", f"{_T}/messages/{{message}}"),
    "topic_message_delete": ("DELETE", f"{_T}/messages/{{message}}"),
    "topic_subscription_create": ("POST", f"{_T}/subscriptions"),
    "topic_subscription_list": ("GET", f"{_T}/subscriptions"),
    "topic_subscription_get": ("GET", f"{_T}/subscriptions/{{subscription}}"),
    "topic_subscription_update": ("PATCH", f"{_T}/subscriptions/{{subscription}}"),
    "topic_subscription_delete": ("DELETE", f"{_T}/subscriptions/{{subscription}}"),
    "topic_subscription_confirm": ("PUT", f"{_T}/subscriptions/{{subscription}}/confirm"),
}
"""The REST routes of the actions, written down from ``rest-v2.md`` 18."""


def encode(document: Any) -> bytes:
    """JSON text in UTF-8."""
    return json.dumps(document, ensure_ascii=False).encode()


class Rest:
    """The HTTP door to one server.

    :param headers: sent with every request.
    """

    def __init__(self, server: Server, headers: Mapping[str, str | bytes]) -> None:
        self.server = server
        self.headers = dict(headers)
        self.http = Http(server.host, server.port)

    def call(
        self,
        method: str,
        target: str,
        body: Any = UNSET,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> Answer:
        """Send one request.

        :param body: a document, bytes to send as they are, or an iterator of chunks.
        :param headers: added to those of the client; None takes one away.
        """
        if body is UNSET:
            payload: bytes | Iterable[bytes] | None = None
        elif isinstance(body, bytes) or hasattr(body, "__next__"):
            payload = body
        else:
            payload = encode(body)
        merged: dict[str, str | bytes | None] = {**self.headers, **(headers or {})}
        sent = [(name, value) for name, value in merged.items() if value is not None]
        answer = self.http.send(method, target, sent, payload)
        rules.check(method, answer)
        return answer

    def perform(
        self, action: str, path: Mapping[str, str], query: Mapping[str, Any], body: Any
    ) -> Answer:
        """Ask for an action and check the form of what comes back."""
        method, template = ROUTES[action]
        target = template.format_map({name: quote(text, safe="") for name, text in path.items()})
        if query:
            target = f"{target}?{urlencode(query, doseq=True)}"
        is_patch = action in ("queue_update", "topic_update")
        headers = {"Content-Type": PATCH_TYPE} if is_patch else None
        answer = self.call(method, target, body, headers)
        rules.check_schema(action, answer)
        return answer


class Api:
    """A client: a project and a Client-ID, and a method for each action.

    Query parameters are given by name, a body as its document; what is left out is not sent.

    :ivar kind: ``queue``, or ``topic`` where the same methods ask for the actions on topics.
    """

    def __init__(
        self,
        server: Server,
        project: str | None = None,
        client_id: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        kind: str = "queue",
    ) -> None:
        self.server = server
        self.kind = kind
        self.project = project or f"project-{uuid.uuid4().hex}"
        self.client_id = client_id or str(uuid.uuid4())
        identity = {"Client-ID": self.client_id, "X-Project-Id": self.project}
        self.rest = Rest(server, {**identity, **(headers or {})})
        self.call = self.rest.call
        # Headers of their own are for HTTP: a message has none but the identity.
        has_socket = server.socket_port is not None and headers is None
        self.door = Socket(server, self.rest, identity) if has_socket else self.rest

    def other_client(self, client_id: str | None = None) -> Api:
        """Another client of the same project."""
        return Api(self.server, self.project, client_id, kind=self.kind)

    def other_project(self) -> Api:
        """The same client in another project."""
        return Api(self.server, client_id=self.client_id, kind=self.kind)

    def at(self, server: Server) -> Api:
        """The same client at another server."""
        return Api(server, self.project, self.client_id, kind=self.kind)

    def of(self, kind: str) -> Api:
        """The same client, asking for queues or for topics."""
        client = Api(self.server, self.project, self.client_id, kind=kind)
        client.rest.headers = self.rest.headers
        return client

    @property
    def collection(self) -> str:
        """What a listing calls its items."""
        return f"{self.kind}s"

    @property
    def base(self) -> str:
        """The path of all queues, or of all topics."""
        return f"/v2/{self.collection}"

    def path(self, queue: str) -> str:
        """The path of one of them."""
        return f"{self.base}/{queue}"

    def _do(
        self, action: str, query: Mapping[str, Any] | None = None, body: Any = UNSET, **path: str
    ) -> Answer:
        if self.kind == "topic":
            action = f"topic_{action.removeprefix('queue_')}"
        return self.door.perform(action, path, query or {}, body)

    # Discovery

    def list_versions(self) -> Answer:
        return self._do("list_versions")

    def get_home_doc(self) -> Answer:
        return self._do("get_home_doc")

    def ping_node(self) -> Answer:
        return self._do("ping_node")

    def ping_process(self) -> Answer:
        return self._do("ping_process")

    def check_node_health(self) -> Answer:
        return self._do("check_node_health")

    # Queues

    def queue_list(self, **query: Any) -> Answer:
        return self._do("queue_list", query)

    def queue_create(self, queue: str, metadata: Any = UNSET) -> Answer:
        return self._do("queue_create", None, metadata, queue=queue)

    def queue_get(self, queue: str) -> Answer:
        return self._do("queue_get", queue=queue)

    def queue_update(self, queue: str, operations: Any) -> Answer:
        return self._do("queue_update", None, operations, queue=queue)

    def queue_delete(self, queue: str) -> Answer:
        return self._do("queue_delete", queue=queue)

    def queue_get_stats(self, queue: str) -> Answer:
        return self._do("queue_get_stats", queue=queue)

    def queue_purge(self, queue: str, body: Any = UNSET) -> Answer:
        return self._do("queue_purge", None, body, queue=queue)

    def queue_share(self, queue: str, body: Any = UNSET) -> Answer:
        return self._do("queue_share", None, body, queue=queue)

    # Messages

    def message_post(self, queue: str, *messages: Any) -> Answer:
        return self._do("message_post", None, {"messages": messages}, queue=queue)

    def message_list(self, queue: str, **query: Any) -> Answer:
        return self._do("message_list", query, queue=queue)

    def message_get_many(self, queue: str, ids: Sequence[str], **query: Any) -> Answer:
        return self._do("message_get_many", {"ids": ",".join(ids), **query}, queue=queue)

    def message_delete_many(self, queue: str, **query: Any) -> Answer:
        return self._do("message_delete_many", query, queue=queue)

    def message_get(self, queue: str, message: str) -> Answer:
        return self._do("message_get", queue=queue, message=message)

    def message_delete(self, queue: str, message: str, claim_id: str | None = None) -> Answer:
        query = {} if claim_id is None else {"claim_id": claim_id}
        return self._do("message_delete", query, queue=queue, message=message)

    # Claims

    def claim_create(self, queue: str, body: Any = UNSET, **query: Any) -> Answer:
        return self._do("claim_create", query, body, queue=queue)

    def claim_get(self, queue: str, claim: str) -> Answer:
        return self._do("claim_get", queue=queue, claim=claim)

    def claim_update(self, queue: str, claim: str, body: Any = UNSET) -> Answer:
        return self._do("claim_update", None, body, queue=queue, claim=claim)

    def claim_delete(self, queue: str, claim: str) -> Answer:
        return self._do("claim_delete", queue=queue, claim=claim)

    # Subscriptions

    def subscription_create(self, queue: str, body: Any = UNSET) -> Answer:
        return self._do("subscription_create", None, body, queue=queue)

    def subscription_list(self, queue: str, **query: Any) -> Answer:
        return self._do("subscription_list", query, queue=queue)

    def subscription_get(self, queue: str, subscription: str) -> Answer:
        return self._do("subscription_get", queue=queue, subscription=subscription)

    def subscription_update(self, queue: str, subscription: str, body: Any = UNSET) -> Answer:
        return self._do("subscription_update", None, body, queue=queue, subscription=subscription)

    def subscription_delete(self, queue: str, subscription: str) -> Answer:
        return self._do("subscription_delete", queue=queue, subscription=subscription)

    def subscription_confirm(self, queue: str, subscription: str, body: Any = UNSET) -> Answer:
        return self._do("subscription_confirm", None, body, queue=queue, subscription=subscription)

    # Pools and flavors

    def pool_list(self, **query: Any) -> Answer:
        return self._do("pool_list", query)

    def pool_create(self, pool: str, body: Any = UNSET) -> Answer:
        return self._do("pool_create", None, body, pool=pool)

    def pool_get(self, pool: str, **query: Any) -> Answer:
        return self._do("pool_get", query, pool=pool)

    def pool_update(self, pool: str, body: Any = UNSET) -> Answer:
        return self._do("pool_update", None, body, pool=pool)

    def pool_delete(self, pool: str) -> Answer:
        return self._do("pool_delete", pool=pool)

    def flavor_list(self, **query: Any) -> Answer:
        return self._do("flavor_list", query)

    def flavor_create(self, flavor: str, body: Any = UNSET) -> Answer:
        return self._do("flavor_create", None, body, flavor=flavor)

    def flavor_get(self, flavor: str) -> Answer:
        return self._do("flavor_get", flavor=flavor)

    def flavor_update(self, flavor: str, body: Any = UNSET) -> Answer:
        return self._do("flavor_update", None, body, flavor=flavor)

    def flavor_delete(self, flavor: str) -> Answer:
        return self._do("flavor_delete", flavor=flavor)
