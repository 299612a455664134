"""What a driver raises to tell the kernel how to go on; clients never see these."""

from __future__ import annotations

from angarium.errors import AngariumError
from angarium.storage.models import Scope


class StalePlan(AngariumError):
    """Raised when the pool's record of a queue does not have the epoch of the operation.

    Nothing was changed. The kernel plans again and repeats the operation.

    :param scope: the queue whose epoch differs: the addressed one, or its dead-letter queue.
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"the plan of {scope.kind} {scope.name!r} is stale")
        self.scope = scope


class DeadLetterQueueMissing(AngariumError):
    """Raised when a message has to move to a dead-letter queue that does not exist yet.

    Nothing was changed. The kernel creates the queue and repeats the operation.

    :param scope: the dead-letter queue.
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"the dead-letter queue {scope.name!r} does not exist")
        self.scope = scope


class Again(AngariumError):
    """Raised when an operation spent its bounded share of moving due messages and did nothing else.

    The kernel calls again at once; every call makes progress.
    """


class RecordChanged(AngariumError):
    """Raised by a management store when a record no longer has the epoch that a change expects."""
