"""Where to look for due deliveries in a cluster, whose scripts reach one bucket each.

Every change is followed by a hint: for each index a sorted set of buckets, by the time at which
there is something to do. Hints are written without atomicity, and a lost one costs time only: each
look also goes on through the buckets in rotation, a bounded number at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from redis.exceptions import ResponseError

from angarium.clock import Clock
from angarium.storage.models import Scope
from angarium_redis.buckets import ask_each, command, slot_of_bucket
from angarium_redis.client import Client
from angarium_redis.failures import Failed
from angarium_redis.keys import BUCKETS, bucket_tag, encode, slot_of
from angarium_redis.shards import (
    WHOLE,
    Index,
    Shard,
    ShardCalls,
    Visit,
    bucket_of,
    bucket_shard,
    index_key,
)

_HINTED: Final = 64  # buckets that one look takes from the hints
_WINDOW: Final = 256  # buckets that one look goes on in rotation
_GROUP: Final = 512  # buckets that are asked at a time when all are gone through
_LONGER: Final = 60  # seconds for which a holder is remembered beyond a lease
_CLOCK: Final = command(b"TIME")
_ROTATION: Final = tuple(sorted(range(BUCKETS), key=slot_of_bucket))


class BucketShards(ShardCalls):
    """The buckets of a cluster, each a shard, and the hints."""

    def __init__(self, client: Client, prefix: bytes, clock: Clock) -> None:
        super().__init__(client, prefix, clock)
        self._slot = slot_of(WHOLE)
        self._next: dict[Index, int] = defaultdict(int)

    def of(self, scope: Scope) -> Shard:
        """The bucket of the queue."""
        return self.at(bucket_of(self._prefix, scope))

    def at(self, bucket: int) -> Shard:
        """A bucket."""
        return bucket_shard(self._prefix, bucket)

    def to_visit(self, index: Index, owner: str) -> Sequence[Shard]:
        """What the owner holds, and what is due by the hints or in the next buckets."""
        try:
            clock, hinted, held = self._hints(index, owner)
            now = clock + self._clock.offset
            known = dict(self._rotate(index)) | dict(hinted)
        except Failed as failed:
            raise self._client.unreachable(failed) from failed
        due = {bucket: time for bucket, time in known.items() if time <= now}
        due = dict.fromkeys(held, float(now)) | due
        return [self.at(bucket) for bucket in sorted(due, key=lambda it: due[it])]

    def visited(self, index: Index, owner: str, seconds: int, visits: Sequence[Visit]) -> None:
        """Note when there is something to do next, and where the owner holds something."""
        hints, held = self._hint_key(index), self._held_key(index, owner)
        commands = []
        for visit in visits:
            bucket = b"%d" % visit.shard.bucket
            if visit.head:
                commands.append(command(b"ZADD", hints, visit.head, bucket))
            else:
                commands.append(command(b"ZREM", hints, bucket))
            if visit.holds:
                commands.append(command(b"ZADD", held, b"0", bucket))
            else:
                commands.append(command(b"ZREM", held, bucket))
        if any(visit.holds for visit in visits):
            commands.append(command(b"EXPIRE", held, b"%d" % (seconds + _LONGER)))
        self._write(commands)

    def expect(self, shard: Shard, heads: Sequence[tuple[Index, bytes]]) -> None:
        """Note what is due, unless something is due earlier."""
        bucket = b"%d" % shard.bucket
        self._write(
            [
                command(b"ZADD", self._hint_key(index), b"LT", head, bucket)
                for index, head in heads
                if head
            ]
        )

    def filled(self, index: Index, start: int) -> Iterator[Shard]:
        """Buckets with something in the index, in the order of their numbers."""
        for first in range(start, BUCKETS, _GROUP):
            group = range(first, min(first + _GROUP, BUCKETS))
            try:
                heads = self._heads(index, group)
            except Failed as failed:
                raise self._client.unreachable(failed) from failed
            yield from (self.at(bucket) for bucket, _ in sorted(heads))

    def _hints(self, index: Index, owner: str) -> tuple[int, list[tuple[int, float]], list[int]]:
        """The time, buckets with times, and the buckets in which the owner holds something."""
        last = b"%d" % (_HINTED - 1)
        clock, hinted, held = self._client.ask(
            self._client.node_of(self._slot),
            [
                _CLOCK,
                command(b"ZRANGE", self._hint_key(index), b"0", last, b"WITHSCORES"),
                command(b"ZRANGE", self._held_key(index, owner), b"0", last),
            ],
        )
        if isinstance(hinted, ResponseError) or isinstance(held, ResponseError):
            self._client.reconsider()  # the hints have moved to another node
            hinted = held = ()
        pairs = zip(hinted[::2], hinted[1::2], strict=True)
        return int(clock[0]), [(int(it), float(time)) for it, time in pairs], list(map(int, held))

    def _rotate(self, index: Index) -> list[tuple[int, float]]:
        """The next part of the buckets, in the order of slots: so it is on one node or two."""
        start = self._next[index]
        self._next[index] = (start + _WINDOW) % BUCKETS
        return self._heads(index, _ROTATION[start : start + _WINDOW])

    def _heads(self, index: Index, buckets: Sequence[int]) -> list[tuple[int, float]]:
        """Those of these buckets that have something in the index, and its first score.

        :raises Failed: Redis failed.
        """

        def first(bucket: int) -> bytes:
            key = index_key(self._prefix, bucket_tag(bucket), index)
            return command(b"ZRANGE", key, b"0", b"0", b"WITHSCORES")

        answers = ask_each(self._client, buckets, first)
        return [(bucket, float(answer[1])) for bucket, answer in answers if answer]

    def _hint_key(self, index: Index) -> bytes:
        return index_key(self._prefix, WHOLE, f"due-{index}")

    def _held_key(self, index: Index, owner: str) -> bytes:
        return index_key(self._prefix, WHOLE, f"held-{index}:") + encode(owner)

    def _write(self, commands: Sequence[bytes]) -> None:
        """Write hints; a failure costs no more than time."""
        if not commands:
            return
        try:
            node = self._client.node_of(self._slot)
            answers: list[Any] = self._client.ask(node, commands)
        except Failed:
            return
        if any(isinstance(answer, ResponseError) for answer in answers):
            self._client.reconsider()
