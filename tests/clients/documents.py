"""Real input: the service descriptions that botocore ships, whole or cut into sections that fit.

A document that is larger than what a post may hold is cut recursively: members of an object and
elements of an array are grouped until a group is full, and one that is too large by itself is cut
in turn. Nothing is left out, which :func:`leaves` proves.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import botocore

POST_LIMIT: Final = 262144  # bytes, the default of [transport] max_messages_post_size
TTL: Final = 86400
_ENVELOPE: Final = len(json.dumps({"messages": [{"body": 0, "ttl": TTL}]})) - 1
ROOM: Final = POST_LIMIT - _ENVELOPE  # bytes of a body that is posted alone
DATA: Final = Path(botocore.__file__).parent / "data"

Step = str | int


def size(value: Any) -> int:
    """The bytes of a value as python-zaqarclient sends it."""
    return len(json.dumps(value))


@dataclass(frozen=True)
class Section:
    """A part of a document: where it belongs, and what is posted.

    :param path: from the root of the document to ``value``.
    :param first: for a slice of an array, the position of its first element.
    """

    path: tuple[Step, ...]
    value: Any
    first: int = 0


def paths() -> list[Path]:
    """Every JSON document of botocore, by path, relative to its data folder."""
    found = [*DATA.rglob("*.json"), *DATA.rglob("*.json.gz")]
    return sorted(path.relative_to(DATA) for path in found)


def load(path: Path) -> Any:
    """One document."""
    content = (DATA / path).read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def sections(value: Any, path: tuple[Step, ...] = ()) -> Iterator[Section]:
    """The value whole if a post can hold it, otherwise the sections that it falls into."""
    if size(value) <= ROOM:
        yield Section(path, value)
        return
    assert isinstance(value, dict | list), "a single string is larger than a post"
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    for group in _groups(items):
        (step, only), *others = group
        if not others and size(_part(value, group)) > ROOM:
            yield from sections(only, (*path, step))
        else:
            yield Section(path, _part(value, group), step if isinstance(value, list) else 0)


def _groups(items: list[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    """Neighbours that fit into one section together; one that does not fit is alone."""
    group: list[tuple[Any, Any]] = []
    used = 2
    for item in items:
        needed = sum(map(size, item)) + len(": ") + len(", ")
        if group and used + needed > ROOM:
            yield group
            group, used = [], 2
        group.append(item)
        used += needed
    yield group


def _part(value: dict[str, Any] | list[Any], group: list[tuple[Any, Any]]) -> Any:
    return dict(group) if isinstance(value, dict) else [element for _, element in group]


def leaves(section: Section) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Every scalar and empty container below a section, by its path from the document's root."""
    pending: list[tuple[tuple[Step, ...], Any, int]] = [
        (section.path, section.value, section.first)
    ]
    while pending:
        path, value, first = pending.pop()
        if isinstance(value, dict) and value:
            pending += [((*path, key), member, 0) for key, member in value.items()]
        elif isinstance(value, list) and value:
            pending += [((*path, index), each, 0) for index, each in enumerate(value, first)]
        else:
            yield path, json.dumps(value)
