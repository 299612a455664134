"""Where each queue lives and on which epoch it is: plans, and the changes that outdate them.

A change of a queue writes the management record as unpublished with a fresh epoch, raises the epoch
in the pool, and publishes the record; whoever reads an unpublished record ends the change first, so
that a crash anywhere heals (design principle 6). A cached plan is therefore never checked against
the management store: the pool refuses it in the same round trip when it is stale.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from angarium.codec import encode
from angarium.errors import (
    Conflict,
    NoPoolFound,
    NotOffered,
    QueueDoesNotExist,
    StoreUnreachable,
)
from angarium.limits import Limits
from angarium.storage.changes import Changes
from angarium.storage.driver import ControlDriver, DataDriver
from angarium.storage.models import (
    DeadLetter,
    Kind,
    NewSubscription,
    QueueChange,
    QueueFilter,
    QueueRecord,
    QueueRef,
    QueueState,
    Scope,
    Subscription,
)
from angarium.storage.moving import Mover
from angarium.storage.placement import Placement, flavor_of
from angarium.storage.pools import Pools
from angarium.storage.settings import QueueSettings
from angarium.storage.signals import RecordChanged

LOG = logging.getLogger(__name__)
_ATTEMPTS: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """All that an operation on a queue needs to know beforehand.

    :ivar queue: the queue as the pool must know it.
    :ivar driver: the driver of the pool.
    :ivar metadata: as stored by clients.
    :ivar pool: the name of the pool.
    :ivar carries_dead_letters: whether the dead-letter queue is out of the driver's reach.
    :ivar has_subscribers: whether a post has to leave a notice.
    """

    queue: QueueRef
    driver: DataDriver
    metadata: Mapping[str, Any]
    settings: QueueSettings
    pool: str = ""
    carries_dead_letters: bool = False
    has_subscribers: bool = False


class Catalogue:
    """Plans and changes queues. Safe for threads; holds no state but the cache of plans."""

    def __init__(self, pools: Pools, limits: Limits, *, cache_size: int) -> None:
        self._control = pools.control
        self._pools = pools
        self._placement = Placement(pools)
        self._changes = Changes(pools, self._forget)
        self.mover = Mover(pools, self._changes)
        self._limits = limits
        self._cache_size = cache_size
        self._plans: dict[Scope, Plan] = {}
        self._lock = threading.Lock()  # of changes of the cache
        pools.on_retire.append(self._forget_driver)
        self.default_settings = QueueSettings.from_metadata({}, limits)

    @property
    def control(self) -> ControlDriver:
        """The management store."""
        return self._control

    # --- Plans ----------------------------------------------------------------------------------

    def plan(self, scope: Scope) -> Plan | None:
        """The plan of a queue, from the cache if it is there; None if the queue does not exist.

        :raises StoreUnreachable: the management store does not answer.
        """
        return self._plans.get(scope) or self.plan_anew(scope)

    def plan_anew(self, scope: Scope) -> Plan | None:
        """The plan as the management store has it now.

        :raises NoPoolFound: the pool of the queue is missing.
        :raises QueueIsMoving: the queue is on its last step to another pool for too long.
        """
        self._forget(scope)
        record = self.read(scope)
        if record is None:
            return None
        driver = self._pools.driver(record.pool)
        dead_letter, carries = self._dead_letter(record, driver)
        settings = QueueSettings.from_metadata(record.metadata, self._limits, dead_letter)
        plan = Plan(
            queue=record.ref,
            driver=driver,
            metadata=record.metadata,
            settings=settings,
            pool=record.pool,
            carries_dead_letters=carries,
            has_subscribers=record.has_subscribers and driver.keeps_notices,
        )
        self._remember(scope, plan)
        return plan

    def _remember(self, scope: Scope, plan: Plan) -> None:
        with self._lock:
            while len(self._plans) >= self._cache_size:
                del self._plans[next(iter(self._plans))]
            if self._pools.holds(plan.pool, plan.driver):
                self._plans[scope] = plan

    def _forget_driver(self, driver: DataDriver) -> None:
        with self._lock:
            for scope in [it for it, plan in self._plans.items() if plan.driver is driver]:
                del self._plans[scope]

    def _forget(self, scope: Scope) -> None:
        with self._lock:
            self._plans.pop(scope, None)

    def plan_after_refusal(self, plan: Plan | None, scope: Scope, refused: Scope) -> Plan | None:
        """A plan of ``scope`` in place of one that the pool refused as stale.

        :param refused: the queue whose epoch differed: the planned one or its dead-letter queue.
        """
        anew = self.plan_anew(scope)
        if anew is not None and anew == plan:
            # The plan is right, so the pool lost its record: it refuses until it is told again.
            record = self.read(refused)
            if record is not None:
                self._pools.driver(record.pool).register(record.ref)
        return anew

    def ensure(self, scope: Scope, pool: str | None = None) -> Plan:
        """The plan of a queue that is created, without metadata, if it does not exist.

        :param pool: where to create it, if not where the rules for new queues put it.
        """
        for _ in range(_ATTEMPTS):
            plan = self.plan(scope)
            if plan is not None:
                return plan
            self.create(scope, {}, pool)
        raise StoreUnreachable("The queue is created and deleted all the time; please retry.")

    def _dead_letter(
        self, record: QueueRecord, driver: DataDriver
    ) -> tuple[DeadLetter | None, bool]:
        """Where dead letters go, and whether they have to be carried there."""
        metadata, scope = record.metadata, record.scope
        name = metadata.get("_dead_letter_queue")
        max_claims = metadata.get("_max_claim_count")
        if scope.kind is Kind.TOPIC or not name or not max_claims:
            return None, False  # of a topic, nothing is ever claimed
        target_scope = Scope(scope.project, name, scope.kind)
        target = self._present(self._changes.settle(target_scope))
        rule = DeadLetter(
            max_claims=max_claims,
            scope=target_scope,
            epoch=None if target is None else target.epoch,
            ttl=metadata.get("_dead_letter_queue_messages_ttl") or None,
        )
        # One on the move is where nobody may write now: who carries waits for its new place.
        is_elsewhere = target is not None and (
            target.pool != record.pool or target.state is QueueState.MOVING
        )
        return rule, is_elsewhere or not driver.moves_dead_letters(scope, target_scope)

    # --- Records --------------------------------------------------------------------------------

    def list(
        self, project: str, kind: Kind, *, marker: str, limit: int, select: QueueFilter
    ) -> list[QueueRecord]:
        """Records by name, strictly after ``marker``; filters apply before the limit."""
        return self._control.list_queues(project, kind, marker=marker, limit=limit, select=select)

    def count(self, project: str, kind: Kind) -> int:
        """How many queues a project has."""
        return self._control.count_queues(project, kind)

    def read(self, scope: Scope) -> QueueRecord | None:
        """The management record; an unfinished change of it is ended first.

        None as well for a queue in the configured message store while that is no pool.

        :raises QueueIsMoving: the queue is on its last step to another pool for too long.
        """
        return self._present(self._changes.settle_and_wait(scope))

    def _present(self, record: QueueRecord | None) -> QueueRecord | None:
        return None if record is None or self._placement.is_hidden(record.pool) else record

    def of_pool(self, pool: str) -> Iterator[QueueRecord]:
        """The records of all queues of a pool, in any state."""
        return self._changes.of_pool(pool)

    # --- Changes --------------------------------------------------------------------------------

    def create(self, scope: Scope, metadata: Mapping[str, Any], pool: str | None = None) -> bool:
        """Create a queue; False, with nothing changed, if it exists.

        :param pool: where, if not where the rules for new queues put it.
        :raises FlavorDoesNotExist: ``_flavor`` names none of the project.
        :raises NoPoolFound: no pool may get it.
        """
        for _ in range(_ATTEMPTS):
            try:
                record, created = self._write(scope, metadata, pool)
            except RecordChanged:  # the pool has just been deleted
                pool = None
                continue
            if created:
                self._changes.finish(record)
                return True
            if record.state is not QueueState.DELETING:
                self._insist_on_presence(record)
                return False
            self._changes.complete(record)
        raise StoreUnreachable("The queue is being deleted all the time; please retry.")

    def _write(
        self, scope: Scope, metadata: Mapping[str, Any], pool: str | None
    ) -> tuple[QueueRecord, bool]:
        """Write the record of a new queue, or return the one that is there."""
        if pool is None:
            try:
                pool = self._placement.choose(scope.project, metadata)
            except NoPoolFound:
                record = self._control.get_queue(scope)
                if record is None or record.state is QueueState.DELETING:
                    raise
                return record, False
        return self._control.create_queue(scope, metadata, pool)

    def _insist_on_presence(self, record: QueueRecord) -> None:
        if self._placement.is_hidden(record.pool):
            raise NoPoolFound(
                "A queue of this name is in the message store, which is no pool here; the "
                "operator can reach it with [pooling:catalog] enable_virtual_pool."
            )

    def update(
        self, scope: Scope, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Replace the metadata by what ``change`` makes of it; returns the result.

        An empty queue moves to another pool if its new flavor demands that.

        :raises QueueDoesNotExist: there is no such queue.
        :raises FlavorDoesNotExist: ``_flavor`` names none of the project.
        :raises Conflict: the flavor demands another pool, but the queue holds messages.
        """
        for _ in range(_ATTEMPTS):
            record = self.read(scope)
            if record is None:
                raise QueueDoesNotExist
            metadata = change(record.metadata)
            self._placement.check_flavor(scope.project, metadata)
            if encode(metadata) == encode(record.metadata):  # to Python, 1 and True are equal
                return metadata
            try:
                self._replace(record, metadata)
            except RecordChanged:
                continue
            return metadata
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    def _replace(self, record: QueueRecord, metadata: Mapping[str, Any]) -> None:
        has_new_flavor = flavor_of(metadata) != flavor_of(record.metadata)
        if has_new_flavor and not self._placement.fits(record.pool, metadata):
            target = self._placement.choose(record.scope.project, metadata)
            self.mover.move_empty(record, target, metadata)
        else:
            pending = self._control.update_queue(record.scope, metadata, record.epoch)
            self._changes.finish(pending)

    def delete(self, scope: Scope) -> None:
        """Delete a queue with its messages and claims; silent when there is none."""
        record = self._control.delete_queue(scope)
        self._forget(scope)
        if record is not None:
            self._changes.finish(record)

    # --- Subscriptions --------------------------------------------------------------------------

    def subscribe(self, new: NewSubscription) -> tuple[Subscription, bool]:
        """Store a subscription, of a queue that is created if it does not exist.

        From the moment this returns, every post leaves a notice. The queue is noted as having
        subscribers first: a crash in between leaves notices that nobody wants, and loses none.

        :returns: the subscription that is there now, and whether this call created it.
        :raises Conflict: the store of the queue keeps no notices; none is created in such a store.
        :raises NoPoolFound: no pool may get the queue.
        """
        for _ in range(_ATTEMPTS):
            record = self.read(new.scope)
            try:
                if record is None:
                    pool = self._placement.choose(new.scope.project, {})
                    self._insist_on_notices(pool)
                    self.create(new.scope, {}, pool)
                elif record.has_subscribers:
                    return self._control.create_subscription(new)
                else:
                    self._expect_subscribers(record)
            except RecordChanged:
                continue
        raise StoreUnreachable("The queue is being changed all the time; please retry.")

    def _expect_subscribers(self, record: QueueRecord) -> None:
        self._insist_on_notices(record.pool)
        change = QueueChange(QueueState.PENDING, target=record.target, has_subscribers=True)
        self._changes.finish(self._control.change_queue(record, change))

    def _insist_on_notices(self, pool: str) -> None:
        if not self._pools.driver(pool).keeps_notices:
            raise Conflict("The store of this queue or topic cannot notify subscribers.")

    def unsubscribed(self, scope: Scope) -> None:
        """Let posts do without notices if the last subscription has gone; never fails."""
        try:
            record = self._control.get_queue(scope)
            if record is None or record.state is not QueueState.PUBLISHED:
                return
            if not record.has_subscribers or self._has_subscription(scope):
                return
            change = QueueChange(QueueState.PENDING, target=record.target, has_subscribers=False)
            self._changes.complete(self._control.change_queue(record, change))
        except (RecordChanged, NotOffered):
            return
        except StoreUnreachable:
            LOG.warning("%s %r keeps leaving notices for nobody", scope.kind, scope.name)

    def _has_subscription(self, scope: Scope) -> bool:
        return bool(self._control.list_subscriptions(scope, marker="", limit=1))

    def leave_store(self, pool: str, old: DataDriver) -> None:
        """Make all processes plan the queues of a pool anew, which now has another store.

        Every queue gets a fresh epoch, which the old store learns too: so it refuses all plans.
        A store that cannot be reached refuses by that; a process that can reach it after all
        hears of the change when it next looks at the pools.
        """
        self._changes.leave_store(pool, old)
