"""``docs/actions.rst`` is the table of actions."""

from __future__ import annotations

from pathlib import Path

from angarium.actions import table
from tests.docs.actions import render

PAGE = Path(__file__).parents[2] / "docs" / "actions.rst"


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == render(table.ALL), (
        "write it anew: python -m tests.docs.actions > docs/actions.rst"
    )


def test_every_action_is_on_the_page() -> None:
    text = PAGE.read_text()
    for action in table.ALL:
        assert f"\n``{action.name}``\n" in text
        assert f"``{action.http.method} {action.http.path}" in text
