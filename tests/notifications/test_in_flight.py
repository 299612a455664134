"""What changes while deliveries are under way: subscriptions, stores, processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from angarium.errors import OutcomeUnknown, StoreUnreachable
from angarium.notifications.duties import DutyState
from angarium.notifications.notifier import Delivered, Delivery, GivenUp, Verdict
from angarium.storage.deliveries import DutyStatus
from angarium.storage.models import SubscriptionChange
from tests.kernel.faults import Fails
from tests.kernel.queues import SCOPE
from tests.notifications.world import FAILS, REFUSES, World, wait_until

PLUM = "test://plum"
PEAR = "test://pear"


def test_a_subscription_that_expires_is_served_to_the_end(world: World) -> None:
    world.subscribe(PLUM, ttl=60)
    world.recorder.answers[PLUM] = lambda _: FAILS
    world.queue().post(1)
    world.settle()
    world.recorder.answers.clear()
    world.pass_time(60)
    world.settle()
    assert world.recorder.bodies(PLUM) == [1] * 5
    assert world.recorder.seen[-1].time_left == 0


def test_a_subscription_that_is_deleted_is_served_no_more(world: World) -> None:
    id_ = world.subscribe(PLUM)
    world.recorder.answers[PLUM] = lambda _: FAILS
    world.queue().post(1)
    world.settle()
    world.services.control.delete_subscription(SCOPE, id_)
    world.pass_time(60)
    world.settle()
    assert world.recorder.attempts(PLUM) == 4
    assert world.duties(DutyStatus.PENDING) == world.duties(DutyStatus.FAILED) == []


def test_a_changed_address_and_changed_options_count_from_the_next_attempt_on(
    world: World,
) -> None:
    id_ = world.subscribe(PLUM)
    world.recorder.answers[PLUM] = lambda _: FAILS
    world.queue().post(1)
    world.settle()
    change = SubscriptionChange(subscriber=PEAR, options={"colour": "green"})
    world.services.control.update_subscription(SCOPE, id_, change)
    world.pass_time(5)
    world.settle()
    assert world.recorder.bodies(PEAR) == [1]
    assert world.recorder.seen[-1].options == {"colour": "green"}


def test_unconfirmed_subscriptions_get_nothing_where_confirmation_is_required() -> None:
    world = World({"require_confirmation": True})
    world.subscribe(PLUM)
    id_ = world.subscribe(PEAR, confirmed=True)
    world.recorder.answers[PEAR] = lambda _: FAILS
    world.queue().post(1)
    world.settle()
    assert world.recorder.attempts(PLUM) == 0
    assert world.recorder.attempts(PEAR) == 4
    world.services.control.update_subscription(SCOPE, id_, SubscriptionChange(confirmed=False))
    world.pass_time(5)
    world.settle()
    assert world.recorder.attempts(PEAR) == 4


def test_a_subscriber_that_is_gone_loses_its_subscription(world: World) -> None:
    id_ = world.subscribe(PLUM, secret="s")
    world.recorder.answers[PLUM] = lambda _: GivenUp("it answers 404", is_gone=True)
    services = world.process()
    services.subscribers._notifiers["websocket"] = world.recorder  # type: ignore[index]
    world.queue().post(1, 2)
    world.queue().post(3)
    with world.delivering(services):
        world.wait_until_quiet()
    assert world.recorder.bodies(PLUM) == [1]
    assert world.services.control.get_subscription(SCOPE, id_) is None
    assert world.duties(DutyStatus.PENDING) == []


def test_what_is_given_up_goes_to_the_dead_letter_queue_once(world: World) -> None:
    world.queue().create(_dead_letter_queue="lost", _dead_letter_queue_messages_ttl=500)
    id_ = world.subscribe(PLUM, _dead_letter=True)
    world.subscribe("test://other", queue="lost")
    world.recorder.answers[PLUM] = lambda _: REFUSES
    world.queue().post({"kg": 1})
    world.settle()
    letter = {
        "reason": "it answers 400",
        "subscription": id_,
        "attempts": 1,
        "body": {"kg": 1},
    }
    assert world.queue("lost").listed() == [letter]
    assert world.queue("lost").ttls() == [500]
    replay_all(world)
    world.settle()
    assert world.queue("lost").listed() == [letter]
    assert world.recorder.attempts("test://other") == 0, "never notified further"


def replay_all(world: World) -> None:
    store = world.services.pools.default
    for status in (DutyStatus.FAILED, DutyStatus.DELIVERED):
        for duty in store.list_duties(status, None, 100).duties:
            state = DutyState.decode(duty.state).replayed()
            assert store.replay_duty(
                duty.scope, duty.subscription_id, duty.notice_id, state.encode()
            )


def test_a_replay_repeats_what_was_given_up_or_else_everything(world: World) -> None:
    world.subscribe(PLUM)
    world.recorder.answers[PLUM] = lambda it: REFUSES if it.document["body"] == 2 else Delivered()
    world.queue().post(1, 2, 3)
    world.settle()
    world.recorder.answers.clear()
    replay_all(world)
    world.settle()
    assert world.recorder.bodies(PLUM) == [1, 2, 3, 2]
    replay_all(world)
    world.settle()
    assert world.recorder.bodies(PLUM) == [1, 2, 3, 2, 1, 2, 3]


def test_without_a_dead_letter_queue_what_is_given_up_is_only_listed(world: World) -> None:
    world.subscribe(PLUM, _dead_letter=True)
    world.recorder.answers[PLUM] = lambda _: REFUSES
    world.queue().post(1)
    world.settle()
    assert len(world.duties(DutyStatus.FAILED)) == 1


def test_dead_subscribers_delay_nobody_else() -> None:
    world = World({"max_notifier_workers": 4})
    release = threading.Event()

    def hang(delivery: Delivery) -> Verdict:
        release.wait(20)
        return FAILS

    dead = [f"test://dead-{number}" for number in range(20)]
    for subscriber in dead:
        world.subscribe(subscriber)
        world.recorder.answers[subscriber] = lambda _: FAILS
    world.subscribe(PLUM)
    with world.delivering():
        world.queue().post(0)
        world.wait_until_quiet()
        for subscriber in dead:
            world.recorder.answers[subscriber] = hang
        for body in range(1, 6):
            world.queue().post(body)
            wait_until(lambda body=body: body in world.recorder.bodies(PLUM))  # type: ignore[misc]
        assert not release.is_set()
        release.set()


def test_one_worker_serves_suspects_and_the_others_in_turns() -> None:
    world = World({"max_notifier_workers": 1})
    world.subscribe(PLUM)
    world.subscribe(PEAR)
    world.recorder.answers[PLUM] = lambda _: FAILS
    with world.delivering():
        for body in range(5):
            world.queue().post(body)
            world.pass_time(5)
            world.wait_until_quiet()
    assert world.recorder.bodies(PEAR) == [0, 1, 2, 3, 4]
    assert world.recorder.attempts(PLUM) > 5


def test_an_expansion_goes_on_where_a_process_left_it(world: World) -> None:
    names = [f"test://{number}" for number in range(250)]
    for name in names:
        world.subscribe(name)
    world.queue().post("it")
    pages = 0

    def dies_after_one_page(name: str, call: Callable[[], Any]) -> Any:
        nonlocal pages
        if name == "expand_notices":
            pages += 1
            if pages > 1:
                raise StoreUnreachable
        return call()

    with world.delivering(world.process(dies_after_one_page)):
        wait_until(lambda: pages > 1)
    world.pass_time(60)
    world.settle()
    assert sorted(it.subscriber for it in world.recorder.seen) == sorted(names)


@pytest.mark.parametrize("method", ["lease_notices", "lease_lanes", "expand_notices"])
def test_a_store_that_does_not_answer_is_asked_again(
    world: World, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.subscribe(PLUM)
    world.queue().post(1)
    with world.delivering(world.process(Fails(method, StoreUnreachable(), times=3))):
        world.wait_until_quiet()
    assert world.recorder.bodies(PLUM) == [1]
    warnings = [it for it in caplog.records if "does not answer" in it.getMessage()]
    assert len(warnings) == 1, "told once"


def test_a_management_store_that_does_not_answer_puts_deliveries_off(world: World) -> None:
    world.subscribe(PLUM)
    world.queue().post(1)
    with world.delivering(world.process(Fails("get_subscription", StoreUnreachable(), times=2))):
        wait_until(lambda: world.duties(DutyStatus.PENDING) != [])
        for _ in range(3):
            world.wait_until_quiet()
            world.pass_time(5)
        world.wait_until_quiet()
    assert world.recorder.bodies(PLUM) == [1]


@pytest.mark.parametrize("error", [StoreUnreachable(), OutcomeUnknown()])
def test_what_could_not_be_reported_is_reported_later_and_not_repeated(
    world: World, error: Exception
) -> None:
    world.subscribe(PLUM)
    world.queue().post(1)
    with world.delivering(world.process(Fails("settle_lane", error))):
        wait_until(lambda: world.duties(DutyStatus.DELIVERED) != [])
    assert world.recorder.bodies(PLUM) == [1]


def test_a_lane_is_given_back_when_the_process_stops(world: World) -> None:
    world.subscribe(PLUM)
    world.queue().post(*range(100))
    started = threading.Event()

    def slow(delivery: Delivery) -> Verdict:
        started.set()
        threading.Event().wait(0.02)
        return Delivered()

    world.recorder.answers[PLUM] = slow
    with world.delivering():
        assert started.wait(10)
    done = world.recorder.attempts(PLUM)
    assert done < 100
    world.recorder.answers.clear()
    world.settle()
    assert world.recorder.bodies(PLUM) == list(range(100)), "nothing twice"
