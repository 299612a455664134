"""Giving back space: bounded, and never to be seen (storage-semantics.md 8)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from angarium.errors import ClaimNotFound
from angarium.storage.driver import Driver
from angarium.testing.crowd import in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import scaled
from angarium.testing.queues import Queue, at_epoch, names, numbered, sibling
from angarium.testing.timing import advance
from angarium.testing.traits import Trait, needs

MAX_STEPS: Final = 100_000


def reclaim_all(driver: Driver, limit: int = 500) -> int:
    """Reclaim until nothing is left to do; how many things were freed."""
    freed = 0
    for _ in range(MAX_STEPS):
        step = driver.reclaim(limit)
        assert 0 <= step <= limit
        freed += step
        if step < limit:
            return freed
    raise AssertionError(f"reclaiming does not come to an end in {MAX_STEPS} steps")


class ReclaimingCases(DataCases):
    """Cases about reclaiming."""

    @needs(Trait.RECLAIMING)
    @pytest.mark.parametrize("how", ["expired", "purged", "deleted"])
    def test_frees_in_bounded_steps(self, queue: Queue, how: str) -> None:
        """At most so many things per call, all of them in the end."""
        driver, many = queue.driver, scaled(300, 3000)
        reclaim_all(driver)
        queue.post(*numbered(many), ttl=100)
        if how == "expired":
            advance(driver, 150)
        elif how == "purged":
            queue.purge()
        else:
            driver.unregister(at_epoch(queue, queue.ref.epoch + 1).ref)
        first = driver.reclaim(50)
        assert first <= 50
        # A purge or a deletion may well have freed the space itself; expiry cannot have.
        if how == "expired":
            assert first + reclaim_all(driver, 50) >= many
        reclaim_all(driver, 50)
        assert driver.reclaim(50) == 0

    def test_nothing_that_lives_is_touched(self, queue: Queue) -> None:
        """Messages in every state, their claims, their order and the numbers stay as they are."""
        driver = queue.driver
        queue.post("brief", ttl=50)
        queue.post("A")
        queue.post("extended", ttl=60)
        held = queue.claim(3, ttl=1000, grace=500)
        queue.post("B", delay=500)
        queue.post("C")
        queue.post("gone", ttl=50)
        lapsing = queue.claim(1, ttl=80)
        assert lapsing.names == ["C"]
        queue.post("D")
        marker = queue.page(limit=1).marker
        advance(driver, 70)

        def seen() -> object:
            page = queue.page(include_claimed=True, include_delayed=True)
            return (
                [(it.id, it.ttl, it.claim_id, it.claim_count) for it in page.messages],
                queue.counts(),
                names(held.read().messages),
                queue.listed(marker=marker),
            )

        before = seen()
        reclaim_all(driver, 7)
        assert seen() == before
        advance(driver, 20)
        reclaim_all(driver, 7)
        assert queue.claim(1).names == ["C"]
        assert held.names_now() == ["brief", "A", "extended"]
        advance(driver, 500)
        reclaim_all(driver, 7)
        assert queue.claim(1, ttl=9000, grace=9000).names == ["B"]

    def test_position_is_not_used_again(self, queue: Queue) -> None:
        """New messages sort after old markers although nothing old is left."""
        queue.post(*"ABC", ttl=50)
        marker = queue.page().marker
        advance(queue.driver, 100)
        reclaim_all(queue.driver)
        queue.post("D")
        assert queue.listed(marker=marker) == ["D"]

    def test_after_a_purge_and_a_re_creation(self, queue: Queue) -> None:
        """What was posted since stays."""
        driver = queue.driver
        queue.post(*numbered(50, "purged"))
        queue.purge()
        queue.post("A")
        reclaim_all(driver, 20)
        assert queue.everything() == ["A"]
        driver.unregister(at_epoch(queue, queue.ref.epoch + 1).ref)
        anew = at_epoch(queue, queue.ref.epoch + 2)
        driver.register(anew.ref)
        anew.post("B")
        claimed = anew.claim()
        reclaim_all(driver, 20)
        assert anew.everything() == claimed.names_now() == ["B"]

    def test_lapsed_claims_are_reclaimed_unseen(self, queue: Queue) -> None:
        """Their messages are available before and after."""
        queue.post(*numbered(50))
        claims = [queue.claim(5, ttl=50) for _ in range(10)]
        advance(queue.driver, 100)
        reclaim_all(queue.driver, 20)
        assert queue.listed() == numbered(50)
        for claimed in claims:
            with pytest.raises(ClaimNotFound):
                claimed.read()
        assert queue.claim().names == numbered(50)

    def test_beside_the_traffic(self, queue: Queue) -> None:
        """Reclaiming, by two at once, while messages come and go."""
        driver, rounds = queue.driver, scaled(40, 400)
        waste = sibling(queue, "waste")
        waste.post(*numbered(scaled(300, 3000)), ttl=50)
        advance(driver, 100)

        def work(prefix: str) -> list[str]:
            done = []
            for number in range(rounds):
                queue.post(f"{prefix}{number}")
                queue.post("short", ttl=1)
                claimed = queue.claim(1, ttl=9000)
                for message in claimed.messages:
                    queue.delete(message.id, claimed.id)
                done += claimed.names
            return done

        def reclaim() -> list[str]:
            for _ in range(rounds):
                driver.reclaim(20)
            return []

        jobs: list[Callable[[], list[str]]] = [
            partial(work, "a"),
            partial(work, "b"),
            reclaim,
            reclaim,
        ]
        done = [name for names_ in in_threads(jobs) for name in names_]
        done += queue.claim(100_000, ttl=9000).names
        wanted = {*numbered(rounds, "a"), *numbered(rounds, "b")}
        handled = [name for name in done if name != "short"]
        assert len(handled) == len(set(handled))
        assert set(handled) == wanted
