"""Webhooks of running servers, from the post to the listener (``notifications.md`` 1, 4 to 7)."""

from __future__ import annotations

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from angarium.testing.effort import IS_FULL
from tests import stores
from tests.api.client import Api
from tests.api.helpers import messages, ok, post
from tests.deliveries.inbox import documents, pass_time_until, subscribe, wait_for, wait_for_bodies
from tests.notifiers.receiver import Received, Receiver, answer, receiving
from tests.servers import Server, TestClock

OTHER_STORES = (*stores.SERVER_STORES, *stores.SLOW_STORES) if IS_FULL else ()
NO_RETRIES = {"retries_with_no_delay": 0, "minimum_delay_retries": 0, "maximum_delay_retries": 0}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize("store", ["sqlite", *OTHER_STORES])
def test_what_is_posted_arrives(api: Api, queue: str, receiver: Receiver) -> None:
    subscribe(api, queue, receiver.url(), post_headers={"X-Origin": "orchard"})
    post(api, queue, {"fruit": "plum", "größe": 3}, ttl=240)
    [document] = wait_for(receiver, 1)
    assert document == {
        "body": {"fruit": "plum", "größe": 3},
        "ttl": 240,
        "queue_name": queue,
        "Message_Type": "Notification",
    }
    [request] = receiver.requests
    assert request.line == "POST /hook HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-origin"] == "orchard"
    assert request.body.isascii()


def test_a_topic_has_subscribers_of_its_own(api: Api, queue: str, receiver: Receiver) -> None:
    topic = api.of("topic")
    subscribe(topic, queue, receiver.url("/topic"))
    subscribe(api, queue, receiver.url("/queue"))
    post(topic, queue, "to the topic", ttl=240)
    post(api, queue, "to the queue")
    [document] = wait_for(receiver, 1, "/topic")
    assert document == {
        "body": "to the topic",
        "ttl": 240,
        "queue_name": queue,
        "Message_Type": "Notification",
    }
    assert wait_for_bodies(receiver, 1, "/queue") == ["to the queue"]


def test_only_a_delayed_queue_tells_of_delays(api: Api, queue: str, receiver: Receiver) -> None:
    ok(api.queue_create(queue, {"_default_message_delay": 40}), 201)
    subscribe(api, queue, receiver.url())
    post(api, queue, "at once all the same")
    [document] = wait_for(receiver, 1)
    assert (document["body"], document["delay"]) == ("at once all the same", 40)


def test_two_processes_share_the_work(
    api: Api, second_server: Server, queue: str, receiver: Receiver
) -> None:
    elsewhere = api.at(second_server)
    subscribe(api, queue, receiver.url("/one"))
    subscribe(elsewhere, queue, receiver.url("/other"))
    for number in range(20):
        post([api, elsewhere][number % 2], queue, f"{number}-a", f"{number}-b")
    expected = sorted(f"{number}-{which}" for number in range(20) for which in "ab")
    assert sorted(wait_for_bodies(receiver, 40, "/one")) == expected
    assert sorted(wait_for_bodies(receiver, 40, "/other")) == expected


def test_who_unsubscribes_gets_nothing_more(api: Api, queue: str, receiver: Receiver) -> None:
    gone = subscribe(api, queue, receiver.url("/gone"))
    subscribe(api, queue, receiver.url("/stays"))
    post(api, queue, "to both")
    wait_for(receiver, 1, "/gone")
    ok(api.subscription_delete(queue, gone), 204)
    post(api, queue, "to one")
    assert sorted(wait_for_bodies(receiver, 2, "/stays")) == ["to both", "to one"]
    assert len(documents(receiver, "/gone")) == 1


def test_a_filter_lets_through_what_matches(api: Api, queue: str, receiver: Receiver) -> None:
    policy = {"fruit": [{"prefix": "pl"}], "kg": [{"numeric": [">=", 3]}]}
    subscribe(api, queue, receiver.url("/some"), _filter=policy)
    subscribe(api, queue, receiver.url("/all"))
    wanted, light = {"fruit": "plum", "kg": 3}, {"fruit": "plum", "kg": 2}
    post(api, queue, light, {"fruit": "pear", "kg": 9}, "no object", wanted)
    assert wait_for_bodies(receiver, 1, "/some") == [wanted]
    assert len(wait_for(receiver, 4, "/all")) == 4


