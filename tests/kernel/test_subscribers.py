"""Who has subscribers, and what posts leave for them, over several processes in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from angarium import ids
from angarium.actions.base import Services
from angarium.errors import Conflict
from angarium.notifications import notice
from angarium.notifications.notifier import MessageType
from angarium.storage.deliveries import Expansion, NewDuty, Notice
from angarium.storage.models import Kind, NewSubscription, QueueState, Scope, Subscription
from angarium.testing.effort import scaled
from tests.kernel.faults import Counts, DiesAfter, ProcessDied
from tests.kernel.pooled import Pooled, record_of
from tests.kernel.queues import SCOPE, Queue

SUBSCRIBE_CALLS = 15
"""Calls to the stores that the first subscription of a new queue takes; a test holds it."""


@pytest.fixture
def world() -> Pooled:
    """Two pools; new queues go to the first."""
    made = Pooled()
    made.add("red")
    made.add("blue", weight=0)
    return made


def new_subscription(number: int = 0, scope: Scope = SCOPE) -> NewSubscription:
    return NewSubscription(
        scope, ids.new_subscription_id(), f"https://hooks.example.org/{number}", 300
    )


def subscribe(services: Services, number: int = 0, scope: Scope = SCOPE) -> Subscription:
    return services.store.catalogue.subscribe(new_subscription(number, scope))[0]


def unsubscribe(services: Services, subscription: Subscription) -> None:
    services.control.delete_subscription(subscription.scope, subscription.id)
    services.store.catalogue.unsubscribed(subscription.scope)


def notices(world: Pooled, pool: str = "red") -> list[Notice]:
    """What the posts have left, in a lease that is over at once for everybody else."""
    found = world.store(pool).lease_notices("a test", 60, 1000)
    return list(found)


def announced(found: list[Notice]) -> list[object]:
    return [message.body for it in found for message in notice.decode(it.payload).messages]


def test_a_post_without_subscribers_leaves_nothing(world: Pooled) -> None:
    Queue(world.process()).post("a")
    assert notices(world) == []


def test_a_subscription_makes_its_queue(world: Pooled) -> None:
    process = world.process()
    subscribe(process)
    record = record_of(process)
    assert record is not None
    assert (record.state, record.has_subscribers) == (QueueState.PUBLISHED, True)


def test_the_very_next_post_of_every_process_leaves_a_notice(world: Pooled) -> None:
    others = [Queue(world.process()) for _ in range(3)]
    for each in others:
        each.post("before")
    subscribe(world.process())
    for number, each in enumerate(others):
        each.post(number, "and more")
    assert announced(notices(world)) == [0, "and more", 1, "and more", 2, "and more"]


def test_a_notice_says_what_was_posted(world: Pooled) -> None:
    process = world.process()
    queue = Queue(process)
    policy = {"retries_with_no_delay": 1}
    queue.create(_default_message_delay=5, _retry_policy=policy)
    subscribe(process)
    (id_,) = queue.post({"fruit": "plum", "größe": [1, 2.5, None]}, ttl=240)
    (left,) = notices(world)
    said = notice.decode(left.payload)
    assert (said.type, said.retry_policy) == (MessageType.NOTIFICATION, policy)
    (message,) = said.messages
    assert (message.id, message.ttl, message.delay) == (id_, 240, 5)
    assert message.body == {"fruit": "plum", "größe": [1, 2.5, None]}


def test_a_delay_is_not_spoken_of_where_there_is_none(world: Pooled) -> None:
    process = world.process()
    subscribe(process)
    Queue(process).post("a", delay=3)
    assert notice.decode(notices(world)[0].payload).messages[0].delay is None


def test_a_queue_and_a_topic_of_one_name_do_not_share_subscribers(world: Pooled) -> None:
    process = world.process()
    topic = Scope(SCOPE.project, SCOPE.name, Kind.TOPIC)
    subscribe(process, scope=topic)
    Queue(process).post("of the queue")
    Queue(process, kind=Kind.TOPIC).post("of the topic")
    (left,) = notices(world)
    assert (left.scope, announced([left])) == (topic, ["of the topic"])


def test_posts_leave_nothing_once_the_last_subscription_has_gone(world: Pooled) -> None:
    here, there = world.process(), Queue(world.process())
    first, last = subscribe(here, 1), subscribe(here, 2)
    unsubscribe(here, first)
    there.post("for one")
    unsubscribe(here, last)
    there.post("for nobody")
    assert announced(notices(world)) == ["for one"]


def test_subscriptions_outlive_their_queue(world: Pooled) -> None:
    process = world.process()
    subscribe(process)
    queue = Queue(process)
    queue.delete()
    queue.post("to the next one")
    assert announced(notices(world)) == ["to the next one"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_store_without_notices_has_no_subscribers(
    world: Pooled, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    process = world.process()
    if exists:
        Queue(process).create()
    before = record_of(process)
    monkeypatch.setattr(type(process.pools.driver("red")), "keeps_notices", False)
    with pytest.raises(Conflict, match="cannot notify"):
        subscribe(process)
    assert process.control.list_subscriptions(SCOPE, marker="", limit=1) == []
    assert record_of(process) == before


def test_a_subscription_takes_the_calls_that_the_next_test_interrupts(world: Pooled) -> None:
    counts = Counts()
    subscribe(world.process(counts))
    assert len(counts.names) == SUBSCRIBE_CALLS


@pytest.mark.parametrize("calls", range(1, SUBSCRIBE_CALLS + 1))
def test_a_process_that_dies_while_it_subscribes_loses_no_notification(
    world: Pooled, calls: int
) -> None:
    with pytest.raises(ProcessDied):
        subscribe(world.process(DiesAfter(calls)))
    process, queue = world.process(), Queue(world.process())
    if process.control.list_subscriptions(SCOPE, marker="", limit=1):
        queue.post("a")
        assert announced(notices(world)) == ["a"]
    subscribe(process)
    queue.post("b")
    assert announced(notices(world))[-1:] == ["b"]


def test_comings_and_goings_at_once_lose_no_notification(world: Pooled) -> None:
    """Whoever is subscribed for the whole of a post has a notice of it."""
    posts = scaled(30, 300)

    def come_and_go(worker: int) -> list[tuple[str, ...]]:
        process = world.process()
        queue, posted = Queue(process), []
        for number in range(posts):
            mine = subscribe(process, worker * posts + number)
            posted.append(queue.post(f"{worker}.{number}"))
            unsubscribe(process, mine)
        return posted

    with ThreadPoolExecutor(4) as threads:
        batches = [it for done in threads.map(come_and_go, range(4)) for it in done]
    left = {it.id for it in world.store("red").lease_notices("a test", 60, len(batches) + 1)}
    assert {batch[0] for batch in batches} <= left


def test_a_move_takes_along_what_is_owed(world: Pooled) -> None:
    process = world.process()
    mine = subscribe(process)
    queue = Queue(process)
    queue.post("expanded")
    queue.post("half expanded")
    queue.post("not expanded")
    red, blue = world.store("red"), world.store("blue")
    first, second, _ = red.lease_notices("a worker", 60, 10)
    duty = NewDuty(mine.id, b"as it was", due=0)
    red.expand_notices(
        "a worker",
        [
            Expansion(SCOPE, first.id, "", (duty,), None),
            Expansion(SCOPE, second.id, "", (duty,), "here"),
        ],
    )
    assert process.store.catalogue.mover.move(SCOPE, "red", "blue") is not None
    queue.post("after the move")
    assert red.lease_notices("another", 60, 10) == ()
    assert red.lease_lanes("another", 60, 10, 10, suspects=False) == ()
    found = blue.lease_notices("another", 60, 10)
    assert [it.cursor for it in found] == ["here", "", ""]
    assert announced(list(found)) == ["half expanded", "not expanded", "after the move"]
    (lane,) = blue.lease_lanes("another", 60, 10, 10, suspects=False)
    assert [it.state for it in lane.duties] == [b"as it was"] * 2
    assert lane.subscription_id == mine.id


def test_what_a_deleted_queue_owes_stays(world: Pooled) -> None:
    process = world.process()
    subscribe(process)
    queue = Queue(process)
    queue.post("a")
    queue.delete()
    assert announced(notices(world)) == ["a"]
