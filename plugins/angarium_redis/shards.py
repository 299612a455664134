"""Indexes of due deliveries: one set of them for what one script can reach, called a shard.

On one server, or behind sentinels, that is the whole store. In a cluster it is a bucket: there,
hints say in which of the 4,096 there is something to do (``hints.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from angarium.clock import Clock
from angarium.storage.models import Scope
from angarium_redis.calls import More
from angarium_redis.client import Client
from angarium_redis.keys import BUCKETS, bucket_tag, keys_of, pack, slot_of
from angarium_redis.scripts import Script

WHOLE: Final = b"deliveries"  # the hash tag of the one shard, and of the hints
# The last one is never there. While a cluster moves a slot, it carries a script out only where all
# keys of that are: so none is carried out on half of the keys that it composes on its own.
_INDEXES: Final = ("notices", "lanes", "suspects", "holders", "leases", "names", "kept", "absent")
_KEYS_OF_QUEUE: Final = 11


class Index(StrEnum):
    """The indexes that are looked at from outside the scripts."""

    NOTICES = "notices"
    LANES = "lanes"
    SUSPECTS = "suspects"
    NAMES = "names"
    KEPT = "kept"


class Shard(NamedTuple):
    """A shard.

    :ivar bucket: its number; 0 where there is one shard.
    :ivar more: its keys behind those of a queue.
    :ivar packed: number of its keys, and these, as Redis reads them from the wire.
    """

    bucket: int
    slot: int
    more: More
    packed: bytes


class Visit(NamedTuple):
    """What a look into a shard has shown.

    :ivar head: the first score of the index afterwards; empty if there is nothing in it.
    :ivar holds: whether who looked holds something there.
    """

    shard: Shard
    head: bytes
    holds: bool


class Shards(Protocol):
    """The shards of a store."""

    def of(self, scope: Scope) -> Shard:
        """The shard of a queue."""

    def at(self, bucket: int) -> Shard:
        """A shard by its number."""

    def to_visit(self, index: Index, owner: str) -> Sequence[Shard]:
        """Shards where somebody may find something to lease, the most urgent first."""

    def visited(self, index: Index, owner: str, seconds: int, visits: Sequence[Visit]) -> None:
        """Take note of what there was."""

    def expect(self, shard: Shard, heads: Sequence[tuple[Index, bytes]]) -> None:
        """Take note of what has come to be in a shard."""

    def filled(self, index: Index, start: int) -> Iterator[Shard]:
        """Shards with something in an index, from a number on."""

    def call(self, script: Script, shard: Shard, *arguments: bytes) -> Any:
        """Carry out a script on a shard."""


def shard_of(prefix: bytes, tag: bytes, bucket: int) -> Shard:
    """The shard whose keys have this hash tag."""
    names = [pack(index_key(prefix, tag, name)) for name in _INDEXES]
    packed = b"".join(names)
    total = pack(b"%d" % (_KEYS_OF_QUEUE + len(names)))
    own = pack(b"%d" % len(names)) + packed
    return Shard(bucket, slot_of(tag), More(total, packed, len(names)), own)


def index_key(prefix: bytes, tag: bytes, name: str) -> bytes:
    """The key of an index."""
    return b"%b:{%b}:%b" % (prefix, tag, name.encode())


class ShardCalls:
    """Calls scripts on shards."""

    def __init__(self, client: Client, prefix: bytes, clock: Clock) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock

    def call(self, script: Script, shard: Shard, *arguments: bytes) -> Any:
        """Carry out a script on a shard."""
        own = (self._prefix, b"%d" % self._clock.offset)
        packed = shard.packed + b"".join(map(pack, (*own, *arguments)))
        count = 1 + shard.more.size + len(own) + len(arguments)
        return self._client.call(script, shard.slot, count, packed)


class OneShard(ShardCalls):
    """All queues are in reach of one script; nobody needs to be told where to look."""

    def __init__(self, client: Client, prefix: bytes, clock: Clock) -> None:
        super().__init__(client, prefix, clock)
        self._shard = shard_of(prefix, WHOLE, 0)

    def of(self, scope: Scope) -> Shard:
        """The one that there is."""
        return self._shard

    def at(self, bucket: int) -> Shard:
        """The one that there is."""
        return self._shard

    def to_visit(self, index: Index, owner: str) -> Sequence[Shard]:
        """The one that there is."""
        return (self._shard,)

    def visited(self, index: Index, owner: str, seconds: int, visits: Sequence[Visit]) -> None:
        """Nothing is to be noted."""

    def expect(self, shard: Shard, heads: Sequence[tuple[Index, bytes]]) -> None:
        """Nothing is to be noted."""

    def filled(self, index: Index, start: int) -> Iterator[Shard]:
        """The one that there is."""
        if start == 0:
            yield self._shard


@lru_cache(BUCKETS)
def bucket_shard(prefix: bytes, bucket: int) -> Shard:
    """The shard that is a bucket."""
    return shard_of(prefix, bucket_tag(bucket), bucket)


def bucket_of(prefix: bytes, scope: Scope) -> int:
    """The number of the bucket of a queue."""
    return keys_of(prefix, scope).bucket