def test_a_signature_can_be_verified(api: Api, queue: str, receiver: Receiver) -> None:
    identifier = subscribe(api, queue, receiver.url(), _signing_secret=SECRET)
    [message_id] = post(api, queue, "signed")
    [document] = wait_for(receiver, 1)
    [request] = receiver.requests
    assert Webhook(SECRET).verify(request.body, request.headers) == document
    assert request.headers["webhook-id"] == message_id
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", request.headers)
    assert ok(api.subscription_get(queue, identifier), 200)["options"] == {}


def test_an_envelope_is_an_event(api: Api, queue: str, receiver: Receiver) -> None:
    subscribe(api, queue, receiver.url(), _envelope="cloudevents")
    [message_id] = post(api, queue, {"fruit": "plum"})
    [event] = wait_for(receiver, 1)
    assert event.pop("time")
    assert event.pop("type")
    assert event == {
        "specversion": "1.0",
        "id": message_id,
        "source": f"/v2/queues/{queue}",
        "datacontenttype": "application/json",
        "data": {"fruit": "plum"},
    }
    assert receiver.requests[0].headers["content-type"] == "application/cloudevents+json"


def test_an_ordered_subscription_waits_for_what_came_first(
    api: Api, queue: str, clock: TestClock
) -> None:
    refusals = iter([answer(503)])

    def say(request: Received) -> bytes:
        return next(refusals, answer(204)) if request.path == "/ordered" else answer(204)

    with receiving(say) as receiver:
        subscribe(api, queue, receiver.url("/ordered"), _ordered=True, _retry_policy=NO_RETRIES)
        subscribe(api, queue, receiver.url("/witness"))
        post(api, queue, "first")
        wait_for(receiver, 1, "/ordered")
        wait_for(receiver, 1, "/witness")
        post(api, queue, "second", "third")
        wait_for(receiver, 3, "/witness")
        pass_time_until(clock, lambda: len(documents(receiver, "/ordered")) > 1)
        got = wait_for_bodies(receiver, 4, "/ordered")
    assert got == ["first", "first", "second", "third"]


def test_what_is_given_up_becomes_a_dead_letter(api: Api, queue: str, clock: TestClock) -> None:
    graveyard = f"{queue}-dead"
    ok(api.queue_create(graveyard, {}), 201)
    metadata = {"_dead_letter_queue": graveyard, "_dead_letter_queue_messages_ttl": 500}
    ok(api.queue_create(queue, metadata), 201)

    def say(request: Received) -> bytes:
        return answer(500 if request.path == "/broken" else 204)

    with receiving(say) as receiver:
        policy = {**NO_RETRIES, "retries_with_no_delay": 2, "minimum_delay": 0, "maximum_delay": 10}
        broken = subscribe(
            api, queue, receiver.url("/broken"), _dead_letter=True, _retry_policy=policy
        )
        subscribe(api, queue, receiver.url("/fine"))
        subscribe(api, graveyard, receiver.url("/graveyard"))
        post(api, queue, {"fruit": "plum"})
        # Even such a policy has a backoff, here of 0 and 5 seconds.
        pass_time_until(clock, lambda: len(messages(api, graveyard)) > 0)
        [letter] = messages(api, graveyard)
        assert letter["ttl"] == 500
        assert "500" in letter["body"].pop("reason")
        assert letter["body"] == {
            "subscription": broken,
            "attempts": 5,
            "body": {"fruit": "plum"},
        }
        post(api, graveyard, "of a client")
        assert wait_for_bodies(receiver, 1, "/graveyard") == ["of a client"]
        assert len(documents(receiver, "/broken")) == 5
        assert wait_for_bodies(receiver, 1, "/fine") == [{"fruit": "plum"}]
