"""What concerns all queues: freeing space, and counting; bucket by bucket."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from redis.exceptions import ResponseError

from angarium.clock import Clock
from angarium.storage.models import Stats
from angarium_redis.address import Node
from angarium_redis.client import Client
from angarium_redis.failures import Failed, code_of
from angarium_redis.keys import BUCKETS, bucket_tag, index_key, pack, queue_keys, slot_of
from angarium_redis.scripts import load

_RECLAIM: Final = load("data_keys", "many", "data_remove", "data_reclaim", changes=False)
_TOTALS: Final = load("data_totals", changes=False)
_GROUP: Final = 512  # buckets that are asked at a time
_PAGE: Final = 200  # queues that one call counts
_TIME: Final = b"*1\r\n" + pack(b"TIME")


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
            sizes = self._ask(group, lambda key: _command(b"ZCARD", key))
            for bucket, size in sizes:
                for rank in range(0, size, _PAGE):
                    found = self._count(bucket, rank)
                    total, claimed = total + found[1], claimed + found[2]
        return Stats(total=total, claimed=claimed)

    def _due(self, buckets: Sequence[int]) -> Iterator[tuple[int, Sequence[bytes]]]:
        """Queues of these buckets where something can be freed now."""
        (clock,) = self._client.ask(self._client.node_of(_slot(buckets[0])), [_TIME])
        now = b"%d" % (int(clock[0]) + self._clock.offset)
        answers = self._ask(
            buckets,
            lambda key: _command(b"ZRANGEBYSCORE", key, b"-inf", now, b"LIMIT", b"0", b"99"),
        )
        return ((bucket, members) for bucket, members in answers if members)

    def _ask(self, buckets: Iterable[int], command: Any) -> list[tuple[int, Any]]:
        """The answers to a command on the index of each bucket, asked server by server."""
        by_node: dict[Node, list[int]] = defaultdict(list)
        for bucket in buckets:
            by_node[self._client.node_of(_slot(bucket))].append(bucket)
        found: list[tuple[int, Any]] = []
        for node, held in by_node.items():
            commands = [command(index_key(self._prefix, bucket)) for bucket in held]
            for bucket, answer in zip(held, self._client.ask(node, commands), strict=True):
                if isinstance(answer, ResponseError):
                    raise Failed(answer, code_of(answer))
                found.append((bucket, answer))
        return found

    def _reclaim(self, bucket: int, member: bytes, limit: int) -> int:
        names = queue_keys(self._prefix, bucket, member)
        arguments = (member, b"%d" % limit, b"%d" % self._clock.offset)
        packed = b"".join(map(pack, (b"%d" % len(names), *names, *arguments)))
        count = 1 + len(names) + len(arguments)
        return int(self._client.call(_RECLAIM, _slot(bucket), count, packed))

    def _count(self, bucket: int, rank: int) -> Sequence[int]:
        base = b"%b:{%b}:" % (self._prefix, bucket_tag(bucket))
        numbers = (b"%d" % self._clock.offset, b"%d" % rank, b"%d" % _PAGE)
        arguments = (b"1", index_key(self._prefix, bucket), base, *numbers)
        packed = b"".join(map(pack, arguments))
        answer: Sequence[int] = self._client.call(_TOTALS, _slot(bucket), len(arguments), packed)
        return answer


def _slot(bucket: int) -> int:
    return slot_of(bucket_tag(bucket))


def _command(*arguments: bytes) -> bytes:
    return b"*%d\r\n%b" % (len(arguments), b"".join(map(pack, arguments)))
