"""Delivery processes at once, and their deaths (design principle 7)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from itertools import product

from angarium.storage.deliveries import Duty
from angarium.storage.driver import DataDriver
from angarium.testing import deliverers, workers
from angarium.testing.crowd import in_processes, in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.deliverers import SUBSCRIPTIONS, Record, is_ordered
from angarium.testing.effort import scaled
from angarium.testing.factory import DriverFactory
from angarium.testing.notices import (
    LEASE,
    Ledger,
    again,
    announce,
    delivered,
    drain,
    new_duty,
    owe,
    owed,
    page,
)
from angarium.testing.queues import Queue
from angarium.testing.timing import advance
from angarium.testing.traits import Trait, needs


def check_order(done: Iterable[tuple[object, str, int]]) -> None:
    """What ordered lanes delivered follows the positions, repetitions aside.

    :param done: queue, subscription and position of each delivery, in the order made.
    :raises AssertionError: it does not.
    """
    lanes: defaultdict[tuple[object, str], list[int]] = defaultdict(list)
    for queue, name, position in done:
        if is_ordered(name) and position not in lanes[queue, name]:
            lanes[queue, name].append(position)
    for positions in lanes.values():
        assert positions == sorted(positions)


class DeliveringCases(DataCases):
    """Cases about many who post, expand and deliver."""

    @needs(Trait.NOTICES)
    def test_all_at_once_in_threads(self, ledger: Ledger) -> None:
        """Each duty is fulfilled once, each lane held by one at a time, ordered ones in order."""
        queues, many = [ledger.queue(), ledger.queue()], scaled(6, 100)
        record = Record(total=4 * many * len(SUBSCRIPTIONS))

        def post(queue: Queue) -> None:
            for _ in range(2 * many):
                announce(queue, *"AB")

        chance = [random.Random(seed) for seed in range(4)]  # noqa: S311 - not for security
        in_threads(
            [
                *(partial(post, queue) for queue in queues),
                *(partial(record.expand, ledger.worker()) for _ in range(2)),
                *(partial(record.deliver, ledger.worker(), it) for it in chance),
            ]
        )
        assert len(record.done) == len(set(record.done)) == record.total
        check_order(it[:3] for it in record.done)
        assert [owed(queue) for queue in queues] == [[], []]
        assert ledger.worker().notices() == ()

    @needs(Trait.PROCESSES, Trait.NOTICES)
    def test_all_at_once_in_processes(
        self, factory: DriverFactory[DataDriver], ledger: Ledger
    ) -> None:
        """The same with nothing in common but the store."""
        queue, many = ledger.queue(), scaled(25, 300)
        site = workers.Site(factory, queue.ref)
        announcing = deliverers.Announcing(site, many, stops=2)
        done = in_processes(
            [(deliverers.announce_all, announcing), *[(deliverers.deliver_all, site)] * 2]
        )
        made = sorted((it for one in done for it in one), key=lambda it: it.moment)
        seen = [(it.subscription_id, it.notice_id) for it in made]
        check_order((queue, it.subscription_id, it.position) for it in made)
        left = [it[1::-1] for it in owed(queue)]
        assert len(seen) == len(set(seen))
        assert len({*seen, *left}) == len(seen) + len(left) == many * len(SUBSCRIPTIONS)
        assert len(drain(ledger.worker())) == len(left)
        assert owed(queue) == []

    @needs(Trait.NOTICES)
    def test_workers_that_die(self, ledger: Ledger) -> None:
        """Nothing is lost and no order broken; at worst something is delivered again."""
        queue, chance = ledger.queue(), random.Random(5)  # noqa: S311 - not for security
        made: list[str] = []
        done: list[tuple[str, Duty]] = []
        for _ in range(scaled(40, 600)):
            made.append(announce(queue).id)
            done += self.struggle(ledger, chance)
        advance(ledger.driver, 1000)
        last = ledger.worker()
        for notice in last.notices():
            last.expand(page(notice, *deliverers.duties(SUBSCRIPTIONS)))
        while lanes := last.lanes():
            for lane in lanes:
                done += [(lane.subscription_id, duty) for duty in lane.duties]
                last.settle(lane, *map(delivered, lane.duties))
        assert {(name, duty.notice_id) for name, duty in done} == set(product(SUBSCRIPTIONS, made))
        check_order((queue, name, duty.position) for name, duty in done)
        assert owed(queue) == []

    def struggle(self, ledger: Ledger, chance: random.Random) -> list[tuple[str, Duty]]:
        """Two workers, one of which may be too slow with all it does; what both delivered."""
        slow, other = ledger.worker(), ledger.worker()
        for notice in slow.notices(2):
            slow.expand(page(notice, new_duty("free-1"), after="", cursor="half"))
        advance(ledger.driver, chance.choice([0, LEASE]))
        for notice in other.notices():
            other.expand(page(notice, *deliverers.duties(SUBSCRIPTIONS)))
        begun = slow.lanes(2, 2)
        advance(ledger.driver, chance.choice([0, LEASE]))
        lanes = other.lanes(2, 3)
        for lane in lanes:
            first, *others = lane.duties
            other.settle(lane, delivered(first), *(again(it, LEASE // 2) for it in others))
        if chance.random() < 0.5:
            for lane in begun:
                slow.settle(lane, *map(delivered, lane.duties))
        return [(it.subscription_id, duty) for it in (*begun, *lanes) for duty in it.duties]

    # --- Kills ----------------------------------------------------------------------------------

    @needs(Trait.PROCESSES, Trait.NOTICES)
    def test_killed_amid_announced_posts(
        self, factory: DriverFactory[DataDriver], ledger: Ledger
    ) -> None:
        """A post and its notice are there or not there, and each notice is expanded once."""
        queue, worker = ledger.queue(), ledger.worker()
        for attempt in range(scaled(1, 15)):
            prefix = f"{attempt}-"
            task = (workers.Site(factory, queue.ref), prefix)
            reports = random.randint(5, 30)  # noqa: S311 - not for security
            told = workers.killed_amid(deliverers.announce_for_ever, task, reports)
            stored = deliverers.stored_names(queue, prefix)
            assert len(told) <= len(stored) <= len(told) + 1
            advance(ledger.driver, LEASE + 1)
            while expanding := worker.notices():
                for notice in expanding:
                    rest = deliverers.PAGES[1] if notice.cursor else SUBSCRIPTIONS
                    worker.expand(page(notice, *deliverers.duties(rest)))
            expected = sorted(product(stored, SUBSCRIPTIONS))
            assert sorted(it[:2] for it in owed(queue)) == expected
            assert len(drain(worker)) == len(expected)

    @needs(Trait.PROCESSES, Trait.NOTICES)
    def test_killed_amid_deliveries(
        self, factory: DriverFactory[DataDriver], ledger: Ledger
    ) -> None:
        """What was not reported is due again once the lease is over; the rest is done."""
        queue = ledger.queue()
        for _ in range(scaled(1, 15)):
            made = [owe(queue, *SUBSCRIPTIONS).id for _ in range(25)]
            reports = random.randint(5, 60)  # noqa: S311 - not for security
            site = workers.Site(factory, queue.ref)
            told = workers.killed_amid(deliverers.deliver_for_ever, site, reports)
            left = {(name, notice) for notice, name, *_ in owed(queue)}
            assert {*told, *left} == set(product(SUBSCRIPTIONS, made))
            assert len(left.intersection(told)) <= 2
            advance(ledger.driver, LEASE + 1)
            assert len(drain(ledger.worker())) == len(left)
            assert owed(queue) == []
