"""Calls of the management store's scripts."""

from __future__ import annotations

from typing import Any, Final

from angarium.errors import (
    PoolAlreadyExists,
    PoolHasQueues,
    PoolInUseByFlavor,
    SubscriptionAlreadyExists,
)
from angarium.storage.signals import RecordChanged
from angarium_redis.client import Client
from angarium_redis.keys import pack, slot_of
from angarium_redis.scripts import Script

_TAG: Final = b"control"
_FIXED: Final = (
    "records",
    "metadata",
    "epoch",
    "pools",
    "pool-names",
    "uris",
    "flavors",
    "subscriptions-due",
    "absent",  # never there, so that no script runs on half of its keys (``shards.py``)
)
_REFUSALS: Final[dict[int, type[Exception]]] = {
    -1: RecordChanged,
    -2: PoolAlreadyExists,
    -3: PoolInUseByFlavor,
    -4: PoolHasQueues,
    -5: SubscriptionAlreadyExists,
}


class ControlCalls:
    """Calls scripts on the management store."""

    def __init__(self, client: Client, prefix: bytes) -> None:
        self._client = client
        base = b"%b:{%b}:" % (prefix, _TAG)
        names = [base + name.encode() for name in _FIXED]
        self._packed = b"".join(map(pack, (b"%d" % len(names), *names, base)))
        self._count = len(names) + 2
        self._slot = slot_of(_TAG)

    def __call__(self, script: Script, *arguments: bytes) -> Any:
        """Carry out a script.

        :raises RecordChanged: the record is not as the caller expects.
        :raises PoolAlreadyExists: another pool has the uri.
        :raises PoolInUseByFlavor: the pool is the last one with its tag.
        :raises PoolHasQueues: a record names the pool.
        :raises SubscriptionAlreadyExists: another subscription has the subscriber.
        """
        packed = b"".join((self._packed, *map(pack, arguments)))
        count = self._count + len(arguments)
        reply = self._client.call(script, self._slot, count, packed)
        if type(reply) is int and reply < 0:
            raise _REFUSALS[reply]()
        return reply
