"""Questions to many buckets at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from redis.exceptions import ResponseError

from angarium_redis.address import Node
from angarium_redis.client import Client
from angarium_redis.failures import Failed, code_of
from angarium_redis.keys import bucket_tag, pack, slot_of


def slot_of_bucket(bucket: int) -> int:
    """The slot of a cluster that a bucket is in."""
    return slot_of(bucket_tag(bucket))


def command(*arguments: bytes) -> bytes:
    """A command as Redis reads it from the wire."""
    return b"*%d\r\n%b" % (len(arguments), b"".join(map(pack, arguments)))


def ask_each(
    client: Client, buckets: Iterable[int], question: Callable[[int], bytes]
) -> list[tuple[int, Any]]:
    """The answers to a command about each bucket, asked server by server.

    :param question: makes the command, given the bucket.
    :raises Failed: Redis failed.
    """
    found, refused = _ask(client, buckets, question)
    if refused:
        client.reconsider()  # a slot has moved to another server
        answers, refused = _ask(client, refused, question)
        found += answers
    for refusal in refused.values():
        raise Failed(refusal, code_of(refusal))
    return found


def _ask(
    client: Client, buckets: Iterable[int], question: Callable[[int], bytes]
) -> tuple[list[tuple[int, Any]], dict[int, ResponseError]]:
    """Answers, and refusals by bucket."""
    by_node: dict[Node, list[int]] = defaultdict(list)
    for bucket in buckets:
        by_node[client.node_of(slot_of_bucket(bucket))].append(bucket)
    found: list[tuple[int, Any]] = []
    refused: dict[int, ResponseError] = {}
    for node, held in by_node.items():
        answers = client.ask(node, [question(bucket) for bucket in held])
        for bucket, answer in zip(held, answers, strict=True):
            if isinstance(answer, ResponseError):
                refused[bucket] = answer
            else:
                found.append((bucket, answer))
    return found, refused
