"""How much the kit does: small numbers by default, full ones with ``ANGARIUM_TEST_FULL=1``."""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "ANGARIUM_TEST_FULL"
IS_FULL: Final = os.environ.get(VARIABLE, "") not in ("", "0")

PATIENCE: Final = 120.0
"""Seconds after which concurrent work that has not ended counts as hanging."""


def scaled(usual: int, full: int) -> int:
    """The number to use in this run."""
    return full if IS_FULL else usual
