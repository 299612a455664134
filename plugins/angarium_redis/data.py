"""The message store driver (contract, ``storage-semantics.md`` 3 to 11)."""

from __future__ import annotations

from typing import Final

from angarium.storage import operations as op
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.markers import position_after
from angarium.storage.models import (
    Capability,
    Claim,
    Message,
    MessageMoment,
    Page,
    QueueRef,
    Stats,
)
from angarium.storage.signals import DeadLettersLeased
from angarium_redis import options
from angarium_redis.base import RedisDriver
from angarium_redis.calls import Calls
from angarium_redis.deliveries import DeliveryPart
from angarium_redis.failures import Failed
from angarium_redis.hints import BucketShards
from angarium_redis.keys import decode, encode
from angarium_redis.moving import MovingPart, to_stored
from angarium_redis.records import to_messages, to_record
from angarium_redis.scripts import load, on_queue
from angarium_redis.shards import OneShard
from angarium_redis.sweeping import Sweeper

_ALWAYS: Final = frozenset(
    {Capability.FIFO, Capability.CLAIMS, Capability.AOD, Capability.HIGH_THROUGHPUT}
)
_LEASED: Final = 1  # begins an answer that is dead letters under their lease
_TOMBSTONE: Final = b"3900"  # seconds; an hour, and some minutes for clocks that differ
_SETTLING: Final = ("many", "data_remove", "data_settle")
_CLAIMS: Final = ("data_index", "data_state", "data_members")

_REGISTER: Final = load("data_register")
_UNREGISTER: Final = load("data_unregister")
_BATCH: Final = ("many", "data_index", "data_remove")
_NOTICE: Final = ("owed_queue", "owed", "owed_notices")
_SINGLE: Final = ("data_index", "data_forget", "data_post_one")
_POST: Final = on_queue("data_posted", *_BATCH, "data_batch", "data_post")
_POST_ONE: Final = on_queue("data_posted", *_SINGLE)
_ANNOUNCE: Final = on_queue("data_announce", *_BATCH, "data_batch_announced", "data_post", *_NOTICE)
_ANNOUNCE_ONE: Final = on_queue("data_announce", *_SINGLE, *_NOTICE)
_LIST: Final = on_queue("data_list", *_SETTLING, "data_state", changes=False)
_GET: Final = on_queue("data_get", "many", "data_state", changes=False)
_DELETE: Final = on_queue("data_delete", "many", "data_forget", *_CLAIMS)
_DELETE_MANY: Final = on_queue("data_delete_many", "many", "data_remove", "data_state")
_POP: Final = on_queue("data_pop", *_SETTLING, "data_state", repeatable=False)
_PURGE: Final = on_queue("data_purge")
_STATS: Final = on_queue("data_stats", *_SETTLING, "data_state", changes=False)
_CREATE_CLAIM: Final = on_queue("data_claim", *_SETTLING, *_CLAIMS, "data_stored", "data_move")
_GET_CLAIM: Final = on_queue("data_get_claim", "many", *_CLAIMS, changes=False)
_RENEW_CLAIM: Final = on_queue("data_renew", "many", *_CLAIMS)
_RELEASE_CLAIM: Final = on_queue("data_release", *_SETTLING, *_CLAIMS)


