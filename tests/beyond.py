"""What full runs add to the usual ones: more stores, doors and topics, and larger counts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests import stores

OPTION: Final = "--beyond-default"

_KIT: Final = Path(__file__).parent / "storage"
_COUNTS: Final = re.compile(r"\b(scaled|IS_FULL|ANGARIUM_TEST_FULL)\b")
_USUAL_STORE: Final = "sqlite"
_ADDED_STORES: Final = ("mysql", *stores.SLOW_STORES, *stores.PRIVATE_STORES)


def is_added(item: pytest.Item) -> bool:
    """Whether a test is not the same in the usual run, or not there at all."""
    chosen = getattr(getattr(item, "callspec", None), "params", {})
    store = chosen.get("store")
    if store in _ADDED_STORES:
        return True
    is_variant = chosen.get("door") == "websocket" or chosen.get("kind") == "topic"
    if is_variant and store not in (None, _USUAL_STORE):
        return True
    return _KIT in item.path.parents or _has_counts(item.path)


@cache
def _has_counts(path: Path) -> bool:
    return _COUNTS.search(path.read_text()) is not None
