"""What subscribers get, and when (contract, ``notifications.md`` 4 to 7)."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.notifications.notifier import Delivered, Delivery, TryAgain, Verdict
from angarium.storage.deliveries import DutyStatus
from angarium.storage.models import Kind
from tests.kernel.queues import Queue
from tests.notifications.world import FAILS, REFUSES, Unruly, World

PLUM = "test://plum"
PEAR = "test://pear"
ONE_BY_ONE = {
    "retries_with_no_delay": 0,
    "minimum_delay_retries": 2,
    "minimum_delay": 10,
    "maximum_delay": 20,
    "maximum_delay_retries": 1,
}


def failing(times: int, verdict: Verdict = FAILS) -> Any:
    """An answer that fails so often for each message, and then succeeds."""
    seen: dict[str, int] = {}

    def answer(delivery: Delivery) -> Verdict:
        count = seen[delivery.message_id] = seen.get(delivery.message_id, 0) + 1
        return verdict if count <= times else Delivered()

    return answer


def test_every_subscriber_gets_every_message_in_the_order_of_the_batch(world: World) -> None:
    world.subscribe(PLUM)
    world.subscribe(PEAR)
    world.queue().post(1, 2, 3)
    world.settle()
    assert world.recorder.bodies(PLUM) == [1, 2, 3]
    assert world.recorder.bodies(PEAR) == [1, 2, 3]
    assert world.duties(DutyStatus.PENDING) == []


def test_a_delivery_says_all_that_a_notifier_needs(world: World) -> None:
    id_ = world.subscribe(PLUM, ttl=600, colour="blue")
    [message] = world.queue().post({"kg": 3}, ttl=240)
    world.pass_time(5)
    world.settle()
    [delivery] = world.recorder.seen
    assert delivery.document == {
        "body": {"kg": 3},
        "ttl": 240,
        "queue_name": "plums",
        "Message_Type": "Notification",
    }
    assert (delivery.scope.project, delivery.scope.name) == ("orchard", "plums")
    assert (delivery.subscription_id, delivery.message_id) == (id_, message)
    assert delivery.options == {"colour": "blue"}
    assert 590 <= delivery.time_left <= 595
    assert abs(delivery.posted - (world.clock.now() - 5)) <= 1
    assert delivery.attempt == 0


def test_a_delayed_queue_tells_the_delay_and_announces_at_once(world: World) -> None:
    world.queue().create(_default_message_delay=30)
    world.subscribe(PLUM)
    world.queue().post("late", delay=60)
    world.settle()
    assert world.recorder.seen[0].document["delay"] == 60


def test_a_failed_delivery_follows_its_schedule_and_occupies_nobody_meanwhile(
    world: World,
) -> None:
    world.subscribe(PLUM, _retry_policy=ONE_BY_ONE)
    world.recorder.answers[PLUM] = lambda _: FAILS
    world.queue().post("it")
    for attempts, delay in enumerate((10, 10, 10, 15, 20), 1):
        world.settle()
        assert world.recorder.attempts(PLUM) == attempts
        world.pass_time(delay - 1)
        world.settle()
        assert world.recorder.attempts(PLUM) == attempts, "not before its time"
        world.pass_time(1)
    world.settle()
    assert world.recorder.attempts(PLUM) == 6
    assert [it.attempt for it in world.recorder.seen] == [0, 1, 2, 3, 4, 5]
    [state] = world.duties(DutyStatus.FAILED)
    assert (state.lost[0].attempts, state.lost[0].reason) == (6, "it answers 500")


def test_immediate_retries_are_made_back_to_back(world: World) -> None:
    world.subscribe(PLUM)
    world.recorder.answers[PLUM] = failing(3)
    world.queue().post("it")
    world.settle()
    assert world.recorder.bodies(PLUM) == ["it"] * 4
    assert world.duties(DutyStatus.FAILED) == []


def test_a_failing_message_stops_none_of_the_others(world: World) -> None:
    world.subscribe(PLUM)
    world.recorder.answers[PLUM] = lambda it: FAILS if it.document["body"] == 2 else Delivered()
    world.queue().post(1, 2, 3)
    world.queue().post(4)
    world.settle()
    assert world.recorder.bodies(PLUM) == [1, 2, 2, 2, 2, 3, 4]


def test_a_final_failure_is_not_repeated(world: World) -> None:
    world.subscribe(PLUM)
    world.recorder.answers[PLUM] = lambda _: REFUSES
    world.queue().post(1, 2)
    world.settle()
    assert world.recorder.bodies(PLUM) == [1, 2]
    [state] = world.duties(DutyStatus.FAILED)
    assert [loss.reason for loss in state.lost.values()] == ["it answers 400"] * 2


def test_a_failure_is_logged_with_queue_and_subscription(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    id_ = world.subscribe("test://user:secret@plum")
    world.recorder.answers["test://user:secret@plum"] = lambda _: REFUSES
    world.queue().post(1)
    world.settle()
    [line] = [it.getMessage() for it in caplog.records if it.levelname == "WARNING"]
    assert "queue=plums" in line
    assert f"subscription={id_}" in line
    assert "secret" not in caplog.text


def test_a_notifier_that_breaks_gives_the_message_up(world: World) -> None:
    def answer(delivery: Delivery) -> Verdict:
        raise RuntimeError("secret")

    world.subscribe(PLUM)
    world.recorder.answers[PLUM] = answer
    world.queue().post(1)
    world.settle()
    [state] = world.duties(DutyStatus.FAILED)
    assert state.lost[0].reason == "the notifier failed with RuntimeError"


def test_a_subscriber_without_a_notifier_fails_alone(world: World) -> None:
    world.subscribe("carrier-pigeon://plum")
    world.subscribe(PEAR)
    world.queue().post(1)
    world.settle()
    assert world.recorder.bodies(PEAR) == [1]
    [state] = world.duties(DutyStatus.FAILED)
    assert state.lost[0].reason == "no notifier for the scheme carrier-pigeon is installed"


def test_the_policy_of_the_queue_is_that_of_the_time_of_the_post(world: World) -> None:
    world.queue().create(_retry_policy=ONE_BY_ONE)
    world.subscribe(PLUM)
    world.recorder.answers[PLUM] = lambda _: FAILS
    world.queue().post(1)
    world.queue().add("_retry_policy", {"retries_with_no_delay": 9})
    world.settle()
    assert world.recorder.attempts(PLUM) == 1


def test_a_notifier_without_a_say_for_policies_gets_the_defaults() -> None:
    world = World(recorder=Unruly())
    world.subscribe(PLUM, _retry_policy=ONE_BY_ONE)
    world.recorder.answers[PLUM] = lambda _: FAILS
    world.queue().post(1)
    world.settle()
    assert world.recorder.attempts(PLUM) == 4


def test_who_asks_to_be_left_alone_is_left_alone_with_everything(world: World) -> None:
    world.subscribe(PLUM)
    world.recorder.answers[PLUM] = failing(1, TryAgain("busy", not_before=100))
    world.queue().post(1, 2)
    world.queue().post(3)
    with world.delivering():
        world.wait_until_quiet()
        assert world.recorder.bodies(PLUM) == [1]
        world.queue().post(4)
        world.pass_time(98)
        world.wait_until_quiet()
        assert world.recorder.bodies(PLUM) == [1]
        world.recorder.answers.clear()
        world.pass_time(2)
        world.wait_until_quiet()
    assert sorted(world.recorder.bodies(PLUM)) == [1, 1, 2, 3, 4]


def test_an_ordered_subscription_is_never_overtaken(world: World) -> None:
    world.subscribe(PLUM, _ordered=True)
    world.recorder.answers[PLUM] = failing(5)
    world.queue().post(1, 2)
    world.queue().post(3)
    world.settle()
    assert world.recorder.bodies(PLUM) == [1] * 4
    for _ in range(20):
        world.pass_time(5)
        world.settle()
    assert world.recorder.bodies(PLUM) == [1] * 6 + [2] * 6 + [3] * 6


def test_only_messages_that_match_the_filter_are_announced(world: World) -> None:
    world.subscribe(PLUM, _filter={"kind": ["plum"]})
    world.subscribe(PEAR, _filter={"kind": ["pear"]})
    world.queue().post({"kind": "plum"}, {"kind": "apple"}, {"kind": "plum", "kg": 2})
    world.settle()
    assert world.recorder.bodies(PLUM) == [{"kind": "plum"}, {"kind": "plum", "kg": 2}]
    assert world.recorder.bodies(PEAR) == []
    assert len(world.duties(DutyStatus.DELIVERED)) == 1, "no duty without a message"


def test_a_batch_of_many_messages_is_delivered_to_the_end(world: World) -> None:
    world.subscribe(PLUM)
    world.queue().post(*range(150))
    world.settle()
    assert world.recorder.bodies(PLUM) == list(range(150))


def test_what_is_delivered_is_kept_for_a_minute_what_failed_for_a_day(world: World) -> None:
    world.subscribe(PLUM)
    world.subscribe(PEAR)
    world.recorder.answers[PEAR] = lambda _: REFUSES
    world.queue().post(1)
    world.settle()
    world.pass_time(59)
    assert len(world.duties(DutyStatus.DELIVERED)) == 1
    world.pass_time(1)
    assert world.duties(DutyStatus.DELIVERED) == []
    world.pass_time(86400 - 61)
    assert len(world.duties(DutyStatus.FAILED)) == 1
    world.pass_time(1)
    assert world.duties(DutyStatus.FAILED) == []


def test_messages_are_announced_whatever_becomes_of_them_and_their_queue(world: World) -> None:
    world.subscribe(PLUM)
    queue = world.queue()
    queue.post(1, ttl=60)
    queue.post(2)
    queue.pop()
    world.pass_time(61)
    queue.delete()
    world.settle()
    assert sorted(world.recorder.bodies(PLUM)) == [1, 2]


def has_subscribers(world: World) -> bool:
    record = world.services.control.get_queue(world.queue().scope)
    return record is not None and record.has_subscribers


def test_a_queue_without_subscribers_leaves_no_notices_any_more(world: World) -> None:
    world.subscribe(PLUM, ttl=60)
    world.pass_time(60)
    world.queue().post(1)
    assert has_subscribers(world)
    world.settle()
    assert not has_subscribers(world)
    world.queue().post(2)
    assert not world._has_work()
    world.subscribe(PLUM)
    world.queue().post(3)
    world.settle()
    assert world.recorder.bodies(PLUM) == [3]


def test_topics_notify_their_own_subscribers(world: World) -> None:
    world.subscribe(PLUM)
    topic = Queue(world.services, "plums", Kind.TOPIC)
    topic.create()
    topic.post(1)
    world.settle()
    assert world.recorder.seen == []
