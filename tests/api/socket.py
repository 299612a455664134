"""The WebSocket door behind the same client: messages out, and answers as HTTP would give them.

What the doors do differently on purpose (``websocket-v2.md`` 14) is put right here, and nowhere
else: what a case sees over a socket is what the REST API answers, or it fails.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import msgpack
from websockets.sync.client import ClientConnection, connect

from angarium.actions.metadata import display_defaults, with_defaults
from angarium.limits import Limits
from tests.api import rules
from tests.api.unset import UNSET
from tests.api.wire import TIMEOUT, Answer
from tests.servers import Server

Body = dict[str, Any]

ACTIONS: Final = frozenset(
    {
        "queue_list",
        "queue_create",
        "queue_get",
        "queue_delete",
        "queue_get_stats",
        "queue_purge",
        "message_post",
        "message_list",
        "message_get",
        "message_get_many",
        "message_delete",
        "message_delete_many",
        "claim_create",
        "claim_get",
        "claim_update",
        "claim_delete",
        "subscription_create",
        "subscription_list",
        "subscription_get",
        "subscription_delete",
    }
)
"""Those of ``websocket-v2.md`` 7."""

_LISTS: Final = {"ids": "message_ids", "claim_ids": "claim_ids"}
_SWITCHES: Final = frozenset({"detailed", "echo", "include_claimed", "include_delayed"})
_NUMBERS: Final = frozenset({"limit", "pop"})
_KNOWN: Final = _LISTS.keys() | _SWITCHES | _NUMBERS | {"marker", "claim_id"}
"""A question with other parameters can't be asked over a socket."""

_TRUE: Final = frozenset({"true", "True", "t", "yes", "y", "1", "on"})
_FALSE: Final = frozenset({"false", "False", "f", "no", "n", "0", "off"})


class Rest(Protocol):
    """The door for what sockets do not have."""

    def perform(
        self, action: str, path: Mapping[str, str], query: Mapping[str, Any], body: Any
    ) -> Answer:
        """Ask for an action."""


class SomeTitle(str):
    """Stands for the title of a refusal by schema, which a message does not carry."""

    def __eq__(self, other: object) -> bool:
        return other in rules.TITLES[400]

    def __hash__(self) -> int:
        return super().__hash__()


class Wire:
    """One connection to a server, shared by all its clients; every other message is binary."""

    _all: Final[dict[int, Wire]] = {}

    def __init__(self, port: int) -> None:
        self._url = f"ws://127.0.0.1:{port}/"
        self._lock = threading.Lock()
        self._connection: ClientConnection | None = None
        self._is_text = itertools.cycle((True, False))

    @classmethod
    def to(cls, port: int) -> Wire:
        """The one to a port."""
        return cls._all.setdefault(port, cls(port))

    def ask(self, message: Mapping[str, Any]) -> Body:
        """Send one request and return the answer."""
        with self._lock:
            if self._connection is None:
                options = {"max_size": None, "compression": None, "ping_interval": None}
                self._connection = connect(self._url, legacy=True, **options)
            is_text = next(self._is_text)
            try:
                self._connection.send(json.dumps(message) if is_text else msgpack.packb(message))
                raw = self._connection.recv(TIMEOUT)
            except Exception:
                self._connection = None
                raise
        assert isinstance(raw, str) is is_text, "the answer is in another encoding"
        return dict(json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw))


