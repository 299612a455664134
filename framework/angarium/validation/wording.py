"""Sentences about what is wrong: they name the field and the rule, and echo no long values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jsonschema import ValidationError

from angarium.validation.formats import Format

_LONGEST_NAME: Final = 64
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "array": ("an array",),
    "boolean": ("true", "false"),
    "integer": ("an integer",),
    "null": ("null",),
    "number": ("a number",),
    "object": ("an object",),
    "string": ("a string",),
}


def printable(name: Any) -> str:
    """A name that a client chose, fit for a sentence and a log line."""
    text = str(name)
    short = text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
    return "".join(character if character.isprintable() else "?" for character in short)


def field_name(path: Sequence[str | int]) -> str:
    """Where in a body, a query or a path something stands: ``messages[3].ttl``."""
    name = ""
    for step in path:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            name += f".{printable(step)}" if name else printable(step)
    return name


def sentence(field: str, error: ValidationError, formats: Mapping[str, Format]) -> str:
    """What a field must be.

    :param field: its name, as the first words of the sentence.
    """
    keyword = str(error.validator)
    if keyword == "format":
        return f"{field} must {formats[str(error.validator_value)].demand}."
    demand = _DEMANDS.get(keyword, _anything)
    return f"{field} {demand(error.schema, error)}."


Demand = Callable[[Any, ValidationError], str]


def _type(schema: Any, error: ValidationError) -> str:
    kinds = schema["type"]
    names = [
        name for kind in ([kinds] if isinstance(kinds, str) else kinds) for name in _KINDS[kind]
    ]
    return f"must be {' or '.join(filter(None, (', '.join(names[:-1]), names[-1])))}"


def _required(schema: Any, error: ValidationError) -> str:
    instance: Any = error.instance
    missing = [name for name in schema["required"] if name not in instance]
    return f"must have the member{'s' if len(missing) > 1 else ''} {' and '.join(missing)}"


def _closed(schema: Any, error: ValidationError) -> str:
    known = schema.get("properties", {})
    instance: Any = error.instance
    extra = next(name for name in instance if name not in known)
    return f"has the unknown member {printable(extra)}; known are {', '.join(known)}"


def _between(low: str, high: str, verb: str, unit: str = "") -> Demand:
    def demand(schema: Any, error: ValidationError) -> str:
        if low in schema and high in schema:
            return f"must {verb} between {schema[low]} and {schema[high]}{unit}"
        if unit and schema.get(low) == 1:
            return "must not be empty"
        if low in schema:
            return f"must {verb.replace('lie', 'be')} at least {schema[low]}{unit}"
        return f"must {verb.replace('lie', 'be')} at most {schema[high]}{unit}"

    return demand


def _enum(schema: Any, error: ValidationError) -> str:
    return f"must be one of {', '.join(json.dumps(value) for value in schema['enum'])}"


def _anything(schema: Any, error: ValidationError) -> str:
    return "does not have the required form"


_RANGE: Final = _between("minimum", "maximum", "lie")
_LENGTH: Final = _between("minLength", "maxLength", "have", " characters")
_COUNT: Final = _between("minItems", "maxItems", "have", " entries")

_DEMANDS: Final[Mapping[str, Demand]] = {
    "additionalProperties": _closed,
    "enum": _enum,
    "maxItems": _COUNT,
    "maxLength": _LENGTH,
    "maximum": _RANGE,
    "minItems": _COUNT,
    "minLength": _LENGTH,
    "minimum": _RANGE,
    "required": _required,
    "type": _type,
}
