"""Expiry and delay (storage-semantics.md 8 and 9), exact to the second (1)."""

from __future__ import annotations

from angarium.storage.driver import DataDriver
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import BOB, Queue, names, new_message, new_queue, numbered
from angarium.testing.timing import advance, within_one_second


class ExpiringCases(DataCases):
    """Cases about messages whose time has come, to go or to be seen."""

    @within_one_second
    def test_scenario_21_gone_at_the_second_of_expiry(self, driver: DataDriver) -> None:
        """Alive while now is less than the expiry, in no operation when it is equal."""
        queue = new_queue(driver)
        ids = queue.post("A", "B", ttl=100)
        advance(driver, 99)
        assert names(queue.get(*ids)) == queue.listed() == ["A", "B"]
        assert [it.age for it in queue.get(*ids)] == [99, 99]
        assert queue.counts() == (2, 0, 2)
        advance(driver, 1)
        assert queue.get(*ids) == ()
        assert queue.listed() == queue.everything() == []
        assert queue.counts() == (0, 0, 0)
        assert (queue.stats().oldest, queue.stats().newest) == (None, None)
        assert queue.claim().messages == ()
        assert queue.pop() == ()

    @within_one_second
    def test_claimable_and_poppable_until_the_second_before(self, driver: DataDriver) -> None:
        """The last second counts."""
        queue = new_queue(driver)
        queue.post("A", "B", ttl=100)
        advance(driver, 99)
        assert names(queue.pop(1)) == ["A"]
        assert queue.claim(ttl=50, grace=10).names == ["B"]
        advance(driver, 55)
        assert queue.listed() == ["B"]

    def test_each_message_has_its_own_ttl(self, queue: Queue) -> None:
        """Messages of one batch may expire at different times."""
        queue.post_batch(
            [new_message(name, ttl=ttl) for name, ttl in (("A", 500), ("B", 100), ("C", 300))]
        )
        seen = [queue.listed()]
        for _ in range(3):
            advance(queue.driver, 200)
            seen.append(queue.listed())
        assert seen == [["A", "B", "C"], ["A", "C"], ["A"], []]

    def test_expired_messages_do_not_shorten_a_page(self, queue: Queue) -> None:
        """Filters apply before the limit."""
        for start in range(0, scaled(600, 5000), 200):
            queue.post(*numbered(200, f"{start}-"), ttl=100)
        queue.post("A", "B")
        advance(queue.driver, 150)
        assert queue.listed(limit=2) == ["A", "B"]
        assert queue.claim(1).names == ["A"]
        assert names(queue.pop(1)) == ["B"]

    def test_expired_message_is_not_revived(self, queue: Queue) -> None:
        """No operation extends what is gone."""
        ids = queue.post("A", "B", ttl=100)
        advance(queue.driver, 150)
        assert queue.claim(ttl=5000, grace=5000).messages == ()
        assert queue.get(*ids) == ()
        queue.post("C")
        assert queue.claim(ttl=5000, grace=5000).names == ["C"]
        assert queue.everything() == ["C"]

    # --- Delay ----------------------------------------------------------------------------------

    def test_scenario_04_delayed_message_is_not_claimed(self, queue: Queue) -> None:
        """Of a without delay and b with one, a claim at once takes only a."""
        queue.post("a")
        queue.post("b", delay=30)
        assert queue.claim(10).names == ["a"]

    @within_one_second
    def test_available_at_the_second_its_delay_ends(self, driver: DataDriver) -> None:
        """Delayed while now is less than the end of the delay; available when it is equal."""
        queue = new_queue(driver)
        (wanted,) = queue.post("A", delay=30)
        advance(driver, 29)
        assert queue.listed() == queue.claim().names == names(queue.pop()) == []
        assert queue.listed(include_delayed=True) == ["A"]
        advance(driver, 1)
        assert queue.listed() == ["A"]
        assert queue.claim().names == ["A"]
        assert queue.get_one(wanted).age == 30

    def test_delayed_message_appears_at_its_place(self, queue: Queue) -> None:
        """Its position is that of the post, not that of the end of the delay."""
        queue.post("A", delay=100)
        queue.post("B")
        queue.post("C", delay=50)
        queue.post("D")
        assert queue.listed() == ["B", "D"]
        assert queue.everything() == ["A", "B", "C", "D"]
        advance(queue.driver, 75)
        assert queue.listed() == ["B", "C", "D"]
        advance(queue.driver, 75)
        assert queue.listed() == ["A", "B", "C", "D"]
        assert queue.claim(2).names == ["A", "B"]
        assert names(queue.pop(2)) == ["C", "D"]

    def test_delays_within_one_batch(self, queue: Queue) -> None:
        """Each message has its own, and the batch keeps its order."""
        queue.post_batch(
            [new_message(name, delay=delay) for name, delay in (("A", 0), ("B", 50), ("C", 0))]
        )
        assert queue.listed() == ["A", "C"]
        advance(queue.driver, 100)
        assert queue.listed() == ["A", "B", "C"]

    def test_delay_counts_within_the_ttl(self, queue: Queue) -> None:
        """A message may expire while it is delayed, and is never available then."""
        (wanted,) = queue.post("A", ttl=100, delay=500)
        advance(queue.driver, 150)
        assert queue.get(wanted) == ()
        assert queue.counts() == (0, 0, 0)
        advance(queue.driver, 500)
        assert queue.everything() == []
        assert queue.claim().messages == ()
        assert queue.pop() == ()

    def test_delayed_messages_are_counted_as_free(self, queue: Queue) -> None:
        """They are part of the total."""
        queue.post("A", delay=100)
        queue.post("B", client=BOB)
        queue.claim(1)
        assert queue.counts() == (2, 1, 1)
