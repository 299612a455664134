"""Dead letters: messages that were claimed too often (storage-semantics.md 10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from angarium.errors import ClaimNotFound
from angarium.storage.driver import DataDriver
from angarium.storage.models import DeadLetter
from angarium.storage.signals import DeadLetterQueueMissing, StalePlan
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import (
    Queue,
    at_epoch,
    names,
    new_message,
    new_queue,
    numbered,
    sibling,
    within_reach,
)
from angarium.testing.timing import advance, within_one_second


def wear_out(queue: Queue, claims: int = 1, limit: int = 1000) -> None:
    """Claim and release what is available that many times."""
    for _ in range(claims):
        queue.claim(limit).release()


class DeadLetterCases(DataCases):
    """Cases about dead letters."""

    @within_one_second
    def test_scenario_13_moved_by_the_attempt_after_the_last(self, driver: DataDriver) -> None:
        """With m=2 there are two deliveries; the third attempt moves and returns nothing."""
        queue = new_queue(driver)
        dead = sibling(queue)
        letter = dead.after(2)
        (wanted,) = queue.post("A", ttl=1000)
        for count in (1, 2):
            claimed = queue.claim(dead_letter=letter)
            assert [it.claim_count for it in claimed.messages] == [count]
            claimed.release()
        advance(driver, 400)
        assert queue.claim(dead_letter=letter).messages == ()
        assert queue.everything() == []
        moved = dead.get_one(wanted)
        assert (moved.claim_count, moved.claim_id, moved.ttl, moved.age) == (0, None, 1000, 400)
        assert dead.listed() == ["A"]
        advance(driver, 599)
        assert dead.listed() == ["A"]
        advance(driver, 1)
        assert dead.everything() == []

    def test_scenario_23_claim_goes_on_with_the_next(self, queue: Queue) -> None:
        """With m=1 and limit 1, A is moved and B is claimed in one step."""
        dead = sibling(queue)
        queue.post("A")
        queue.claim(ttl=10, dead_letter=dead.after(1))
        advance(queue.driver, 20)
        queue.post("B")
        assert queue.claim(1, dead_letter=dead.after(1)).names == ["B"]
        assert dead.listed() == ["A"]
        assert queue.everything() == ["B"]

    def test_no_claim_when_nothing_is_left(self, queue: Queue) -> None:
        """A claim that only moved messages does not exist."""
        dead = sibling(queue)
        queue.post(*"ABC")
        wear_out(queue)
        claimed = queue.claim(dead_letter=dead.after(1))
        assert claimed.messages == ()
        with pytest.raises(ClaimNotFound):
            claimed.read()
        assert dead.listed() == ["A", "B", "C"]
        assert (queue.counts(), dead.counts()) == ((0, 0, 0), (3, 0, 3))

    def test_moved_message_keeps_what_it_is(self, queue: Queue) -> None:
        """Id, body and checksum; it is found by id there and not here."""
        dead = sibling(queue)
        message = replace(new_message("A"), body=bytes(range(256)), checksum="MD5:00")
        queue.post_batch([message])
        wear_out(queue)
        queue.claim(dead_letter=dead.after(1))
        assert queue.get(message.id) == ()
        moved = dead.get_one(message.id)
        assert (moved.id, moved.body, moved.checksum) == (message.id, message.body, "MD5:00")

    def test_moved_message_sorts_as_the_newest(self, queue: Queue) -> None:
        """A reader at the end of the dead-letter queue sees it next."""
        dead = sibling(queue)
        dead.post("X", "Y")
        marker = dead.page().marker
        queue.post(*"ABC")
        wear_out(queue)
        queue.claim(dead_letter=dead.after(1))
        dead.post("Z")
        assert dead.listed() == ["X", "Y", "A", "B", "C", "Z"]
        assert dead.listed(marker=marker) == ["A", "B", "C", "Z"]

    def test_moved_message_is_available_at_once(self, queue: Queue) -> None:
        """Unclaimed and not delayed: it can be claimed and popped there."""
        dead = sibling(queue)
        queue.post("A", delay=50)
        queue.post("B")
        advance(queue.driver, 100)
        wear_out(queue)
        queue.claim(dead_letter=dead.after(1))
        claimed = dead.claim(1)
        assert claimed.names == ["A"]
        assert claimed.messages[0].claim_count == 1
        assert names(dead.pop()) == ["B"]

    @within_one_second
    def test_own_ttl_of_the_dead_letter_queue(self, driver: DataDriver) -> None:
        """Attribute and true expiry count from the move, longer or shorter than before."""
        queue = new_queue(driver)
        dead = sibling(queue)
        queue.post("A", ttl=100)
        queue.post("B", ttl=9000)
        wear_out_claims = [queue.claim(1, ttl=10), queue.claim(1, ttl=10)]
        for claimed in wear_out_claims:
            claimed.release()
        advance(driver, 60)
        queue.claim(dead_letter=dead.after(1, ttl=500))
        assert [it.ttl for it in dead.page().messages] == [500, 500]
        assert [it.age for it in dead.page().messages] == [60, 60]
        advance(driver, 499)
        driver.reclaim(1000)
        assert dead.listed() == ["A", "B"]
        advance(driver, 1)
        assert dead.everything() == []

    @within_one_second
    def test_extended_life_moves_along(self, driver: DataDriver) -> None:
        """Without a ttl of its own the remaining life is that which claims have given."""
        queue = new_queue(driver)
        dead = sibling(queue)
        queue.post("A", ttl=60)
        queue.claim(ttl=300, grace=100).release()
        advance(driver, 200)
        queue.claim(dead_letter=dead.after(1))
        assert dead.page().messages[0].ttl == 400
        advance(driver, 199)
        assert dead.listed() == ["A"]
        advance(driver, 1)
        assert dead.everything() == []

    def test_missing_queue_is_asked_for_only_when_needed(self, queue: Queue) -> None:
        """As long as nothing has to move it need not exist; then nothing changes without it."""
        missing = DeadLetter(1, within_reach(queue.driver, queue.ref.scope), epoch=None)
        queue.post("A", "B")
        assert queue.claim(1, ttl=10, dead_letter=missing).names == ["A"]
        advance(queue.driver, 20)
        with pytest.raises(DeadLetterQueueMissing) as refusal:
            queue.claim(dead_letter=missing)
        assert refusal.value.scope == missing.scope
        assert queue.counts() == (2, 0, 2)
        assert [it.claim_count for it in queue.page().messages] == [1, 0]
        dead = sibling(queue)
        assert queue.claim(dead_letter=dead.after(1)).names == ["B"]
        assert dead.listed() == ["A"]

    @pytest.mark.parametrize("step", [-1, 1], ids=["old", "new"])
    def test_stale_plan_of_the_dead_letter_queue(self, queue: Queue, step: int) -> None:
        """Its epoch counts only when something has to move; then nothing changes if it differs."""
        dead = sibling(queue)
        stale = at_epoch(dead, dead.ref.epoch + step).after(1)
        queue.post("A", "B")
        assert queue.claim(1, ttl=10, dead_letter=stale).names == ["A"]
        advance(queue.driver, 20)
        with pytest.raises(StalePlan) as refusal:
            queue.claim(dead_letter=stale)
        assert refusal.value.scope == dead.ref.scope
        assert [it.claim_count for it in queue.page().messages] == [1, 0]
        assert dead.everything() == []

    def test_deleted_dead_letter_queue_takes_nothing(self, queue: Queue) -> None:
        """Its tombstone refuses, and the message stays where it is."""
        dead = sibling(queue)
        queue.post("A")
        wear_out(queue)
        letter = dead.after(1)
        queue.driver.unregister(at_epoch(dead, dead.ref.epoch + 1).ref)
        with pytest.raises(StalePlan) as refusal:
            queue.claim(dead_letter=letter)
        assert refusal.value.scope == dead.ref.scope
        assert queue.everything() == ["A"]

    def test_without_dead_letters_nothing_moves(self, queue: Queue) -> None:
        """However often a message was claimed."""
        queue.post("A")
        wear_out(queue, 5)
        assert queue.claim().messages[0].claim_count == 6

    def test_higher_limit_later_delivers_again(self, queue: Queue) -> None:
        """The count is compared with the limit of the claim that looks."""
        dead = sibling(queue)
        queue.post("A")
        wear_out(queue, 2)
        assert queue.claim(dead_letter=dead.after(3)).names == ["A"]

    def test_id_that_is_there_already_is_only_removed_here(self, queue: Queue) -> None:
        """A move is idempotent by message id."""
        dead = sibling(queue)
        message = new_message("A")
        queue.post_batch([message])
        dead.post_batch([replace(message, body=b'"first"')])
        wear_out(queue)
        queue.claim(dead_letter=dead.after(1))
        assert (queue.everything(), dead.everything()) == ([], ["first"])

    def test_expired_copy_does_not_swallow_the_message(self, queue: Queue) -> None:
        """What has expired does not exist, so the message moves."""
        dead = sibling(queue)
        message = new_message("A")
        queue.post_batch([message])
        dead.post_batch([replace(message, body=b'"first"', ttl=50)])
        advance(queue.driver, 100)
        wear_out(queue)
        queue.claim(dead_letter=dead.after(1))
        assert (queue.everything(), dead.everything()) == ([], ["A"])

    def test_expired_messages_do_not_move(self, queue: Queue) -> None:
        """They are gone."""
        dead = sibling(queue)
        queue.post("A", ttl=100)
        queue.claim(ttl=10).release()
        advance(queue.driver, 150)
        assert queue.claim(dead_letter=dead.after(1, ttl=9000)).messages == ()
        assert dead.everything() == []

    def test_chain_of_dead_letter_queues(self, queue: Queue) -> None:
        """A dead letter is a message like any other, and may move on."""
        second, third = sibling(queue, "second"), sibling(queue, "third")
        queue.post("A")
        wear_out(queue, 2)
        queue.claim(dead_letter=second.after(2))
        wear_out(second, 2)
        assert queue.claim(dead_letter=second.after(2)).messages == ()
        second.claim(dead_letter=third.after(2))
        assert (second.everything(), third.everything()) == ([], ["A"])
        assert third.page().messages[0].claim_count == 0

    def test_cycle_moves_a_message_once_per_claim(self, queue: Queue) -> None:
        """Two queues that are each other's dead-letter queue pass a message to and fro."""
        other = sibling(queue, "other")
        queue.post("A")
        for source, target in ((queue, other), (other, queue), (queue, other)):
            claimed = source.claim(dead_letter=target.after(1))
            assert [it.claim_count for it in claimed.messages] == [1]
            claimed.release()
            assert source.claim(dead_letter=target.after(1)).messages == ()
            assert (source.everything(), target.everything()) == ([], ["A"])

    def test_very_many_move_in_order(self, queue: Queue) -> None:
        """Bounded work per call, all of it in the end, and the claim gets what is left."""
        dead = sibling(queue)
        many = scaled(900, 5000)
        queue.post(*numbered(many))
        wear_out(queue, limit=many)
        queue.post("fresh")
        assert queue.claim(1, dead_letter=dead.after(1)).names == ["fresh"]
        assert dead.everything() == numbered(many)
        assert (queue.counts(), dead.counts()) == ((1, 1, 0), (many, 0, many))

    def test_concurrent_claims_move_each_message_once(self, queue: Queue) -> None:
        """In neither both queues nor none, and delivered to one claim at most."""
        dead = sibling(queue)
        worn, fresh = numbered(60, "worn"), numbered(60, "fresh")
        queue.post(*worn)
        wear_out(queue)
        queue.post(*fresh)

        def claim() -> list[str]:
            return queue.claim(10, dead_letter=dead.after(1)).names

        taken = [name for names_ in in_threads([claim] * 12) for name in names_]
        taken += queue.claim(dead_letter=dead.after(1)).names
        assert sorted(taken) == sorted(fresh)
        assert sorted(dead.everything()) == sorted(worn)
        assert sorted(queue.everything()) == sorted(fresh)

    def test_two_queues_that_move_to_each_other_at_once(self, queue: Queue) -> None:
        """Neither claim waits for the other for ever, and no message is lost."""
        other = sibling(queue, "other")
        queue.post(*numbered(20, "a"))
        other.post(*numbered(20, "b"))

        def swap(source: Queue, target: Queue) -> None:
            for _ in range(scaled(15, 200)):
                source.claim(3, dead_letter=target.after(1)).release()

        in_threads([lambda: swap(queue, other), lambda: swap(other, queue)] * 2)
        stored = queue.everything() + other.everything()
        assert sorted(stored) == sorted(numbered(20, "a") + numbered(20, "b"))
