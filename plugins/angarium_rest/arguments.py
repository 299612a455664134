"""The arguments of an HTTP request (contract, ``rest-v2.md`` 1.3 to 1.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from angarium.codec import decode
from angarium.dispatch import Arguments
from angarium.errors import InvalidBody, InvalidHeader, InvalidParameter, UnsupportedMediaType
from angarium.validation import MISSING, RequestSchema

Environment = dict[str, Any]

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,4000}")
_TRUE: Final = frozenset({"true", "True", "t", "yes", "y", "1", "on"})
_FALSE: Final = frozenset({"false", "False", "f", "no", "n", "0", "off"})


class Headers(Mapping[str, str]):
    """Request headers by lower-case name; bytes beyond ASCII are UTF-8 where they can be."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        value: str = self._environment[_key(name)]
        return value if value.isascii() else _decoded(value)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _key(name) in self._environment

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header, or ``default``."""
        value = self._environment.get(_key(name))
        if value is None:
            return default
        return value if value.isascii() else _decoded(value)

    def __iter__(self) -> Iterator[str]:
        for key in self._environment:
            if key.startswith("HTTP_"):
                yield key[5:].lower().replace("_", "-")

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(maxsize=256)
def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _decoded(value: str) -> str:
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


class HttpArguments(Arguments):
    """Query and body of one request, read from its WSGI environment.

    :ivar parsed_query: what :meth:`query` returned, for links to the next page.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._raw = b""
        self.parsed_query: dict[str, Any] = {}

    @property
    def declares_body(self) -> bool:
        """Whether a body follows the headers.

        :raises InvalidHeader: the Content-Length is not a whole number of bytes.
        """
        return self._is_chunked or self._declared_size() > 0

    @property
    def _is_chunked(self) -> bool:
        return "chunked" in self._environment.get("HTTP_TRANSFER_ENCODING", "").lower()

    def _declared_size(self) -> int:
        text = self._environment.get("CONTENT_LENGTH") or "0"
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise InvalidHeader("The Content-Length header must be a whole number of bytes.")
        return int(text)

    def query(self, schema: RequestSchema) -> dict[str, Any]:
        """Typed parameters in the order of the request; empty ones count as absent."""
        kinds = schema.query_types
        given: dict[str, Any] = {}
        for name, value in self._raw_query:
            if kinds.get(name) == "array":
                given.setdefault(name, []).extend(filter(None, value.split(",")))
            elif name in kinds or schema.open_query:
                given[name] = value  # the last one counts, so the others may be anything
        parameters = {
            name: _READERS[kinds.get(name, "string")](name, value) for name, value in given.items()
        }
        self.parsed_query = parameters
        return parameters

    def has(self, parameter: str) -> bool:
        """Whether a parameter is there and not empty."""
        return any(name == parameter for name, _ in self._raw_query)

    @cached_property
    def _raw_query(self) -> list[tuple[str, str]]:
        """Decoded names and values; bytes that are no UTF-8 become replacement characters."""
        text: str = self._environment.get("QUERY_STRING", "")
        if not text.isascii():
            text = text.encode("latin-1").decode("utf-8", "replace")
        return parse_qsl(text, errors="replace") if text else []

    def body_size(self, at_most: int) -> int:
        """Read the body, unless it is declared larger than ``at_most``."""
        stream = self._environment["wsgi.input"]
        if self._is_chunked:
            self._raw = _read(stream, at_most + 1)
            return len(self._raw)
        size = self._declared_size()
        if 0 < size <= at_most:
            self._raw = _read(stream, size)
            if len(self._raw) < size:
                raise InvalidBody(f"The request body ended after {len(self._raw)} of {size} bytes.")
        return size

    def body(self, schema: RequestSchema) -> Any:
        """The document that :meth:`body_size` read."""
        declared = self._environment.get("CONTENT_TYPE", "")
        if schema.media_type is not None and declared != schema.media_type:
            raise UnsupportedMediaType
        if not self._raw:
            return MISSING
        document = decode(self._raw)
        if not isinstance(document, dict | list):
            raise InvalidBody(
                "The request body could not be parsed: it must be a JSON object or array."
            )
        return document


def _read(stream: Any, size: int) -> bytes:
    """Up to ``size`` bytes; a server may hand them over in pieces.

    :raises InvalidBody: the connection failed meanwhile; nobody may hear it, but it is no bug.
    """
    pieces = []
    while size > 0:
        try:
            piece = stream.read(size)
        except OSError as error:
            raise InvalidBody("The connection ended before the request body did.") from error
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _integer(name: str, text: str) -> int:
    if _INTEGER.fullmatch(text):
        return int(text)
    raise InvalidParameter(f"The query parameter {name} must be an integer.")


def _boolean(name: str, text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidParameter(f"The query parameter {name} must be true or false.")


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "array": lambda _, items: items,
    "integer": _integer,
    "boolean": _boolean,
    "string": lambda _, text: text,
}
