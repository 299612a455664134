"""The life of a claim: reading, renewing, releasing, lapsing (storage-semantics.md 5.1, 5.2)."""

from __future__ import annotations

import pytest

from angarium import ids
from angarium.errors import ClaimNotFound
from angarium.storage.driver import DataDriver
from angarium.testing.data.base import DataCases
from angarium.testing.queues import Queue, names, new_queue
from angarium.testing.timing import advance, within_one_second

ODD_IDS = {
    "unknown": "0d9fb2a5-1d3e-4f0e-9d29-5b6a0d6f0c11",
    "none": ids.UNKNOWN,
    "empty": "",
    "quote": "' OR 1=1 --",
    "nul": "a\x00b",
    "emoji": "🐈",
    "blank": " ",
    "percent": "%",
    "long": "x" * 10_000,
}


class ClaimLifeCases(DataCases):
    """Cases about claims that exist."""

    def test_read_shows_its_messages_in_queue_order(self, queue: Queue) -> None:
        """Id, ttl as set, and the messages as the claim returned them."""
        queue.post(*"ABC")
        claimed = queue.claim(ttl=300)
        claim = claimed.read()
        assert (claim.id, claim.ttl) == (claimed.id, 300)
        assert names(claim.messages) == ["A", "B", "C"]
        assert 0 <= claim.age <= 10

    @within_one_second
    def test_age_counts_from_creation_and_renewal(self, driver: DataDriver) -> None:
        """In whole seconds."""
        queue = new_queue(driver)
        queue.post("A")
        claimed = queue.claim(ttl=300)
        assert claimed.read().age == 0
        advance(driver, 70)
        assert claimed.read().age == 70
        queue.renew(claimed.id, ttl=200)
        assert (claimed.read().age, claimed.read().ttl) == (0, 200)
        advance(driver, 33)
        assert (claimed.read().age, claimed.read().messages[0].age) == (33, 103)

    @pytest.mark.parametrize("claim_id", ODD_IDS.values(), ids=ODD_IDS.keys())
    def test_odd_id_is_no_claim(self, queue: Queue, claim_id: str) -> None:
        """It does not exist for reading and renewing; releasing it is silent."""
        queue.post("A")
        claimed = queue.claim()
        with pytest.raises(ClaimNotFound):
            queue.get_claim(claim_id)
        with pytest.raises(ClaimNotFound):
            queue.renew(claim_id)
        queue.release(claim_id)
        assert claimed.names_now() == ["A"]

    @within_one_second
    def test_lapses_at_the_second(self, driver: DataDriver) -> None:
        """Alive while now is less than its expiry; lapsed when it is equal."""
        queue = new_queue(driver)
        queue.post("A")
        claimed = queue.claim(ttl=100)
        advance(driver, 99)
        assert claimed.names_now() == ["A"]
        assert queue.claim().messages == ()
        assert queue.counts() == (1, 1, 0)
        advance(driver, 1)
        with pytest.raises(ClaimNotFound):
            claimed.read()
        with pytest.raises(ClaimNotFound):
            queue.renew(claimed.id)
        assert queue.counts() == (1, 0, 1)
        assert queue.claim().names == ["A"]

    def test_scenario_05_lapsed_claim_does_not_exist(self, queue: Queue) -> None:
        """Statistics are right, get and update find nothing, deleting is silent."""
        (wanted,) = queue.post("A")
        claimed = queue.claim(ttl=1)
        advance(queue.driver, 2)
        assert queue.counts() == (1, 0, 1)
        with pytest.raises(ClaimNotFound):
            claimed.read()
        with pytest.raises(ClaimNotFound):
            queue.renew(claimed.id)
        claimed.release()
        assert queue.get_one(wanted).claim_id is None
        assert queue.listed() == ["A"]

    def test_lapsed_id_does_not_touch_the_next_claim(self, queue: Queue) -> None:
        """Releasing a claim that lapsed leaves its messages with who has them now."""
        queue.post("A")
        lapsed = queue.claim(ttl=10)
        advance(queue.driver, 20)
        holder = queue.claim()
        lapsed.release()
        with pytest.raises(ClaimNotFound):
            queue.renew(lapsed.id, ttl=1000)
        assert holder.names_now() == ["A"]
        assert queue.claim().messages == ()

    def test_renewal_keeps_the_messages(self, queue: Queue) -> None:
        """They stay claimed for the new ttl from the renewal on."""
        queue.post("A", "B", ttl=36_000)
        claimed = queue.claim(ttl=100)
        for _ in range(3):
            advance(queue.driver, 80)
            queue.renew(claimed.id, ttl=100)
        assert claimed.names_now() == ["A", "B"]
        assert queue.claim().messages == ()
        advance(queue.driver, 110)
        assert queue.claim().names == ["A", "B"]

    def test_renewal_may_shorten_the_claim_but_not_its_messages(self, queue: Queue) -> None:
        """A shorter ttl lapses earlier; the life of the messages never shrinks."""
        (wanted,) = queue.post("A", ttl=60)
        claimed = queue.claim(ttl=1000, grace=500)
        queue.renew(claimed.id, ttl=10, grace=0)
        assert queue.get_one(wanted).ttl == 1500
        advance(queue.driver, 1400)
        assert queue.claim().names == ["A"]

    @within_one_second
    def test_renewal_extends_messages_by_the_same_rule(self, driver: DataDriver) -> None:
        """Those that would expire before the claim get its expiry and the grace."""
        queue = new_queue(driver)
        short, long = *queue.post("A", ttl=100), *queue.post("B", ttl=9000)
        claimed = queue.claim(ttl=50)
        assert [it.ttl for it in queue.get(short, long)] == [100, 9000]
        advance(driver, 40)
        queue.renew(claimed.id, ttl=400, grace=30)
        assert [it.ttl for it in queue.get(short, long)] == [430, 9000]
        advance(driver, 429)
        assert queue.listed() == ["A", "B"]
        advance(driver, 1)
        assert queue.listed() == ["B"]

    def test_released_messages_return_to_their_place(self, queue: Queue) -> None:
        """At once, before what was posted later; ttl and expiry are not restored."""
        queue.post("A", "B", ttl=60)
        queue.post("C")
        claimed = queue.claim(2, ttl=300, grace=60)
        claimed.release()
        assert queue.listed() == ["A", "B", "C"]
        assert [it.ttl for it in queue.page().messages] == [360, 360, 3600]
        with pytest.raises(ClaimNotFound):
            claimed.read()

    def test_release_is_idempotent(self, queue: Queue) -> None:
        """And the second one does not disturb another claim."""
        queue.post("A")
        claimed = queue.claim()
        claimed.release()
        holder = queue.claim()
        claimed.release()
        assert holder.names_now() == ["A"]

    def test_deleted_message_leaves_the_claim(self, queue: Queue) -> None:
        """The claim goes on with the others, and even without any."""
        queue.post("A", "B")
        claimed = queue.claim()
        queue.delete(claimed.ids[0], claimed.id)
        assert claimed.names_now() == ["B"]
        queue.delete(claimed.ids[1], claimed.id)
        queue.renew(claimed.id, ttl=500)
        assert (claimed.read().messages, claimed.read().ttl) == ((), 500)
        advance(queue.driver, 600)
        with pytest.raises(ClaimNotFound):
            claimed.read()

    def test_scenario_06_extended_message_lives_on(self, queue: Queue) -> None:
        """The true expiry moves, in every structure that enforces it, reclaiming included."""
        (wanted,) = queue.post("A", ttl=60)
        claimed = queue.claim(ttl=600, grace=600)
        advance(queue.driver, 300)
        queue.driver.reclaim(1000)
        assert queue.get_one(wanted).ttl == 1200
        assert claimed.names_now() == ["A"]
        advance(queue.driver, 400)
        queue.driver.reclaim(1000)
        assert queue.claim(ttl=10).names == ["A"]

    @within_one_second
    def test_extension_example_of_the_contract(self, driver: DataDriver) -> None:
        """Posted at 0 with ttl 60, claimed at 50 for 300 with grace 60: lives until 410."""
        queue = new_queue(driver)
        queue.post("A", ttl=60)
        advance(driver, 50)
        claimed = queue.claim(ttl=300, grace=60)
        assert (claimed.messages[0].ttl, claimed.messages[0].age) == (360, 50)
        advance(driver, 300)
        assert queue.listed() == ["A"]
        advance(driver, 59)
        assert queue.listed() == ["A"]
        advance(driver, 1)
        assert queue.listed() == []
        assert queue.claim().messages == ()

    @within_one_second
    def test_message_that_ends_with_the_claim_is_not_extended(self, driver: DataDriver) -> None:
        """Only an expiry that is earlier than the claim's moves."""
        queue = new_queue(driver)
        queue.post("A", ttl=300)
        queue.post("B", ttl=299)
        claimed = queue.claim(ttl=300, grace=60)
        assert [it.ttl for it in claimed.messages] == [300, 360]
        advance(driver, 300)
        assert queue.listed() == ["B"]

    @within_one_second
    def test_grace_of_zero_lets_claim_and_message_end_together(self, driver: DataDriver) -> None:
        """At that second there is neither."""
        queue = new_queue(driver)
        (wanted,) = queue.post("A", ttl=60)
        claimed = queue.claim(ttl=300, grace=0)
        advance(driver, 299)
        assert claimed.names_now() == ["A"]
        advance(driver, 1)
        assert queue.get(wanted) == ()
        assert queue.claim().messages == ()

    @within_one_second
    def test_scenario_12_claim_goes_on_without_a_member(self, driver: DataDriver) -> None:
        """A claim keeps its messages alive, so one is lost by deletion or with the claim itself.

        Renewing, reading and releasing go on for the other one.
        """
        queue = new_queue(driver)
        short, long = *queue.post("A", ttl=60), *queue.post("B", ttl=9000)
        claimed = queue.claim(2, ttl=100, grace=0)
        advance(driver, 99)
        assert claimed.names_now() == ["A", "B"]
        queue.renew(claimed.id, ttl=50, grace=0)
        queue.delete(short, claimed.id)
        queue.renew(claimed.id, ttl=60, grace=0)
        assert claimed.names_now() == ["B"]
        claimed.release()
        assert queue.claim(ttl=100).names == ["B"]
        assert queue.get_one(long).claim_count == 2

    def test_expired_member_does_not_come_back(self, queue: Queue) -> None:
        """What ended with its claim is not revived by any operation on that claim."""
        (short,) = queue.post("A", ttl=60)
        queue.post("B")
        claimed = queue.claim(ttl=100, grace=0)
        advance(queue.driver, 150)
        with pytest.raises(ClaimNotFound):
            queue.renew(claimed.id, ttl=1000, grace=1000)
        claimed.release()
        assert queue.get(short) == ()
        assert queue.claim().names == ["B"]
        assert queue.counts() == (1, 1, 0)
