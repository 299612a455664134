"""The JSON Schema documents of the API, as package data.

``v2/<resource>/<action>.json`` describes the request of an action and
``v2/<resource>/<action>.<status>.json`` the body of an answer; ``v2/common.json`` holds what they
share and ``v2/error.json`` is the body of every refusal. How they are read, annotations included,
is documented in ``angarium.validation``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

Document = dict[str, Any]


def load() -> dict[str, Document]:
    """Read all documents, by path (``"v2/queues/queue_list.json"``), in the order of the paths."""
    return dict(sorted(_documents(files(__name__), "")))


def _documents(folder: Traversable, prefix: str) -> Iterator[tuple[str, Document]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _documents(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".json"):
            yield f"{prefix}{entry.name}", json.loads(entry.read_text("utf-8"))
