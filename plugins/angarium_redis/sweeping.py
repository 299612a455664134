"""What concerns all queues: freeing space, and counting; bucket by bucket."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from angarium.clock import Clock
from angarium.storage.models import Stats
from angarium_redis.buckets import ask_each, command, slot_of_bucket
from angarium_redis.client import Client
from angarium_redis.keys import BUCKETS, bucket_tag, index_key, pack, queue_keys
from angarium_redis.scripts import load

_RECLAIM: Final = load("data_keys", "many", "data_remove", "data_reclaim", changes=False)
_TOTALS: Final = load("data_totals", changes=False)
_GROUP: Final = 512  # buckets that are asked at a time
_PAGE: Final = 200  # queues that one call counts
_TIME: Final = command(b"TIME")


class Sweeper:
    """Goes through the buckets."""

    def __init__(self, client: Client, prefix: bytes, clock: Clock) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._next = random.randrange(BUCKETS)  # noqa: S311 - so that processes rarely meet

    def reclaim(self, limit: int) -> int:
        """Free at most so many things, going on with the bucket where the last call stopped.

        :raises Failed: Redis failed.
        """
        freed, start = 0, self._next
        for distance in range(0, BUCKETS, _GROUP):
            group = [(start + distance + step) % BUCKETS for step in range(_GROUP)]
            for bucket, members in self._due(group):
                for member in members:
                    freed += self._reclaim(bucket, member, limit - freed)
                    if freed >= limit:
                        self._next = bucket
                        return freed
        return freed

    def count(self) -> Stats:
        """Count the messages of the whole store.

        :raises Failed: Redis failed.
        """
        total = claimed = 0
        for group in (range(start, start + _GROUP) for start in range(0, BUCKETS, _GROUP)):
            sizes = ask_each(
                self._client, group, lambda bucket: command(b"ZCARD", self._index(bucket))
            )
            for bucket, size in sizes:
                for rank in range(0, size, _PAGE):
                    found = self._count(bucket, rank)
                    total, claimed = total + found[1], claimed + found[2]
        return Stats(total=total, claimed=claimed)

    def _due(self, buckets: Sequence[int]) -> Iterator[tuple[int, Sequence[bytes]]]:
        """Queues of these buckets where something can be freed now."""
        (clock,) = self._client.ask(self._client.node_of(slot_of_bucket(buckets[0])), [_TIME])
        now = b"%d" % (int(clock[0]) + self._clock.offset)
        until_now = (b"-inf", now, b"LIMIT", b"0", b"99")
        answers = ask_each(
            self._client,
            buckets,
            lambda bucket: command(b"ZRANGEBYSCORE", self._index(bucket), *until_now),
        )
        return ((bucket, members) for bucket, members in answers if members)

    def _reclaim(self, bucket: int, member: bytes, limit: int) -> int:
        names = queue_keys(self._prefix, bucket, member)
        arguments = (member, b"%d" % limit, b"%d" % self._clock.offset)
        packed = b"".join(map(pack, (b"%d" % len(names), *names, *arguments)))
        count = 1 + len(names) + len(arguments)
        return int(self._client.call(_RECLAIM, slot_of_bucket(bucket), count, packed))

    def _count(self, bucket: int, rank: int) -> Sequence[int]:
        base = b"%b:{%b}:" % (self._prefix, bucket_tag(bucket))
        numbers = (b"%d" % self._clock.offset, b"%d" % rank, b"%d" % _PAGE)
        arguments = (b"1", self._index(bucket), base, *numbers)
        packed = b"".join(map(pack, arguments))
        answer: Sequence[int] = self._client.call(
            _TOTALS, slot_of_bucket(bucket), len(arguments), packed
        )
        return answer

    def _index(self, bucket: int) -> bytes:
        return index_key(self._prefix, bucket)
