"""What a driver raises to tell the kernel how to go on; clients never see these."""

from __future__ import annotations

from angarium.errors import AngariumError
from angarium.storage.models import Scope, StoredMessage


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


class PartlyDone(AngariumError):
    """The base of the signals that leave stored what an operation did; all others undo it.

    A driver whose operations are transactions commits when one of these is raised.
    """


class Again(PartlyDone):
    """Raised when an operation spent its bounded share of moving due messages and did nothing else.

    The kernel calls again at once; every call makes progress.
    """


class DeadLettersLeased(PartlyDone):
    """Raised by a claim that put over-claimed messages under the lease of its dead-letter rule.

    The lease is stored, and nothing else was done. The kernel writes the messages to the
    dead-letter queue, deletes them here under the lease, and claims again. If it dies meanwhile,
    the lease lapses and the next claim begins anew: a message may be in both queues for a moment,
    and is never in none.

    :param messages: with their bodies, in queue order; at least one.
    """

    def __init__(self, messages: tuple[StoredMessage, ...]) -> None:
        super().__init__(f"{len(messages)} dead letters are to be carried over")
        self.messages = messages


class RecordChanged(AngariumError):
    """Raised by a management store when a record is not in the state that a change expects.

    Its epoch or state is another one, or the pool that it is to have is not there (any more).
    """
