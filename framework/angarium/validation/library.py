"""The schemas of the API under the limits of one service."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath
from typing import Any, Final

from angarium.limits import Limits
from angarium.validation.documents import Documents, Schema
from angarium.validation.formats import formats
from angarium.validation.part import Part
from angarium.validation.request import RequestSchema

# The folder of the package lies outside the source roots, where type checkers do not find it.
_schemas: Final[Any] = import_module("angarium.schemas")


class SchemaLibrary:
    """All schemas, each compiled when it is first asked for and kept."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._documents = Documents(_schemas.load(), limits)
        self._formats = formats(limits)
        self._paths = {PurePosixPath(path).stem: path for path in self._documents.paths}
        self._requests: dict[str, RequestSchema] = {}
        self._parts: dict[str, Part] = {}

    def request(self, action: str) -> RequestSchema:
        """The schema of the requests of an action.

        :raises LookupError: there is none.
        """
        if action not in self._requests:
            self._requests[action] = RequestSchema(
                action, self._documents.expand(self._paths[action]), self._limits, self._formats
            )
        return self._requests[action]

    def part(self, reference: str) -> Part:
        """A schema that is used by itself.

        :param reference: a path, ``v2/queues/queue_metadata.json`` for example, with a JSON
            pointer after ``#`` for a part of the document.
        :raises LookupError: there is none.
        """
        if reference not in self._parts:
            self._parts[reference] = Part(self._documents.expand(reference), self._formats)
        return self._parts[reference]

    def response(self, action: str, status: int) -> Schema | None:
        """The schema of the body of an answer, without references; None if the answer has none."""
        path = self._paths.get(f"{action}.{status}")
        return None if path is None else self._documents.expand(path)

    def error(self) -> Schema:
        """The schema of the body of every refusal, without references."""
        return self._documents.expand(self._paths["error"])
