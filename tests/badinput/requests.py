"""Good requests for every action, made from its schema, and the places where they can be spoilt."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from angarium.actions import table
from angarium.actions.base import Action
from angarium.actions.messages import DELAYED_BODY
from angarium.limits import Limits
from angarium.validation import MISSING, RequestSchema, SchemaLibrary
from angarium.validation.validators import Reference
from tests.badinput.wire import Answer
from tests.badinput.world import DELAYED, POOL_URI, TAGGED_POOL, World

LIMITS: Final = Limits()
LIBRARY: Final = SchemaLibrary(LIMITS)
ACTIONS: Final = table.select(admin_mode=True, pooling=True)
BY_NAME: Final = {action.name: action for action in ACTIONS}

Schema = Mapping[str, Any]
Place = tuple[str | int, ...]
"""The way to a field of a body."""

_GOOD: Final[dict[str, Any]] = {
    "path": "/metadata/example",
    "expires": "2099-01-01T00:00:00",
    "maximum_delay": 30,
    "_dead_letter_queue": "prunes",
    "_flavor": None,
    "uri": POOL_URI,
    "flavor": "",
    "options": {},
    "capabilities": {},
    "pool_list": [TAGGED_POOL],
    "subscriber": "https://hooks.example.org/another",
    "_filter": {"state": ["paid", {"prefix": "re"}]},
}
"""Values for fields with a rule beyond their schema, by name."""


@dataclass(frozen=True)
class Request:
    """A request for one action that can be sent as it is, or changed before.

    :ivar path: parameters of the route, percent-encoded.
    :ivar query: the query string.
    :ivar body: a document, or MISSING.
    """

    action: Action
    path: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: Any = MISSING
    headers: Mapping[str, str | bytes | None] = field(default_factory=dict)

    def send(self, world: World, raw: bytes | None = None, **rest: Any) -> Answer:
        """Send it.

        :param raw: the body in place of its own.
        """
        if raw is None and self.body is not MISSING:
            raw = json.dumps(self.body).encode()
        path = self.action.http.path.format(**{**world.names(self.action.kind), **self.path})
        return world.send(
            self.action.http.method,
            path,
            **{"headers": self.headers, "query": self.query, "body": raw, **rest},
        )

    def with_value(self, place: Place, value: Any) -> Request:
        """The same with one field of the body set."""
        return replace(self, body=changed(self.body, place, value))

    def without(self, place: Place) -> Request:
        """The same without one member of the body."""
        body = copy.deepcopy(self.body)
        inner = body
        for step in place[:-1]:
            inner = inner[step]
        del inner[place[-1]]
        return replace(self, body=body)


def changed(document: Any, place: Place, value: Any) -> Any:
    """A copy of a document with another value at a place."""
    if not place:
        return value
    inner = copy.copy(document)
    inner[place[0]] = changed(inner[place[0]], place[1:], value)
    return inner


def schema_of(action: Action) -> RequestSchema:
    """The request schema of an action."""
    return LIBRARY.request(action.name)


def in_scope(action: Action, name: str) -> dict[str, str]:
    """The path parameter that names the queue, topic, pool or flavor."""
    parameters = part(action, "path").get("properties", {})
    return {each: name for each in parameters if each.endswith("_name")}


def handler(action: Action) -> str:
    """What carries an action out, on topics as on queues."""
    return action.handler.__name__


def is_about_subscriptions(action: Action) -> bool:
    """Whether what is wrong with a body that can be read is an invalid request."""
    return handler(action).startswith("subscription_")


def part(action: Action, name: str) -> Schema:
    """One part of it: ``path``, ``query`` or ``body``."""
    found: Schema = schema_of(action).schema.get("properties", {}).get(name, {})
    return found


def good(action: Action) -> Request:
    """A request that the service has to accept."""
    schema = schema_of(action)
    headers = {} if schema.media_type is None else {"Content-Type": schema.media_type}
    body = example(part(action, "body")) if schema.takes_body else MISSING
    names = part(action, "query").get("required", [])
    if not names and "oneOf" in part(action, "query"):
        names = part(action, "query")["oneOf"][0]["required"]
    query = urlencode({name: example_of_parameter(action, name) for name in names})
    return Request(action, query=query, body=body, headers=headers)


def good_with_parameter(action: Action, name: str, text: str | None = None) -> Request:
    """A request with one query parameter, and with those that it cannot be without.

    :param text: of the parameter, percent-encoded, if not a good one.
    """
    request, query = good(action), part(action, "query")
    needed = [each for each in query.get("required", []) if each != name]
    value = example_of_parameter(action, name) if text is None else text
    pairs = [f"{each}={example_of_parameter(action, each)}" for each in needed]
    if name == "claim_ids":  # which means nothing by itself
        pairs.append("ids=unknown")
    return replace(request, query="&".join([*pairs, f"{name}={value}"]))


def example_of_parameter(action: Action, name: str) -> str:
    """Good text for a query parameter."""
    value = example(part(action, "query")["properties"][name], name)
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def example(schema: Schema, name: str = "") -> Any:
    """A value that a schema accepts, with every member that it declares."""
    if name in _GOOD and not members(schema):
        return _GOOD[name]
    if "enum" in schema:
        return schema["enum"][0]
    if members(schema):
        return {key: example(each, key) for key, each in members(schema).items()}
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "array":
        return [example(schema.get("items", {}))]
    return {"integer": schema.get("minimum", 1), "boolean": True, "string": "example"}[kind]


def members(schema: Schema) -> dict[str, Schema]:
    """The declared members of an object, those of ``allOf`` included, but none that must not be."""
    found: dict[str, Schema] = {}
    for each in (schema, *schema.get("allOf", ())):
        found |= each.get("properties", {})
    return {name: declared for name, declared in found.items() if declared.get("not") != {}}


def inner_schema(schema: Schema, place: Place) -> Schema:
    """The schema of the field at a place."""
    for step in place:
        schema = schema["items"] if isinstance(step, int) else members(schema)[step]
    return schema


def places(schema: Schema, place: Place = ()) -> Iterator[Place]:
    """Every declared field of a body, itself included."""
    yield place
    for name, each in members(schema).items():
        yield from places(each, (*place, name))
    if "items" in schema:
        yield from places(schema["items"], (*place, 0))
    for alternative in schema.get("allOf", ()):
        if "items" in alternative:
            yield from places(alternative["items"], (*place, 0))


@dataclass(frozen=True)
class BodyField:
    """A field of a body of some action.

    :ivar request: good, with the field in it.
    :ivar schema: of the whole body.
    """

    request: Request
    schema: Schema
    place: Place

    def __str__(self) -> str:
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place)
        return f"{self.request.action.name}{steps or '.'}"

    @property
    def own_schema(self) -> Schema:
        """That of the field alone."""
        return inner_schema(self.schema, self.place)

    @property
    def shown_name(self) -> str:
        """What the description of a refusal must contain."""
        names = [step for step in self.place if isinstance(step, str)]
        return names[-1] if names else "[0]" if self.place else ""

    def accepts(self, value: Any) -> bool:
        """Whether the body would be valid with another value of this field."""
        spoilt = changed(self.request.body, self.place, value)
        return bool(Reference(dict(self.schema)).is_valid(spoilt))


def body_fields() -> Iterator[BodyField]:
    """Every field of every body, with what counts on delayed queues."""
    for action in ACTIONS:
        if not schema_of(action).takes_body:
            continue
        request, schema = good(action), part(action, "body")
        for place in dict.fromkeys(places(schema)):
            yield BodyField(request, schema, place)
    delayed = LIBRARY.part(DELAYED_BODY).schema
    for name in ("message_post", "topic_message_post"):
        action = BY_NAME[name]
        request = replace(good(action), path=in_scope(action, DELAYED), body=example(delayed))
        yield BodyField(request, delayed, ("messages", 0, "delay"))


def parameters(kind: str) -> list[tuple[Action, str]]:
    """Every query parameter of a type, with its action."""
    return [
        (action, name)
        for action in ACTIONS
        for name, declared in schema_of(action).query_types.items()
        if declared == kind
    ]


def named(pair: tuple[Action, str]) -> str:
    """What tests call a parameter."""
    action, name = pair
    return f"{action.name}-{name}"
