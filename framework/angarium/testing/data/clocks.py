"""Processes whose own clocks are wrong, or jump (storage-semantics.md 1: one clock per store)."""

from __future__ import annotations

from angarium.storage.driver import DataDriver
from angarium.testing import deliverers, workers
from angarium.testing.crowd import in_processes
from angarium.testing.data.base import DataCases
from angarium.testing.factory import DriverFactory
from angarium.testing.notices import LEASE, Ledger, announce, owe, subscription_ids
from angarium.testing.queues import Queue, sibling
from angarium.testing.timing import advance
from angarium.testing.traits import Trait, needs


class ClockCases(DataCases):
    """Cases about whose clock decides: the store's."""

    @needs(Trait.PROCESSES, Trait.CLOCK)
    def test_process_whose_clock_jumps(
        self, factory: DriverFactory[DataDriver], queue: Queue
    ) -> None:
        """Forth, back and into the past: nothing lapses early, lives on or is of another age."""
        dead = sibling(queue)
        queue.post("A", ttl=1000)
        queue.post("B", ttl=1000, delay=500)
        queue.post("C", ttl=1000)
        queue.claim(1, ttl=500)
        sites = (workers.Site(factory, queue.ref), workers.Site(factory, dead.ref))
        (seen,) = in_processes([(workers.live_with_a_jumping_clock, sites)])
        for listed, oldest, age in seen:
            assert listed == ["C"]
            assert 0 <= oldest < 200
            assert 0 <= age < 200
        assert queue.everything() == ["A", "B", *workers.JUMPS]
        assert dead.everything() == ["C"]
        stored = [*queue.page(include_claimed=True).messages, *dead.page().messages]
        assert all(0 <= message.age < 200 for message in stored)
        claims = {message.claim_id for message in stored if message.claim_id}
        assert len(claims) == 1 + len(workers.JUMPS)
        advance(queue.driver, 200)
        assert all(0 <= queue.get_claim(claim_id).age < 400 for claim_id in claims)
        advance(queue.driver, 300)
        assert queue.counts() == (2 + len(workers.JUMPS), 0, 2 + len(workers.JUMPS))
        assert queue.listed() == ["A", "B", *workers.JUMPS]
        advance(queue.driver, 500)
        assert queue.everything() == dead.everything() == []

    @needs(Trait.PROCESSES, Trait.CLOCK)
    def test_reclaiming_by_a_process_that_is_ahead(
        self, factory: DriverFactory[DataDriver], queue: Queue
    ) -> None:
        """What lives by the clock of the store is not given back early, nor is a tombstone."""
        queue.post("A", ttl=1000)
        held = queue.claim(ttl=500)
        buried = sibling(queue, "buried")
        queue.driver.unregister(buried.ref)
        task = workers.Shifted(10**6, workers.reclaim, factory)
        in_processes([(workers.with_shifted_clock, task)])
        assert held.names_now() == ["A"]
        queue.driver.register(buried.ref)
        assert queue.everything() == ["A"]

    @needs(Trait.PROCESSES, Trait.CLOCK, Trait.NOTICES)
    def test_deliveries_of_a_process_that_is_ahead(
        self, factory: DriverFactory[DataDriver], ledger: Ledger
    ) -> None:
        """It ends nobody's lease early, takes nothing before its time, and holds nothing longer."""
        queue, worker = ledger.queue(), ledger.worker()
        owe(queue, "held")
        worker.lanes()
        owe(queue, "waiting", due=1000)
        owe(queue, "due")
        announce(queue)
        worker.notices()
        site = workers.Site(factory, queue.ref)
        task = workers.Shifted(10**6, deliverers.look, site)
        (seen,) = in_processes([(workers.with_shifted_clock, task)])
        ((name, age, late),) = seen.lanes
        assert (seen.notices, name) == (0, "due")
        assert 0 <= late <= age < 200
        assert subscription_ids(worker.lanes()) == ["held"]
        advance(queue.driver, LEASE)
        assert sorted(subscription_ids(worker.lanes())) == ["due", "held"]
