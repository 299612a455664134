"""Every operation of the message store as a call of its function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from angarium.clock import Clock
from angarium.storage import operations as op
from angarium.storage.deliveries import NewNotice
from angarium.storage.driver import DEAD_LETTER_LEASE
from angarium.storage.markers import position_after
from angarium.storage.models import (
    Claim,
    ClaimExtract,
    DeadLetter,
    Extract,
    Message,
    MessageMoment,
    Page,
    QueueRef,
    Scope,
    Stats,
)
from angarium.storage.signals import DeadLettersLeased
from angarium_sql.database import Database
from angarium_sql.postgresql import transfer
from angarium_sql.postgresql.calls import (
    QUEUE,
    SCOPE,
    TIMED_QUEUE,
    Function,
    queue_arguments,
    require_done,
    timed,
)
from angarium_sql.postgresql.posting import Posting
from angarium_sql.rows import (
    BOUND,
    SCAN,
    TOMBSTONE_LIFE,
    to_extract,
    to_messages,
    to_page,
    to_stored,
)
from angarium_sql.tables import decode, digest, encode, or_null, scope_key

ResultT = TypeVar("ResultT")

_GET: Final = Function("angarium_get", *TIMED_QUEUE, "bytea[]", changes=False)
_LIST: Final = Function(
    "angarium_list",
    *(*TIMED_QUEUE, "bigint", "int", "int", "bytea", "boolean", "boolean"),
    changes=False,
)
_STATS: Final = Function("angarium_stats", *TIMED_QUEUE, changes=False)
_DELETE: Final = Function("angarium_delete", *TIMED_QUEUE, "bytea", "bytea")
_DELETE_SEVERAL: Final = Function("angarium_delete_several", *TIMED_QUEUE, "bytea[]", "bytea[]")
_POP: Final = Function("angarium_pop", *TIMED_QUEUE, "int", "int", repeatable=False)
_PURGE: Final = Function("angarium_purge", *TIMED_QUEUE, repeatable=False)
_CREATE_CLAIM: Final = Function(
    "angarium_create_claim",
    *(*TIMED_QUEUE, "bytea", "int", "int", "int", "int"),
    *("int", *QUEUE, "int", "bytea", "int"),
)
_GET_CLAIM: Final = Function("angarium_get_claim", *TIMED_QUEUE, "bytea", changes=False)
_RENEW_CLAIM: Final = Function("angarium_renew_claim", *TIMED_QUEUE, "bytea", "int", "int")
_RELEASE_CLAIM: Final = Function("angarium_release_claim", *TIMED_QUEUE, "bytea")
_REGISTER: Final = Function("angarium_register", *QUEUE)
_SEAL: Final = Function("angarium_seal", *SCOPE)
_UNREGISTER: Final = Function("angarium_unregister", *TIMED_QUEUE)
_TOTALS: Final = Function("angarium_totals", "bigint", changes=False)
_RECLAIM_EXPIRED: Final = Function("angarium_reclaim_expired", "bigint", "int")
_RECLAIM_DROPPED: Final = Function("angarium_reclaim_dropped", "int")
_RECLAIM_CLAIMS: Final = Function("angarium_reclaim_claims", "bigint", "int")
_RECLAIM_TOMBSTONES: Final = Function("angarium_reclaim_tombstones", "bigint", "bigint", "int")


_NO_RULE: Final = (None,) * 8
_NO_NOTICE: Final = (None,) * 4


class _Answer(NamedTuple):
    """The type ``angarium_answer``: a head with the outcome, then messages."""

    id: bytes
    body: bytes
    ttl: int
    created: int
    due: int | None
    claim_id: bytes | None
    claim_count: int
    checksum: bytes | None
    seq: int
    outcome: str
    moment: int
    client_id: bytes
    expires: int


class PostgresqlBackend:
    """The message store on PostgreSQL."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._posting = Posting(database)

    def perform(self, queue: QueueRef, operation: op.DataOperation[ResultT]) -> ResultT:
        """Carry out an operation on a queue."""
        result: ResultT = _OPERATIONS[type(operation)](self, queue, operation)
        return result

    def register(self, queue: QueueRef) -> None:
        """Make a queue known, or raise its epoch."""
        _REGISTER.call(self._database, queue_arguments(queue))

    def seal(self, queue: QueueRef) -> None:
        """Wait for the end of those who read an earlier epoch."""
        _SEAL.call(self._database, tuple(scope_key(queue.scope).values()))

    def unregister(self, queue: QueueRef) -> None:
        """Put a tombstone in the place of a queue."""
        _UNREGISTER.call(self._database, timed(queue, self._clock))

    def get_totals(self) -> Stats:
        """Count the messages of the whole store."""
        row = _TOTALS.call(self._database, (self._clock.offset,))[0]
        return Stats(total=row[0], claimed=row[1])

    def reclaim(self, limit: int) -> int:
        """Free at most ``limit`` things, in transactions that are all short."""
        offset = self._clock.offset
        freed = 0
        for function, arguments in (
            (_RECLAIM_EXPIRED, (offset,)),
            (_RECLAIM_DROPPED, ()),
            (_RECLAIM_CLAIMS, (offset,)),
            (_RECLAIM_TOMBSTONES, (offset, TOMBSTONE_LIFE)),
        ):
            count = 1
            while freed < limit and count:
                count = function.call(self._database, (*arguments, limit - freed))[0][0]
                freed += count
        return freed

    # --- Operations -----------------------------------------------------------------------------

    def _run(self, function: Function, queue: QueueRef, *arguments: Any) -> None:
        """Call a function that answers with its outcome alone."""
        row = function.call(self._database, (*timed(queue, self._clock), *arguments))[0]
        require_done(row[0], queue)

    def _ask(
        self, function: Function, queue: QueueRef, *arguments: Any, rule: DeadLetter | None = None
    ) -> tuple[_Answer, Sequence[_Answer]]:
        """Call a function that answers with a head and with messages."""
        answer = function.call(self._database, (*timed(queue, self._clock), *arguments))
        head, *rows = map(_Answer._make, answer)
        if head.outcome == "leased":
            raise DeadLettersLeased(to_stored(rows, head.moment))
        require_done(head.outcome, queue, rule)
        return head, rows

    def _post(self, queue: QueueRef, operation: op.PostMessages) -> None:
        batch = operation.messages
        arguments = (
            *timed(queue, self._clock),
            encode(operation.client_id),
            [encode(message.id) for message in batch],
            [message.body for message in batch],
            [message.ttl for message in batch],
            [message.delay for message in batch],
            [None if it.checksum is None else encode(it.checksum) for it in batch],
            *_notice_arguments(queue.scope, operation.notice),
        )
        require_done(self._posting.post(queue.scope, arguments), queue)

    def _list(self, queue: QueueRef, operation: op.ListMessages) -> Page:
        head, rows = self._ask(
            _LIST,
            queue,
            position_after(operation.marker),
            operation.limit,
            SCAN,
            or_null(operation.exclude_client),
            operation.include_claimed,
            operation.include_delayed,
        )
        return to_page(rows, head.seq, head.moment, operation.limit)

    def _get(self, queue: QueueRef, operation: op.GetMessages) -> tuple[Message, ...]:
        ids = list(dict.fromkeys(operation.ids))
        head, rows = self._ask(_GET, queue, [encode(id_) for id_ in ids])
        found = {message.id: message for message in to_messages(rows, head.moment)}
        return tuple(found[id_] for id_ in ids if id_ in found)

    def _stats(self, queue: QueueRef, operation: op.GetStats) -> Stats:
        row = _STATS.call(self._database, timed(queue, self._clock))[0]
        outcome, now, total, claimed, old_id, old_created, new_id, new_created = row
        require_done(outcome, queue)
        return Stats(
            total=total,
            claimed=claimed,
            oldest=_moment(old_id, old_created, now),
            newest=_moment(new_id, new_created, now),
        )

    def _delete(self, queue: QueueRef, operation: op.DeleteMessage) -> None:
        self._run(_DELETE, queue, encode(operation.id), or_null(operation.claim_id))

    def _delete_several(self, queue: QueueRef, operation: op.DeleteMessages) -> None:
        claim_ids = operation.claim_ids
        self._run(
            _DELETE_SEVERAL,
            queue,
            [encode(id_) for id_ in operation.ids],
            None if claim_ids is None else [encode(id_) for id_ in claim_ids],
        )

    def _pop(self, queue: QueueRef, operation: op.PopMessages) -> tuple[Message, ...]:
        head, rows = self._ask(_POP, queue, operation.limit, BOUND)
        return to_messages(rows, head.moment)

    def _purge(self, queue: QueueRef, operation: op.PurgeMessages) -> None:
        self._run(_PURGE, queue)

    def _create_claim(self, queue: QueueRef, operation: op.CreateClaim) -> tuple[Message, ...]:
        rule = operation.dead_letter
        head, rows = self._ask(
            _CREATE_CLAIM,
            queue,
            encode(operation.claim_id),
            operation.ttl,
            operation.grace,
            operation.limit,
            BOUND,
            *(_NO_RULE if rule is None else _rule_arguments(rule)),
            rule=rule,
        )
        return to_messages(rows, head.moment)

    def _get_claim(self, queue: QueueRef, operation: op.GetClaim) -> Claim:
        head, rows = self._ask(_GET_CLAIM, queue, encode(operation.claim_id))
        return Claim(
            id=operation.claim_id,
            ttl=head.ttl,
            age=max(head.moment - head.created, 0),
            messages=to_messages(rows, head.moment),
        )

    def _renew_claim(self, queue: QueueRef, operation: op.RenewClaim) -> None:
        self._run(_RENEW_CLAIM, queue, encode(operation.claim_id), operation.ttl, operation.grace)

    def _release_claim(self, queue: QueueRef, operation: op.ReleaseClaim) -> None:
        self._run(_RELEASE_CLAIM, queue, encode(operation.claim_id))

    def _accept(self, queue: QueueRef, operation: op.AcceptDeadLetters) -> None:
        self._run(transfer.ACCEPT, queue, *transfer.to_accept(operation))

    def _export(self, queue: QueueRef, operation: op.ExportMessages) -> Extract:
        limit = operation.limit
        arguments = (operation.after, limit + 1, operation.bodies)
        head, rows = self._ask(transfer.EXPORT, queue, *arguments)
        return to_extract(rows, head.seq, head.moment, limit)

    def _import(self, queue: QueueRef, operation: op.ImportMessages) -> None:
        self._run(transfer.IMPORT, queue, *transfer.to_import(operation))

    def _export_claims(self, queue: QueueRef, operation: op.ExportClaims) -> ClaimExtract:
        arguments = (encode(operation.cursor or ""), operation.limit + 1)
        answer = transfer.EXPORT_CLAIMS.call(
            self._database, (*timed(queue, self._clock), *arguments)
        )
        outcome, now, *_ = answer[0]
        require_done(outcome, queue)
        return transfer.to_claims(answer[1:], now, operation.limit)

    def _import_claims(self, queue: QueueRef, operation: op.ImportClaims) -> None:
        self._run(transfer.IMPORT_CLAIMS, queue, *transfer.to_import_claims(operation))


