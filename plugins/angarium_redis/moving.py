"""What goes from one store to another: messages, claims and dead letters."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

from angarium.storage import operations as op
from angarium.storage.models import (
    ClaimExtract,
    Extract,
    QueueRef,
    Scope,
    StoredClaim,
    StoredMessage,
)
from angarium_redis.calls import Calls
from angarium_redis.client import Client
from angarium_redis.keys import decode, encode, keys_of
from angarium_redis.records import pack_record, unpack_record
from angarium_redis.scripts import on_queue

_STORED: Final = struct.Struct(">QQQQQ")
_LIFE: Final = struct.Struct(">QQQ")
_STATE: Final = struct.Struct(">QQQQQQ")
_POSITIONS: Final = ">%dQ"
_SETTLING: Final = ("many", "data_remove", "data_settle", "data_state")
_WRITING: Final = ("many", "data_index", "data_remove", "data_state")

_ACCEPT: Final = on_queue("data_accept", *_WRITING)
_EXPORT: Final = on_queue("data_export", *_SETTLING, "data_stored", changes=False)
_IMPORT: Final = on_queue("data_import", *_WRITING)
_EXPORT_CLAIMS: Final = on_queue(
    "data_export_claims", "many", "data_index", "data_state", "data_members", changes=False
)
_IMPORT_CLAIMS: Final = on_queue("data_import_claims", *_SETTLING, "data_index", "data_members")


class MovingPart:
    """The part of a message store that hands messages to other stores, and takes theirs."""

    client: Client
    prefix: bytes
    _calls: Calls

    def moves_dead_letters(self, source: Scope, target: Scope) -> bool:
        """Whether both queues are in reach of one script: in a cluster, in one slot."""
        if not self.client.address.is_cluster:
            return True
        return keys_of(self.prefix, source).slot == keys_of(self.prefix, target).slot

    def accept_dead_letters(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        """Store each at the end unless it is there."""
        arguments = [b"" if operation.ttl is None else b"%d" % operation.ttl]
        for message in operation.messages:
            arguments.append(_LIFE.pack(message.remaining, message.ttl, message.age))
            arguments.append(_record(message, message.body or b""))
        self._calls.on_queue(_ACCEPT, queue, *arguments)

    def export_messages(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        """Read messages with all that there is about them."""
        numbers = (operation.after, operation.limit, operation.bodies)
        answer = self._calls.on_queue(_EXPORT, queue, *(b"%d" % number for number in numbers))
        messages = to_stored(answer[2:], with_bodies=operation.bodies)
        return Extract(messages, int(answer[0]), complete=answer[1] == 1)

    def import_messages(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        """Make a stretch of the queue what it is elsewhere."""
        numbers = (operation.after, operation.upto, operation.last_position)
        arguments = [b"%d" % number for number in numbers]
        for message in operation.messages:
            arguments += [
                _STATE.pack(
                    message.position,
                    message.remaining,
                    message.ttl,
                    message.age,
                    message.claim_count,
                    message.due,
                ),
                encode(message.id),
                encode(message.claim_id or ""),
                b"" if message.body is None else _record(message, message.body),
            ]
        self._calls.on_queue(_IMPORT, queue, *arguments)

    def export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        """Read live claims; the cursor is the id of the last one."""
        cursor = encode(operation.cursor or "")
        answer = self._calls.on_queue(_EXPORT_CLAIMS, queue, cursor, b"%d" % operation.limit)
        return ClaimExtract(tuple(_claims(answer[1:])), decode(answer[0]) or None)

    def import_claims(self, queue: QueueRef, operation: op.ImportClaims) -> None:
        """Store claims, and let their messages name them."""
        arguments = [b"%d" % operation.replaces]
        for claim in operation.claims:
            life = _LIFE.pack(claim.ttl, claim.age, claim.remaining)
            positions = struct.pack(_POSITIONS % len(claim.positions), *claim.positions)
            arguments += [encode(claim.id), life + positions]
        self._calls.on_queue(_IMPORT_CLAIMS, queue, *arguments)


def to_stored(answer: Sequence[Any], *, with_bodies: bool = True) -> tuple[StoredMessage, ...]:
    """Messages of a flat list of positions, states and records."""
    return tuple(
        _to_message(*answer[place : place + 3], with_body=with_bodies)
        for place in range(0, len(answer), 3)
    )


def _to_message(position: bytes, state: bytes, record: bytes, *, with_body: bool) -> StoredMessage:
    remaining, ttl, age, count, due = _STORED.unpack_from(state)
    id_, client_id, checksum, body = unpack_record(record)
    return StoredMessage(
        position=int(position),
        id=id_,
        body=body if with_body else None,
        client_id=client_id,
        remaining=remaining,
        ttl=ttl,
        age=age,
        claim_count=count,
        claim_id=decode(state[_STORED.size :]) or None,
        due=due,
        checksum=checksum,
    )


def _record(message: StoredMessage, body: bytes) -> bytes:
    names = (encode(message.id), encode(message.client_id))
    return pack_record(message.ttl, 0, *names, message.checksum, body)


def _claims(answer: Sequence[Any]) -> Iterator[StoredClaim]:
    for place in range(0, len(answer), 5):
        id_, ttl, age, remaining, positions = answer[place : place + 5]
        yield StoredClaim(decode(id_), ttl, age, remaining, tuple(sorted(map(int, positions))))
