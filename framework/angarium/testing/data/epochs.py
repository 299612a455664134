"""Plans and epochs: what a store refuses as stale (``docs/interfaces.rst``)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest

from angarium import ids
from angarium.errors import ClaimNotFound
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver
from angarium.storage.models import Kind, QueueRef, Scope
from angarium.storage.signals import StalePlan
from angarium.testing.comparing import plain
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import (
    ALICE,
    Queue,
    at_epoch,
    new_batch,
    new_project,
    numbered,
)
from angarium.testing.timing import advance

HOUR: Final = 3600  # seconds a tombstone is kept at least

OPERATIONS: Final[dict[str, Callable[[str, str], op.DataOperation[Any]]]] = {
    "post": lambda _, __: op.PostMessages(new_batch(["X"]), ALICE),
    "list": lambda _, __: op.ListMessages(10, include_claimed=True, include_delayed=True),
    "list-odd-marker": lambda _, __: op.ListMessages(10, "odd"),
    "get": lambda message, _: op.GetMessages((message,)),
    "delete": lambda message, claim: op.DeleteMessage(message, claim),
    "delete-absent": lambda _, __: op.DeleteMessage(ids.UNKNOWN),
    "delete-bulk": lambda message, _: op.DeleteMessages((message,)),
    "delete-bulk-claims": lambda message, claim: op.DeleteMessages((message,), (claim,)),
    "pop": lambda _, __: op.PopMessages(10),
    "purge": lambda _, __: op.PurgeMessages(),
    "stats": lambda _, __: op.GetStats(),
    "claim": lambda _, __: op.CreateClaim(ids.new_claim_id(), 300, 60, 10),
    "claim-known": lambda _, claim: op.CreateClaim(claim, 300, 60, 10),
    "get-claim": lambda _, claim: op.GetClaim(claim),
    "get-claim-absent": lambda _, __: op.GetClaim(ids.UNKNOWN),
    "renew": lambda _, claim: op.RenewClaim(claim, 900, 60),
    "release": lambda _, claim: op.ReleaseClaim(claim),
    "release-absent": lambda _, __: op.ReleaseClaim(ids.UNKNOWN),
}
"""Each operation, made from the ids of a message and of the claim that holds it."""

STALE: Final[dict[str, Callable[[Queue], Queue]]] = {
    "lower": lambda queue: at_epoch(queue, queue.ref.epoch - 1),
    "higher": lambda queue: at_epoch(queue, queue.ref.epoch + 1),
    "other-name": lambda queue: replace(queue, ref=_renamed(queue.ref, name="unknown")),
    "other-kind": lambda queue: replace(queue, ref=_renamed(queue.ref, kind=Kind.TOPIC)),
}


def _renamed(ref: QueueRef, **changes: Any) -> QueueRef:
    return replace(ref, scope=replace(ref.scope, **changes))


def is_refused(queue: Queue) -> bool:
    """Whether operations on the queue, as it is planned, are refused as stale."""
    try:
        queue.stats()
    except StalePlan as stale:
        return stale.scope == queue.ref.scope
    return False


class EpochCases(DataCases):
    """Cases about registering, unregistering and stale plans."""

    @pytest.mark.parametrize("stale", STALE)
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_stale_plan_is_refused_with_nothing_changed(
        self, queue: Queue, operation: str, stale: str
    ) -> None:
        """An older epoch, a newer one, or none at all: every operation refuses."""
        queue.post("A", "B")
        claimed = queue.claim(1)
        before = plain((queue.page(include_claimed=True), claimed.read(), queue.counts()))
        planned = STALE[stale](queue)
        with pytest.raises(StalePlan) as refusal:
            planned.do(OPERATIONS[operation](claimed.ids[0], claimed.id))
        assert refusal.value.scope == planned.ref.scope
        after = plain((queue.page(include_claimed=True), claimed.read(), queue.counts()))
        assert after == before

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_deleted_queue_refuses(self, queue: Queue, operation: str) -> None:
        """On the epoch before its deletion and on that of the tombstone."""
        queue.post("A")
        claimed = queue.claim()
        buried = at_epoch(queue, queue.ref.epoch + 1)
        queue.driver.unregister(buried.ref)
        for planned in (queue, buried):
            with pytest.raises(StalePlan):
                planned.do(OPERATIONS[operation](claimed.ids[0], claimed.id))

    def test_raised_epoch_keeps_the_content(self, queue: Queue) -> None:
        """A change of metadata costs the old plans their validity and nothing else."""
        queue.post("A", "B")
        claimed = queue.claim(1)
        marker = queue.page(include_claimed=True, limit=1).marker
        raised = at_epoch(queue, queue.ref.epoch + 5)
        queue.driver.register(raised.ref)
        assert is_refused(queue)
        assert raised.everything() == ["A", "B"]
        assert [it.id for it in raised.get_claim(claimed.id).messages] == claimed.ids
        assert raised.listed(marker=marker) == ["B"]
        raised.post("C")
        assert raised.everything() == ["A", "B", "C"]

    def test_late_registration_changes_nothing(self, queue: Queue) -> None:
        """The same epoch again, or a lower one: no-op."""
        queue.post("A")
        raised = at_epoch(queue, queue.ref.epoch + 5)
        queue.driver.register(raised.ref)
        for epoch in (raised.ref.epoch, raised.ref.epoch - 1, queue.ref.epoch):
            queue.driver.register(at_epoch(queue, epoch).ref)
            assert raised.everything() == ["A"]
            assert is_refused(queue)

    def test_late_deletion_changes_nothing(self, queue: Queue) -> None:
        """The epoch of a deletion is higher than that of what it deletes."""
        queue.post("A")
        for epoch in (queue.ref.epoch, queue.ref.epoch - 1):
            queue.driver.unregister(at_epoch(queue, epoch).ref)
            assert queue.everything() == ["A"]

    def test_scenario_20_recreated_queue_is_empty(self, queue: Queue) -> None:
        """Deleted with claims outstanding and created again: zeros, and the ids are unknown."""
        message_ids = queue.post(*"ABC")
        queue.post("D", delay=100)
        claimed = queue.claim(2, ttl=100)
        queue.driver.unregister(at_epoch(queue, queue.ref.epoch + 1).ref)
        anew = at_epoch(queue, queue.ref.epoch + 2)
        queue.driver.register(anew.ref)
        assert anew.counts() == (0, 0, 0)
        assert (anew.stats().oldest, anew.stats().newest) == (None, None)
        assert anew.get(*message_ids) == ()
        with pytest.raises(ClaimNotFound):
            anew.get_claim(claimed.id)
        advance(queue.driver, 200)
        assert anew.everything() == []
        assert anew.claim().messages == ()
        anew.post("X")
        assert anew.claim().names == ["X"]
        assert anew.counts() == (1, 1, 0)

    def test_tombstone_refuses_late_registrations(self, queue: Queue) -> None:
        """A registration on its way when the queue was deleted does not bring it back."""
        buried = at_epoch(queue, queue.ref.epoch + 5)
        queue.driver.unregister(buried.ref)
        for epoch in (queue.ref.epoch, buried.ref.epoch - 1, buried.ref.epoch):
            late = at_epoch(queue, epoch)
            queue.driver.register(late.ref)
            assert is_refused(late)
        anew = at_epoch(queue, buried.ref.epoch + 1)
        queue.driver.register(anew.ref)
        assert anew.everything() == []

    def test_tombstone_is_left_for_an_unknown_queue_too(self, driver: DataDriver) -> None:
        """The deletion may arrive before the registration that it follows."""
        scope = Scope(new_project(), "orders")
        driver.unregister(QueueRef(scope, 7))
        for epoch in (6, 7):
            driver.register(QueueRef(scope, epoch))
            assert is_refused(Queue(driver, QueueRef(scope, epoch)))

    def test_tombstone_is_raised(self, queue: Queue) -> None:
        """By a later deletion, and by no earlier one."""
        for step in (2, 6, 4):
            queue.driver.unregister(at_epoch(queue, queue.ref.epoch + step).ref)
        late = at_epoch(queue, queue.ref.epoch + 5)
        queue.driver.register(late.ref)
        assert is_refused(late)
        anew = at_epoch(queue, queue.ref.epoch + 7)
        queue.driver.register(anew.ref)
        assert not is_refused(anew)

    def test_tombstone_is_kept_for_an_hour(self, queue: Queue) -> None:
        """Reclaiming before that does not forget it."""
        queue.post("A")
        buried = at_epoch(queue, queue.ref.epoch + 1)
        queue.driver.unregister(buried.ref)
        advance(queue.driver, HOUR - 60)
        while queue.driver.reclaim(1000) >= 1000:
            pass
        queue.driver.register(buried.ref)
        assert is_refused(buried)

    def test_queue_is_recreated_after_its_tombstone_is_gone(self, queue: Queue) -> None:
        """An hour later there may be no trace; a new registration works."""
        queue.post("A")
        queue.driver.unregister(at_epoch(queue, queue.ref.epoch + 1).ref)
        advance(queue.driver, HOUR + 60)
        while queue.driver.reclaim(1000) >= 1000:
            pass
        assert is_refused(queue)
        anew = at_epoch(queue, queue.ref.epoch + 2)
        queue.driver.register(anew.ref)
        assert anew.everything() == []
        anew.post("X")
        assert anew.everything() == ["X"]

    def test_highest_of_concurrent_registrations_wins(self, driver: DataDriver) -> None:
        """In whatever order they arrive."""
        scope = Scope(new_project(), "orders")
        epochs = random.Random(1).sample(range(1, 1000), 16)  # noqa: S311 - not for security
        in_threads([partial(driver.register, QueueRef(scope, epoch)) for epoch in epochs])
        refused = {epoch: is_refused(Queue(driver, QueueRef(scope, epoch))) for epoch in epochs}
        assert [epoch for epoch, stale in refused.items() if not stale] == [max(epochs)]

    def test_deletion_amid_posts_leaves_nothing(self, queue: Queue) -> None:
        """A post is stored before the deletion, and gone with it, or refused."""
        for _ in range(scaled(5, 50)):
            buried = at_epoch(queue, queue.ref.epoch + 1)

            def post(planned: Queue = queue) -> None:
                try:
                    for _ in range(20):
                        planned.post(*numbered(3))
                except StalePlan:
                    return

            in_threads([post, post, post, partial(queue.driver.unregister, buried.ref)])
            queue = at_epoch(queue, queue.ref.epoch + 2)
            queue.driver.register(queue.ref)
            assert queue.everything() == []
            assert queue.counts() == (0, 0, 0)
