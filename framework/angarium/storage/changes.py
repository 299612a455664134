"""Ending the changes of queues that somebody began: register or unregister, then publish.

Whoever meets a record that is not published ends its change, so that a crash anywhere heals
(``docs/interfaces.rst``). A queue on the last step of a move is waited for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Final

from angarium.errors import OutcomeUnknown, QueueIsMoving, StoreUnreachable
from angarium.storage.driver import DataDriver
from angarium.storage.models import QueueChange, QueueRecord, QueueState, Scope
from angarium.storage.pools import Pools
from angarium.storage.signals import RecordChanged

LOG = logging.getLogger(__name__)
_ATTEMPTS: Final = 20
_PATIENCE: Final = 2.0  # seconds for which a request waits for a queue that is moving
_FIRST_PAUSE: Final = 0.02  # seconds between two looks at it; doubled each time
_LONGEST_PAUSE: Final = 0.2
_PAGE: Final = 100  # records read at a time


class Changes:
    """Ends changes of management records. Safe for threads.

    :param forget: called with the scope of every queue whose plans are outdated.
    """

    def __init__(self, pools: Pools, forget: Callable[[Scope], None]) -> None:
        self._pools = pools
        self._control = pools.control
        self._forget = forget

    def settle(self, scope: Scope) -> QueueRecord | None:
        """The record of a queue, published or moving; other changes of it are ended first."""
        for _ in range(_ATTEMPTS):
            record = self._control.get_queue(scope)
            if record is None or record.state in (QueueState.PUBLISHED, QueueState.MOVING):
                return record
            self.complete(record)
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    def settle_and_wait(self, scope: Scope) -> QueueRecord | None:
        """The published record of a queue, after its move if it is moving.

        :raises QueueIsMoving: it moves for longer than a request waits.
        """
        deadline, pause = 0.0, _FIRST_PAUSE
        while True:
            record = self.settle(scope)
            if record is None or record.state is QueueState.PUBLISHED:
                return record
            now = time.monotonic()
            deadline = deadline or now + _PATIENCE
            is_over = now > deadline
            if pause == _FIRST_PAUSE or is_over:
                if self._take_back(record):
                    continue
                if is_over:
                    raise QueueIsMoving
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _take_back(self, record: QueueRecord) -> bool:
        """End a move whose mover is gone: the queue stays where it was."""
        change = QueueChange(QueueState.PENDING, target=record.target, after_lease=True)
        try:
            pending = self._control.change_queue(record, change)
        except RecordChanged:
            return False
        self.complete(pending)
        return True

    def finish(self, record: QueueRecord) -> None:
        """End a change that this process began; from here on a failure leaves it begun.

        :raises OutcomeUnknown: a store failed.
        """
        try:
            self.complete(record)
        except StoreUnreachable as error:
            raise OutcomeUnknown from error

    def complete(self, record: QueueRecord) -> None:
        """End a change, whoever began it."""
        self._forget(record.scope)
        if record.state is QueueState.DELETING:
            self._pools.driver(record.pool).unregister(record.ref)
            for pool in {record.target, record.source} - {None, record.pool}:
                self._clear(pool or "", record)
        else:
            self._pools.driver(record.pool).register(record.ref)
            if record.source is not None:
                self._clear(record.source, record)
        self._control.publish(record.ref)

    def _clear(self, pool: str, record: QueueRecord) -> None:
        """Take everything of a queue out of a pool that it has left, or did not get to."""
        driver = self._pools.driver(pool)
        driver.drop_notices(record.ref)
        driver.unregister(record.ref)

    def leave_store(self, pool: str, old: DataDriver) -> None:
        """Give every queue of a pool a fresh epoch, and tell it to the pool's former store."""
        for listed in self.of_pool(pool):
            record: QueueRecord | None = listed
            while record is not None and record.pool == pool:
                try:
                    self._leave(record, old)
                    break
                except RecordChanged:  # by somebody who told the former store nothing
                    record = self._control.get_queue(listed.scope)

    def _leave(self, record: QueueRecord, old: DataDriver) -> None:
        if record.state is not QueueState.DELETING:
            change = QueueChange(QueueState.PENDING, target=record.target, source=record.source)
            record = self._control.change_queue(record, change)
        try:
            old.register(record.ref)
        except StoreUnreachable:
            LOG.warning("the former store of pool %r does not answer", record.pool)
        self.complete(record)

    def of_pool(self, pool: str) -> Iterator[QueueRecord]:
        """The records of all queues of a pool."""
        after: Scope | None = None
        while True:
            page = self._control.list_pool_queues(pool, after=after, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].scope
