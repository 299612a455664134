"""Deleting by id, alone and in bulk (storage-semantics.md 6)."""

from __future__ import annotations

from typing import Final

import pytest

from angarium.errors import (
    ApiError,
    ClaimDoesNotExist,
    ClaimDoesNotMatch,
    MessageIsClaimed,
    MessageNotClaimed,
    MessageNotClaimedBy,
)
from angarium.storage.driver import DataDriver
from angarium.testing.data.base import DataCases
from angarium.testing.data.claim_life import ODD_IDS
from angarium.testing.queues import Queue, new_queue, numbered, sibling
from angarium.testing.timing import advance, within_one_second

DELETED: Final = None
NEITHER: Final = (MessageNotClaimed, ClaimDoesNotExist)
Outcome = type[ApiError] | tuple[type[ApiError], ...] | None

TABLE: Final[dict[str, dict[str, Outcome]]] = {
    "available": {
        "no": DELETED,
        "another": MessageNotClaimed,
        "unknown": NEITHER,
        "lapsed": NEITHER,
        "foreign": NEITHER,
        "malformed": NEITHER,
    },
    "delayed": {
        "no": DELETED,
        "another": MessageNotClaimed,
        "unknown": NEITHER,
        "lapsed": NEITHER,
        "foreign": NEITHER,
        "malformed": NEITHER,
    },
    "claimed": {
        "no": MessageIsClaimed,
        "its own": DELETED,
        "another": MessageNotClaimedBy,
        "unknown": ClaimDoesNotExist,
        "lapsed": ClaimDoesNotExist,
        "foreign": ClaimDoesNotExist,
        "malformed": ClaimDoesNotExist,
    },
}
"""storage-semantics.md 6.1: what happens to a message in a state if a claim is named."""

CELLS: Final = [(state, claim) for state, row in TABLE.items() for claim in row]
CLAIMS: Final = ("no", "another", "unknown", "lapsed", "foreign", "malformed")


def _claims(queue: Queue) -> dict[str, str | None]:
    """A claim id of each sort."""
    queue.post("elsewhere", "lapses")
    another = queue.claim(1, ttl=9000, grace=9000)
    lapsed = queue.claim(1, ttl=10)
    advance(queue.driver, 20)
    queue.pop()
    other_queue = sibling(queue, "other")
    other_queue.post("foreign")
    return {
        "no": None,
        "another": another.id,
        "unknown": ODD_IDS["unknown"],
        "lapsed": lapsed.id,
        "foreign": other_queue.claim(ttl=9000).id,
        "malformed": ODD_IDS["nul"],
    }