class Socket:
    """The WebSocket door to one server.

    :param rest: asked where a socket can't be.
    :param identity: the headers of HTTP that name client and project.
    """

    def __init__(self, server: Server, rest: Rest, identity: Mapping[str, str]) -> None:
        assert server.socket_port is not None
        self._rest = rest
        self._wire = Wire.to(server.socket_port)
        self._headers = {
            "Client-ID": identity["Client-ID"],
            "X-Project-ID": identity["X-Project-Id"],
        }
        settings: Mapping[str, Any] = server.options.get("transport", {})
        self._defaults = display_defaults(Limits(**settings))

    def perform(
        self, action: str, path: Mapping[str, str], query: Mapping[str, Any], body: Any
    ) -> Answer:
        """Ask for an action and check the form of what comes back."""
        arguments = _arguments(action, path, query, body)
        if arguments is None:
            return self._rest.perform(action, path, query, body)
        asked = {"action": action, "headers": self._headers, "body": arguments}
        message = json.loads(json.dumps(asked))  # without tuples, as it comes back
        reply = self._wire.ask(message)
        assert set(reply) == {"request", "body", "headers"}
        assert reply["request"] == {**message, "api": "v2"}
        assert set(reply["headers"]) == {"status"}
        status = reply["headers"]["status"]
        if action == "subscription_create" and status == 409:
            answer = self._duplicate(arguments, reply["body"])
        else:
            answer = self._as_http(action, arguments, status, reply["body"])
        rules.check_schema(action, answer)
        return answer

    def _as_http(self, action: str, arguments: Body, status: int, body: Any) -> Answer:
        if action == "queue_get_stats" and status == 404 and "messages" in body:
            status = 200
        if status >= 400:
            return _refusal(status, body)
        queue = f"/v2/queues/{arguments.get('queue_name')}"
        if action == "message_get_many" and not body["messages"]:
            return _refusal(404, {"exception": "none", "error": "Not found"})
        shown, location = body, None
        if action in _CONVERTERS:
            shown, location = _CONVERTERS[action](queue, arguments, body)
        if action == "queue_get":
            shown = with_defaults(body, self._defaults)
        if action == "queue_list":
            for item in shown["queues"]:
                if "metadata" in item:
                    item["metadata"] = with_defaults(item["metadata"], self._defaults)
        if status == 204 or action == "queue_create":
            shown = None
        headers = {} if location is None else {"location": location}
        return Answer(status, shown, headers)

    def _duplicate(self, arguments: Body, body: Any) -> Answer:
        """In HTTP a subscriber that has not confirmed is told which subscription it has."""
        queue = arguments["queue_name"]
        assert body == f"Subscription {queue} not created."
        reply = self._wire.ask(
            {
                "action": "subscription_list",
                "headers": self._headers,
                "body": {"queue_name": queue, "limit": 20},
            }
        )
        [present] = [
            it
            for it in reply["body"]["subscriptions"]
            if it["subscriber"] == arguments["subscriber"]
        ]
        headers = {"location": f"/v2/queues/{queue}/subscriptions"}
        if present["confirmed"]:
            error = {"title": "Resource conflict", "description": body}
            return Answer(409, error, headers)
        return Answer(201, {"subscription_id": present["id"]}, headers)


def _arguments(
    action: str, path: Mapping[str, str], query: Mapping[str, Any], body: Any
) -> Body | None:
    """The body of a message; None if this can't be said over a socket."""
    if action not in ACTIONS or query.keys() - _KNOWN:
        return None
    names = {
        "queue": "queue_name",
        "message": "message_id",
        "claim": "claim_id",
        "subscription": "subscription_id",
    }
    arguments: Body = {names[name]: text for name, text in path.items()}
    if action == "queue_create" and (isinstance(body, dict) or body is UNSET):
        return arguments if body is UNSET else {**arguments, "metadata": body}
    if body is UNSET:
        if action == "claim_update":
            return None  # in HTTP it needs a body
    else:
        if not isinstance(body, dict) or not _can_be_said(action, body):
            return None
        arguments |= body
    for name, value in query.items():
        if value != "":
            arguments[_LISTS.get(name, name)] = _typed(name, value)
    return arguments


def _can_be_said(action: str, body: Body) -> bool:
    if action == "queue_purge":
        return "resource_types" in body  # what is not said means both kinds, also in HTTP an error
    if action == "subscription_create" and not body.get("subscriber"):
        return False  # what is not said means the connection
    return None not in (body.get("ttl", 0), body.get("grace", 0), body.get("options", 0))


def _typed(name: str, value: Any) -> Any:
    if name in _LISTS:
        texts = [value] if isinstance(value, str) else value
        return [part for text in texts for part in text.split(",") if part]
    text = str(value)
    if name in _SWITCHES and text in _TRUE | _FALSE:
        return text in _TRUE
    if name in _NUMBERS and text.lstrip("+-").isdigit():
        return int(text)
    return value


def _refusal(status: int, body: Any) -> Answer:
    """A refusal with the title that HTTP gives it, as far as the answer tells."""
    if "exception" not in body:
        assert set(body) == {"error"}, body
        title = "Not authorized" if status == 403 else SomeTitle("400")
        return Answer(status, {"title": title, "description": body["error"]}, {})
    assert set(body) == {"exception", "error"}, body
    error = body["error"]
    if error is None:
        assert body["exception"].startswith("Bad request. ")
        error = "Invalid request body"
    if status == 404 and error.startswith("Claim "):
        error = "Not found"
    title = error.partition(":")[0]
    return Answer(status, {"title": title, "description": body["exception"]}, {})


