"""JSON as the API reads and writes it (contract, ``rest-v2.md`` 1.4)."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import orjson

from angarium.errors import InvalidBody

_LARGEST: Final = 2**63 - 1
_SMALLEST: Final = -(2**63)
_LONGEST_INTEGER: Final = len(str(_SMALLEST))
_DEEPEST: Final = 200
_MARGIN: Final = 254 - _DEEPEST  # orjson writes 254 levels
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def _integer(text: str) -> int:
    if len(text) <= _LONGEST_INTEGER:
        number = int(text)
        if _SMALLEST <= number <= _LARGEST:
            return number
    raise InvalidBody("An integer in the request body exceeds 64 bits.")


def _real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidBody("A number in the request body is too large for a double.")
    return number


def _constant(text: str) -> Any:
    raise InvalidBody(f"The request body contains {text}, which is not JSON.")


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
        return _decoder.decode(raw.decode("utf-8"))
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
