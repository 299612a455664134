"""What stands for a body that is not sent."""

from __future__ import annotations

from typing import Any, Final

UNSET: Final[Any] = type("Unset", (), {"__repr__": lambda self: "UNSET"})()
"""No body, which is something else than the body ``null``."""
