"""What a renderer knows of the request, and what it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class View:
    """The request behind a result.

    :ivar body: its arguments.
    :ivar stored: makes of stored JSON what goes into the answer.
    """

    body: Mapping[str, Any]
    stored: Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class Result:
    """Status and body of an answer."""

    status: int
    body: Any
