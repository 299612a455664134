"""Whole moves of a queue to another store, and plans that a move made stale."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from angarium.storage import operations as op
from angarium.storage.driver import DataDriver
from angarium.storage.models import StoredClaim
from angarium.storage.signals import StalePlan
from angarium.testing.data.base import DataCases
from angarium.testing.data.dead_letters import wear_out
from angarium.testing.data.epochs import STALE
from angarium.testing.effort import scaled
from angarium.testing.queues import (
    Queue,
    at_epoch,
    names,
    new_batch,
    numbered,
    sibling,
)
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs
from angarium.testing.transfer import (
    ROUTES,
    copy,
    copy_claims,
    copy_messages,
    last_position,
    pages,
    state_of,
    stored,
    use,
)

OPERATIONS: Final[dict[str, Callable[[], op.DataOperation[Any]]]] = {
    "accept": lambda: op.AcceptDeadLetters((stored("X", 1),)),
    "export": lambda: op.ExportMessages(0, 10),
    "import": lambda: op.ImportMessages(0, 9, (stored("X", 7),), 9),
    "import-nothing": lambda: op.ImportMessages(0, 9, (), 9),
    "export-claims": lambda: op.ExportClaims(None, 10),
    "import-claims": lambda: op.ImportClaims((StoredClaim("x", 9, 0, 9, ()),), replaces=False),
    "forget-claims": lambda: op.ImportClaims((), replaces=True),
}


class MovingCases(DataCases):
    """Cases about moves between two stores."""

    @pytest.mark.parametrize("stale", STALE)
    @pytest.mark.parametrize("operation", OPERATIONS)
    @needs(Trait.MOVING)
    def test_stale_plan_of_a_transfer_is_refused(
        self, queue: Queue, operation: str, stale: str
    ) -> None:
        """An older epoch, a newer one, or none at all, and nothing is changed."""
        queue.post("A", "B")
        queue.claim(1)
        before = state_of(queue)
        planned = STALE[stale](queue)
        with pytest.raises(StalePlan) as refusal:
            planned.do(OPERATIONS[operation]())
        assert refusal.value.scope == planned.ref.scope
        assert state_of(queue) == before

    @pytest.mark.parametrize("operation", OPERATIONS)
    @needs(Trait.MOVING)
    def test_deleted_queue_refuses_transfers(self, queue: Queue, operation: str) -> None:
        """A copy under way when the queue is deleted does not bring anything back."""
        queue.post("A")
        buried = at_epoch(queue, queue.ref.epoch + 1)
        queue.driver.unregister(buried.ref)
        for planned in (queue, buried):
            with pytest.raises(StalePlan):
                planned.do(OPERATIONS[operation]())

    @pytest.mark.parametrize("route", ROUTES)
    @within_one_second
    @needs(Trait.MOVING)
    def test_moved_queue_lives_on(self, driver: DataDriver, route: str) -> None:
        """Ready, delayed, claimed, counted: what was to happen happens there, to the second."""
        source, target = ROUTES[route](driver)
        source.post("A", ttl=100)
        source.post("B", "C")
        source.post("D", delay=60)
        source.post("E", "F")
        wear_out(source, 2, 1)
        marker = source.page(limit=1).marker
        first = source.claim(1, ttl=50, grace=0)
        second = source.claim(2, ttl=200)
        batch = new_batch("G", ttl=70)
        source.post_batch(batch)
        advance(driver, 10)
        copy(source, target)
        assert state_of(target) == state_of(source)
        assert (first.names, second.names) == (["A"], ["B", "C"])
        assert target.listed() == target.listed(marker=marker) == ["E", "F", "G"]
        assert names(target.get_claim(second.id).messages) == ["B", "C"]
        target.post_batch(batch)
        assert target.claim(claim_id=second.id).names == ["B", "C"]
        target.delete(second.ids[0], second.id)
        target.post("H")
        advance(driver, 39)
        assert target.listed() == ["E", "F", "G", "H"]
        advance(driver, 1)
        assert target.listed() == ["A", "E", "F", "G", "H"]
        advance(driver, 10)
        assert target.listed() == ["A", "D", "E", "F", "G", "H"]
        advance(driver, 9)
        assert target.listed() == ["A", "D", "E", "F", "G", "H"]
        advance(driver, 1)
        assert target.listed() == ["A", "D", "E", "F", "H"]
        assert [it.claim_count for it in target.page().messages] == [3, 0, 0, 0, 0]
        advance(driver, 30)
        target.renew(second.id, ttl=500)
        target.release(second.id)
        advance(driver, 259)
        assert target.everything() == ["A", "C", "D", "E", "F", "H"]
        advance(driver, 1)
        assert target.everything() == ["C", "D", "E", "F", "H"]
        assert [it.claim_count for it in target.claim(1).messages] == [2]

    @pytest.mark.parametrize("route", ROUTES)
    @needs(Trait.MOVING)
    def test_copy_catches_up_with_its_source(self, driver: DataDriver, route: str) -> None:
        """Clients go on while it is copied: later passes make it what the source is by then."""
        source, target = ROUTES[route](driver)
        chance = random.Random(7)  # noqa: S311 - not for security
        for _ in range(scaled(6, 60)):
            for _ in range(12):
                use(source, chance)
            advance(driver, chance.choice([0, 100_000, 200_000]))
            copy_messages(source, target)
            for _ in range(4):
                use(source, chance)
            self.catch_up(source, target)
            assert state_of(target) == state_of(source)

    def catch_up(self, source: Queue, target: Queue) -> None:
        """What the kernel does once nobody uses the source: new messages, states, claims."""
        after = last_position(target)
        for part in pages(source, 4, after=after):
            upto = part.last_position if part.complete else part.messages[-1].position
            upto = max(upto, after)
            target.do(op.ImportMessages(after, upto, part.messages, part.last_position))
            after = upto
        copy_messages(source, target, bodies=False)
        copy_claims(source, target)

    @pytest.mark.parametrize("route", ROUTES)
    @needs(Trait.MOVING)
    def test_moved_count_decides_about_dead_letters(self, driver: DataDriver, route: str) -> None:
        """A message that was claimed too often there is claimed no more here."""
        source, target = ROUTES[route](driver)
        dead = sibling(target)
        source.post("A")
        wear_out(source, 2)
        source.post("B")
        copy(source, target)
        assert target.claim(dead_letter=dead.after(2)).names == ["B"]
        assert dead.everything() == ["A"]

    @pytest.mark.parametrize("route", ROUTES)
    @needs(Trait.MOVING)
    def test_large_queue_moves(self, driver: DataDriver, route: str) -> None:
        """With claims of many messages."""
        source, target = ROUTES[route](driver)
        many = scaled(400, 4000)
        source.post(*numbered(many))
        held = [source.claim(many // 4) for _ in range(3)]
        copy_messages(source, target, limit=150)
        copy_claims(source, target)
        assert target.everything() == numbered(many)
        assert [names(target.get_claim(it.id).messages) for it in held] == [it.names for it in held]
        target.release(held[1].id)
        assert (
            target.claim(many).names
            == numbered(many)[many // 4 : many // 2] + (numbered(many)[many // 4 * 3 :])
        )

    @needs(Trait.MOVING)
    def test_queue_moves_there_and_back(self, driver: DataDriver) -> None:
        """The source may have been deleted meanwhile, and takes its queue again."""
        source, target = ROUTES["to-the-model"](driver)
        source.post(*"AB")
        source.post("C", delay=100_000)
        source.claim(1)
        before = state_of(source)
        copy(source, target)
        driver.unregister(at_epoch(source, source.ref.epoch + 1).ref)
        back = at_epoch(source, source.ref.epoch + 2)
        driver.register(back.ref)
        copy(target, back)
        assert state_of(back) == before
