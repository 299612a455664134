"""Pop and purge (storage-semantics.md 7)."""

from __future__ import annotations

import pytest

from angarium.testing.data.base import DataCases
from angarium.testing.queues import Queue, names, numbered, sibling
from angarium.testing.timing import advance


class TakingCases(DataCases):
    """Cases about taking messages away without a claim."""

    def test_scenario_22_pop_skips_claimed_and_delayed(self, queue: Queue) -> None:
        """Pop 3 of A B C D with B claimed and C delayed: A and D."""
        queue.post("A", "B")
        queue.post("C", delay=600)
        queue.post("D")
        held_a, held_b = queue.claim(1), queue.claim(1)
        held_a.release()
        assert names(queue.pop(3)) == ["A", "D"]
        assert queue.everything() == ["B", "C"]
        assert held_b.names_now() == ["B"]

    def test_pop_removes_what_it_returns(self, queue: Queue) -> None:
        """Oldest first, up to the limit, for good."""
        ids = queue.post(*"ABC")
        popped = queue.pop(2)
        assert names(popped) == ["A", "B"]
        assert queue.get(*ids[:2]) == ()
        assert queue.counts() == (1, 0, 1)
        assert names(queue.pop(2)) == ["C"]
        assert queue.pop(2) == ()

    def test_popped_message_is_complete(self, queue: Queue) -> None:
        """As it was stored; a pop is not a claim, so nothing is counted or extended."""
        (wanted,) = queue.post("A", ttl=1000)
        queue.claim().release()
        before = queue.get_one(wanted)
        (popped,) = queue.pop(1)
        assert (popped.id, popped.body, popped.ttl) == (wanted, b'"A"', 1000)
        assert (popped.claim_id, popped.claim_count) == (None, before.claim_count)
        assert before.claim_count == 1

    def test_pop_takes_lapsed_messages_at_their_place(self, queue: Queue) -> None:
        """They come before what was posted later."""
        queue.post("A", "B")
        queue.claim(2, ttl=10)
        queue.post("C")
        advance(queue.driver, 20)
        assert names(queue.pop(2)) == ["A", "B"]

    def test_pop_of_many(self, queue: Queue) -> None:
        """Large pops work."""
        queue.post(*numbered(600))
        assert names(queue.pop(500)) == numbered(600)[:500]
        assert len(queue.everything()) == 100

    def test_purge_removes_all_of_this_queue(self, queue: Queue) -> None:
        """Claimed and delayed messages included; other queues are not touched."""
        other = sibling(queue, "other")
        other.post("X")
        ids = queue.post(*"ABC")
        queue.post("D", delay=600)
        queue.claim(2)
        queue.purge()
        assert queue.everything() == []
        assert queue.get(*ids) == ()
        assert queue.counts() == (0, 0, 0)
        assert queue.claim().messages == ()
        assert queue.pop() == ()
        assert other.listed() == ["X"]

    def test_purged_messages_leave_their_claim(self, queue: Queue) -> None:
        """The claim lives on without them, and does not bring them back."""
        ids = queue.post("A", "B")
        claimed = queue.claim(ttl=100)
        queue.purge()
        assert claimed.read().messages == ()
        queue.renew(claimed.id, ttl=100)
        claimed.release()
        assert queue.get(*ids) == ()
        assert queue.everything() == []

    def test_purged_messages_do_not_come_back_in_time(self, queue: Queue) -> None:
        """Neither when their delay ends nor when their claim lapses."""
        queue.post("A", delay=100)
        queue.post("B")
        queue.claim(1, ttl=100)
        queue.purge()
        advance(queue.driver, 150)
        assert queue.everything() == []
        assert queue.claim().messages == ()
        assert queue.pop() == ()
        assert queue.counts() == (0, 0, 0)

    def test_queue_is_as_before_after_a_purge(self, queue: Queue) -> None:
        """New messages are stored, listed, claimed and counted."""
        queue.post("A", "B")
        queue.purge()
        queue.purge()
        queue.post("C", "D")
        assert queue.listed() == ["C", "D"]
        assert queue.claim(1).names == ["C"]
        assert queue.counts() == (2, 1, 1)

    @pytest.mark.parametrize("claimed", [False, True], ids=["free", "claimed"])
    def test_deleting_purged_messages_is_silent(self, queue: Queue, *, claimed: bool) -> None:
        """A purged message is absent in every respect."""
        (wanted,) = queue.post("A")
        claim_id = queue.claim().id if claimed else None
        queue.purge()
        queue.delete(wanted, claim_id)
        queue.delete(wanted)
        queue.delete_all([wanted], [claim_id or "unknown"])
        assert queue.everything() == []
