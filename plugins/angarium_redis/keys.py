"""Names of keys: those of a queue share a hash tag that names one of 4,096 buckets."""

from __future__ import annotations

import binascii
import zlib
from functools import lru_cache
from typing import Final, NamedTuple

from angarium.storage.models import Kind, Scope

BUCKETS: Final = 4096
SLOTS: Final = 16384

# In the order in which the scripts unpack them.
_OF_QUEUE: Final = (
    "queue",
    "all",
    "ready",
    "delayed",
    "claimed",
    "expiring",
    "state",
    "body",
    "claims",
    "lapses",
)
_CACHED: Final = 4096  # queues whose keys are kept packed


class QueueKeys(NamedTuple):
    """The keys of a queue.

    :ivar names: the queue's own, then the bucket's index of what will have to be reclaimed.
    :ivar packed: the same as Redis reads them from the wire.
    :ivar member: the queue in that index, as Redis reads it from the wire.
    :ivar reference: the queue as the scripts on deliveries name it: tag of the bucket, and member.
    """

    slot: int
    names: tuple[bytes, ...]
    packed: bytes
    member: bytes
    bucket: int
    reference: bytes


def encode(text: str) -> bytes:
    """Text as it is stored; even a lone surrogate has a form of its own."""
    return text.encode("utf-8", "surrogatepass")


def decode(raw: bytes) -> str:
    """Text as it was before it was stored."""
    return raw.decode("utf-8", "surrogatepass")


def slot_of(tag: bytes) -> int:
    """The slot of a cluster that keys with this hash tag are in."""
    return binascii.crc_hqx(tag, 0) % SLOTS


def encode_scope(scope: Scope) -> bytes:
    """A scope as bytes that no other scope has, in the order of kind and project."""
    project = encode(scope.project)
    return b"%c%d:%b%b" % (ord(scope.kind[0]), len(project), project, encode(scope.name))


def decode_scope(encoded: bytes) -> Scope:
    """The scope again."""
    length, _, rest = encoded[1:].partition(b":")
    kind = Kind.QUEUE if encoded[:1] == b"q" else Kind.TOPIC
    size = int(length)
    return Scope(decode(rest[:size]), decode(rest[size:]), kind)


def bucket_tag(bucket: int) -> bytes:
    """The hash tag of a bucket."""
    return b"%03x" % bucket


def index_key(prefix: bytes, bucket: int) -> bytes:
    """The index of the queues of a bucket by the time at which something is to be reclaimed."""
    return b"%b:{%b}:due" % (prefix, bucket_tag(bucket))


def queue_keys(prefix: bytes, bucket: int, member: bytes) -> tuple[bytes, ...]:
    """The keys of a queue, given its encoded scope."""
    base = b"%b:{%b}:%b:" % (prefix, bucket_tag(bucket), member)
    return (*(base + name.encode() for name in _OF_QUEUE), index_key(prefix, bucket))


@lru_cache(_CACHED)
def keys_of(prefix: bytes, scope: Scope) -> QueueKeys:
    """The keys of a queue."""
    member = encode_scope(scope)
    bucket = zlib.crc32(member) % BUCKETS
    names = queue_keys(prefix, bucket, member)
    packed = b"".join(map(pack, names))
    tag = bucket_tag(bucket)
    return QueueKeys(slot_of(tag), names, packed, pack(member), bucket, tag + member)


def pack(argument: bytes) -> bytes:
    """An argument of a command as Redis reads it from the wire."""
    return b"$%d\r\n%b\r\n" % (len(argument), argument)