def _message(queue: str, message: Body) -> Body:
    shown = {"href": f"{queue}/messages/{message['id']}", **message}
    claim_id = shown.pop("claim_id")
    if claim_id is not None:
        shown["href"] += f"?claim_id={claim_id}"
    return shown


def _links(path: str, arguments: Body, marker: str | None) -> list[Body]:
    if marker is None:
        return []
    query = {key: value for key, value in arguments.items() if key not in ("queue_name", "marker")}
    shown = {key: str(value).lower() for key, value in query.items()}
    return [{"rel": "next", "href": f"{path}?{urlencode({**shown, 'marker': marker})}"}]


def _posted(queue: str, arguments: Body, body: Body) -> tuple[Any, str]:
    ids = body["message_ids"]
    resources = [f"{queue}/messages/{message_id}" for message_id in ids]
    return {"resources": resources}, f"{queue}/messages?ids={','.join(ids)}"


def _listed(queue: str, arguments: Body, body: Body) -> tuple[Any, None]:
    messages = [_message(queue, message) for message in body["messages"]]
    assert ("marker" in body) is bool(messages)
    # Unlike HTTP, nothing has to be said to see what is delayed on an ordinary queue.
    links = _links(f"{queue}/messages", arguments, body.get("marker"))
    return {"messages": messages, "links": links}, None


def _got(queue: str, arguments: Body, body: Body) -> tuple[Any, None]:
    return _message(queue, body["messages"]), None


def _messages(queue: str, arguments: Body, body: Body) -> tuple[Any, str | None]:
    shown = {**body, "messages": [_message(queue, message) for message in body["messages"]]}
    claim_id = shown.pop("claim_id", None)
    return shown, f"{queue}/claims/{claim_id}" if claim_id else None


def _claimed(queue: str, arguments: Body, body: Body) -> tuple[Any, str | None]:
    if "messages" not in body:
        assert body == {"claim_id": None}
        return None, None
    return _messages(queue, arguments, body)


def _claim(queue: str, arguments: Body, body: Body) -> tuple[Any, None]:
    shown, _ = _messages(queue, arguments, body)
    return {**shown, "href": f"{queue}/claims/{arguments['claim_id']}"}, None


def _queues(queue: str, arguments: Body, body: Body) -> tuple[Any, None]:
    items = [{**item, "href": f"/v2/queues/{item['name']}"} for item in body["queues"]]
    marker = items[-1]["name"] if items else None
    return {"queues": items, "links": _links("/v2/queues", arguments, marker)}, None


def _subscribed(queue: str, arguments: Body, body: Body) -> tuple[Any, str]:
    assert body.pop("message") == f"Subscription {arguments['queue_name']} created."
    return body, f"{queue}/subscriptions"


def _subscriptions(queue: str, arguments: Body, body: Body) -> tuple[Any, None]:
    listed = body["subscriptions"]
    marker = listed[-1]["id"] if listed else None
    return {**body, "links": _links(f"{queue}/subscriptions", arguments, marker)}, None


def _unsubscribed(queue: str, arguments: Body, body: str) -> tuple[Any, None]:
    assert body == f"Subscription {arguments['subscription_id']} removed."
    return None, None


def _created(queue: str, arguments: Body, body: str) -> tuple[Any, str]:
    assert body == f"Queue {arguments['queue_name']} created."
    return None, queue


def _statistics(queue: str, arguments: Body, body: Body) -> tuple[Any, None]:
    numbers = body["messages"]
    for moment in filter(None, (numbers.get("oldest"), numbers.get("newest"))):
        assert set(moment) == {"id", "age", "created"}
        moment["href"] = f"{queue}/messages/{moment.pop('id')}"
    return body, None


_CONVERTERS: Final[Mapping[str, Callable[[str, Body, Any], tuple[Any, str | None]]]] = {
    "queue_create": _created,
    "queue_list": _queues,
    "queue_get_stats": _statistics,
    "message_post": _posted,
    "message_list": _listed,
    "message_get": _got,
    "message_get_many": _messages,
    "claim_create": _claimed,
    "claim_get": _claim,
    "subscription_create": _subscribed,
    "subscription_list": _subscriptions,
    "subscription_delete": _unsubscribed,
}
