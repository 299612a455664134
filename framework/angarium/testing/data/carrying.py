"""Dead letters for a queue in another pool: taken under a lease, accepted, and deleted.

Rules: storage-semantics.md 10 and ``docs/interfaces.rst``, "Dead letters across pools".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from angarium import ids
from angarium.errors import ClaimNotFound, MessageNotClaimed
from angarium.storage import operations as op
from angarium.storage.driver import DEAD_LETTER_LEASE, DataDriver
from angarium.storage.models import DeadLetter, Scope, StoredMessage
from angarium.storage.signals import DeadLetterQueueMissing, DeadLettersLeased
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.data.dead_letters import wear_out
from angarium.testing.effort import scaled
from angarium.testing.queues import (
    ALICE,
    BOB,
    Queue,
    at_epoch,
    names,
    new_message,
    new_queue,
    numbered,
)
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs
from angarium.testing.transfer import ROUTES, claim_carrying, exported, state_of

ELSEWHERE: Final = Scope("", "dead-letters")
"""A queue that the store under test does not know."""


def dead_letter(name: str, **special: Any) -> StoredMessage:
    """A message as it comes from another store, with all that must not count there any more."""
    message = StoredMessage(
        position=3,
        id=ids.new_message_id(),
        body=f'"{name}"'.encode(),
        client_id=ALICE,
        remaining=1000,
        ttl=3000,
        age=200,
        claim_count=9,
        claim_id=ids.new_claim_id(),
        due=60,
        checksum="MD5:00",
    )
    return replace(message, **special)


def rule(max_claims: int = 1, lease_id: str | None = None) -> DeadLetter:
    """What comes with a claim whose dead letters have to be carried."""
    return DeadLetter(max_claims, ELSEWHERE, 7, None, lease_id or ids.new_claim_id())


def leased_by(queue: Queue, letter: DeadLetter, limit: int = 1000) -> tuple[StoredMessage, ...]:
    """What a claim puts under the lease of a rule."""
    with pytest.raises(DeadLettersLeased) as leased:
        queue.claim(limit, dead_letter=letter)
    return leased.value.messages


class CarryingCases(DataCases):
    """Cases about both ends of the way."""

    # --- Accepting ------------------------------------------------------------------------------

    @within_one_second
    @needs(Trait.MOVING)
    def test_accepted_message_keeps_what_it_is(self, driver: DataDriver) -> None:
        """Id, body, client, age, lifetimes, checksum; count, claim and delay begin anew."""
        dead = new_queue(driver)
        sent = dead_letter("A", body=bytes(range(256)))
        dead.do(op.AcceptDeadLetters((sent,)))
        (stored,) = exported(dead)
        anew = replace(sent, position=stored.position, claim_count=0, claim_id=None, due=0)
        assert stored == anew
        message = dead.get_one(sent.id)
        assert (message.body, message.ttl, message.age) == (sent.body, 3000, 200)
        assert (message.claim_id, message.claim_count, message.checksum) == (None, 0, "MD5:00")
        assert [it.id for it in dead.page(exclude_client=BOB).messages] == [sent.id]
        assert dead.page(exclude_client=ALICE).messages == ()
        assert [(it.id, it.claim_count) for it in dead.claim().messages] == [(sent.id, 1)]

    @within_one_second
    @needs(Trait.MOVING)
    def test_accepted_message_expires_when_it_would_have(self, driver: DataDriver) -> None:
        """Its remaining life counts on, or its new ttl from now on, shorter or longer."""
        kept, shorter, longer = (new_queue(driver) for _ in range(3))
        kept.do(op.AcceptDeadLetters((dead_letter("A"),)))
        shorter.do(op.AcceptDeadLetters((dead_letter("A"),), 500))
        longer.do(op.AcceptDeadLetters((dead_letter("A"),), 1500))
        assert [it.page().messages[0].ttl for it in (kept, shorter, longer)] == [3000, 500, 1500]
        for passed, alive in ((499, 3), (1, 2), (499, 2), (1, 1), (499, 1), (1, 0)):
            advance(driver, passed)
            driver.reclaim(1000)
            assert sum(it.counts()[0] for it in (kept, shorter, longer)) == alive
        assert shorter.everything() == kept.everything() == longer.everything() == []

    @needs(Trait.MOVING)
    def test_accepted_messages_sort_as_the_newest(self, queue: Queue) -> None:
        """In the order in which they come, whatever their positions were."""
        queue.post("X", "Y")
        marker = queue.page().marker
        sent = tuple(dead_letter(name, position=9 - it) for it, name in enumerate("ABC"))
        queue.do(op.AcceptDeadLetters(sent))
        queue.post("Z")
        assert queue.listed() == ["X", "Y", "A", "B", "C", "Z"]
        assert queue.listed(marker=marker) == ["A", "B", "C", "Z"]

    @needs(Trait.MOVING)
    def test_repeated_acceptance_stores_what_is_missing(self, queue: Queue) -> None:
        """Each unless its id is there: the others keep their state and their place."""
        first, second, third = (dead_letter(name) for name in "ABC")
        queue.do(op.AcceptDeadLetters((first, third)))
        claimed = queue.claim(1)
        queue.do(op.AcceptDeadLetters((first, second, replace(third, body=b'"other"'))))
        assert queue.everything() == ["A", "C", "B"]
        assert claimed.names_now() == ["A"]

    @needs(Trait.MOVING)
    def test_expired_copy_does_not_keep_a_message_out(self, queue: Queue) -> None:
        """What has expired does not exist."""
        message = new_message("A", ttl=50)
        queue.post_batch([message])
        advance(queue.driver, 100)
        queue.do(op.AcceptDeadLetters((dead_letter("B", id=message.id),)))
        assert queue.everything() == ["B"]

    # --- Leasing --------------------------------------------------------------------------------

    @within_one_second
    @needs(Trait.MOVING)
    def test_lease_takes_the_over_claimed_and_does_nothing_else(self, driver: DataDriver) -> None:
        """They are told of with all they have; their count, ttl and expiry stay as they were."""
        queue = new_queue(driver)
        message = replace(new_message("A", ttl=1000), body=bytes(range(256)), checksum="MD5:00")
        queue.post_batch([message], BOB)
        queue.post("B", ttl=40)
        wear_out_within = [queue.claim(1, ttl=1), queue.claim(1, ttl=1)]
        for claimed in wear_out_within:
            claimed.release()
        queue.post("C", "D")
        advance(driver, 30)
        letter, claim_id = rule(), ids.new_claim_id()
        with pytest.raises(DeadLettersLeased) as leased:
            queue.claim(claim_id=claim_id, dead_letter=letter)
        first, second = leased.value.messages
        assert (first.id, first.body, first.checksum) == (message.id, message.body, "MD5:00")
        assert (first.client_id, first.ttl, first.remaining, first.age) == (BOB, 1000, 970, 30)
        assert (first.claim_count, second.claim_count) == (1, 1)
        assert (second.client_id, second.ttl, second.remaining) == (ALICE, 40, 10)
        with pytest.raises(ClaimNotFound):
            queue.get_claim(claim_id)
        assert queue.listed() == ["C", "D"]
        assert queue.counts() == (4, 2, 2)
        kept = {it.id: it for it in queue.page(include_claimed=True).messages}
        assert [it.claim_count for it in kept.values()] == [1, 1, 0, 0]
        assert [it.ttl for it in kept.values()] == [1000, 40, 3600, 3600]
        advance(driver, 9)
        assert queue.counts() == (4, 2, 2)
        advance(driver, 1)
        assert queue.counts() == (3, 1, 2)

    @needs(Trait.MOVING)
    def test_without_dead_letters_there_is_no_lease(self, queue: Queue) -> None:
        """The claim is one like any other, and the lease does not exist."""
        queue.post("A", "B")
        letter = rule(2)
        wear_out(queue)
        assert queue.claim(dead_letter=letter).names == ["A", "B"]
        assert letter.lease_id is not None
        with pytest.raises(ClaimNotFound):
            queue.get_claim(letter.lease_id)

    @needs(Trait.MOVING)
    def test_claim_goes_on_after_the_dead_letters_are_gone(self, queue: Queue) -> None:
        """They are deleted under the lease; then what is left is claimed, in order."""
        queue.post("A", "B")
        wear_out(queue)
        queue.post("C", "D")
        letter = rule()
        wanted = [message.id for message in leased_by(queue, letter)]
        queue.delete_all(wanted, [str(letter.lease_id)])
        assert queue.claim(1, dead_letter=rule()).names == ["C"]
        assert queue.everything() == ["C", "D"]

    @needs(Trait.MOVING)
    def test_leased_messages_are_nobody_elses(self, queue: Queue) -> None:
        """Other claims and pops pass over them; the lease is a claim in all respects."""
        queue.post("A", "B")
        wear_out(queue)
        queue.post("C", "D")
        letter = rule()
        assert len(leased_by(queue, letter)) == 2
        assert queue.claim(1, dead_letter=rule()).names == ["C"]
        assert names(queue.pop()) == ["D"]
        held = queue.get_claim(str(letter.lease_id))
        assert names(held.messages) == ["A", "B"]
        assert held.ttl == DEAD_LETTER_LEASE

    @within_one_second
    @needs(Trait.MOVING)
    def test_lease_lapses(self, driver: DataDriver) -> None:
        """If whoever carries dies, the next claim begins anew; the old lease deletes nothing."""
        queue = new_queue(driver)
        (wanted,) = queue.post("A")
        wear_out(queue)
        first, second = rule(), rule()
        leased_by(queue, first)
        advance(driver, DEAD_LETTER_LEASE - 1)
        assert queue.claim(dead_letter=second).messages == ()
        advance(driver, 1)
        assert queue.counts() == (1, 0, 1)
        with pytest.raises(MessageNotClaimed):
            queue.delete_all([wanted], [str(first.lease_id)])
        (message,) = leased_by(queue, second)
        assert (message.id, message.claim_count) == (wanted, 1)

    @needs(Trait.MOVING)
    def test_repeated_lease_gives_the_same_messages(self, queue: Queue) -> None:
        """The answer of the first may have been lost; a known claim is answered too."""
        queue.post("A", "B")
        claimed = queue.claim(1)
        wear_out(queue)
        letter = rule()
        first = leased_by(queue, letter)
        again = leased_by(queue, letter)
        assert [it.id for it in again] == [it.id for it in first]
        assert names(again) == ["B"]
        repeated = queue.claim(claim_id=claimed.id, dead_letter=letter)
        assert repeated.names == ["A"]

    @needs(Trait.MOVING)
    def test_missing_queue_is_asked_for_before_a_lease(self, queue: Queue) -> None:
        """The kernel creates it first; nothing is under a lease meanwhile."""
        queue.post("A")
        letter = replace(rule(), epoch=None)
        assert queue.claim(ttl=10, dead_letter=letter).names == ["A"]
        advance(queue.driver, 20)
        with pytest.raises(DeadLetterQueueMissing) as refusal:
            queue.claim(dead_letter=letter)
        assert refusal.value.scope == ELSEWHERE
        assert queue.counts() == (1, 0, 1)

    @needs(Trait.MOVING)
    def test_queue_of_that_name_here_is_not_touched(self, queue: Queue) -> None:
        """A lease looks at no epoch and no queue but its own."""
        namesake = new_queue(queue.driver, "other", project=queue.ref.scope.project)
        queue.post("A")
        wear_out(queue)
        stale = at_epoch(namesake, namesake.ref.epoch + 1)
        letter = replace(stale.after(1), lease_id=ids.new_claim_id())
        assert names(leased_by(queue, letter)) == ["A"]
        assert namesake.everything() == []

    # --- The whole way --------------------------------------------------------------------------

    @pytest.mark.parametrize("route", ROUTES)
    @needs(Trait.MOVING)
    def test_dead_letters_are_carried(self, driver: DataDriver, route: str) -> None:
        """All of them, in order, as a move within one store would have left them."""
        queue, dead = ROUTES[route](driver)
        worn = numbered(scaled(60, 600), "worn")
        queue.post(*worn, ttl=9000)
        wear_out(queue)
        advance(driver, 1000)
        queue.post(*"AB")
        assert claim_carrying(queue, dead, 1).names == ["A", "B"]
        assert (queue.everything(), dead.everything()) == (["A", "B"], worn)
        assert {it.claim_count for it in dead.page().messages} == {0}
        advance(driver, 7900)
        assert dead.listed() == worn
        advance(driver, 200)
        assert dead.everything() == []

    @needs(Trait.MOVING)
    def test_carrier_that_died_is_replaced(self, driver: DataDriver) -> None:
        """Killed before the deletion: a message is in both queues, and then in the other one."""
        queue, dead = new_queue(driver), new_queue(driver)
        queue.post("A")
        wear_out(queue)
        messages = leased_by(queue, rule())
        dead.do(op.AcceptDeadLetters(messages))
        before = state_of(dead)
        advance(driver, DEAD_LETTER_LEASE)
        queue.post("B")
        assert claim_carrying(queue, dead, 1).names == ["B"]
        assert (queue.everything(), dead.everything()) == (["B"], ["A"])
        assert state_of(dead) == before

    @needs(Trait.MOVING)
    def test_claim_leases_only_what_it_meets(self, queue: Queue) -> None:
        """Or more, but what it would have claimed comes first in any case."""
        dead = new_queue(queue.driver)
        fresh, worn = numbered(3, "fresh"), numbered(3, "worn")
        queue.post(*worn)
        wear_out(queue)
        held = queue.claim(ttl=100)
        queue.post(*fresh)
        held.release()
        assert claim_carrying(queue, dead, 2, 1).names == fresh[:1]
        assert claim_carrying(queue, dead, 2, 2).names == fresh[1:]
        assert claim_carrying(queue, dead, 2).messages == ()
        assert (queue.everything(), dead.everything()) == (fresh, worn)

    @needs(Trait.MOVING)
    def test_concurrent_carriers(self, driver: DataDriver) -> None:
        """Each message ends up in the one queue or the other, and in one claim at most."""
        queue, dead = new_queue(driver), new_queue(driver)
        worn, fresh = numbered(60, "worn"), numbered(60, "fresh")
        queue.post(*worn)
        wear_out(queue)
        queue.post(*fresh)

        def claim() -> list[str]:
            return claim_carrying(queue, dead, 1, 10).names

        taken = [name for one in in_threads([claim] * 8) for name in one]
        taken += claim_carrying(queue, dead, 1).names
        assert sorted(taken) == sorted(fresh)
        assert sorted(dead.everything()) == sorted(worn)
        assert queue.everything() == fresh
