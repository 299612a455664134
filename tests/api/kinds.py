"""Cases that hold for topics as for queues (``rest-v2.md`` 6)."""

from __future__ import annotations

from typing import Final

import pytest

from angarium.testing.effort import IS_FULL
from tests import stores

_STORES: Final = (*stores.STORES, *stores.PRIVATE_STORES, *stores.SLOW_STORES)
_STORES_WITH_TOPICS: Final = _STORES if IS_FULL else _STORES[:1]

mirrored: Final = pytest.mark.parametrize(
    ("store", "kind"),
    [
        *(pytest.param(store, "queue", id=store) for store in _STORES),
        *(pytest.param(store, "topic", id=f"{store}-topic") for store in _STORES_WITH_TOPICS),
    ],
    indirect=True,
)
"""Runs a case for queues on each store, and for topics: on one store, or on all in full runs."""