class DeletingCases(DataCases):
    """Cases about deleting by id."""

    @pytest.mark.parametrize(("state", "claim"), CELLS)
    def test_deletion_of_state_with_claim(self, queue: Queue, state: str, claim: str) -> None:
        """Every cell of the table, for a message that exists."""
        claims = _claims(queue)
        (wanted,) = queue.post("A", delay=600 if state == "delayed" else 0)
        if state == "claimed":
            claims["its own"] = queue.claim().id
        before = queue.get_one(wanted)
        outcome = TABLE[state][claim]
        if outcome is DELETED:
            queue.delete(wanted, claims[claim])
            assert queue.get(wanted) == ()
        else:
            with pytest.raises(outcome):
                queue.delete(wanted, claims[claim])
            after = queue.get_one(wanted)
            assert (after.claim_id, after.claim_count) == (before.claim_id, before.claim_count)

    @pytest.mark.parametrize("claim", CLAIMS)
    @pytest.mark.parametrize("state", ["absent", "expired", "other scope", "malformed id"])
    def test_absent_message_is_deleted_silently(self, queue: Queue, state: str, claim: str) -> None:
        """Whatever claim is named; nothing else changes."""
        claims = _claims(queue)
        other = sibling(queue, "elsewhere")
        (foreign,) = other.post("A")
        (expired,) = queue.post("A", ttl=10)
        advance(queue.driver, 20)
        wanted = {
            "absent": ODD_IDS["unknown"],
            "expired": expired,
            "other scope": foreign,
            "malformed id": ODD_IDS["nul"],
        }[state]
        before = queue.everything()
        queue.delete(wanted, claims[claim])
        assert queue.everything() == before
        assert other.listed() == ["A"]

    @pytest.mark.parametrize("message_id", ODD_IDS.values(), ids=ODD_IDS.keys())
    def test_odd_id_is_no_message(self, queue: Queue, message_id: str) -> None:
        """Neither getting nor deleting it fails, alone or among others."""
        first, second = queue.post("A", "B")
        queue.delete(message_id)
        queue.delete_all([message_id])
        assert queue.get(message_id) == ()
        assert [it.id for it in queue.get(second, message_id, first)] == [second, first]
        queue.delete_all([message_id, first])
        assert queue.listed() == ["B"]

    def test_get_keeps_the_order_asked_for(self, queue: Queue) -> None:
        """Each message once, whatever its state; absent ones are left out."""
        a, b, c = queue.post(*"ABC")
        queue.claim(1)
        assert [it.id for it in queue.get(c, ODD_IDS["unknown"], a, b, a, c)] == [c, a, b]
        assert queue.get() == ()

    def test_deleting_again_is_silent(self, queue: Queue) -> None:
        """A repeated deletion succeeds, with the same claim too."""
        plain, held = queue.post("A", "B")
        queue.delete(plain)
        queue.delete(plain)
        claimed = queue.claim()
        queue.delete(held, claimed.id)
        queue.delete(held, claimed.id)
        assert queue.everything() == []

    @within_one_second
    def test_claim_that_lapses_now_cannot_delete(self, driver: DataDriver) -> None:
        """It can until the second before; at its expiry it cannot, even if nobody else claims."""
        queue = new_queue(driver)
        first, second = queue.post("A", "B")
        claimed = queue.claim(ttl=100)
        advance(driver, 99)
        queue.delete(first, claimed.id)
        advance(driver, 1)
        with pytest.raises(NEITHER):
            queue.delete(second, claimed.id)
        holder = queue.claim()
        with pytest.raises(ClaimDoesNotExist):
            queue.delete(second, claimed.id)
        assert holder.names_now() == ["B"]

    # --- In bulk --------------------------------------------------------------------------------

    def test_bulk_ignores_claims(self, queue: Queue) -> None:
        """Without claim ids whatever exists goes, claimed and delayed messages included."""
        a, b, _ = queue.post(*"ABC")
        (delayed,) = queue.post("D", delay=600)
        claimed = queue.claim(1)
        queue.delete_all([b, a, ODD_IDS["unknown"], delayed, a])
        assert queue.everything() == ["C"]
        assert claimed.read().messages == ()
        assert queue.counts() == (1, 0, 1)

    def test_bulk_of_many(self, queue: Queue) -> None:
        """Large bulks work."""
        ids = queue.post(*numbered(1000))
        queue.delete_all(ids[1:999])
        assert queue.everything() == ["0", "999"]

    def test_bulk_leaves_other_scopes_alone(self, queue: Queue) -> None:
        """An id of another queue is absent."""
        other = sibling(queue, "other")
        (mine,), (foreign,) = queue.post("A"), other.post("B")
        queue.delete_all([mine, foreign])
        assert (queue.everything(), other.everything()) == ([], ["B"])

    def test_bulk_with_claims_deletes_what_they_hold(self, queue: Queue) -> None:
        """Messages of several claims, absent ones among them."""
        ids = queue.post(*"ABCD")
        x, y = queue.claim(1), queue.claim(2)
        queue.delete_all([*ids[:3], ODD_IDS["unknown"], ODD_IDS["nul"]], [y.id, x.id])
        assert queue.everything() == ["D"]

    def test_bulk_with_an_unclaimed_message_deletes_nothing(self, queue: Queue) -> None:
        """A message under no live claim refuses all."""
        ids = queue.post(*"ABC")
        claimed = queue.claim(2)
        with pytest.raises(MessageNotClaimed):
            queue.delete_all(ids, [claimed.id])
        assert claimed.names_now() == ["A", "B"]
        assert queue.everything() == ["A", "B", "C"]

    @pytest.mark.parametrize("given", ["x", "none", "unknown"])
    def test_bulk_with_another_claim_deletes_nothing(self, queue: Queue, given: str) -> None:
        """A message under a claim that is not named refuses all."""
        ids = queue.post(*"ABC")
        x, y = queue.claim(2), queue.claim(1)
        claim_ids = {"x": [x.id], "none": [], "unknown": [ODD_IDS["unknown"], ODD_IDS["nul"]]}
        with pytest.raises(ClaimDoesNotMatch):
            queue.delete_all(ids, claim_ids[given])
        assert (x.names_now(), y.names_now()) == (["A", "B"], ["C"])

    def test_bulk_with_a_lapsed_claim_deletes_nothing(self, queue: Queue) -> None:
        """Neither while nobody holds its messages nor when somebody else does."""
        ids = queue.post("A", "B")
        claimed = queue.claim(ttl=10)
        advance(queue.driver, 20)
        with pytest.raises(MessageNotClaimed):
            queue.delete_all(ids, [claimed.id])
        queue.claim()
        with pytest.raises(ClaimDoesNotMatch):
            queue.delete_all(ids, [claimed.id])
        assert queue.everything() == ["A", "B"]

    def test_bulk_of_nothing_that_exists_is_silent(self, queue: Queue) -> None:
        """With claim ids too."""
        queue.delete_all([ODD_IDS["unknown"]], [ODD_IDS["unknown"]])
        queue.delete_all([ODD_IDS["unknown"]])
        assert queue.everything() == []
