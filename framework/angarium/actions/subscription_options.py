"""The options of subscriptions: what schemas cannot say of them, and what nobody is shown.

Contract: ``notifications.md`` 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from angarium.actions.metadata import check_retry_policy
from angarium.errors import InvalidRequest
from angarium.notifications.filtering import count_conditions

SIGNING_SECRET: Final = "_signing_secret"  # noqa: S105 - the name of an option
TRUST_ID: Final = "trust_id"
_HIDDEN: Final = frozenset({SIGNING_SECRET, "_delivery_secret"})
_MOST_CONDITIONS: Final = 150


def check(options: Mapping[str, Any]) -> None:
    """Refuse options that fit their schema and cannot be used all the same.

    :raises InvalidRequest: the retry policy contradicts itself, or the filter is too large.
    """
    check_retry_policy(options.get("_retry_policy") or {}, InvalidRequest)
    if count_conditions(options.get("_filter", {})) > _MOST_CONDITIONS:
        raise InvalidRequest(
            f"options._filter may have at most {_MOST_CONDITIONS} conditions in all."
        )


def shown(options: Mapping[str, Any]) -> dict[str, Any]:
    """What clients see."""
    return {name: value for name, value in options.items() if name not in _HIDDEN}


def replaced(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What takes the place of stored options: a secret that nobody can read stays."""
    kept = {name: stored[name] for name in (SIGNING_SECRET,) if name in stored}
    return {**kept, **given}
