"""Filters as another package would bring them: each does one of the things that a filter may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from oslo_config import cfg

from angarium.errors import Forbidden
from angarium.storage.models import Stats
from angarium.storage.operations import GetStats, ListMessages, PostMessages
from angarium.storage.pipeline import Answer, Call, Filter

Seen = tuple[str, str, str, bool, dict[str, Any]]
"""Filter, moment, operation, whether it is a repeat, and the metadata."""


class _Noting(Filter):
    """Notes what it sees.

    :cvar seen: by all of these filters, in the order of the calls.
    """

    interface_version = 1
    seen: ClassVar[list[Seen]] = []

    def before(self, call: Call[Any]) -> Answer | None:
        self.note("before", call)
        return None

    def after(self, call: Call[Any], result: Any) -> None:
        self.note("after", call)

    def note(self, moment: str, call: Call[Any]) -> None:
        kind = type(call.operation).__name__
        self.seen.append((type(self).__name__, moment, kind, call.is_repeat, dict(call.metadata)))


class First(_Noting):
    """Only looks."""


class Last(_Noting):
    """Only looks."""


class Change(_Noting):
    """Gives every posted message an hour and a minute, and shows two messages at most."""

    def before(self, call: Call[Any]) -> Answer | None:
        operation = call.operation
        if isinstance(operation, PostMessages):
            messages = tuple(replace(message, ttl=3660) for message in operation.messages)
            call.operation = replace(operation, messages=messages)
        if isinstance(operation, ListMessages):
            call.operation = replace(operation, limit=2)
        return super().before(call)


class Refuse(_Noting):
    """Refuses posts, if its own option says so."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        conf.register_opt(cfg.StrOpt("why", default="Closed for today."), group="refuse")

    def before(self, call: Call[Any]) -> Answer | None:
        if isinstance(call.operation, PostMessages):
            raise Forbidden(self.conf.refuse.why)
        return super().before(call)


class Respond(_Noting):
    """Answers for statistics in the place of the driver."""

    def before(self, call: Call[Any]) -> Answer | None:
        super().before(call)
        return Answer(Stats(total=42)) if isinstance(call.operation, GetStats) else None


class FailBefore(_Noting):
    """Has a bug that shows before the driver is called."""

    def before(self, call: Call[Any]) -> Answer | None:
        raise RuntimeError("secret of the filter")


class FailAfter(_Noting):
    """Has a bug that shows after the driver succeeded."""

    def after(self, call: Call[Any], result: Any) -> None:
        super().after(call, result)
        raise RuntimeError("secret of the filter")
