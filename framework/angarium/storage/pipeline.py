"""Filters: stages of other packages around every operation (contract, ``configuration.md`` 7)."""

from __future__ import annotations

import logging
from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from oslo_config import cfg

from angarium.context import RequestContext
from angarium.storage.models import Kind, Scope
from angarium.storage.operations import Operation

LOG = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")
OperationT = TypeVar("OperationT", bound=Operation[Any])

PIPELINES: Final = (
    "queue_pipeline",
    "topic_pipeline",
    "message_pipeline",
    "claim_pipeline",
    "subscription_pipeline",
)


@dataclass(slots=True)
class Call(Generic[OperationT]):
    """One operation on its way to a driver.

    :ivar context: who asks.
    :ivar scope: the queue or topic it is about; its name is empty for a listing of them.
    :ivar metadata: the stored metadata of the queue as planned; empty where it does not exist.
    :ivar operation: what is to be done; a filter may put another one of the same class here.
    :ivar is_repeat: True when the same request was refused on a stale plan and comes again.
    """

    context: RequestContext
    scope: Scope
    metadata: Mapping[str, Any]
    operation: OperationT
    is_repeat: bool = False

    @property
    def pipeline(self) -> str:
        """The option of ``[storage]`` that lists the filters it passes through."""
        option = self.operation.pipeline
        is_of_topic = self.scope.kind is Kind.TOPIC
        return "topic_pipeline" if is_of_topic and option == "queue_pipeline" else option


@dataclass(frozen=True, slots=True)
class Answer:
    """What a filter returns to answer in the driver's place: what the driver would have."""

    result: Any


class Filter(ABC):  # noqa: B024 - every hook has a default; a filter overrides those it needs
    """A stage that sees, may change and may refuse the operations of the pipelines that name it.

    One instance serves one pipeline in all threads of a process.

    :param conf: the configuration; a filter registers and reads its own group only.
    :raises StartError: when it cannot work as configured.
    """

    interface_version: ClassVar[int] = 1

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    def before(self, call: Call[Any]) -> Answer | None:
        """Look at a call before the driver does; nothing has been stored yet.

        :returns: an answer in the driver's place, or None to go on.
        :raises ApiError: to refuse the call; the client gets this error.
        """
        return None

    def after(self, call: Call[Any], result: Any) -> None:
        """Act after the driver succeeded. An exception is logged; the client never sees it."""
        return


class Pipeline:
    """The filters of one ``*_pipeline`` option, in their order."""

    def __init__(self, filters: Sequence[Filter] = ()) -> None:
        self._filters = tuple(filters)

    def run(self, call: Call[OperationT], act: Callable[[OperationT], ResultT]) -> ResultT:
        """Pass a call through the filters and have it carried out.

        :raises ApiError: a filter or the driver refused.
        """
        if not self._filters:
            return act(call.operation)
        passed: list[Filter] = []
        for stage in self._filters:
            answer = stage.before(call)
            if answer is not None:
                result: ResultT = answer.result
                break
            passed.append(stage)
        else:
            result = act(call.operation)
        for stage in reversed(passed):
            _tell(stage, call, result)
        return result


def _tell(stage: Filter, call: Call[OperationT], result: object) -> None:
    try:
        stage.after(call, result)
    except Exception:
        LOG.exception(
            "filter %s failed after the operation; request_id=%s",
            type(stage).__name__,
            call.context.request_id,
        )
