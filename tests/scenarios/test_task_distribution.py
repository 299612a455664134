"""Task distribution: producers fill a queue, and several workers share what is in it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.scenarios.door import Door
from tests.scenarios.troupe import Player, Troupe, wait_until
from tests.servers import TestClock

QUEUE = "tasks"
EACH = 150  # messages of one producer


def posted(producers: list[Player]) -> list[str]:
    for producer in producers:
        producer.finish()
    ids = [each for producer in producers for each in producer.ids("posted")]
    assert len(set(ids)) == len(ids) == EACH * len(producers)
    return ids


def claims_of(players: list[Player]) -> Counter[str]:
    return Counter(each for player in players for each in player.ids("claimed"))


def wait_until_idle(worker: Player) -> None:
    """Wait until the worker has found nothing to do, from now on."""
    now = time.monotonic()
    wait_until(
        lambda: any(event["at"] > now for event in worker.events("idle")),
        f"{worker.name} has finished what it had in hand",
    )


def holds(player: Player) -> Iterator[tuple[str, float, float]]:
    """Which message the player surely held from when to when: the answer to its claim had come,
    and it had neither begun to delete the message nor to release the claim."""
    since: dict[str, float] = {}
    for event in player.events():
        if event["event"] == "claimed":
            since |= dict.fromkeys(event["ids"], event["at"])
        elif event["event"] == "done":
            yield event["id"], since.pop(event["id"]), event["at"]
        elif event["event"] == "released":
            for each in event["ids"]:
                yield each, since.pop(each), event["at"]
    for each, begin in since.items():
        yield each, begin, float("inf")


def assert_never_held_by_two(players: list[Player]) -> None:
    """Only for claims that did not lapse: time must not have been moved."""
    intervals = sorted(hold for player in players for hold in holds(player))
    for (each, _, end), (other, begin, _) in pairwise(intervals):
        assert each != other or end < begin, f"{each} was held twice at {begin}"


def test_every_task_is_done_once_and_by_one_worker(troupe: Troupe, door: Door) -> None:
    workers = [troupe.start("work", f"worker-{number}", QUEUE, gives_up=0.2) for number in range(4)]
    producers = [
        troupe.start("produce", f"producer-{number}", QUEUE, count=EACH) for number in range(2)
    ]
    ids = posted(producers)
    wait_until(lambda: door.stats(QUEUE)["total"] == 0, "all tasks are done")
    for worker in workers:
        worker.stop()
    assert Counter(each for worker in workers for each in worker.ids("deleted")) == Counter(ids)
    assert max(claims_of(workers).values()) > 1  # some were given up, and taken by another
    assert_never_held_by_two(workers)
    assert len([worker for worker in workers if worker.ids("claimed")]) >= 2


@pytest.mark.timeout(180)
def test_what_a_killed_worker_held_goes_to_the_others(
    troupe: Troupe, door: Door, clock: TestClock
) -> None:
    # One victim is killed while it is stuck with a claim, the other at any moment.
    stuck = troupe.start("work", "stuck", QUEUE, stall_after=3)
    busy = troupe.start("work", "busy", QUEUE)
    living = [troupe.start("work", f"worker-{number}", QUEUE) for number in range(2)]
    producers = [
        troupe.start("produce", f"producer-{number}", QUEUE, count=EACH) for number in range(2)
    ]
    wait_until(lambda: len(list(busy.events("claimed"))) >= 5, "the busy victim has worked")
    busy.kill()
    ids = posted(producers)
    wait_until(lambda: len(list(stuck.events("claimed"))) == 3, "the other victim is stuck")
    stuck.kill()

    wait_until(lambda: door.stats(QUEUE)["free"] == 0, "nothing is left to claim")
    for worker in living:
        wait_until_idle(worker)
    left = door.listing(QUEUE, echo=True, include_claimed=True)
    held = {message["id"] for message in left}
    assert set(stuck.ids("claimed")) - set(stuck.ids("deleted")) <= held
    assert door.stats(QUEUE)["claimed"] == len(held) > 0
    assert door.claim(QUEUE, 20) == []
    assert_never_held_by_two([*living, busy, stuck])
    assert max(claims_of([*living, busy, stuck]).values()) == 1
    before = claims_of(living)

    clock.advance(61)
    wait_until(lambda: door.stats(QUEUE)["total"] == 0, "the tasks of the dead are done too")
    for worker in living:
        worker.stop()
    assert claims_of(living) - before == Counter(held)
    done = {each for worker in [*living, busy, stuck] for each in worker.ids("done")}
    assert done == set(ids)
