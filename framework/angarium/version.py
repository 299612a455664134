"""The version of the installed distribution."""

from __future__ import annotations

import importlib.metadata


def version() -> str:
    """The version of Angarium, as its distribution says."""
    return importlib.metadata.version("angarium")
