"""Markers: the position of a message in its queue, as decimal digits."""

from __future__ import annotations

from typing import Final

LAST_POSITION: Final = 2**63 - 1
_LONGEST: Final = len(str(LAST_POSITION))


def position_after(marker: str | None) -> int:
    """The position after which a listing begins: none is behind one that cannot be read."""
    if marker is None:
        return 0
    if marker.isascii() and marker.isdigit() and len(marker) <= _LONGEST:
        return min(int(marker), LAST_POSITION)
    return LAST_POSITION
