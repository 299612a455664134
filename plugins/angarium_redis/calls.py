"""Calls of the message store's scripts, with the signals that they answer."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from angarium.clock import Clock
from angarium.errors import (
    ClaimDoesNotExist,
    ClaimDoesNotMatch,
    ClaimNotFound,
    MessageIsClaimed,
    MessageNotClaimed,
    MessageNotClaimedBy,
)
from angarium.storage.models import DeadLetter, QueueRef
from angarium.storage.signals import Again, DeadLetterQueueMissing, StalePlan
from angarium_redis.client import Client
from angarium_redis.keys import encode_scope, keys_of, pack
from angarium_redis.scripts import Script

_STALE: Final = -1
_DEAD_LETTER_STALE: Final = -3
_DEAD_LETTER_MISSING: Final = -4
_REFUSALS: Final[dict[int, type[Exception]]] = {
    -2: Again,
    -5: ClaimNotFound,
    -6: MessageIsClaimed,
    -7: ClaimDoesNotExist,
    -8: MessageNotClaimed,
    -9: MessageNotClaimedBy,
    -10: ClaimDoesNotMatch,
}
_ONE_QUEUE: Final = pack(b"11")
_TWO_QUEUES: Final = pack(b"22")
_OWN: Final = 15  # arguments of every call: number of keys, keys, member, epoch, offset


class More(NamedTuple):
    """Keys that go behind those of a queue.

    :ivar total: how many keys there are in all, as Redis reads it from the wire.
    :ivar packed: the further keys, as Redis reads them from the wire.
    :ivar size: how many these are.
    """

    total: bytes
    packed: bytes
    size: int


class Calls:
    """Calls scripts on queues of one store."""

    def __init__(self, client: Client, prefix: bytes, clock: Clock) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock

    def on_queue(
        self, script: Script, queue: QueueRef, *arguments: bytes, rule: DeadLetter | None = None
    ) -> Any:
        """Carry out a script on a queue.

        :param rule: of dead letters that will be carried to their queue by somebody else.
        :raises StalePlan: its epoch is another one.
        :raises DeadLetterQueueMissing: the plan knows of no dead-letter queue.
        """
        keys = keys_of(self._prefix, queue.scope)
        offset = b"%d" % self._clock.offset
        packed = b"".join(
            (
                _ONE_QUEUE,
                keys.packed,
                keys.member,
                b"$%d\r\n%d\r\n" % (len(b"%d" % queue.epoch), queue.epoch),
                b"$%d\r\n%b\r\n" % (len(offset), offset),
                *[b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments],
            )
        )
        reply = self._client.call(script, keys.slot, _OWN + len(arguments), packed)
        if type(reply) is int and reply < 0:
            raise _signal(reply, queue, rule)
        return reply

    def on_two_queues(
        self, script: Script, queue: QueueRef, rule: DeadLetter, *arguments: bytes
    ) -> Any:
        """Carry out a script on a queue and its dead-letter queue.

        :raises StalePlan: the epoch of one of them is another one.
        :raises DeadLetterQueueMissing: the plan knows of no dead-letter queue.
        """
        others = keys_of(self._prefix, rule.scope)
        more = More(_TWO_QUEUES, others.packed, len(others.names))
        return self.with_more(script, queue, more, *arguments, encode_scope(rule.scope), rule=rule)

    def with_more(
        self,
        script: Script,
        queue: QueueRef,
        more: More,
        *arguments: bytes,
        rule: DeadLetter | None = None,
    ) -> Any:
        """Carry out a script on a queue that uses further keys.

        :raises StalePlan: the epoch of the queue, or of the dead-letter queue, is another one.
        :raises DeadLetterQueueMissing: the plan knows of no dead-letter queue.
        """
        keys = keys_of(self._prefix, queue.scope)
        own = (b"%d" % queue.epoch, b"%d" % self._clock.offset)
        packed = b"".join(
            (more.total, keys.packed, more.packed, keys.member, *map(pack, (*own, *arguments)))
        )
        count = _OWN + more.size + len(arguments)
        reply = self._client.call(script, keys.slot, count, packed)
        if type(reply) is int and reply < 0:
            raise _signal(reply, queue, rule)
        return reply

    def on_record(self, script: Script, queue: QueueRef, *arguments: bytes) -> Any:
        """Carry out a script on the record of a queue, whatever its epoch is."""
        keys = keys_of(self._prefix, queue.scope)
        packed = b"".join((_ONE_QUEUE, keys.packed, keys.member, *map(pack, arguments)))
        return self._client.call(script, keys.slot, _OWN - 2 + len(arguments), packed)


def _signal(code: int, queue: QueueRef, rule: DeadLetter | None = None) -> Exception:
    """What a script wants to be raised."""
    if code == _STALE:
        return StalePlan(queue.scope)
    if rule is not None and code == _DEAD_LETTER_STALE:
        return StalePlan(rule.scope)
    if rule is not None and code == _DEAD_LETTER_MISSING:
        return DeadLetterQueueMissing(rule.scope)
    return _REFUSALS[code]()
