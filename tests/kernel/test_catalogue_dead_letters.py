"""Dead-letter queues, and pools that lost their data: what plans must know beyond the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from angarium.kernel import Kernel
from angarium.storage.models import Kind
from tests.kernel.installation import Installation
from tests.kernel.queues import Queue, catalogue_of

# --- Dead-letter queues ---------------------------------------------------------------------------


def claim_and_release(queue: Queue) -> list[str]:
    claim = queue.claim()
    queue.release(claim)
    return [message.id for message in claim.messages]


def test_a_dead_letter_queue_is_created_when_a_message_has_to_move(kernel: Kernel) -> None:
    queue, dead = Queue(kernel), Queue(kernel, "plums.dead")
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    ids = queue.post("a", "b")
    assert claim_and_release(queue) == list(ids)
    assert kernel.services.control.get_queue(dead.scope) is None
    assert claim_and_release(queue) == []
    assert dead.listed() == ["a", "b"]
    assert dead.metadata() == {}
    assert [dead.get(identifier).claim_count for identifier in ids] == [0, 0]
    assert queue.total() == 0


def test_a_topic_has_no_dead_letters(kernel: Kernel) -> None:
    """Whatever its metadata says: nothing of it is ever claimed."""
    for kind in Kind:
        one = Queue(kernel, kind=kind)
        one.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
        plan = catalogue_of(kernel).plan(one.scope)
        assert plan is not None
        assert (plan.settings.dead_letter is None) == (kind is Kind.TOPIC)


def test_a_dead_letter_queue_that_was_created_again_elsewhere_is_found(
    kernel: Kernel, second: Kernel
) -> None:
    queue, dead = Queue(kernel), Queue(second, "plums.dead")
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    dead.post("first")
    queue.post("a")
    claim_and_release(queue)
    dead.delete()
    dead.create(again=True)
    assert claim_and_release(queue) == []
    assert dead.listed() == ["a"]
    assert dead.metadata() == {"again": True}


def test_a_dead_letter_queue_that_was_deleted_elsewhere_is_created_again(
    kernel: Kernel, second: Kernel
) -> None:
    queue, dead = Queue(kernel), Queue(second, "plums.dead")
    dead.create()
    queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    queue.post("a")
    claim_and_release(queue)
    dead.delete()
    assert claim_and_release(queue) == []
    assert dead.listed() == ["a"]


def test_dead_letter_settings_changed_elsewhere_count_for_the_very_next_claim(
    kernel: Kernel, second: Kernel
) -> None:
    here, there = Queue(kernel), Queue(second)
    here.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
    here.post("a")
    claim_and_release(here)
    there.add("_max_claim_count", 5)
    assert len(claim_and_release(here)) == 1
    there.add("_dead_letter_queue", "plums.other")
    there.add("_max_claim_count", 2)
    assert claim_and_release(here) == []
    assert Queue(second, "plums.other").listed() == ["a"]
    assert Queue(second, "plums.dead").total() == 0


# --- A pool that lost its data --------------------------------------------------------------------


@pytest.fixture
def split(tmp_path: Path) -> Installation:
    """Messages in a database of their own."""
    uri = f"sqlite:///{tmp_path}/messages.db"
    return Installation(tmp_path, {"drivers:message_store:sqlalchemy": {"uri": uri}})


def lose_messages(directory: Path, *kernels: Kernel) -> None:
    for each in kernels:
        each.services.data.close()
    for file in directory.glob("messages.db*"):
        file.unlink()
    kernels[0].services.data.upgrade()


def test_a_pool_that_lost_its_data_learns_its_queues_again(
    split: Installation, tmp_path: Path
) -> None:
    with split:
        kernel, second = split.open(), split.open()
        here, there = Queue(kernel), Queue(second)
        here.create(_default_message_ttl=300)
        here.post("lost")
        there.listed()
        lose_messages(tmp_path, kernel, second)
        assert there.listed() == []
        here.post("a")
        there.post("b")
        assert there.listed() == here.listed() == ["a", "b"]
        assert here.ttls() == [300, 300]


def test_a_dead_letter_queue_in_a_pool_that_lost_its_data_is_learnt_again(
    split: Installation, tmp_path: Path
) -> None:
    with split:
        kernel = split.open()
        queue, dead = Queue(kernel), Queue(kernel, "plums.dead")
        dead.create(kept=True)
        queue.create(_max_claim_count=1, _dead_letter_queue="plums.dead")
        queue.listed()
        lose_messages(tmp_path, kernel)
        queue.post("a")
        claim_and_release(queue)
        assert claim_and_release(queue) == []
        assert dead.listed() == ["a"]
        assert dead.metadata() == {"kept": True}
