"""Which server holds what: one server, the master that sentinels name, or a cluster's map."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final, Protocol

from redis.exceptions import RedisError

from angarium_redis import connections
from angarium_redis.address import Address, Node
from angarium_redis.failures import Failed, code_of
from angarium_redis.keys import SLOTS

_WITHIN: Final = 1.0  # seconds in which a server tells who holds what, or the next one is asked


class Topology(Protocol):
    """Where to send a command."""

    def node_of(self, slot: int) -> Node:
        """The server that holds a slot.

        :raises Failed: nobody knows.
        """

    def nodes(self) -> Sequence[Node]:
        """All servers that hold something.

        :raises Failed: nobody knows.
        """

    def forget(self) -> None:
        """Ask again the next time."""


def of(address: Address) -> Topology:
    """The topology behind an address."""
    if address.is_cluster:
        return _Cluster(address)
    return _One(address) if address.master is None else _Sentinel(address)


class _One:
    def __init__(self, address: Address) -> None:
        self._node = address.nodes[0]

    def node_of(self, slot: int) -> Node:
        return self._node

    def nodes(self) -> Sequence[Node]:
        return (self._node,)

    def forget(self) -> None:
        return


class _Sentinel:
    """Asks the sentinels, one after the other until one answers."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._node: Node | None = None

    def node_of(self, slot: int) -> Node:
        if self._node is None:
            self._node = self._ask()
        return self._node

    def nodes(self) -> Sequence[Node]:
        return (self.node_of(0),)

    def forget(self) -> None:
        self._node = None

    def _ask(self) -> Node:
        address = self._address
        failure: Exception = Failed(RedisError("no sentinel answers"))
        for node in random.sample(address.nodes, len(address.nodes)):
            connection = connections.make(address, node, within=_WITHIN, is_sentinel=True)
            try:
                connections.open_(connection)
                name = address.master or ""
                answer = _ask(connection, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
            except Failed as error:
                failure = error
                continue
            finally:
                connection.disconnect()
            if answer:
                return answer[0].decode(), int(answer[1])
            failure = Failed(RedisError(f"no sentinel knows a master named {address.master!r}"))
        raise failure


class _Cluster:
    """Keeps the map of slots that a node of the cluster gave."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._map: list[Node | None] | None = None
        self._known: tuple[Node, ...] = address.nodes

    def node_of(self, slot: int) -> Node:
        slots = self._map
        if slots is None:
            slots = self._map = self._ask()
        node = slots[slot]
        if node is None:
            self.forget()
            raise Failed(RedisError("no node of the cluster holds the slot"))
        return node

    def nodes(self) -> Sequence[Node]:
        self.node_of(0)
        return sorted(set(self._known))

    def forget(self) -> None:
        self._map = None

    def _ask(self) -> list[Node | None]:
        failure: Failed | None = None
        seeds = dict.fromkeys((*random.sample(self._known, len(self._known)), *self._address.nodes))
        for seed in seeds:
            connection = connections.make(self._address, seed, within=_WITHIN)
            try:
                connections.open_(connection)
                ranges = _ask(connection, "CLUSTER", "SLOTS")
            except Failed as error:
                failure = error
                continue
            finally:
                connection.disconnect()
            slots = _to_map(ranges, seed)
            self._known = tuple({node for node in slots if node is not None}) or self._known
            return slots
        raise failure or Failed(RedisError("no node of the cluster answers"))


def _to_map(ranges: Sequence[Any], seed: Node) -> list[Node | None]:
    slots: list[Node | None] = [None] * SLOTS
    for first, last, master, *_ in ranges:
        host = (master[0] or b"").decode() or seed[0]  # a node may not know its own name
        slots[first : last + 1] = [(host, int(master[1]))] * (last + 1 - first)
    return slots


def _ask(connection: Any, *command: str) -> Any:
    try:
        connection.send_command(*command)
        return connection.read_response()
    except (RedisError, OSError) as error:
        raise Failed(error, code_of(error)) from error
