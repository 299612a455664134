"""One schema, held twice: compiled to decide fast, and by the reference to say what is wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, Final

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from angarium.validation.documents import Schema
from angarium.validation.formats import Format

LOG = logging.getLogger(__name__)

_MOST_PROBLEMS: Final = 1000
_DEEPEST: Final = 12  # levels of an instance that a schema can look at
_EXACT: Final = "x-exact-integer"


def _is_integer(checker: Any, instance: Any) -> bool:
    """True and 300.0 are no integers here (contract, ``rest-v2.md`` 1.4)."""
    return isinstance(instance, int) and not isinstance(instance, bool)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """As ECMA-262 reads it: ``$`` is the very end, also where a line feed comes last."""
    return re.compile(f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern)


def _pattern(
    validator: Any, pattern: str, instance: Any, schema: Schema
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _expression(pattern).search(instance):
        yield ValidationError(f"does not match {pattern}")


_extend: Any = extend  # it has no annotations of its own

Reference: Final = _extend(
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)
"""The dialect of the documents: JSON Schema 2020-12 with integers that are written as such."""


class ExactInteger:
    """A keyword for the compiled validator, which by itself takes 300.0 for an integer."""

    def __init__(self, parent: Schema, value: Any, path: list[str | int]) -> None:
        pass

    def validate(self, instance: Any) -> None:
        """Refuse a float."""
        if isinstance(instance, float):
            raise ValueError("not written as an integer")


class Validator:
    """Decides on instances of one schema.

    :param schema: without references.
    :param formats: those that the schema may name.
    """

    def __init__(self, schema: Schema, formats: Mapping[str, Format]) -> None:
        self._compiled = jsonschema_rs.Draft202012Validator(
            for_compiler(schema),
            formats={name: each.matches for name, each in formats.items()},
            validate_formats=True,
            ignore_unknown_formats=False,
            keywords={_EXACT: ExactInteger},
        )
        checker = FormatChecker(formats=())
        for name, each in formats.items():
            checker.checks(name)(_on_strings(each))
        self._reference = Reference(schema, format_checker=checker)

    def is_valid(self, instance: Any) -> bool:
        """What the compiled validator says; False also for what it cannot read."""
        try:
            return self._compiled.is_valid(instance)
        except Exception as error:  # of whatever class: the reference is asked next
            LOG.debug("left to the reference validator: %s", error)
            return False

    def problems(self, instance: Any) -> list[ValidationError]:
        """What the reference finds, in the order of the schema; a bounded number of it."""
        return list(islice(self._reference.iter_errors(pruned(instance)), _MOST_PROBLEMS))


def _on_strings(form: Format) -> Any:
    return lambda instance: not isinstance(instance, str) or form.matches(instance)


def for_compiler(schema: Any) -> Any:
    """The schema with the keyword of :class:`ExactInteger` wherever integers are demanded."""
    if isinstance(schema, list):
        return [for_compiler(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    compiled = {
        keyword: value if keyword == "x-errors" else for_compiler(value)
        for keyword, value in schema.items()
    }
    kinds = schema.get("type")
    if kinds == "integer" or (isinstance(kinds, list) and "integer" in kinds):
        compiled[_EXACT] = True
    return compiled


def pruned(instance: Any, levels: int = _DEEPEST) -> Any:
    """A copy whose containers beyond some levels are empty: the reference prints what it refuses.

    No schema looks that deep, so this changes no verdict.
    """
    if isinstance(instance, dict):
        return {k: pruned(v, levels - 1) for k, v in instance.items()} if levels else {}
    if isinstance(instance, list):
        return [pruned(each, levels - 1) for each in instance] if levels else []
    return instance
