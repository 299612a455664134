"""Results without what may differ although they are the same."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from types import NoneType
from typing import Any, Final

from angarium.storage.deliveries import Duty, DutyStatus, Lane, ListedDuty, Notice
from angarium.storage.models import Claim, Kind, Message, MessageMoment, Page, Stats

_PLAIN: Final = (str, bytes, int, bool, NoneType, Kind, DutyStatus)

UNIT: Final = 1000
"""Seconds that ages are counted in: real time that passes meanwhile does not show."""


def _units(seconds: int) -> int:
    return (seconds + UNIT // 4) // UNIT


def plain(value: Any) -> Any:
    """A result without real seconds, positions and the form of markers, at any depth."""
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
        case Notice() | Duty() | ListedDuty():
            return _plain_delivery(value)
        case Lane():
            return replace(value, duties=plain(value.duties))
        case MessageMoment():
            return value.id, _units(value.age)
        case Stats():
            return value.total, value.claimed, plain(value.oldest), plain(value.newest)
    return value


def _plain_delivery(value: Notice | Duty | ListedDuty) -> Any:
    names = {field.name for field in fields(value)}
    changes: dict[str, Any] = dict.fromkeys(names & {"position"}, 0)
    changes |= {name: _units(getattr(value, name)) for name in names & {"age", "late", "due"}}
    return replace(value, **changes)


def insist_on_plain_values(value: Any, place: str = "result") -> None:
    """A driver hands over strings, bytes and numbers as such, never subclasses of its client's.

    Another store's client may refuse those.

    :param place: what to call the value.
    :raises AssertionError: somewhere in it is something else.
    """
    if isinstance(value, tuple | list):
        for item in value:
            insist_on_plain_values(item, place)
    elif is_dataclass(value):
        for field in fields(value):
            insist_on_plain_values(getattr(value, field.name), f"{place}.{field.name}")
    else:
        assert type(value) in _PLAIN, f"{place} is a {type(value).__qualname__}"
