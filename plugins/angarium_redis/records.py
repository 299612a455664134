"""Messages as they travel: the record that is stored, and what is answered beside it.

A record begins with 22 bytes that the scripts read too: ttl, delay, and the lengths of id, client
id and checksum. These follow, then the body.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from angarium.storage.models import Message, NewMessage
from angarium_redis.keys import decode, encode

_HEAD: Final = struct.Struct(">QQHHH")
_SEEN: Final = struct.Struct(">QQQ")
_NO_CHECKSUM: Final = 0xFFFF


def to_record(message: NewMessage, client_id: bytes) -> bytes:
    """A message on its way into Redis."""
    return pack_record(
        message.ttl, message.delay, encode(message.id), client_id, message.checksum, message.body
    )


def pack_record(
    ttl: int, delay: int, id_: bytes, client_id: bytes, checksum: str | None, body: bytes
) -> bytes:
    """A record of its parts."""
    if checksum is None:
        head = _HEAD.pack(ttl, delay, len(id_), len(client_id), _NO_CHECKSUM)
        return b"%b%b%b%b" % (head, id_, client_id, body)
    checked = encode(checksum)
    head = _HEAD.pack(ttl, delay, len(id_), len(client_id), len(checked))
    return b"%b%b%b%b%b" % (head, id_, client_id, checked, body)


def unpack_record(record: bytes) -> tuple[str, str, str | None, bytes]:
    """Id, client id, checksum and body of a record."""
    _, _, id_size, client_size, checksum_size = _HEAD.unpack_from(record)
    client = _HEAD.size + id_size
    checksum = client + client_size
    if checksum_size == _NO_CHECKSUM:
        body, checked = checksum, None
    else:
        body = checksum + checksum_size
        checked = decode(record[checksum:body])
    return (
        decode(record[_HEAD.size : client]),
        decode(record[client:checksum]),
        checked,
        record[body:],
    )


def to_message(seen: bytes, record: bytes) -> Message:
    """A message of what a script answers: ttl, age, count and claim, and the record."""
    ttl, age, count = _SEEN.unpack_from(seen)
    id_, _, checksum, body = unpack_record(record)
    claim_id = decode(seen[_SEEN.size :]) if len(seen) > _SEEN.size else None
    return Message(id_, body, ttl, age, claim_id, count, checksum)


def to_messages(answer: Sequence[Any], start: int = 0) -> tuple[Message, ...]:
    """Messages of a flat list that ends with them."""
    return tuple(
        to_message(answer[place], answer[place + 1]) for place in range(start, len(answer), 2)
    )
