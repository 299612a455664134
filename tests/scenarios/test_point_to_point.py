"""Point to point: each party has a queue of its own, where the others leave what is for it."""

from __future__ import annotations

from tests.scenarios.door import Door
from tests.scenarios.troupe import Troupe

CALLS = 40  # of one caller


def test_each_caller_gets_its_own_answers_in_order(troupe: Troupe, door: Door) -> None:
    service = troupe.start("serve", "service", "inbox-service")
    callers = [
        troupe.start("call", name, f"inbox-{name}", service="inbox-service", count=CALLS)
        for name in ("anna", "berta", "carla")
    ]
    for caller in callers:
        caller.finish()
        assert [event["answer"] for event in caller.events("answered")] == [
            {"to": number, "text": f"{caller.name.upper()} {number}"} for number in range(CALLS)
        ]
        assert door.stats(f"inbox-{caller.name}")["total"] == 0
    service.stop()
    assert door.stats("inbox-service")["total"] == 0
