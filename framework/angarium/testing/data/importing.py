"""Import: a queue as another store told of it (``docs/interfaces.rst``, "Moving a queue")."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from angarium import ids
from angarium.errors import ClaimNotFound
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver
from angarium.storage.models import StoredClaim
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import (
    ALICE,
    BOB,
    Queue,
    names,
    new_queue,
)
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs
from angarium.testing.transfer import (
    bare,
    exported,
    exported_claims,
    import_all,
    last_position,
    state_of,
    stored,
)


class ImportingCases(DataCases):
    """Cases about ``import_messages`` and ``import_claims``."""

    @within_one_second
    @needs(Trait.MOVING)
    def test_imported_message_is_what_it_was(self, driver: DataDriver) -> None:
        """To be found, listed, claimed, with its own clock: age, ttl, delay and expiry go on."""
        queue = new_queue(driver)
        body = bytes(range(256))
        sent = [
            stored("", 5, body=body, client_id=BOB, claim_count=3, checksum="MD5:00"),
            stored("B", 2**40, remaining=100, due=40),
        ]
        import_all(queue, sent)
        assert exported(queue) == sent
        first = queue.get_one(sent[0].id)
        assert (first.body, first.ttl, first.age, first.checksum) == (body, 3000, 200, "MD5:00")
        assert (first.claim_id, first.claim_count) == (None, 3)
        assert queue.page(exclude_client=BOB).messages == ()
        assert [it.id for it in queue.page(exclude_client=ALICE).messages] == [first.id]
        advance(driver, 39)
        assert len(queue.page().messages) == 1
        advance(driver, 1)
        assert len(queue.page().messages) == 2
        assert [it.age for it in queue.page().messages] == [240, 240]
        advance(driver, 59)
        assert queue.counts() == (2, 0, 2)
        advance(driver, 1)
        assert [it.claim_count for it in queue.claim(ttl=1).messages] == [4]
        advance(driver, 899)
        assert queue.counts() == (1, 0, 1)
        advance(driver, 1)
        assert queue.counts() == (0, 0, 0)

    @needs(Trait.MOVING)
    def test_imported_positions_count(self, queue: Queue) -> None:
        """Markers of the other store lead on here, and later posts sort after all of them."""
        import_all(queue, [stored("A", 5), stored("B", 9), stored("C", 12)])
        assert queue.everything() == ["A", "B", "C"]
        assert queue.page(limit=2).marker == "9"
        assert queue.listed(marker="5") == ["B", "C"]
        assert queue.listed(marker="8") == ["B", "C"]
        queue.do(op.ImportMessages(12, 20, (), 20))
        assert last_position(queue) == 20
        queue.post("D", "E")
        assert queue.listed(marker="20") == ["D", "E"]
        assert all(message.position > 20 for message in exported(queue)[3:])

    @needs(Trait.MOVING)
    def test_last_position_never_goes_back(self, queue: Queue) -> None:
        """A repeated import that comes late does not make positions be used again."""
        import_all(queue, [stored("A", 30)])
        queue.do(op.ImportMessages(0, 10, (stored("B", 5),), 10))
        assert last_position(queue) == 30
        queue.post("C")
        assert queue.everything() == ["B", "A", "C"]

    @needs(Trait.MOVING)
    def test_import_may_be_repeated(self, queue: Queue) -> None:
        """The answer to the first may have been lost."""
        sent = [stored("A", 5), stored("B", 9, due=50), stored("C", 12, claim_count=2)]
        import_all(queue, sent)
        before = state_of(queue)
        import_all(queue, sent)
        assert state_of(queue) == before

    @within_one_second
    @needs(Trait.MOVING)
    def test_import_corrects_states(self, driver: DataDriver) -> None:
        """Without bodies: those that are stored stay; all the rest is what it is now."""
        queue = new_queue(driver)
        one, two, three = stored("A", 5), stored("B", 9, due=500), stored("C", 12, claim_count=2)
        import_all(queue, [one, two, three])
        states = [
            bare(one, remaining=50, ttl=4000, age=300, claim_count=7, due=20),
            bare(two, due=0),
            bare(three, claim_count=3, remaining=2000),
        ]
        import_all(queue, states)
        assert exported(queue, bodies=False) == states
        assert queue.listed() == ["B", "C"]
        assert queue.everything() == ["A", "B", "C"]
        advance(driver, 20)
        assert queue.listed() == ["A", "B", "C"]
        advance(driver, 30)
        assert queue.listed() == ["B", "C"]
        advance(driver, 950)
        assert queue.everything() == ["C"]

    @needs(Trait.MOVING)
    def test_import_frees_what_was_claimed(self, queue: Queue) -> None:
        """A claim that is gone in the other store is gone here after the next import."""
        claim = StoredClaim(ids.new_claim_id(), 300, 100, 200, (5,))
        one = stored("A", 5, claim_id=claim.id, claim_count=1, due=200)
        import_all(queue, [one])
        queue.do(op.ImportClaims((claim,), replaces=True))
        assert queue.counts() == (1, 1, 0)
        import_all(queue, [bare(one, claim_id=None, due=0)])
        queue.do(op.ImportClaims((), replaces=True))
        assert queue.counts() == (1, 0, 1)
        with pytest.raises(ClaimNotFound):
            queue.get_claim(claim.id)
        assert [it.claim_count for it in queue.claim().messages] == [2]

    @needs(Trait.MOVING)
    def test_import_makes_exactly_its_stretch(self, queue: Queue) -> None:
        """What else is there goes; the bounds are exclusive and inclusive; the rest stays."""
        import_all(queue, [stored(f"{it}", it) for it in range(1, 10)])
        kept = exported(queue)[4]
        queue.do(op.ImportMessages(3, 7, (bare(kept), stored("new", 6)), 9))
        assert queue.everything() == ["1", "2", "3", "5", "new", "8", "9"]
        queue.do(op.ImportMessages(0, 2, (), 9))
        assert queue.everything() == ["3", "5", "new", "8", "9"]
        queue.do(op.ImportMessages(0, 2, (stored("1", 1), stored("2", 2)), 9))
        assert queue.everything() == ["1", "2", "3", "5", "new", "8", "9"]
        assert queue.counts() == (7, 0, 7)
        queue.do(op.ImportMessages(0, 9, (), 9))
        assert queue.everything() == []
        assert queue.counts() == (0, 0, 0)

    @needs(Trait.MOVING)
    def test_import_without_a_body_that_is_known_stores_nothing(self, queue: Queue) -> None:
        """A message that is not here yet waits for an import with bodies."""
        one, two = stored("A", 5), stored("B", 9)
        import_all(queue, [one])
        import_all(queue, [bare(one), bare(two)])
        assert queue.everything() == ["A"]
        import_all(queue, [one, two])
        assert queue.everything() == ["A", "B"]

    @needs(Trait.MOVING)
    def test_import_moves_a_namesake(self, queue: Queue) -> None:
        """An id that came back to the queue is there once, at its new position."""
        one, two = stored("A", 5), stored("B", 9)
        import_all(queue, [one, two])
        queue.do(op.ImportMessages(9, 12, (replace(one, position=12),), 12))
        assert queue.everything() == ["B", "A"]
        assert queue.counts() == (2, 0, 2)
        assert [it.position for it in exported(queue)] == [9, 12]

    @needs(Trait.MOVING)
    def test_import_of_many(self, queue: Queue) -> None:
        """A large part is one step like any other."""
        many = scaled(1000, 5000)
        sent = [stored(f"{it}", it * 3) for it in range(1, many + 1)]
        import_all(queue, sent)
        assert queue.counts() == (many, 0, many)
        import_all(queue, [bare(message, claim_count=2) for message in sent])
        found = exported(queue)
        assert [it.body for it in found] == [it.body for it in sent]
        assert {it.claim_count for it in found} == {2}

    @needs(Trait.MOVING)
    def test_import_leaves_other_queues_alone(self, driver: DataDriver) -> None:
        """Positions, ids and claims are those of one queue."""
        queue, other = new_queue(driver), new_queue(driver)
        for it in (queue, other):
            it.post(*"AB")
        held = other.claim(1)
        before = state_of(other)
        import_all(queue, [replace(message, due=9) for message in exported(other)])
        queue.do(op.ImportClaims((StoredClaim(held.id, 9, 0, 9, ()),), replaces=True))
        queue.do(op.ImportClaims((), replaces=True))
        import_all(queue, [])
        assert state_of(other) == before

    @within_one_second
    @needs(Trait.MOVING)
    def test_imported_claim_is_what_it_was(self, driver: DataDriver) -> None:
        """It is read, renewed, lapses and releases its messages, and guards them until then."""
        queue = new_queue(driver)
        claim = StoredClaim(ids.new_claim_id(), 300, 100, 200, (5, 12))
        empty = StoredClaim(ids.new_claim_id(), 90, 10, 80, ())
        special: dict[str, Any] = {"claim_id": claim.id, "claim_count": 1, "due": 200}
        import_all(queue, [stored("A", 5, **special), stored("B", 9), stored("C", 12, **special)])
        for _ in range(2):
            queue.do(op.ImportClaims((claim, empty), replaces=True))
            held = queue.get_claim(claim.id)
            assert (held.ttl, held.age, names(held.messages)) == (300, 100, ["A", "C"])
            assert queue.get_claim(empty.id).messages == ()
            assert queue.counts() == (3, 2, 1)
            assert queue.listed() == ["B"]
        advance(driver, 80)
        with pytest.raises(ClaimNotFound):
            queue.get_claim(empty.id)
        advance(driver, 119)
        assert queue.counts() == (3, 2, 1)
        advance(driver, 1)
        assert queue.counts() == (3, 0, 3)
        assert queue.claim().names == ["A", "B", "C"]

    @needs(Trait.MOVING)
    def test_imported_claims_replace_or_add(self, queue: Queue) -> None:
        """As the operation says; a part that follows another one adds."""
        one, two, three = (StoredClaim(ids.new_claim_id(), 90, 10, 80, ()) for _ in range(3))
        queue.do(op.ImportClaims((one,), replaces=True))
        queue.do(op.ImportClaims((two,), replaces=False))
        assert {it.id for it in exported_claims(queue)} == {one.id, two.id}
        queue.do(op.ImportClaims((three,), replaces=True))
        assert [it.id for it in exported_claims(queue)] == [three.id]
        queue.do(op.ImportClaims((), replaces=False))
        assert [it.id for it in exported_claims(queue)] == [three.id]
