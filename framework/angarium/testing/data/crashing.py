"""A process that is killed in the middle of its work (design principle 7)."""

from __future__ import annotations

import random
from itertools import groupby

from angarium.storage.driver import DataDriver
from angarium.testing import workers
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.factory import DriverFactory
from angarium.testing.queues import Queue, names, numbered, sibling
from angarium.testing.timing import advance
from angarium.testing.traits import Trait, needs

BATCH = 7


class CrashingCases(DataCases):
    """Cases about SIGKILL at an arbitrary moment."""

    @needs(Trait.PROCESSES)
    def test_killed_amid_posts(self, factory: DriverFactory[DataDriver], queue: Queue) -> None:
        """What was acknowledged is there; the post under way is there as a whole or not at all."""
        site = workers.Site(factory, queue.ref)
        for attempt in range(scaled(2, 20)):
            task = workers.Producing(site, f"{attempt}-", 0, BATCH)
            reports = random.randint(3, 40)  # noqa: S311 - not for security
            told = workers.killed_amid(workers.post_for_ever, task, reports)
            stored = [name for name in queue.everything() if name.startswith(f"{attempt}-")]
            count, rest = divmod(len(stored), BATCH)
            assert rest == 0, "a part of a batch is stored"
            assert stored == [
                f"{attempt}-{n}-{index}" for n in range(count) for index in range(BATCH)
            ]
            assert len(told) <= count <= len(told) + 1
            queue.post("alive")
        assert queue.everything().count("alive") == scaled(2, 20)

    @needs(Trait.PROCESSES)
    def test_killed_amid_claims_and_moves(
        self, factory: DriverFactory[DataDriver], queue: Queue
    ) -> None:
        """Each message is in one of the two queues, and in a claim that knows it or in none."""
        other = sibling(queue)
        wanted = numbered(60)
        queue.post(*wanted, ttl=1_000_000)
        sites = (workers.Site(factory, queue.ref), workers.Site(factory, other.ref))
        for _ in range(scaled(2, 20)):
            reports = random.randint(3, 80)  # noqa: S311 - not for security
            workers.killed_amid(workers.move_for_ever, sites, reports)
            assert sorted(queue.everything() + other.everything()) == sorted(wanted)
            check_claims(queue)
            check_claims(other)
            advance(queue.driver, 1000)
            assert queue.counts()[1] == other.counts()[1] == 0
            claimed = [*queue.claim().names, *other.claim().names]
            assert sorted(claimed) == sorted(wanted)
            advance(queue.driver, 1000)


def check_claims(queue: Queue) -> None:
    """Every message that says it is claimed is in that claim, and the numbers agree.

    :raises AssertionError: they do not.
    """
    page = queue.page(include_claimed=True)
    claimed = [message for message in page.messages if message.claim_id]
    for claim_id, members in groupby(
        sorted(claimed, key=lambda it: str(it.claim_id)), key=lambda it: str(it.claim_id)
    ):
        held = names(queue.get_claim(claim_id).messages)
        assert sorted(held) == sorted(names(members))
    assert queue.counts() == (len(page.messages), len(claimed), len(page.messages) - len(claimed))
