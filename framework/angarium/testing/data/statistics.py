"""Statistics (storage-semantics.md 11)."""

from __future__ import annotations

from threading import Event

import pytest

from angarium.storage.driver import DataDriver
from angarium.storage.models import Stats
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import Queue, new_queue, numbered
from angarium.testing.timing import StoreTime, advance, within_one_second


class StatisticsCases(DataCases):
    """Cases about counting."""

    def test_empty_queue(self, queue: Queue) -> None:
        """Zeros, and neither oldest nor newest."""
        assert queue.stats() == Stats()

    def test_scenario_17_delayed_messages_only(self, queue: Queue) -> None:
        """They are all free, and oldest and newest are there."""
        ids = queue.post(*"ABC", delay=600)
        stats = queue.stats()
        assert (stats.total, stats.claimed, stats.free) == (3, 0, 3)
        assert stats.oldest is not None
        assert stats.newest is not None
        assert (stats.oldest.id, stats.newest.id) == (ids[0], ids[2])

    def test_claimed_messages_only(self, queue: Queue) -> None:
        """Oldest and newest are there too."""
        ids = queue.post(*"ABC")
        queue.claim()
        stats = queue.stats()
        assert (stats.total, stats.claimed, stats.free) == (3, 3, 0)
        assert stats.oldest is not None
        assert stats.newest is not None
        assert (stats.oldest.id, stats.newest.id) == (ids[0], ids[2])

    def test_single_message_is_oldest_and_newest(self, queue: Queue) -> None:
        """Both are present whenever there is anything."""
        queue.post("A")
        stats = queue.stats()
        assert stats.oldest == stats.newest
        assert stats.oldest is not None

    @within_one_second
    def test_moments_are_those_of_the_posts(self, driver: DataDriver) -> None:
        """First and last in queue order; created in seconds since 1970, age in seconds."""
        queue = new_queue(driver)
        now = StoreTime(driver).now() + driver.clock.offset
        ids = [*queue.post("A", "B")]
        advance(driver, 40)
        ids += queue.post("C")
        advance(driver, 2)
        stats = queue.stats()
        assert stats.oldest is not None
        assert stats.newest is not None
        assert (stats.oldest.id, stats.oldest.age, stats.oldest.created) == (ids[0], 42, now)
        assert (stats.newest.id, stats.newest.age, stats.newest.created) == (ids[2], 2, now + 40)

    def test_oldest_and_newest_follow_what_is_there(self, queue: Queue) -> None:
        """Deleted, popped and expired messages are neither."""
        ids = [*queue.post("A", ttl=100), *queue.post(*"BCD"), *queue.post("E", ttl=100)]

        def ends() -> tuple[str | None, str | None]:
            stats = queue.stats()
            oldest, newest = stats.oldest, stats.newest
            return oldest.id if oldest else None, newest.id if newest else None

        assert ends() == (ids[0], ids[4])
        advance(queue.driver, 150)
        assert ends() == (ids[1], ids[3])
        queue.delete(ids[3])
        queue.pop(1)
        assert ends() == (ids[2], ids[2])
        queue.delete(ids[2])
        assert ends() == (None, None)

    def test_claimed_counts_live_claims_only(self, queue: Queue) -> None:
        """Released and lapsed claims hold nothing; deleted messages are not counted."""
        queue.post(*numbered(10))
        lapsing, released, kept = queue.claim(2, ttl=50), queue.claim(3), queue.claim(4)
        assert queue.counts() == (10, 9, 1)
        released.release()
        assert queue.counts() == (10, 6, 4)
        advance(queue.driver, 100)
        assert queue.counts() == (10, 4, 6)
        queue.delete(kept.ids[0], kept.id)
        assert queue.counts() == (9, 3, 6)
        queue.delete_all(lapsing.ids)
        assert queue.counts() == (7, 3, 4)

    def test_claim_whose_messages_expired_with_it(self, queue: Queue) -> None:
        """Expired messages are in none of the numbers, claimed before or not."""
        queue.post("A", "B", ttl=60)
        queue.claim(1, ttl=100, grace=0)
        advance(queue.driver, 150)
        assert queue.stats() == Stats()

    def test_all_numbers_are_of_one_instant(self, queue: Queue) -> None:
        """While claims come and go the total stands still and nothing is negative."""
        queue.post(*numbered(40))
        done = Event()
        rounds = scaled(40, 1000)

        def churn() -> list[Stats]:
            try:
                for _ in range(rounds):
                    queue.claim(20).release()
                    queue.post("extra")
                    queue.delete_all([it.id for it in queue.page().messages[40:41]])
            finally:
                done.set()
            return []

        def watch() -> list[Stats]:
            seen = []
            while not done.is_set():
                seen.append(queue.stats())
            return seen

        _, *watched = in_threads([churn, watch, watch])
        seen = [stats for one in watched for stats in one]
        assert seen
        for stats in seen:
            assert 0 <= stats.claimed <= 20
            assert stats.total in (40, 41)
            assert stats.free == stats.total - stats.claimed
            assert stats.oldest is not None
            assert stats.newest is not None

    @pytest.mark.parametrize("queues", [1, 3])
    def test_totals_count_the_whole_store(self, driver: DataDriver, queues: int) -> None:
        """All queues of all projects; no oldest, no newest."""
        for _ in range(queues):
            queue = new_queue(driver)
            queue.post(*numbered(20))
            queue.claim(5)
        totals = driver.get_totals()
        assert totals.total >= 20 * queues
        assert 5 * queues <= totals.claimed <= totals.total
        assert (totals.oldest, totals.newest) == (None, None)
