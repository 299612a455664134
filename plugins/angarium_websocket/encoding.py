"""Documents in the two encodings of messages: JSON text, and MessagePack.

Both take what the other takes: only what can be written as JSON is read (contract, 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgpack
import orjson

from angarium import codec
from angarium.errors import InvalidBody

_LARGEST: Final = 2**63 - 1
_DEEPEST: Final = 200  # as in JSON


class Undecodable(Exception):
    """Raised for a message that is no document.

    Its text is what the client gets.
    """


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to write documents.

    :ivar decode: raises :class:`Undecodable`.
    :ivar encode: of documents in which stored values went through ``stored``.
    :ivar stored: makes of JSON bytes what ``encode`` takes in their place.
    """

    decode: Callable[[bytes], Any]
    encode: Callable[[Any], str | bytes]
    stored: Callable[[bytes], Any]


def _decode_json(raw: bytes) -> Any:
    try:
        return codec.decode(raw)
    except InvalidBody as error:
        raise Undecodable(f"Can't decode text (JSON): {error.description}") from error


def _decode_msgpack(raw: bytes) -> Any:
    try:
        document = msgpack.unpackb(raw, ext_hook=_refuse_extension, timestamp=0)
        _check(document)
    except (ValueError, msgpack.UnpackException, RecursionError, TypeError) as error:
        why = str(error) or "it is malformed or nests too deep."
        raise Undecodable(f"Can't decode binary (MessagePack): {why}") from error
    return document


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError("extension types are not accepted.")


def _check(document: Any) -> None:
    """Refuse what JSON does not have, without recursion.

    :raises ValueError: with the reason.
    """
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise ValueError(f"it nests deeper than {_DEEPEST} levels.")
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                _check_keys(value)
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            else:
                _check_scalar(value)
        level = inner


def _check_keys(document: dict[Any, Any]) -> None:
    for key in document:
        if not isinstance(key, str):
            raise ValueError("the keys of maps must be strings.")


def _check_scalar(value: Any) -> None:
    if isinstance(value, bytes | msgpack.Timestamp):
        raise ValueError("binary values and time stamps are not accepted.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("numbers must be finite.")
    if isinstance(value, int) and value > _LARGEST:
        raise ValueError("integers may have at most 64 bits.")


TEXT: Final = Encoding(_decode_json, lambda it: orjson.dumps(it).decode(), orjson.Fragment)
BINARY: Final = Encoding(_decode_msgpack, msgpack.packb, orjson.loads)
