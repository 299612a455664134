"""Which problem decides, which error of the API it becomes, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jsonschema import ValidationError

from angarium import errors
from angarium.errors import ApiError, InvalidBody, InvalidParameter, InvalidRequest
from angarium.validation.documents import Schema
from angarium.validation.formats import Format
from angarium.validation.wording import field_name, sentence

BODY: Final = "body"
QUERY: Final = "query"

_SHAPE: Final = frozenset({"additionalProperties", "required", "type"})
_SHAPE_RANK: Final = 10
_VALUE_RANK: Final = 20


def classes_by_title() -> dict[str, type[ApiError]]:
    """The errors for badly written requests; a title that several classes have names none."""
    found: dict[str, list[type[ApiError]]] = {}
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, ApiError) and value.status == 400:
            found.setdefault(value.title, []).append(value)
    return {title: classes[0] for title, classes in found.items() if len(classes) == 1}


_CLASSES: Final = classes_by_title()

Subject = Callable[[Sequence[str | int]], str]
"""Names the field at a path of the instance, as the first words of a sentence."""


def annotation(schema: Schema, path: Sequence[Any], keyword: str) -> Mapping[str, Any]:
    """What ``x-errors`` says of a keyword: each member from the nearest schema that has it.

    :param path: the way to the keyword, its own name included.
    """
    found: dict[str, Any] = {}
    node: Any = schema
    for step in path[:-1]:
        if isinstance(node, dict):
            found.update(node.get("x-errors", {}).get("*", {}))
        node = node[step]
    own = node.get("x-errors", {})
    return {**found, **own.get("*", {}), **own.get(keyword, {})}


def error_class(title: str) -> type[ApiError]:
    """The error with a wire title.

    :raises KeyError: no error of status 400 has it, or several.
    """
    return _CLASSES[title]


class Judge:
    """Chooses among the problems that the reference found in instances of one schema.

    :param place: ``body``, if the instance is one; otherwise the instance is a request, and its
        first level says where a problem is.
    """

    def __init__(
        self, schema: Schema, subject: Subject, formats: Mapping[str, Format], place: str = ""
    ) -> None:
        self._schema = schema
        self._subject = subject
        self._formats = formats
        self._place = place

    def judge(self, problems: Sequence[ValidationError]) -> ApiError:
        """The error of the problem with the lowest rank; the first of the document among equals."""
        problem, notes = min(
            ((problem, self._notes(problem)) for problem in problems),
            key=lambda pair: self._rank(*pair),
        )
        return self._class(problem, notes)(self._describe(problem, notes))

    def _notes(self, problem: ValidationError) -> Mapping[str, Any]:
        path = list(problem.absolute_schema_path)
        return annotation(self._schema, path, str(problem.validator))

    @staticmethod
    def _rank(problem: ValidationError, notes: Mapping[str, Any]) -> int:
        default = _SHAPE_RANK if problem.validator in _SHAPE else _VALUE_RANK
        rank: int = notes.get("rank", default)
        return rank

    def _class(self, problem: ValidationError, notes: Mapping[str, Any]) -> type[ApiError]:
        if "title" in notes:
            return error_class(notes["title"])
        is_shape = problem.validator in _SHAPE
        path = list(problem.absolute_path)
        if not self._place and path and path[0] == QUERY:
            return InvalidParameter if problem.validator == "type" else InvalidRequest
        return InvalidBody if is_shape else InvalidRequest

    def _describe(self, problem: ValidationError, notes: Mapping[str, Any]) -> str:
        field = self._subject(list(problem.absolute_path))
        described: str | None = notes.get("description")
        if described is not None:
            return described.replace("{field}", field)
        return sentence(field, problem, self._formats)


def subject_in_header(path: Sequence[str | int]) -> str:
    """``The Client-ID header``."""
    return f"The {field_name(path)} header" if path else "The request"


def subject_in_body(path: Sequence[str | int]) -> str:
    """``messages[3].ttl``."""
    return field_name(path) or "The request body"


def subject_in_request(path: Sequence[str | int]) -> str:
    """As in a body, or the name of a query parameter."""
    if not path:
        return "The request"
    return field_name(path[1:]) or f"The request {path[0]}"
