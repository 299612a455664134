"""One call of a script: sent, answered, and again if that may help, within a few seconds."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError, ResponseError

from angarium.errors import OutcomeUnknown, StoreUnreachable
from angarium_redis.address import Address, Node
from angarium_redis.connections import exchange
from angarium_redis.failures import Failed, code_of
from angarium_redis.keys import pack
from angarium_redis.scripts import Script
from angarium_redis.servers import ServersOfProcess

LOG = logging.getLogger(__name__)

DEADLINE: Final = 5.0  # seconds after which no further attempt is made
_LAST_WAIT: Final = 0.1  # seconds before the deadline for which one more pause is not worth it
_ASKING: Final = b"*1\r\n$6\r\nASKING\r\n"
_ELSEWHERE: Final = frozenset({"", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MOVED", "READONLY"})
_AT_ONCE: Final = frozenset({"ASK", "MOVED"})
_REPLICAS_MISSING: Final = (
    "The change was made, but too few replicas have confirmed it in time: its outcome is unknown "
    "if a server fails now. Look before you repeat the request."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to call.

    :ivar attempts: tries of one call at most.
    :ivar pause: seconds before the first repetition over a new connection; doubled each time.
    :ivar pool_size: connections per server and process.
    :ivar wait_replicas: replicas that have to confirm a change; 0 to ask none.
    :ivar wait_timeout: milliseconds to wait for them.
    """

    attempts: int = 10
    pause: float = 1.0
    pool_size: int = 64
    wait_replicas: int = 0
    wait_timeout: int = 1000


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a script.

    :ivar count: arguments in ``packed``.
    :ivar packed: number of keys, keys and arguments as Redis reads them from the wire.
    """

    script: Script
    slot: int
    count: int
    packed: bytes

    def command(self, head: bytes) -> bytes:
        return b"*%d\r\n%b%b" % (self.count + 2, head, self.packed)


class Client:
    """Calls scripts. Safe for threads, and for processes that fork."""

    def __init__(self, address: Address, settings: Settings) -> None:
        self.address = address
        self._settings = settings
        self._servers = ServersOfProcess(address, settings.pool_size)
        self._wait = b""
        if settings.wait_replicas:
            numbers = (str(settings.wait_replicas), str(settings.wait_timeout))
            packed = b"".join(pack(number.encode()) for number in numbers)
            self._wait = b"*3\r\n" + pack(b"WAIT") + packed

    def call(self, script: Script, slot: int, count: int, packed: bytes) -> Any:
        """Carry out a script on the server that holds a slot.

        :param count: arguments in ``packed``.
        :param packed: number of keys, keys and arguments as Redis reads them from the wire.
        :raises StoreUnreachable: Redis failed; nothing was changed.
        :raises OutcomeUnknown: a change may have been stored.
        """
        call = _Call(script, slot, count, packed)
        start = time.monotonic()
        try:
            return self._attempt(call, None)
        except Failed as failed:
            return self._recover(call, failed, start + DEADLINE)

    def ask(self, node: Node, commands: Sequence[bytes]) -> list[Any]:
        """Send commands that change nothing; refusals are among the answers, as exceptions.

        :raises Failed: the server cannot be reached.
        """
        servers = self._servers.get()
        pool = servers.pool(node)
        connection, reused = pool.take()
        try:
            answers = exchange(connection, b"".join(commands), len(commands))
        except (RedisError, OSError) as error:
            pool.drop(connection)
            servers.reconsider()
            if reused:
                return self.ask(node, commands)
            raise Failed(error, code_of(error)) from error
        pool.give(connection)
        return answers

    def node_of(self, slot: int) -> Node:
        """The server that holds a slot.

        :raises Failed: nobody knows.
        """
        return self._servers.get().topology.node_of(slot)

    def nodes(self) -> Sequence[Node]:
        """All servers that hold something.

        :raises Failed: nobody knows.
        """
        return self._servers.get().topology.nodes()

    def reconsider(self) -> None:
        """Ask again who holds what: a server has refused a question as none of its own."""
        self._servers.get().reconsider()

    def close(self) -> None:
        """Close the connections of this process."""
        self._servers.close()

    def unreachable(self, failed: Failed) -> StoreUnreachable:
        """Log a failure that left Redis as it was; returns what to raise."""
        LOG.warning("redis at %s failed: %s", self.address.name, failed)
        return StoreUnreachable()

    def _attempt(self, call: _Call, asked: Node | None, within: float = math.inf) -> Any:
        """Send it once.

        :param within: seconds for an answer, if that is less than usual.
        :raises Failed: it failed; another attempt may not.
        """
        servers = self._servers.get()
        pool = servers.pool(asked or servers.topology.node_of(call.slot))
        connection, reused = pool.take(looks=not call.script.repeatable, within=within)
        try:
            reply = self._exchange(connection, call, is_asking=asked is not None)
        except (Failed, OutcomeUnknown):
            pool.give(connection)
            raise
        except (RedisError, OSError) as error:
            pool.drop(connection)
            code = code_of(error)
            raise Failed(error, code, sent=not code, reused=reused) from error
        except BaseException:
            pool.drop(connection)
            raise
        pool.give(connection)
        return reply

    def _exchange(self, connection: Any, call: _Call, *, is_asking: bool) -> Any:
        """Send the digest of the script, or its text to a server that does not know it."""
        script = call.script
        wait = self._wait if script.changes else b""
        command = call.command(script.evalsha) + wait
        if is_asking:
            command = _ASKING + command
        connection.send_packed_command((command,), check_health=False)
        if is_asking:
            connection.read_response()
        try:
            reply = connection.read_response()
        except ResponseError as refusal:
            if wait:
                connection.read_response()
            return self._after_refusal(connection, call, refusal)
        if wait:
            self._require_replicas(connection.read_response(), script, reply)
        return reply

    def _after_refusal(self, connection: Any, call: _Call, refusal: ResponseError) -> Any:
        code = code_of(refusal)
        if code == "NOSCRIPT":
            wait = self._wait if call.script.changes else b""
            command = call.command(call.script.eval) + wait
            reply, *confirmed = exchange(connection, command, 2 if wait else 1)
            if not isinstance(reply, ResponseError):
                if wait:
                    self._require_replicas(confirmed[0], call.script, reply)
                return reply
            refusal, code = reply, code_of(reply)
        raise Failed(refusal, code)

    def _require_replicas(self, confirmed: Any, script: Script, reply: Any) -> None:
        """Refuse to call a change stored that too few replicas have.

        What a pop returned is gone from the queue, so it is handed out in any case.
        """
        is_change = not isinstance(reply, int) or reply > 0
        wanted = self._settings.wait_replicas
        if is_change and not (isinstance(confirmed, int) and confirmed >= wanted):
            LOG.warning(
                "redis at %s: %s of %d replicas confirmed a change (%s)",
                self.address.name,
                confirmed,
                wanted,
                script.name,
            )
            if script.repeatable:
                raise OutcomeUnknown(_REPLICAS_MISSING)

    def _recover(self, call: _Call, failed: Failed, deadline: float) -> Any:
        """Try again as long as that may help."""
        lost, pause = False, self._settings.pause
        for number in range(2, self._settings.attempts + 2):
            lost |= failed.sent and call.script.changes
            is_hopeless = not failed.is_passing or (failed.sent and not call.script.repeatable)
            if is_hopeless or number > self._settings.attempts + failed.reused:
                break
            if failed.code in _ELSEWHERE:
                self._servers.get().reconsider()
            if not (failed.reused or failed.code in _AT_ONCE):
                left = deadline - time.monotonic()
                if left < _LAST_WAIT:
                    break
                time.sleep(min(pause, left))
                pause *= 2
            elif time.monotonic() > deadline:
                break
            try:
                left = deadline - time.monotonic()
                return self._attempt(call, _asked(failed), max(left, _LAST_WAIT))
            except Failed as again:
                failed = again
        unreachable = self.unreachable(failed)
        raise OutcomeUnknown if lost else unreachable from failed


def _asked(failed: Failed) -> Node | None:
    """The node that a cluster which is moving a slot names."""
    if failed.code != "ASK":
        return None
    return getattr(failed.cause, "host"), getattr(failed.cause, "port")  # noqa: B009 - untyped
