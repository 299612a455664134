"""JSON as the API reads and writes it (contract, ``rest-v2.md`` 1.4)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from angarium.errors import InvalidBody
from angarium.validation.wording import field_name

_LARGEST: Final = 2**63 - 1
_SMALLEST: Final = -(2**63)
_LONGEST_INTEGER: Final = len(str(_SMALLEST))
_DEEPEST: Final = 200
_MARGIN: Final = 254 - _DEEPEST  # orjson writes 254 levels
_NAMED_STEPS: Final = 6  # of the way to a field that a refusal names
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class _Unusable(Exception):
    """Raised by a reader of numbers.

    :ivar verdict: completes a sentence that begins with the name of a field.
    """

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict)
        self.verdict = verdict


def _integer(text: str) -> int:
    if len(text) <= _LONGEST_INTEGER:
        number = int(text)
        if _SMALLEST <= number <= _LARGEST:
            return number
    raise _Unusable("must be an integer of at most 64 bits")


def _real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Unusable("must be a number that a double can hold")
    return number


def _constant(text: str) -> Any:
    raise _Unusable(f"must not be {text}, which is not JSON")


_decoder = json.JSONDecoder(parse_int=_integer, parse_float=_real, parse_constant=_constant)


def decode(raw: bytes) -> Any:
    """Parse a document.

    What is accepted can be written again, in the answers around it too.

    :raises InvalidBody: it is not UTF-8 or not JSON, nests deeper than 200 levels, or has a number
        that neither a 64-bit integer nor a double can hold, or half of a surrogate pair.
    """
    document = _parse(raw)
    if raw.count(b"[") + raw.count(b"{") > _DEEPEST or _SURROGATE.search(raw):
        _check_writable(document)
    return document


def _parse(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8")
        return _decoder.decode(text)
    except UnicodeDecodeError as error:
        raise InvalidBody(
            "The request body could not be parsed: it is not encoded in UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise InvalidBody(
            f"The request body could not be parsed as JSON: {error.msg} at line {error.lineno}, "
            f"column {error.colno}."
        ) from error
    except RecursionError:
        raise InvalidBody("The request body could not be parsed: it nests too deep.") from None
    except _Unusable as error:
        raise InvalidBody(
            f"The request body could not be parsed: {_field_of_unusable(text)} {error.verdict}."
        ) from error


def _field_of_unusable(text: str) -> str:
    """The name of the first field whose number cannot be used."""

    def marking(read: Callable[[str], Any]) -> Callable[[str], Any]:
        def read_or_mark(text: str) -> Any:
            try:
                return read(text)
            except _Unusable as error:
                return error

        return read_or_mark

    marks = json.JSONDecoder(
        parse_int=marking(_integer), parse_float=marking(_real), parse_constant=marking(_constant)
    )
    try:
        path = _path_of_mark(marks.decode(text))
    except (json.JSONDecodeError, RecursionError):  # something else is wrong further on
        return "a number"
    more = "…" if len(path) > _NAMED_STEPS else ""
    return f"{field_name(path[:_NAMED_STEPS])}{more}" or "it"


def _path_of_mark(document: Any) -> list[str | int]:
    """The way to the first mark in the order of the document, without recursion."""
    rest: list[tuple[Any, list[str | int]]] = [(document, [])]
    while rest:
        value, path = rest.pop()
        if isinstance(value, _Unusable):
            return path
        if isinstance(value, dict):
            rest += [(inner, [*path, key]) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            rest += [(value[index], [*path, index]) for index in reversed(range(len(value)))]
    return []


def _check_writable(document: Any) -> None:
    for _ in range(_MARGIN):
        document = [document]
    encode(document)


def encode(document: Any) -> bytes:
    """Write a document that :func:`decode` or the service itself made.

    :raises InvalidBody: it holds half of a surrogate pair, or nests deeper than 254 levels.
    """
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError as error:
        raise InvalidBody(
            "The request body holds what cannot be stored: half of a surrogate pair in a text, or "
            f"more than {_DEEPEST} levels of nesting."
        ) from error
