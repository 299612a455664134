"""The texts of the functions that the migrations install."""

from __future__ import annotations

from importlib import resources
from typing import Final

# In the order in which they are installed: first what the others use, in the end what sets up all.
FILES: Final = (
    "types.sql",
    "queue.sql",
    "post.sql",
    "read.sql",
    "take.sql",
    "claim.sql",
    "delete.sql",
    "transfer.sql",
    "reclaim.sql",
    "plans.sql",
)


def texts() -> list[str]:
    """The text of each file."""
    folder = resources.files("angarium_sql.postgresql")
    return [(folder / name).read_text("utf-8") for name in FILES]
