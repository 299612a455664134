"""What one process knows of the servers and has open to them."""

from __future__ import annotations

import os
import threading

from angarium_redis import topology
from angarium_redis.address import Address, Node
from angarium_redis.connections import Pool


class Servers:
    """The connections of this process, by server. Safe for threads."""

    def __init__(self, address: Address, pool_size: int) -> None:
        self.process = os.getpid()
        self.topology = topology.of(address)
        self._address = address
        self._size = pool_size
        self._pools: dict[Node, Pool] = {}
        self._lock = threading.Lock()

    def pool(self, node: Node) -> Pool:
        """The connections to a server."""
        try:
            return self._pools[node]
        except KeyError:
            with self._lock:
                return self._pools.setdefault(node, Pool(self._address, node, self._size))

    def reconsider(self) -> None:
        """Close what is idle, and ask again who holds what."""
        self.topology.forget()
        for pool in list(self._pools.values()):
            pool.clear()


class ServersOfProcess:
    """The same for whatever process asks: a fork shares no connection with its parent."""

    def __init__(self, address: Address, pool_size: int) -> None:
        self._address = address
        self._pool_size = pool_size
        self._lock = threading.Lock()
        self._current: Servers | None = None

    def get(self) -> Servers:
        """Those of this process."""
        current = self._current
        if current is None or current.process != os.getpid():
            with self._lock:
                current = self._current
                if current is None or current.process != os.getpid():
                    current = self._current = Servers(self._address, self._pool_size)
        return current

    def close(self) -> None:
        """Close the connections of this process."""
        if self._current is not None and self._current.process == os.getpid():
            self._current.reconsider()
        self._current = None
