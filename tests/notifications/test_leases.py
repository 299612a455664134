"""A lane is leased for longer than any attempt may take."""

from __future__ import annotations

import threading

import pytest

from angarium.notifications.notifier import Delivered, Delivery, Verdict
from angarium.storage.deliveries import Lane
from tests.notifications.world import PATIENCE, Recorder, World


@pytest.mark.parametrize(("time_limit", "is_handed_out"), [(30.0, True), (500.0, False)])
def test_nobody_else_is_handed_a_lane_while_an_attempt_may_be_under_way(
    time_limit: float, is_handed_out: bool
) -> None:
    class Slow(Recorder):
        pass

    Slow.time_limit = time_limit  # type: ignore[assignment, method-assign]
    world = World(recorder=Slow())
    handed_out: list[Lane] = []
    looked = threading.Event()

    def slowly(_: Delivery) -> Verdict:
        world.pass_time(450)
        store = world.services.pools.default
        for suspects in (False, True):
            handed_out.extend(store.lease_lanes("another", 60, 1, 10, suspects=suspects))
        looked.set()
        return Delivered()

    world.recorder.answers["test://plum"] = slowly
    world.subscribe("test://plum")
    world.queue().post("ripe")
    with world.delivering():
        assert looked.wait(PATIENCE)
    assert bool(handed_out) == is_handed_out
