"""Which messages a subscription is about: the filter policy of its option ``_filter``.

A policy names members of the body. Each comes with a list of conditions, one of which must hold, or
with a policy for an object; all of them must match. What a policy may look like is said by
``v2/subscriptions/filter_policy.json``. A look at a body costs at most the number of conditions for
each value in it, and that number has a limit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_ABSENT: Final = object()
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(policy: Mapping[str, Any], body: Any) -> bool:
    """Whether a message with this body is to be announced.

    :param policy: fits its schema.
    :param body: any JSON value; one that is no object has no members.
    """
    if isinstance(body, list):  # one element has to match as a whole
        elements: list[Any] = body or [None]
        return any(matches(policy, each) for each in elements)
    members = body if isinstance(body, dict) else {}
    return all(_holds(wanted, members.get(name, _ABSENT)) for name, wanted in policy.items())


def count_conditions(policy: Mapping[str, Any]) -> int:
    """How many conditions a policy has in all; each member of it counts as one more."""
    total = 0
    for wanted in policy.values():
        total += 1
        if isinstance(wanted, dict):
            total += count_conditions(wanted)
        else:
            total += sum(_weight(condition) for condition in wanted)
    return total


def _weight(condition: Any) -> int:
    excluded = condition.get("anything-but") if isinstance(condition, dict) else None
    return len(excluded) if isinstance(excluded, list) else 1


def _holds(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        return matches(wanted, value)
    return any(_meets(condition, value) for condition in wanted)


def _meets(condition: Any, value: Any) -> bool:
    if isinstance(condition, dict) and "exists" in condition:
        return condition["exists"] is (value is not _ABSENT)
    if isinstance(value, list):
        return any(_meets_one(condition, each) for each in value)
    return value is not _ABSENT and _meets_one(condition, value)


def _meets_one(condition: Any, value: Any) -> bool:
    if not isinstance(condition, dict):
        return _equals(condition, value)
    [(name, demand)] = condition.items()
    if name == "prefix":
        return isinstance(value, str) and value.startswith(demand)
    if name == "numeric":
        return _is_number(value) and _is_within(demand, value)
    return not _is_excluded(demand, value)


def _is_within(comparisons: Sequence[Any], value: Any) -> bool:
    pairs = zip(comparisons[::2], comparisons[1::2], strict=True)
    return all(_COMPARISONS[sign](value, bound) for sign, bound in pairs)


def _is_excluded(excluded: Any, value: Any) -> bool:
    if isinstance(excluded, dict):
        return isinstance(value, str) and value.startswith(excluded["prefix"])
    literals = excluded if isinstance(excluded, list) else [excluded]
    return any(_equals(literal, value) for literal in literals)


def _equals(literal: Any, value: Any) -> bool:
    """As in JSON: 1 is 1.0, but not true."""
    if _is_number(literal):
        return _is_number(value) and bool(literal == value)
    return type(literal) is type(value) and bool(literal == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
