"""Making claims: selection, repetition, counting (storage-semantics.md 5.1 and 5.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium import ids
from angarium.errors import ClaimNotFound
from angarium.testing.comparing import plain
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import ALICE, Queue, names, numbered, sibling
from angarium.testing.timing import advance


class ClaimingCases(DataCases):
    """Cases about making claims."""

    def test_takes_the_oldest(self, queue: Queue) -> None:
        """In queue order, up to the limit."""
        queue.post(*"ABC")
        queue.post(*"DE")
        assert queue.claim(2).names == ["A", "B"]
        assert queue.claim(2).names == ["C", "D"]
        assert queue.claim(2).names == ["E"]

    def test_result_shows_the_claim(self, queue: Queue) -> None:
        """Messages come back with the claim's id, their new ttl and the raised count."""
        queue.post("A", ttl=60)
        queue.post("B", ttl=3600)
        claimed = queue.claim(ttl=300, grace=40)
        assert [it.claim_id for it in claimed.messages] == [claimed.id, claimed.id]
        assert [it.ttl for it in claimed.messages] == [340, 3600]
        assert [it.claim_count for it in claimed.messages] == [1, 1]
        assert [it.id for it in queue.get(*claimed.ids)] == claimed.ids
        assert [it.claim_id for it in queue.get(*claimed.ids)] == [claimed.id, claimed.id]

    def test_nothing_available_leaves_no_claim(self, queue: Queue) -> None:
        """An empty result is not a claim."""
        claimed = queue.claim()
        assert claimed.messages == ()
        with pytest.raises(ClaimNotFound):
            claimed.read()
        with pytest.raises(ClaimNotFound):
            queue.renew(claimed.id)

    def test_empty_claim_does_not_catch_later_messages(self, queue: Queue) -> None:
        """The id of a claim that took nothing may be used again, and is no claim meanwhile."""
        claimed = queue.claim()
        (wanted,) = queue.post("A")
        assert queue.get_one(wanted).claim_id is None
        assert queue.claim(claim_id=claimed.id).names == ["A"]

    def test_selection_skips_what_is_not_available(self, queue: Queue) -> None:
        """Claimed, delayed and expired messages anywhere in between are passed over."""
        queue.post("A")
        queue.claim(1)
        queue.post("B", delay=600)
        queue.post("C")
        queue.post("D", ttl=50)
        queue.post("E")
        advance(queue.driver, 60)
        assert queue.claim(2).names == ["C", "E"]

    def test_own_messages_can_be_claimed(self, queue: Queue) -> None:
        """The echo rule is about listing only."""
        queue.post("A", client=ALICE)
        assert queue.claim().names == ["A"]

    def test_never_takes_from_a_live_claim(self, queue: Queue) -> None:
        """However many claims there are and whatever they ask for."""
        queue.post(*numbered(30))
        taken = [queue.claim(limit) for limit in (7, 1, 20, 5)]
        assert [len(it.messages) for it in taken] == [7, 1, 20, 2]
        assert sorted(name for it in taken for name in it.names) == sorted(numbered(30))
        assert queue.claim().messages == ()

    def test_scenario_02_released_messages_are_claimed_again(self, queue: Queue) -> None:
        """Exactly those of the released claim; the other one is intact."""
        queue.post(*numbered(10))
        x, y = queue.claim(5), queue.claim(5)
        x.release()
        assert queue.claim(10).names == x.names
        assert y.names_now() == y.names == numbered(10)[5:]

    def test_scenario_03_lapsed_messages_are_claimed_again(self, queue: Queue) -> None:
        """The same when the first claim lapses."""
        queue.post(*numbered(10))
        x, y = queue.claim(5, ttl=60), queue.claim(5, ttl=600)
        advance(queue.driver, 100)
        assert queue.claim(10).names == x.names
        assert y.names_now() == y.names == numbered(10)[5:]

    def test_far_behind_many_claimed_messages(self, queue: Queue) -> None:
        """A claim reaches what is available however much stands before it."""
        many = scaled(1500, 20_000)
        for start in range(0, many, 500):
            queue.post(*numbered(500, f"{start}-"))
        queue.post("A", "B", "C")
        assert len(queue.claim(many).messages) == many
        assert queue.claim(2).names == ["A", "B"]
        assert queue.claim(2).names == ["C"]

    def test_repeated_claim_gives_the_same_messages(self, queue: Queue) -> None:
        """A claim is repeated after a lost connection; the store knows its id."""
        queue.post(*"ABC")
        first = queue.claim(2)
        queue.post("D")
        again = queue.claim(2, claim_id=first.id)
        ageless = [[replace(it, age=0) for it in claim.messages] for claim in (again, first)]
        assert plain(ageless[0]) == plain(ageless[1])  # a second may have passed between them
        assert queue.counts() == (4, 2, 2)
        assert queue.claim(5).names == ["C", "D"]

    def test_repeated_claim_gives_what_is_left(self, queue: Queue) -> None:
        """It takes no further message in place of one that was deleted meanwhile."""
        queue.post(*"ABC")
        first = queue.claim(2)
        queue.delete(first.ids[0], first.id)
        assert queue.claim(2, claim_id=first.id).names == ["B"]
        assert queue.claim(5).names == ["C"]

    def test_same_claim_id_in_another_queue_is_another_claim(self, queue: Queue) -> None:
        """A known claim elsewhere is not known here."""
        other = sibling(queue, "other")
        queue.post("A")
        other.post("B")
        shared = ids.new_claim_id()
        assert queue.claim(claim_id=shared).names == ["A"]
        assert other.claim(claim_id=shared).names == ["B"]
        other.release(shared)
        assert names(queue.get_claim(shared).messages) == ["A"]

    def test_count_grows_with_each_claim(self, queue: Queue) -> None:
        """It survives release, lapse and renewal, and includes the present claim."""
        (wanted,) = queue.post("A", ttl=36_000)
        first = queue.claim()
        queue.renew(first.id)
        assert queue.get_one(wanted).claim_count == 1
        first.release()
        assert queue.get_one(wanted).claim_count == 1
        assert queue.claim(ttl=60).messages[0].claim_count == 2
        advance(queue.driver, 100)
        assert queue.get_one(wanted).claim_count == 2
        assert queue.claim().messages[0].claim_count == 3
        assert queue.page(include_claimed=True).messages[0].claim_count == 3

    def test_count_is_the_messages_own(self, queue: Queue) -> None:
        """Each message is counted by itself."""
        queue.post("A", "B")
        queue.claim(1).release()
        assert [it.claim_count for it in queue.claim(2).messages] == [2, 1]
