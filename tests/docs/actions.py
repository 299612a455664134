"""The reference page of the actions, as it follows from their table.

``python -m tests.docs.actions > docs/actions.rst`` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from angarium.actions import table
from angarium.actions.base import Action

_HEAD: Final = """\
Actions
=======

All that clients can ask for. The name of an action is that of its schema documents
(``schemas/v2/<resource>/<name>.json`` for the request, ``<name>.<status>.json`` for answers); its
rule is looked up in the policy file. Where two actions share a method and a path, the parameter
after the question mark chooses. ``OPTIONS`` is answered on every path.

This page is made from the table of actions (``angarium.actions.table``).
"""


def render(actions: Iterable[Action]) -> str:
    """The page, in reStructuredText."""
    sections = [_HEAD]
    for resource, members in groupby(actions, key=lambda action: action.resource):
        title = resource.capitalize()
        sections.append(f"{title}\n{'-' * len(title)}\n")
        sections += [_entry(action) for action in members]
    return "\n".join(sections)


def _entry(action: Action) -> str:
    http = action.http
    path = http.path if http.needs_query is None else f"{http.path}?{http.needs_query}="
    facts = [f"Rule ``{action.rule}``." if action.rule else "No rule."]
    if action.needs_pooling:
        facts.append("Needs ``[DEFAULT] admin_mode`` and ``pooling``.")
    elif action.needs_admin_mode:
        facts.append("Needs ``[DEFAULT] admin_mode``.")
    if action.socket is not None:
        facts.append("Over a WebSocket, too.")
    return (
        f"``{action.name}``\n    {action.summary}\n\n    | ``{http.method} {path}``\n"
        f"    | {' '.join(facts)}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(render(table.ALL))