class RedisDataDriver(RedisDriver, MovingPart, DeliveryPart, DataDriver):
    """Messages in Redis."""

    interface_version = 1
    group = options.MESSAGE_STORE

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        self._calls = Calls(self.client, self.prefix, self.clock)
        self._call = self._calls.on_queue
        self._sweeper = Sweeper(self.client, self.prefix, self.clock)
        kind = BucketShards if self.client.address.is_cluster else OneShard
        self._shards = kind(self.client, self.prefix, self.clock)

    @property
    def is_durable(self) -> bool:
        """As the operator asserts."""
        durable: bool = self.options.durability
        return durable

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All but DURABILITY, which is the operator's assertion."""
        return _ALWAYS | {Capability.DURABILITY} if self.is_durable else _ALWAYS

    # --- Queues ---------------------------------------------------------------------------------

    def register(self, queue: QueueRef) -> None:
        """Make a queue known, or raise its epoch."""
        self._calls.on_record(_REGISTER, queue, b"%d" % queue.epoch)

    def unregister(self, queue: QueueRef) -> None:
        """Put a tombstone in the place of a queue."""
        self._calls.on_record(_UNREGISTER, queue, b"%d" % queue.epoch, _TOMBSTONE)

    # --- Messages -------------------------------------------------------------------------------

    def post_messages(self, queue: QueueRef, operation: op.PostMessages) -> None:
        """Store a batch."""
        client_id = encode(operation.client_id)
        records = [to_record(message, client_id) for message in operation.messages]
        notice = operation.notice
        if notice is None:
            self._call(_POST_ONE if len(records) == 1 else _POST, queue, *records)
        else:
            script = _ANNOUNCE_ONE if len(records) == 1 else _ANNOUNCE
            self.announce(script, queue, *records, encode(notice.id), notice.payload)

    def list_messages(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        """Read a page."""
        arguments = [
            b"%d" % operation.limit,
            b"%d" % position_after(operation.marker),
            b"1" if operation.include_claimed else b"0",
            b"1" if operation.include_delayed else b"0",
        ]
        if operation.exclude_client is not None:
            arguments.append(encode(operation.exclude_client))
        answer = self._call(_LIST, queue, *arguments)
        marker = answer[1].decode() or None
        return Page(to_messages(answer, 2), marker, complete=answer[0] == 1)

    def get_messages(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        """Read by id."""
        ids = map(encode, dict.fromkeys(operation.ids))
        return to_messages(self._call(_GET, queue, *ids))

    def delete_message(self, queue: QueueRef, operation: op.DeleteMessage) -> None:
        """Delete one message."""
        arguments = [encode(operation.id)]
        if operation.claim_id is not None:
            arguments.append(encode(operation.claim_id))
        self._call(_DELETE, queue, *arguments)

    def delete_messages(self, queue: QueueRef, operation: op.DeleteMessages) -> None:
        """Delete by ids."""
        ids = [encode(id_) for id_ in dict.fromkeys(operation.ids)]
        arguments = [b"%d" % len(ids), *ids]
        if operation.claim_ids is not None:
            arguments += [b"1", *map(encode, operation.claim_ids)]
        self._call(_DELETE_MANY, queue, *arguments)

    def pop_messages(self, queue: QueueRef, operation: op.PopMessages) -> tuple[Message, ...]:
        """Remove and return."""
        return to_messages(self._call(_POP, queue, b"%d" % operation.limit))

    def purge_messages(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        """Remove all; Redis frees the space beside its other work."""
        self._call(_PURGE, queue)

    def get_stats(self, queue: QueueRef, operation: op.GetStats) -> Stats:
        """Count."""
        total, claimed, *moments = self._call(_STATS, queue)
        if not moments:
            return Stats(total, claimed)
        oldest, newest = (
            MessageMoment(decode(moments[place]), moments[place + 1], moments[place + 2])
            for place in (0, 3)
        )
        return Stats(total, claimed, oldest, newest)

    def get_totals(self) -> Stats:
        """Count the messages of the whole store."""
        try:
            return self._sweeper.count()
        except Failed as failed:
            raise self.client.unreachable(failed) from failed

    # --- Claims ---------------------------------------------------------------------------------

    def create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        """Claim the oldest available messages."""
        numbers = (operation.ttl, operation.grace, operation.limit)
        arguments = [encode(operation.claim_id), *(b"%d" % number for number in numbers)]
        rule = operation.dead_letter
        if rule is None:
            return to_messages(self._call(_CREATE_CLAIM, queue, *arguments))
        arguments += [
            b"%d" % rule.max_claims,
            b"" if rule.epoch is None else b"%d" % rule.epoch,
            b"" if rule.ttl is None else b"%d" % rule.ttl,
            b"" if rule.lease_id is None else encode(rule.lease_id),
        ]
        if rule.lease_id is None:
            answer = self._calls.on_two_queues(_CREATE_CLAIM, queue, rule, *arguments)
        else:
            answer = self._call(_CREATE_CLAIM, queue, *arguments, rule=rule)
        if answer and answer[0] == _LEASED:
            raise DeadLettersLeased(to_stored(answer[1:]))
        return to_messages(answer)

    def get_claim(self, queue: QueueRef, operation: op.GetClaim) -> Claim:
        """Read a claim."""
        ttl, age, *messages = self._call(_GET_CLAIM, queue, encode(operation.claim_id))
        return Claim(operation.claim_id, ttl, age, to_messages(messages))

    def renew_claim(self, queue: QueueRef, operation: op.RenewClaim) -> None:
        """Renew a claim."""
        arguments = (b"%d" % operation.ttl, b"%d" % operation.grace)
        self._call(_RENEW_CLAIM, queue, encode(operation.claim_id), *arguments)

    def release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        """Release a claim."""
        self._call(_RELEASE_CLAIM, queue, encode(operation.claim_id))

    # --- Housekeeping ---------------------------------------------------------------------------

    def reclaim(self, limit: int) -> int:
        """Free space in short steps."""
        try:
            freed = self._sweeper.reclaim(limit)
        except Failed as failed:
            raise self.client.unreachable(failed) from failed
        return freed + self.forget_kept(limit - freed) if freed < limit else freed
