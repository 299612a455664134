"""The one place where time can be moved: an offset that every driver adds to its store's clock.

The offset is 0 in production. Tests move it in running servers too: ``ANGARIUM_CLOCK_OFFSET_FILE``
names a file of eight bytes (a signed 64-bit integer in native order, whole seconds) that every
process maps into its memory, so that a change is seen by all of them at once.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path

ENVIRONMENT_VARIABLE = "ANGARIUM_CLOCK_OFFSET_FILE"
_FORMAT = struct.Struct("=q")


class Clock:
    """Process time in whole seconds since 1970 (UTC) plus an offset in seconds."""

    def __init__(self, offset: int = 0) -> None:
        self._offset = offset

    @property
    def offset(self) -> int:
        """Seconds to add to whatever clock a store reads."""
        return self._offset

    @offset.setter
    def offset(self, seconds: int) -> None:
        self._offset = seconds

    def now(self) -> int:
        """Whole seconds since 1970, for stores that have no clock of their own."""
        return int(time.time()) + self.offset


class SharedClock(Clock):
    """A clock whose offset lives in a file that several processes share.

    :param path: a file of eight bytes; it is created with offset 0 when it is missing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        if not path.exists():
            path.write_bytes(_FORMAT.pack(0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FORMAT.size)

    @property
    def offset(self) -> int:
        """Seconds to add, as the file says now."""
        seconds: int = _FORMAT.unpack_from(self._memory)[0]
        return seconds

    @offset.setter
    def offset(self, seconds: int) -> None:
        _FORMAT.pack_into(self._memory, 0, seconds)


def from_environment() -> Clock:
    """The clock of this process: shared when the environment names an offset file."""
    path = os.environ.get(ENVIRONMENT_VARIABLE)
    return SharedClock(Path(path)) if path else Clock()
