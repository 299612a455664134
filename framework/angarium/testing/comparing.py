"""Results without what may differ although they are the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from angarium.storage.models import Claim, Message, MessageMoment, Page, Stats

UNIT: Final = 1000
"""Seconds that ages are counted in: real time that passes meanwhile does not show."""


def _units(seconds: int) -> int:
    return (seconds + UNIT // 4) // UNIT


def plain(value: Any) -> Any:
    """A result without real seconds and without the form of markers, at any depth."""
    match value:
        case tuple():
            return tuple(plain(item) for item in value)
        case Page():
            return plain(value.messages), value.marker is None and bool(value.messages)
        case Message() | Claim():
            changes: dict[str, Any] = {"age": _units(value.age)}
            if isinstance(value, Claim):
                changes["messages"] = plain(value.messages)
            return replace(value, **changes)
        case MessageMoment():
            return value.id, _units(value.age)
        case Stats():
            return value.total, value.claimed, plain(value.oldest), plain(value.newest)
    return value
