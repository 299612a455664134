"""The installation of these tests."""

from __future__ import annotations

import pytest

from tests.notifications.world import World


@pytest.fixture
def world() -> World:
    """Stores in memory with the default options."""
    return World()
