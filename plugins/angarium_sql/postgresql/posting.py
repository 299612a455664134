"""Posting: what several threads post to one queue at once is one statement.

The row of the queue stays locked until the commit, so a second statement could only wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from angarium.errors import OutcomeUnknown
from angarium.storage.models import Scope
from angarium_sql.database import Database
from angarium_sql.groups import Group, Outcome
from angarium_sql.postgresql.calls import TIMED_QUEUE, Function

Post = tuple[Any, ...]
"""The arguments of the function."""

_PARAMETERS: Final = (
    *(*TIMED_QUEUE, "bytea", "bytea[]", "bytea[]", "int[]", "int[]", "bytea[]"),
    *("bytea", "bytea", "bytea", "bytea"),
)
_PATIENCE: Final = 10.0  # seconds that a post waits for those before it


class Posting:
    """The posts of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._groups: dict[Scope, tuple[Group[Post], int]] = {}

    def post(self, scope: Scope, post: Post) -> str:
        """Call the function, perhaps together with other posts to the queue.

        :returns: its outcome.
        :raises StoreUnreachable: the database failed.
        """
        group = self._enter(scope)
        try:
            return str(group.want(post))
        finally:
            self._leave(scope)

    def _enter(self, scope: Scope) -> Group[Post]:
        with self._lock:
            group, users = self._groups.get(scope) or (Group(self._carry_out, _PATIENCE), 0)
            self._groups[scope] = group, users + 1
            return group

    def _leave(self, scope: Scope) -> None:
        with self._lock:
            group, users = self._groups.pop(scope)
            if users > 1:
                self._groups[scope] = group, users - 1

    def _carry_out(self, posts: Sequence[Post]) -> list[Outcome]:
        together = self._together(posts) if len(posts) > 1 else None
        return together or [self._alone(post) for post in posts]

    def _alone(self, post: Post) -> Outcome:
        try:
            return _function(1).call(self._database, post)[0][0], None
        except Exception as error:
            return None, error

    def _together(self, posts: Sequence[Post]) -> list[Outcome] | None:
        """None if one of them failed and took the others with it."""
        arguments = [argument for post in posts for argument in post]
        try:
            row = _function(len(posts)).call(self._database, arguments)[0]
        except OutcomeUnknown:
            return [(None, OutcomeUnknown()) for _ in posts]
        except Exception:
            return None
        return [(outcome, None) for outcome in row]


@cache
def _function(count: int) -> Function:
    """The function, called so often in one statement."""
    return Function("angarium_post", *_PARAMETERS, count=count)
