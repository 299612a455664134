"""Requests as messages carry them: the envelope, its schema, and what is echoed.

Contract: ``websocket-v2.md`` 2, 3 and 8. The schema of an action's frames is made of the schema of
its requests: what is a parameter there, wherever in HTTP it stands, is a member of ``body`` here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from angarium.actions.base import Action, SocketBinding
from angarium.errors import ApiError
from angarium.validation import Part, RequestSchema, SchemaLibrary
from angarium.validation.wording import field_name, printable

AUTHENTICATE: Final = "authenticate"
UNREADABLE: Final[Mapping[str, Any]] = {"action": None, "body": {}, "headers": {}, "api": "v2"}

_SECRETS: Final = ("X-Auth-Token", "URL-Signature")
_HIDDEN: Final = "***"
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_HEADERS: Final[Mapping[str, Any]] = {
    "Client-ID": _TEXT,
    "X-Project-ID": {"type": "string", "minLength": 1},
    "X-Auth-Token": _TEXT,
    "User-Agent": _TEXT,
    "Date": _TEXT,
    "Accept": _TEXT,
    "URL-Signature": _TEXT,
    "URL-Expires": _TEXT,
    "URL-Methods": _TEXTS,
    "URL-Paths": _TEXTS,
}
_CALLER: Final = ("Client-ID", "X-Project-ID")


class Unacceptable(Exception):
    """Raised for an envelope that is no request; its text is what the client gets."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message that is a map.

    :ivar action: a name, unless the message was refused.
    :ivar echo: the member ``request`` of the answer.
    """

    action: Any
    headers: dict[str, Any]
    body: dict[str, Any]
    echo: Mapping[str, Any]


def open_envelope(document: Mapping[str, Any]) -> Envelope:
    """What a message holds; nothing is checked yet."""
    action = document.get("action")
    headers, body = document.get("headers", {}), document.get("body", {})
    if action == AUTHENTICATE:
        return Envelope(action, headers, body, {**UNREADABLE, "action": AUTHENTICATE})
    shown = headers
    if isinstance(headers, dict) and any(name in headers for name in _SECRETS):
        shown = {key: _HIDDEN if key in _SECRETS else value for key, value in headers.items()}
    return Envelope(
        action, headers, body, {"action": action, "body": body, "headers": shown, "api": "v2"}
    )


class Frames:
    """The schemas of all actions that a message may name.

    :param actions: all that there may be, executed here or not.
    """

    def __init__(self, actions: Iterable[Action], schemas: SchemaLibrary) -> None:
        self._parts = {AUTHENTICATE: _part(None, (), ("X-Project-ID", "X-Auth-Token"))}
        for action in actions:
            if action.socket is not None:
                self._parts[action.name] = _of_action(action.socket, schemas.request(action.name))

    def check(self, document: Mapping[str, Any]) -> None:
        """Accept a message, or say what is wrong with it.

        :raises Unacceptable: it names no action, or does not fit the schema of its action.
        """
        action = document.get("action")
        part = self._parts.get(action) if isinstance(action, str) else None
        if part is None:
            raise Unacceptable(f"{printable(action)} is not a valid action")
        try:
            part.check(document)
        except ApiError as problem:
            raise Unacceptable(f"Schema validation failed. {problem.description}") from problem


def _of_action(binding: SocketBinding, schema: RequestSchema) -> Part:
    """Only members of the body itself are described: the action checks what is in them."""
    if not binding.needs_caller:
        return _part(None, (), ())
    parts = schema.schema.get("properties", {})
    members: dict[str, Any] = dict.fromkeys(binding.needs_too, _TEXT)
    required: list[str] = list(binding.needs_too)
    for place in ("path", "query", "body"):
        part = parts.get(place, {})
        if place == "body" and schema.body_parameter is not None:
            members[schema.body_parameter] = {"type": ["object", "null"]}
            continue
        for name, described in part.get("properties", {}).items():
            if name not in binding.left_out:
                members[binding.renamed.get(name, name)] = _type(described, name, binding)
        if place != "body" or schema.body_required:
            needed = [name for name in part.get("required", ()) if name not in binding.single]
            required += [binding.renamed.get(name, name) for name in needed]
    return _part(members, tuple(required))


def _type(described: Mapping[str, Any], name: str, binding: SocketBinding) -> Mapping[str, Any]:
    if name in binding.truth_values:
        return {}
    if name in binding.single:
        return _TEXT
    kinds = described["type"]
    if isinstance(kinds, list):  # null stands for the default in HTTP only (contract, 14)
        kinds = [kind for kind in kinds if kind != "null"]
    return {"type": kinds}


def _part(
    members: Mapping[str, Any] | None,
    required: tuple[str, ...],
    headers: tuple[str, ...] = _CALLER,
) -> Part:
    """The schema of a message.

    :param members: of the body; None if the body means nothing.
    """
    properties: dict[str, Any] = {
        "headers": {"type": "object", "required": list(headers), "properties": dict(_HEADERS)}
    }
    if members is not None:
        properties["body"] = {
            "type": "object",
            "required": list(required),
            "properties": dict(members),
        }
    parts = ["headers", "body"] if required else ["headers"]
    return Part({"type": "object", "required": parts, "properties": properties}, {}, _subject)


def _subject(path: Any) -> str:
    return field_name(path) or "The message"