_OPERATIONS: Final[dict[type[op.DataOperation[Any]], Callable[..., Any]]] = {
    op.PostMessages: PostgresqlBackend._post,
    op.ListMessages: PostgresqlBackend._list,
    op.GetMessages: PostgresqlBackend._get,
    op.GetStats: PostgresqlBackend._stats,
    op.DeleteMessage: PostgresqlBackend._delete,
    op.DeleteMessages: PostgresqlBackend._delete_several,
    op.PopMessages: PostgresqlBackend._pop,
    op.PurgeMessages: PostgresqlBackend._purge,
    op.CreateClaim: PostgresqlBackend._create_claim,
    op.GetClaim: PostgresqlBackend._get_claim,
    op.RenewClaim: PostgresqlBackend._renew_claim,
    op.ReleaseClaim: PostgresqlBackend._release_claim,
    op.AcceptDeadLetters: PostgresqlBackend._accept,
    op.ExportMessages: PostgresqlBackend._export,
    op.ImportMessages: PostgresqlBackend._import,
    op.ExportClaims: PostgresqlBackend._export_claims,
    op.ImportClaims: PostgresqlBackend._import_claims,
}


def _notice_arguments(scope: Scope, notice: NewNotice | None) -> tuple[Any, ...]:
    if notice is None:
        return _NO_NOTICE
    return (digest(scope, notice.id), digest(scope), encode(notice.id), notice.payload)


def _rule_arguments(rule: DeadLetter) -> tuple[Any, ...]:
    target = (*scope_key(rule.scope).values(), rule.epoch, rule.ttl)
    return (rule.max_claims, *target, or_null(rule.lease_id), DEAD_LETTER_LEASE)


def _moment(id_: bytes | None, created: int, now: int) -> MessageMoment | None:
    return None if id_ is None else MessageMoment(decode(id_), max(now - created, 0), created)
