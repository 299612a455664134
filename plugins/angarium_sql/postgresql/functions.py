"""The texts of the functions that the migrations install."""

from __future__ import annotations

from importlib import resources


def texts() -> list[str]:
    """Every ``.sql`` file of this package, by name: ``00_types.sql`` comes first."""
    files = [file for file in resources.files(__package__).iterdir() if file.name.endswith(".sql")]
    return [file.read_text("utf-8") for file in sorted(files, key=lambda file: file.name)]
