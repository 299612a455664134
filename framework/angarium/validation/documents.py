"""Schema documents made ready for use: references inlined, limits and options entered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from angarium.limits import Limits

Schema = dict[str, Any]

_BASE: Final = "angarium:"
_ONE: Final = frozenset(
    {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
)
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS: Final = frozenset({"dependentSchemas", "patternProperties", "properties"})
# "$schema" would make the reference leave our dialect for the standard one, from there inwards.
_CONSUMED: Final = frozenset({"$defs", "$id", "$ref", "$schema", "x-limits", "x-when"})
_ANNOTATIONS: Final = frozenset({"description", "title"})


class Documents:
    """All schema documents under one set of limits.

    :param documents: by path, as :func:`angarium.schemas.load` returns them.
    """

    def __init__(self, documents: Mapping[str, Schema], limits: Limits) -> None:
        self.paths = tuple(documents)
        self._limits = limits
        self._registry: Registry[Any] = Registry().with_resources(
            (f"{_BASE}{path}", DRAFT202012.create_resource(document))
            for path, document in documents.items()
        )

    def expand(self, reference: str) -> Schema:
        """A schema that stands by itself.

        :param reference: a path, with a JSON pointer after ``#`` for a part of the document.
        :raises LookupError: there is no such document or part, or one that it refers to.
        """
        start = {"$ref": f"{_BASE}{reference}"}
        try:
            expanded: Schema = self._expand(start, self._registry.resolver(_BASE))
        except Unresolvable as error:
            raise LookupError(f"there is no schema {error.ref}") from error
        return expanded

    def _expand(self, schema: Any, resolver: Any) -> Any:
        if isinstance(schema, bool):
            return schema
        expanded = {
            keyword: self._expand_value(keyword, value, resolver)
            for keyword, value in schema.items()
            if keyword not in _CONSUMED
        }
        self._enter_limits(schema, expanded, resolver)
        if "$ref" not in schema:
            return expanded
        target = resolver.lookup(schema["$ref"])
        return _merge(self._expand(target.contents, target.resolver), expanded)

    def _expand_value(self, keyword: str, value: Any, resolver: Any) -> Any:
        if keyword in _ONE:
            return self._expand(value, resolver)
        if keyword in _LISTS:
            return [self._expand(each, resolver) for each in value]
        if keyword in _MAPS:
            return {name: self._expand(each, resolver) for name, each in value.items()}
        return value

    def _enter_limits(self, schema: Schema, expanded: Schema, resolver: Any) -> None:
        for keyword, name in schema.get("x-limits", {}).items():
            expanded[keyword] = getattr(self._limits, name)
        for name, more in schema.get("x-when", {}).items():
            if getattr(self._limits, name):
                expanded["allOf"] = [*expanded.get("allOf", ()), self._expand(more, resolver)]


def _merge(target: Schema, beside: Schema) -> Schema:
    """A referenced schema with the keywords beside the reference; texts beside it win."""
    for keyword in target.keys() & beside.keys() - _ANNOTATIONS - {"x-errors"}:
        raise ValueError(f"{keyword} is both beside a $ref and in what it refers to")
    merged = {**target, **beside}
    if "x-errors" in target:
        merged["x-errors"] = {**target["x-errors"], **beside.get("x-errors", {})}
    return merged
