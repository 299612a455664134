"""Export: what a store tells of a queue (``docs/interfaces.rst``, "Moving a queue")."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from angarium import ids
from angarium.storage import operations as op
from angarium.storage.driver import DataDriver
from angarium.storage.models import Extract, StoredClaim
from angarium.testing.data.base import DataCases
from angarium.testing.data.dead_letters import wear_out
from angarium.testing.queues import (
    ALICE,
    BOB,
    Queue,
    names,
    new_message,
    new_queue,
    numbered,
)
from angarium.testing.timing import advance, within_one_second
from angarium.testing.traits import Trait, needs
from angarium.testing.transfer import (
    exported,
    exported_claims,
    import_all,
    pages,
    state_of,
    stored,
)


class ExportingCases(DataCases):
    """Cases about ``export_messages`` and ``export_claims``."""

    @within_one_second
    @needs(Trait.MOVING)
    def test_export_tells_everything(self, driver: DataDriver) -> None:
        """In queue order, whatever the state: available, claimed, counted, delayed, extended."""
        queue = new_queue(driver)
        message = replace(new_message("A", ttl=500), body=bytes(range(256)), checksum="MD5:00")
        queue.post_batch([message], BOB)
        wear_out(queue)
        queue.post("B", ttl=100)
        queue.post("C", delay=70)
        held = queue.claim(2, ttl=50)
        queue.post("D")
        queue.delete(message.id, held.id)
        queue.post_batch([message], BOB)
        advance(driver, 30)
        second, third, fourth, first = exported(queue)
        assert (first.id, first.body, first.client_id) == (message.id, message.body, BOB)
        assert (first.ttl, first.remaining, first.age) == (500, 470, 30)
        assert (first.claim_id, first.claim_count, first.due) == (None, 0, 0)
        assert (first.checksum, second.checksum) == ("MD5:00", None)
        assert names([second, third, fourth]) == ["B", "C", "D"]
        assert (second.claim_id, second.claim_count, second.due) == (held.id, 1, 20)
        assert (second.ttl, second.remaining) == (100, 70)
        assert (third.claim_id, third.claim_count, third.due) == (None, 0, 40)
        assert (fourth.ttl, fourth.remaining, fourth.due) == (3600, 3570, 0)
        assert [it.client_id for it in (second, third, fourth)] == [ALICE] * 3

    @within_one_second
    @needs(Trait.MOVING)
    def test_export_tells_nothing_of_what_is_over(self, driver: DataDriver) -> None:
        """Expired messages, lapsed and released claims, delays that have run out."""
        queue = new_queue(driver)
        queue.post("A", ttl=100)
        queue.post("B", ttl=101)
        queue.post("C", delay=100)
        queue.post("D")
        assert queue.claim(1, ttl=1, grace=0).names == ["A"]
        held = queue.claim(2, ttl=100, grace=0)
        assert held.names == ["B", "D"]
        advance(driver, 100)
        second, third, fourth = exported(queue)
        assert names([second, third, fourth]) == ["B", "C", "D"]
        assert [it.claim_id for it in (second, third, fourth)] == [None] * 3
        assert [it.due for it in (second, third, fourth)] == [0] * 3
        assert [it.claim_count for it in (second, third, fourth)] == [1, 0, 1]
        assert second.remaining == 1
        assert exported_claims(queue) == []

    @within_one_second
    @needs(Trait.MOVING)
    def test_export_tells_the_life_that_a_claim_gave(self, driver: DataDriver) -> None:
        """The remaining one is the true one, and stays when the claim is released."""
        queue = new_queue(driver)
        queue.post("A", ttl=100)
        held = queue.claim(ttl=300, grace=100)
        for due, claim_id in ((300, held.id), (0, None)):
            (message,) = exported(queue)
            assert (message.ttl, message.remaining) == (400, 400)
            assert (message.due, message.claim_id) == (due, claim_id)
            held.release()

    @pytest.mark.parametrize("limit", [1, 3, 10, 11])
    @needs(Trait.MOVING)
    def test_export_page_by_page(self, queue: Queue, limit: int) -> None:
        """Each message once; the parts agree on the last position; the last says that it is."""
        queue.post(*numbered(6))
        queue.post(*numbered(4, "delayed"), delay=100)
        queue.claim(2)
        parts = pages(queue, limit)
        found = [message for part in parts for message in part.messages]
        assert names(found) == numbered(6) + numbered(4, "delayed")
        assert all(one.position < other.position for one, other in pairwise(found))
        assert {part.last_position for part in parts} == {found[-1].position}
        assert [part.complete for part in parts] == [False] * (len(parts) - 1) + [True]

    @needs(Trait.MOVING)
    def test_export_after_a_position(self, queue: Queue) -> None:
        """Strictly, whether or not the message is still there; beyond the end there is nothing."""
        wanted = queue.post(*"ABC")
        first, second, third = (message.position for message in exported(queue))
        queue.delete(wanted[1])
        assert names(exported(queue, after=first)) == ["C"]
        assert names(exported(queue, after=second)) == ["C"]
        for after in (third, third + 100):
            assert queue.do(op.ExportMessages(after, 10)) == Extract((), third, complete=True)

    @needs(Trait.MOVING)
    def test_export_without_bodies(self, queue: Queue) -> None:
        """Everything else is there."""
        queue.post_batch([replace(new_message("A"), checksum="MD5:00"), new_message("B")])
        queue.claim(1)
        (with_body, _), (without, _) = exported(queue), exported(queue, bodies=False)
        assert without.body is None
        assert (without.id, without.position) == (with_body.id, with_body.position)
        assert (without.claim_id, without.claim_count) == (with_body.claim_id, 1)
        assert without.checksum == "MD5:00"
        assert names(exported(queue)) == ["A", "B"]

    @needs(Trait.MOVING)
    def test_last_position_of_an_empty_queue(self, queue: Queue) -> None:
        """Zero at first; it does not go back when messages go."""
        assert queue.do(op.ExportMessages(0, 10)) == Extract((), 0, complete=True)
        queue.post(*"ABC", ttl=100)
        queue.pop(1)
        queue.purge()
        queue.post("D", ttl=100)
        last = exported(queue)[-1].position
        advance(queue.driver, 200)
        queue.driver.reclaim(1000)
        assert queue.do(op.ExportMessages(0, 10)) == Extract((), last, complete=True)

    @needs(Trait.MOVING)
    def test_marker_is_the_position(self, queue: Queue) -> None:
        """In decimal digits, so that markers go on to lead somewhere in another store."""
        queue.post(*"ABC")
        positions = [str(message.position) for message in exported(queue)]
        assert [queue.page(limit=number).marker for number in (1, 2, 3)] == positions
        assert queue.listed(marker=positions[0]) == ["B", "C"]

    @needs(Trait.MOVING)
    def test_export_changes_nothing(self, queue: Queue) -> None:
        """It is no claim and counts as none."""
        queue.post(*"ABC")
        queue.claim(1)
        before = state_of(queue)
        for _ in range(3):
            pages(queue, 2)
            exported_claims(queue)
        assert state_of(queue) == before

    @within_one_second
    @needs(Trait.MOVING)
    def test_claims_are_exported(self, driver: DataDriver) -> None:
        """Live ones with the messages that are in them now, be there any or none."""
        queue = new_queue(driver)
        wanted = queue.post(*"ABCD")
        queue.post("E", ttl=50)
        positions = [message.position for message in exported(queue)]
        lapsed, released = queue.claim(1, ttl=10), queue.claim(1)
        released.release()
        emptied = queue.claim(1, ttl=200)
        held = queue.claim(3, ttl=300, grace=0)
        assert (lapsed.names, emptied.names, held.names) == (["A"], ["B"], ["C", "D", "E"])
        queue.delete(wanted[1], emptied.id)
        queue.delete(wanted[2], held.id)
        advance(driver, 20)
        queue.renew(emptied.id, ttl=400)
        found = {claim.id: claim for claim in exported_claims(queue)}
        expected = [
            StoredClaim(emptied.id, 400, 0, 400, ()),
            StoredClaim(held.id, 300, 20, 280, (positions[3], positions[4])),
        ]
        assert found == {claim.id: claim for claim in expected}

    @within_one_second
    @needs(Trait.MOVING)
    def test_message_that_expires_in_a_claim_is_not_exported(self, driver: DataDriver) -> None:
        """It has left the claim, which is there all the same."""
        queue = new_queue(driver)
        claim = StoredClaim(ids.new_claim_id(), 300, 100, 200, (5, 9))
        special: dict[str, Any] = {"claim_id": claim.id, "claim_count": 1, "due": 200}
        sent = [stored("A", 5, remaining=50, **special), stored("B", 9, **special)]
        import_all(queue, sent)
        queue.do(op.ImportClaims((claim,), replaces=True))
        assert exported_claims(queue) == [claim]
        advance(driver, 50)
        assert exported_claims(queue) == [replace(claim, age=150, remaining=150, positions=(9,))]
        assert names(queue.get_claim(claim.id).messages) == ["B"]

    @pytest.mark.parametrize("limit", [1, 3, 100])
    @needs(Trait.MOVING)
    def test_claims_page_by_page(self, queue: Queue, limit: int) -> None:
        """Each once."""
        queue.post(*numbered(14))
        made = [queue.claim(2).id for _ in range(7)]
        found = exported_claims(queue, limit)
        assert [claim.id for claim in found] == sorted(made)
        assert {len(claim.positions) for claim in found} == {2}
