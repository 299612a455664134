"""The one table of actions: routes, policy rules, schemas and docs are derived from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from angarium.actions import (
    claims,
    discovery,
    flavors,
    health,
    messages,
    pools,
    queues,
    subscriptions,
    topics,
)
from angarium.actions.base import Action

ALL: Final[tuple[Action, ...]] = (
    *discovery.ACTIONS,
    *health.ACTIONS,
    *queues.ACTIONS,
    *messages.ACTIONS,
    *claims.ACTIONS,
    *subscriptions.ACTIONS,
    *topics.ACTIONS,
    *pools.ACTIONS,
    *flavors.ACTIONS,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the REST API.

    :ivar path: a template, with parameters in braces.
    :ivar actions: by method; where there are several, those that need a query parameter first.
    """

    path: str
    actions: Mapping[str, tuple[Action, ...]]

    @property
    def methods(self) -> list[str]:
        """Sorted, as ``Allow`` shows them."""
        return sorted(self.actions)


def select(*, admin_mode: bool, pooling: bool) -> tuple[Action, ...]:
    """The actions that exist in a service configured like this."""
    return tuple(
        action
        for action in ALL
        if (admin_mode or not action.needs_admin_mode) and (pooling or not action.needs_pooling)
    )


def routes(actions: Iterable[Action]) -> tuple[Route, ...]:
    """The REST API of some actions."""
    table: dict[str, dict[str, tuple[Action, ...]]] = {}
    for action in actions:
        methods = table.setdefault(action.http.path, {})
        alternatives = (*methods.get(action.http.method, ()), action)
        methods[action.http.method] = tuple(
            sorted(alternatives, key=lambda it: it.http.needs_query is None)
        )
    return tuple(Route(path, methods) for path, methods in table.items())
