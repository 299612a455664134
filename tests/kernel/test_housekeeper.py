"""Reclaiming space beside the requests: in steps, whatever fails (storage-semantics.md 8)."""

from __future__ import annotations

import threading

import pytest

from angarium.clock import Clock
from angarium.errors import StoreUnreachable
from angarium.housekeeper import Housekeeper
from angarium.storage.driver import Driver, StoreEnvironment
from tests.kernel.installation import Installation
from tests.kernel.queues import Queue

PATIENCE = 20.0  # seconds for a thread to do what it has to


class Backlog(Driver):
    """A store that has nothing but things to reclaim.

    :param failures: raised by the first calls, in this order.
    """

    def __init__(self, things: int, *failures: Exception) -> None:
        super().__init__(StoreEnvironment(conf=None, clock=Clock()))  # type: ignore[arg-type] # needs none
        self.things = things
        self.limits: list[int] = []
        self.done = threading.Event()
        self._failures = list(failures)

    def ping(self) -> None:
        """There is nothing that could fail to answer."""

    def reclaim(self, limit: int) -> int:
        self.limits.append(limit)
        if self._failures:
            raise self._failures.pop(0)
        freed = min(self.things, limit)
        self.things -= freed
        if freed < limit:
            self.done.set()
        return freed


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.housekeeper._PAUSE", 0.0)


@pytest.mark.usefixtures("no_pause")
def test_a_backlog_is_worked_off_in_bounded_steps() -> None:
    store = Backlog(things=12_345)
    housekeeper = Housekeeper(lambda: [store], interval=0.01)
    housekeeper.start()
    assert store.done.wait(PATIENCE)
    housekeeper.stop()
    assert store.things == 0
    assert max(store.limits) <= 1000
    assert len(store.limits) > 12


@pytest.mark.parametrize("failure", [StoreUnreachable(), RuntimeError("a bug in a driver")])
def test_a_store_that_fails_keeps_neither_itself_nor_others_from_a_next_round(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    failing, other = Backlog(3, failure, failure), Backlog(3)
    housekeeper = Housekeeper(lambda: [failing, other], interval=0.01)
    housekeeper.start()
    assert other.done.wait(PATIENCE)
    assert failing.done.wait(PATIENCE)
    housekeeper.stop()
    assert (failing.things, other.things) == (0, 0)
    assert "Backlog" in caplog.text


def test_it_can_be_stopped_at_any_time() -> None:
    Housekeeper(list, interval=3600).stop()
    waiting = Housekeeper(lambda: [Backlog(1)], interval=3600)
    waiting.start()
    waiting.stop()
    assert not [each for each in threading.enumerate() if each.name == "housekeeper"]


def test_it_stops_in_the_middle_of_a_backlog() -> None:
    store = Backlog(things=10**9)
    housekeeper = Housekeeper(lambda: [store], interval=0.001)
    housekeeper.start()
    while not store.limits:
        threading.Event().wait(0.001)
    housekeeper.stop()
    assert not [each for each in threading.enumerate() if each.name == "housekeeper"]
    assert store.things > 0


def test_real_stores_are_tidied_and_nothing_visible_changes(embedded: Installation) -> None:
    kernel = embedded.open()
    queue = Queue(kernel)
    queue.post(*range(20), ttl=60)
    queue.post("stays")
    embedded.clock.offset += 60
    assert queue.listed() == ["stays"]
    housekeeper = kernel.housekeeper()
    for driver in kernel.drivers().values():
        housekeeper._tidy(driver)
    assert kernel.services.data.reclaim(100) == 0
    assert queue.listed() == ["stays"]
