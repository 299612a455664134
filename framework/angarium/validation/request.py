"""The schema of one action's requests, and all that transports have to know from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from angarium.errors import ApiError, InvalidRequest
from angarium.limits import Limits
from angarium.validation.documents import Schema
from angarium.validation.formats import Format
from angarium.validation.part import Part
from angarium.validation.verdict import (
    BODY,
    QUERY,
    error_class,
    subject_in_body,
    subject_in_header,
    subject_in_request,
)


class _Missing:
    """The type of :data:`MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands for the body of a request that has none."""


class RequestSchema:
    """What a request of one action must look like.

    :ivar name: the action.
    :ivar schema: expanded, without references.
    :ivar headers: checks :meth:`check_headers`.
    :ivar path: checks :meth:`check_path`.
    :ivar arguments: checks :meth:`check`.
    :ivar query_types: by parameter, ``integer``, ``boolean``, ``string`` or ``array``.
    :ivar open_query: whether parameters that are not declared mean something.
    :ivar takes_body: whether a body means something; otherwise it is to be ignored.
    :ivar body_required: whether there must be one.
    :ivar body_parameter: the parameter that the whole body is, or None if its members are.
    :ivar body_members: the members that the body declares; others have no meaning.
    :ivar max_body: bytes; more is refused with ``body_error``.
    :ivar media_type: the only one in which the body may come, or None.
    """

    def __init__(
        self, name: str, schema: Schema, limits: Limits, formats: Mapping[str, Format]
    ) -> None:
        self.name = name
        self.schema = schema
        parts = schema.get("properties", {})
        self._formats = formats
        self.headers = Part(parts.get("headers", {}), formats, subject_in_header, "headers")
        self.path = Part(parts.get("path", {}), formats, subject_in_body, "path")
        self.arguments = Part(_arguments(schema), formats, subject_in_request, place="")
        query, body = parts.get(QUERY, {}), parts.get(BODY, {})
        self.query_types: Mapping[str, str] = {
            parameter: each["type"] for parameter, each in query.get("properties", {}).items()
        }
        self.open_query = query.get("additionalProperties", False) is not False
        self.takes_body = BODY in parts
        self.body_required = BODY in schema.get("required", ())
        self.body_parameter: str | None = body.get("x-parameter")
        self.body_members = frozenset(body.get("properties", {}))
        self.max_body: int = getattr(limits, body.get("x-max-bytes", "max_queue_metadata"))
        self.body_error = _size_error(body)
        self.media_type: str | None = body.get("contentMediaType")

    def check_headers(self, headers: Mapping[str, str], *, any_client_id: bool = False) -> None:
        """Check ``Client-ID`` and ``X-Project-Id``, in exactly these spellings.

        :param any_client_id: accept every Client-ID, whatever its form.
        :raises ApiError: one is missing or malformed (contract, ``rest-v2.md`` 1.3).
        """
        part = self._headers_of_any_client if any_client_id else self.headers
        part.check(headers)

    @cached_property
    def _headers_of_any_client(self) -> Part:
        schema = _without_formats(self.headers.schema)
        return Part(schema, self._formats, subject_in_header, "headers")

    def check_path(self, path: Mapping[str, str]) -> None:
        """Check the parameters of the route.

        :raises ApiError: a name is malformed; an identifier never is.
        """
        self.path.check(path)

    def check(self, query: Mapping[str, Any], body: Any = MISSING) -> None:
        """Check the arguments: those beside the body, each of its declared type, and the body.

        :raises ApiError: of several problems, the one that the contract puts first.
        """
        self.arguments.check({QUERY: query} if body is MISSING else {QUERY: query, BODY: body})


def _without_formats(schema: Any) -> Any:
    """The schema of some headers without the keyword ``format``."""
    if isinstance(schema, list):
        return [_without_formats(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_formats(each) for key, each in schema.items() if key != "format"}


def _arguments(schema: Schema) -> Schema:
    """The request schema without what was checked before."""
    kept = {name: each for name, each in schema.get("properties", {}).items() if name in _ARGUMENTS}
    return {**schema, "properties": kept}


_ARGUMENTS: Final = (QUERY, BODY)


def _size_error(body: Schema) -> type[ApiError]:
    notes = body.get("x-errors", {})
    note = {**notes.get("*", {}), **notes.get("x-max-bytes", {})}
    return error_class(note["title"]) if "title" in note else InvalidRequest
