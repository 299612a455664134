"""Many at once on one queue: threads that share a driver, and processes that share the store."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Barrier, Event

from angarium.errors import ApiError
from angarium.storage.driver import DataDriver
from angarium.storage.models import Capability
from angarium.testing import workers
from angarium.testing.crowd import in_processes, in_threads
from angarium.testing.data.base import DataCases
from angarium.testing.effort import PATIENCE, scaled
from angarium.testing.factory import DriverFactory
from angarium.testing.queues import Queue, names, numbered
from angarium.testing.timing import advance
from angarium.testing.traits import Trait, needs


def check_streams(seen: list[str], streams: dict[str, int], batch: int) -> None:
    """A reader saw every message of every producer once, in order, batches in one piece.

    :param streams: how many messages each producer posted; names are prefix and number.
    :raises AssertionError: it did not.
    """
    for prefix, count in streams.items():
        mine = [name for name in seen if name.startswith(prefix)]
        assert mine == numbered(count, prefix)
    assert len(seen) == sum(streams.values())
    for index, (name, following) in enumerate(itertools.pairwise(seen)):
        if name[0] != following[0]:
            assert int(name[1:]) % batch == batch - 1, f"a batch is broken at {index}"


class RacingCases(DataCases):
    """Cases about what happens at the same moment."""

    @needs(Capability.FIFO)
    def test_scenario_01_reader_amid_producers_in_threads(self, queue: Queue) -> None:
        """Two producers, batches of 7, a reader that follows markers: no omission, in order."""
        count = 994

        def produce(prefix: str) -> list[str]:
            for start in range(0, count, 7):
                queue.post(*(f"{prefix}{start + index}" for index in range(7)))
            return []

        def read() -> list[str]:
            return workers.follow(queue, 2 * count)

        *_, seen = in_threads([partial(produce, "a"), partial(produce, "b"), read])
        check_streams(seen, {"a": count, "b": count}, 7)

    @needs(Capability.FIFO, Trait.PROCESSES)
    def test_scenario_01_reader_amid_producers_in_processes(
        self, factory: DriverFactory[DataDriver], queue: Queue
    ) -> None:
        """The same with a process each."""
        count = scaled(350, 994)
        site = workers.Site(factory, queue.ref)
        *_, seen = in_processes(
            [
                (workers.produce, workers.Producing(site, "a", count, 7)),
                (workers.produce, workers.Producing(site, "b", count, 7)),
                (workers.read, workers.Reading(site, 2 * count)),
            ]
        )
        check_streams(seen, {"a": count, "b": count}, 7)

    @needs(Trait.PROCESSES)
    def test_work_is_shared_out_among_processes(
        self, factory: DriverFactory[DataDriver], queue: Queue
    ) -> None:
        """Producers post while consumers claim and delete: each message is done once."""
        count = scaled(200, 2000)
        site = workers.Site(factory, queue.ref)
        done = in_processes(
            [
                (workers.produce, workers.Producing(site, "a", count, 4, stops=2)),
                (workers.consume, site),
                (workers.consume, site),
            ]
        )
        handled = Counter(name for names_ in done[1:] for name in names_)
        assert handled == Counter(numbered(count, "a"))
        assert queue.everything() == []

    @needs(Trait.PROCESSES)
    def test_driver_works_after_a_fork(
        self, factory: DriverFactory[DataDriver], queue: Queue
    ) -> None:
        """A driver that was used before a fork serves parent and child."""
        queue.post("before")
        workers.in_fork(partial(workers.post_some, queue, numbered(20, "child")))
        queue.post("after")
        assert queue.everything() == ["before", *numbered(20, "child"), "after"]
        assert factory.open().capabilities == queue.driver.capabilities

    @needs(Capability.FIFO)
    def test_one_consumer_amid_producers_gets_all_in_order(self, queue: Queue) -> None:
        """Whoever claims alone never gets a message before one that was posted earlier."""
        count = scaled(150, 1500)

        def produce(prefix: str) -> list[str]:
            for name in numbered(count, prefix):
                queue.post(name)
            return []

        def consume() -> list[str]:
            taken: list[str] = []
            deadline = time.monotonic() + PATIENCE / 2
            while len(taken) < 2 * count:
                assert time.monotonic() < deadline, f"{len(taken)} of {2 * count} were claimed"
                claimed = queue.claim(3)
                taken += claimed.names
                for message in claimed.messages:
                    queue.delete(message.id, claimed.id)
            return taken

        *_, seen = in_threads([partial(produce, "a"), partial(produce, "b"), consume])
        check_streams(seen, {"a": count, "b": count}, 1)

    def test_scenario_15_fifty_claims_at_once(self, queue: Queue) -> None:
        """50 claims of 10 over 300 messages get 300 distinct ones in total."""
        queue.post(*numbered(300))
        claims = in_threads([partial(queue.claim, 10)] * 50)
        taken = [name for claimed in claims for name in claimed.names]
        # A claim may pass over what another is just taking; that is then still there.
        taken += queue.claim().names
        assert Counter(taken) == Counter(numbered(300))
        assert queue.counts() == (300, 300, 0)
        for claimed in claims:
            if claimed.messages:
                assert claimed.names_now() == claimed.names

    def test_each_claim_is_in_queue_order(self, queue: Queue) -> None:
        """Under concurrency, too, a claim holds the oldest that it got, oldest first."""
        queue.post(*numbered(200))
        for claimed in in_threads([partial(queue.claim, 10)] * 20):
            numbers = [int(name) for name in claimed.names]
            assert numbers == sorted(numbers)

    def test_no_message_is_in_two_claims(self, queue: Queue) -> None:
        """Workers claim, look and release for a while; each finds its own claim intact."""
        queue.post(*numbered(30))

        def work() -> None:
            for _ in range(scaled(25, 400)):
                claimed = queue.claim(5)
                if claimed.messages:
                    assert claimed.names_now() == claimed.names
                    assert {it.claim_id for it in queue.get(*claimed.ids)} == {claimed.id}
                claimed.release()

        in_threads([work] * 6)
        assert queue.listed() == numbered(30)

    def test_nothing_is_popped_twice(self, queue: Queue) -> None:
        """Pops and claims at once: each message goes to one of them."""
        queue.post(*numbered(300))

        def pop() -> list[str]:
            return names(queue.pop(10))

        def claim() -> list[str]:
            return queue.claim(10).names

        taken = [name for names_ in in_threads([pop, claim] * 15) for name in names_]
        taken += names(queue.pop())
        assert Counter(taken) == Counter(numbered(300))

    def test_message_is_deleted_once_or_claimed(self, queue: Queue) -> None:
        """A plain deletion and a claim at once: the claim has it, or it is gone."""
        for number in range(scaled(25, 400)):
            (wanted,) = queue.post(str(number))
            deleted, claimed = in_threads([_outcome(partial(queue.delete, wanted)), queue.claim])
            if deleted is None:
                assert queue.get(wanted) == ()
            else:
                assert claimed.names == [str(number)]
                assert claimed.names_now() == [str(number)]
            queue.purge()

    def test_scenario_14_deletion_against_the_next_claim(self, queue: Queue) -> None:
        """At the instant a claim lapses either it deletes its message or another claim gets it."""
        driver = queue.driver
        for number in range(scaled(40, 400)):
            (wanted,) = queue.post(str(number))
            lapsing = queue.claim(ttl=100)
            assert lapsing.ids == [wanted]

            def lapse_and_claim() -> list[str]:
                advance(driver, 100)
                return queue.claim(ttl=1000).ids

            delete = _outcome(partial(queue.delete, wanted, lapsing.id))
            refused, taken = in_threads([delete, lapse_and_claim])
            if refused is None:
                assert taken == []
                assert queue.get(wanted) == ()
            else:
                # A claim may pass over a message that the deletion is just looking at.
                assert (taken or queue.claim().ids) == [wanted]
                assert queue.get(wanted) != ()
            queue.purge()

    def test_renewal_against_the_next_claim(self, queue: Queue) -> None:
        """Either the renewal comes first and keeps the message, or it is refused."""
        driver = queue.driver
        for number in range(scaled(40, 400)):
            queue.post(str(number), ttl=100_000)
            lapsing = queue.claim(ttl=100)

            def lapse_and_claim() -> list[str]:
                advance(driver, 100)
                return queue.claim(ttl=1000).ids

            renew = _outcome(partial(queue.renew, lapsing.id, ttl=5000))
            refused, taken = in_threads([renew, lapse_and_claim])
            if refused is None:
                assert taken == []
                assert lapsing.names_now() == [str(number)]
            else:
                assert (taken or queue.claim().ids) == lapsing.ids
            queue.purge()

    def test_scenario_24_purge_under_load(self, queue: Queue) -> None:
        """Every message older than the purge is gone, claimed ones too; younger ones are not."""
        queue.post(*numbered(100, "old"))
        queue.claim(50)
        purged, under_way = Event(), Barrier(3)

        def load(prefix: str) -> list[str]:
            """Post on until the purge is over; the names posted after that."""
            late: list[str] = []
            for number in itertools.count():
                if number == 5:
                    under_way.wait(PATIENCE)
                is_late = purged.is_set()
                queue.post(f"{prefix}{number}")
                queue.claim(1)
                if is_late:
                    late.append(f"{prefix}{number}")
                if len(late) == 5:
                    break
            return late

        def purge() -> list[str]:
            under_way.wait(PATIENCE)
            started = time.monotonic()
            try:
                queue.purge()
            finally:
                purged.set()
            assert time.monotonic() - started < PATIENCE / 2, "posting keeps a purge busy"
            return []

        late_a, late_b, _ = in_threads([partial(load, "a"), partial(load, "b"), purge])
        left = queue.everything()
        assert [name for name in left if name.startswith("old")] == []
        for prefix, late in (("a", late_a), ("b", late_b)):
            mine = [name for name in left if name.startswith(prefix)]
            assert mine[-5:] == late
            first = int(mine[0].removeprefix(prefix))
            assert mine == [f"{prefix}{number}" for number in range(first, first + len(mine))]
        assert queue.stats().total == len(left)

    def test_bulk_deletion_against_claims(self, queue: Queue) -> None:
        """With claim ids it is all or nothing while others claim what lapses."""
        driver = queue.driver
        for number in range(scaled(20, 200)):
            ids = queue.post(*numbered(5, f"{number}-"))
            lapsing = queue.claim(5, ttl=100)

            def lapse_and_claim() -> list[str]:
                advance(driver, 100)
                return queue.claim(2, ttl=1000).ids

            delete = _outcome(partial(queue.delete_all, ids, [lapsing.id]))
            refused, taken = in_threads([delete, lapse_and_claim])
            if refused is None:
                assert (queue.get(*ids), taken) == ((), [])
            else:
                assert [it.id for it in queue.get(*ids)] == list(ids)
                assert sorted([*taken, *queue.claim().ids]) == sorted(ids)
            queue.purge()


def _outcome(call: Callable[[], None]) -> Callable[[], ApiError | None]:
    """The refusal as a result, or None."""

    def run() -> ApiError | None:
        try:
            call()
        except ApiError as refusal:
            return refusal
        return None

    return run
