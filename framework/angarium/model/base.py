"""The queues of the message store in memory: found, known, and settled before each operation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from angarium.model.state import HeldQueue, HeldStore
from angarium.storage.driver import DataDriver, StoreEnvironment
from angarium.storage.models import QueueRef
from angarium.storage.signals import StalePlan

_STORES: Final[dict[str | None, HeldStore]] = {}
_STORES_LOCK: Final = threading.Lock()


class HeldQueues(DataDriver):
    """A driver whose store is a dictionary, one for each uri."""

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        with _STORES_LOCK:
            self._store = _STORES.setdefault(environment.uri, HeldStore())

    def ping(self) -> None:
        """Memory answers."""

    def register(self, queue: QueueRef) -> None:
        """Raise the epoch, or begin anew after a deletion."""
        with self._store.lock:
            held = self._store.queues.get(queue.scope)
            if held is None or (held.is_deleted and held.epoch < queue.epoch):
                self._store.queues[queue.scope] = HeldQueue(queue.epoch)
            elif held.epoch < queue.epoch:
                held.epoch = queue.epoch

    def unregister(self, queue: QueueRef) -> None:
        """Leave nothing but the epoch."""
        with self._store.lock:
            held = self._store.queues.get(queue.scope)
            if held is None or held.epoch < queue.epoch:
                self._store.queues[queue.scope] = HeldQueue(queue.epoch, is_deleted=True)

    @contextmanager
    def _open(self, queue: QueueRef) -> Iterator[tuple[HeldQueue, int]]:
        """The queue, with everything settled, and the time, for one atomic step."""
        with self._store.lock:
            held = self._store.queues.get(queue.scope)
            if held is None or held.is_deleted or held.epoch != queue.epoch:
                raise StalePlan(queue.scope)
            now = self.clock.now()
            held.settle(now)
            yield held, now
