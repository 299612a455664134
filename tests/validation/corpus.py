"""Makes bad (and other good) instances from good ones: every place, every kind of damage."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

HUGE = 10**30
DEEP: list[Any] = []
for _ in range(300):
    DEEP = [DEEP]

# Of every type, at every edge that a keyword can draw.
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    20,
    21,
    59,
    60,
    61,
    900,
    901,
    43200,
    43201,
    262144,
    262145,
    1209600,
    1209601,
    2**63 - 1,
    -(2**63),
    HUGE,
    -HUGE,
    0.0,
    1.0,
    300.0,
    300.5,
    -0.0,
    1e300,
    "",
    "a",
    "a\n",
    "a b",
    "300",
    "é",
    "messages",
    "linear",
    "add",
    "x" * 64,
    "x" * 65,
    "x" * 256,
    "x" * 257,
    "\x00",
    "\ufffd",
    "c07d9f5e2a414b8c8e6d7f9012ab34cd",
    [],
    {},
    [None],
    [1, "a"],
    ["messages", "messages"],
    ["messages", "claims"],
    ["a"] * 20,
    ["a"] * 21,
    {"a": 1},
    {"body": 1},
    [[]],
    [{}],
    DEEP,
)

Place = tuple[Any, ...]


def places(instance: Any, prefix: Place = ()) -> Iterator[Place]:
    """The paths of all values inside an instance, its own included."""
    yield prefix
    if isinstance(instance, dict):
        for name, value in instance.items():
            yield from places(value, (*prefix, name))
    elif isinstance(instance, list):
        for index, value in enumerate(instance):
            yield from places(value, (*prefix, index))


def replaced(instance: Any, place: Place, value: Any) -> Any:
    """A copy with another value at one place."""
    if not place:
        return value
    changed = copy.deepcopy(instance)
    _container(changed, place)[place[-1]] = value
    return changed


def without(instance: Any, place: Place) -> Any:
    """A copy that lacks the member or element at one place."""
    changed = copy.deepcopy(instance)
    del _container(changed, place)[place[-1]]
    return changed


def extended(instance: Any, place: Place, value: Any) -> Any:
    """A copy in which the container at one place has one thing more."""
    changed = copy.deepcopy(instance)
    container = _at(changed, place)
    if isinstance(container, dict):
        container["unknown"] = value
    elif isinstance(container, list):
        container.append(value)
    return changed


def variants(instance: Any) -> Iterator[Any]:
    """The instance and everything that one change makes of it."""
    yield instance
    for place in places(instance):
        for value in VALUES:
            yield replaced(instance, place, value)
            yield extended(instance, place, value)
        if place:
            yield without(instance, place)


def _at(instance: Any, place: Place) -> Any:
    for step in place:
        instance = instance[step]
    return instance


def _container(instance: Any, place: Place) -> Any:
    return _at(instance, place[:-1])
