"""Formats that JSON Schema does not know, each with the words for what it demands."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from angarium.limits import Limits

_COMMON: Final = 64  # characters; verdicts on longer texts are not worth the memory


@dataclass(frozen=True, slots=True)
class Format:
    """A rule for strings.

    :ivar matches: whether a string keeps the rule.
    :ivar demand: what completes "The Client-ID header must …".
    """

    matches: Callable[[str], bool]
    demand: str


def formats(limits: Limits) -> Mapping[str, Format]:
    """The formats of the documents, by name."""
    return {"client-id": _client_id(limits)}


def _client_id(limits: Limits) -> Format:
    """Any spelling of a UUID, or any string of permitted length (``client_id_uuid_safe``)."""
    if limits.client_id_uuid_safe == "strict":
        return Format(_is_uuid, "be a UUID")
    shortest, longest = limits.min_length_client_id, limits.max_length_client_id
    return Format(
        lambda text: shortest <= len(text) <= longest,
        f"have between {shortest} and {longest} characters",
    )


def _is_uuid(text: str) -> bool:
    return _is_common_uuid(text) if len(text) <= _COMMON else _parses(text)


def _parses(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


_is_common_uuid = lru_cache(maxsize=1024)(_parses)
