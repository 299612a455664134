"""Subscriptions (``rest-v2.md`` 9; ``notifications.md`` 1 and 11.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.helpers import Document, exists, follow, messages, ok, post, refused
from tests.api.kinds import mirrored
from tests.servers import TestClock

HOOK = "https://hooks.example.org/render?team=7"


def subscribe(api: Api, queue: str, subscriber: str = HOOK, **body: Any) -> str:
    """Subscribe and return the id."""
    answer = api.subscription_create(queue, {"subscriber": subscriber, **body})
    found: str = ok(answer, 201)["subscription_id"]
    return found


def subscriptions(api: Api, queue: str) -> list[Document]:
    """One page of the listing, as long as it can be."""
    found: list[Document] = ok(api.subscription_list(queue, limit=20), 200)["subscriptions"]
    return found


# Creating


@mirrored
def test_a_subscription_is_shown_as_it_was_given(api: Api, queue: str, clock: TestClock) -> None:
    options = {"post_headers": {"X-Origin": "invoices"}, "own": {"ü": [1.5, None]}, "n": 2**60}
    answer = api.subscription_create(
        queue, {"subscriber": HOOK, "ttl": 300, "options": options, "unknown": 1}
    )
    assert answer.headers["location"] == f"{api.path(queue)}/subscriptions"
    identifier = ok(answer, 201)["subscription_id"]
    shown = {
        "id": identifier,
        "source": queue,
        "subscriber": HOOK,
        "ttl": 300,
        "age": 0,
        "options": options,
        "confirmed": False,
    }
    assert {**ok(api.subscription_get(queue, identifier), 200), "age": 0} == shown
    [listed] = subscriptions(api, queue)
    assert {**listed, "age": 0} == shown
    clock.advance(20)
    assert ok(api.subscription_get(queue, identifier), 200)["age"] in (20, 21)


@mirrored
def test_defaults(api: Api, queue: str) -> None:
    subscribe(api, queue)
    subscribe(api, queue, "http://fake:8080", ttl=None, options=None)
    for shown in subscriptions(api, queue):
        assert (shown["ttl"], shown["options"], shown["confirmed"]) == (3600, {}, False)


@mirrored
def test_the_queue_is_created(api: Api, queue: str) -> None:
    assert ok(api.subscription_list(queue), 200) == {"subscriptions": [], "links": []}
    assert not exists(api, queue)
    subscribe(api, queue)
    assert exists(api, queue)
    post(api, queue, "a message")
    assert [it["body"] for it in messages(api, queue)] == ["a message"]


@mirrored
def test_a_queue_that_is_there_keeps_what_it_has(api: Api, queue: str) -> None:
    ok(api.queue_create(queue, {"team": "billing"}), 201)
    post(api, queue, 1)
    subscribe(api, queue)
    assert ok(api.queue_get(queue), 200)["team"] == "billing"
    post(api, queue, 2)
    assert [it["body"] for it in messages(api, queue)] == [1, 2]


@mirrored
def test_a_subscriber_that_has_not_confirmed_gets_its_old_id(api: Api, queue: str) -> None:
    identifier = subscribe(api, queue, ttl=300, options={"a": 1})
    for _ in range(2):
        answer = api.subscription_create(queue, {"subscriber": HOOK, "ttl": 600, "options": {}})
        assert ok(answer, 201) == {"subscription_id": identifier}
        assert answer.headers["location"] == f"{api.path(queue)}/subscriptions"
    [shown] = subscriptions(api, queue)
    assert (shown["ttl"], shown["options"]) == (300, {"a": 1})
    other = subscribe(api, queue, f"{HOOK}&other=1")
    assert other != identifier


@mirrored
def test_a_subscriber_that_has_confirmed_is_a_conflict(api: Api, queue: str) -> None:
    identifier = subscribe(api, queue)
    ok(api.subscription_confirm(queue, identifier, {"confirmed": True}), 204)
    answer = refused(api.subscription_create(queue, {"subscriber": HOOK}), 409, "Resource conflict")
    assert answer.headers["location"] == f"{api.path(queue)}/subscriptions"
    assert [it["id"] for it in subscriptions(api, queue)] == [identifier]


BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"subscriber": 5}, "subscriber"),
    ({"subscriber": ["http://a"]}, "subscriber"),
    ({"subscriber": "http://a b"}, "subscriber"),
    ({"subscriber": "http://a\0"}, "subscriber"),
    ({"subscriber": "ftp://files.example.org"}, "must be supported in the list"),
    ({"subscriber": "hooks.example.org"}, "must be supported in the list"),
    ({"subscriber": "websocket://a"}, "must be supported in the list"),
    ({"subscriber": "http://127.0.0.1/"}, "subscriber_allow_networks"),
    ({"subscriber": "http://0x7f000001/"}, "subscriber_allow_networks"),
    ({"ttl": 59}, "ttl"),
    ({"ttl": -1}, "ttl"),
    ({"ttl": 60.0}, "must be an integer"),
    ({"ttl": "60"}, "must be an integer"),
    ({"ttl": True}, "must be an integer"),
    ({"ttl": 253402300800}, "9999"),
    ({"ttl": 2**63 - 1}, "9999"),
    ({"options": []}, "options"),
    ({"options": "a"}, "options"),
    ({"options": {"_delivery_secret": "x"}}, "_delivery_secret"),
    ({"options": {"_delivery_secret": None}}, "_delivery_secret"),
    ({"options": {"_ordered": 1}}, "_ordered"),
    ({"options": {"_dead_letter": "yes"}}, "_dead_letter"),
    ({"options": {"_retry_policy": []}}, "_retry_policy"),
    ({"options": {"_retry_policy": {"minimum_delay": -1}}}, "minimum_delay"),
    ({"options": {"_retry_policy": {"maximum_delay": 12}}}, "maximum_delay"),
    ({"options": {"_retry_policy": {"retry_backoff_function": "cubic"}}}, "backoff"),
    ({"options": {"_filter": []}}, "_filter"),
    ({"options": {"_filter": {}}}, "_filter"),
    ({"options": {"_filter": {"a": "b"}}}, "_filter.a"),
    ({"options": {"_filter": {"a": [{"suffix": "b"}]}}}, "suffix"),
    ({"options": {"_filter": {"a": list(range(151))}}}, "150"),
    ({"options": {"post_data": {}}}, "post_data"),
    ({"options": {"post_headers": {"X": "a\r\nb"}}}, "post_headers"),
    ({"options": {"post_headers": {"Host": "a"}}}, "post_headers"),
    ({"options": {"_signing_secret": 5}}, "_signing_secret"),
    ({"options": {"_envelope": "soap"}}, "_envelope"),
]


def test_bad_fields(api: Api, queue: str) -> None:
    """In a creation and in an update; nothing comes of it, not even a queue."""
    for fields, named in BAD_FIELDS:
        answer = api.subscription_create(queue, {"subscriber": HOOK, **fields})
        refused(answer, 400, "Invalid API request")
        assert named in answer.description, (fields, answer.description)
    assert not exists(api, queue)
    assert subscriptions(api, queue) == []


def test_bad_fields_of_an_update(api: Api, queue: str) -> None:
    identifier = subscribe(api, queue)
    before = {**ok(api.subscription_get(queue, identifier), 200), "age": 0}
    for fields, named in BAD_FIELDS:
        answer = api.subscription_update(queue, identifier, fields)
        refused(answer, 400, "Invalid API request")
        assert named in answer.description, (fields, answer.description)
    assert {**ok(api.subscription_get(queue, identifier), 200), "age": 0} == before


def test_options_that_are_no_object_are_refused_in_the_words_of_the_contract(
    api: Api, queue: str
) -> None:
    for options in ([], "a", 5):
        body = {"subscriber": HOOK, "options": options}
        answer = refused(api.subscription_create(queue, body), 400, "Invalid API request")
        assert "must be a dict" in answer.description


@mirrored
def test_bodies_that_name_no_subscriber(api: Api, queue: str) -> None:
    for body in ({}, {"subscriber": None}, {"subscriber": ""}, {"ttl": 60}):
        answer = refused(api.subscription_create(queue, body), 400, "Invalid API request")
        assert "Missing parameter" in answer.description
    answer = refused(api.subscription_create(queue), 400, "Invalid API request")
    assert "Missing parameter" in answer.description
    refused(api.subscription_create(queue, []), 400, "Invalid API request")
    answer = refused(api.subscription_create(queue, b"{"), 400, "Invalid request body")
    assert "body could not be parsed" in answer.description
    assert not exists(api, queue)


def test_the_ends_of_the_ranges(api: Api, queue: str, clock: TestClock) -> None:
    subscribe(api, queue, "http://a.example", ttl=60)
    subscribe(api, queue, "http://b.example", ttl=200_000_000_000)
    assert [it["ttl"] for it in subscriptions(api, queue)] == [60, 200_000_000_000]
    long = f"https://hooks.example.org/{'x' * 2000}"
    subscribe(api, queue, f"{long}1")
    subscribe(api, queue, f"{long}2")
    assert [it["subscriber"] for it in subscriptions(api, queue)[2:]] == [f"{long}1", f"{long}2"]


# Life and death


@mirrored
def test_a_subscription_ends_with_its_ttl(api: Api, queue: str, clock: TestClock) -> None:
    """At once, for everybody, and its subscriber is free again."""
    identifier = subscribe(api, queue, ttl=60)
    ok(api.subscription_confirm(queue, identifier, {"confirmed": True}), 204)
    clock.advance(60)
    assert subscriptions(api, queue) == []
    refused(api.subscription_get(queue, identifier), 404, "Not found")
    refused(api.subscription_update(queue, identifier, {"ttl": 60}), 404, "Not found")
    refused(api.subscription_confirm(queue, identifier, {"confirmed": True}), 404, "Not found")
    ok(api.subscription_delete(queue, identifier), 204)
    assert subscribe(api, queue) != identifier


@mirrored
def test_deleting_is_idempotent(api: Api, queue: str) -> None:
    ok(api.subscription_delete(queue, "unknown"), 204)
    assert not exists(api, queue)
    first, second = subscribe(api, queue), subscribe(api, queue, "http://second.example")
    for identifier in (first, first, "unknown", "a b", "-"):
        ok(api.subscription_delete(queue, identifier), 204)
    assert [it["id"] for it in subscriptions(api, queue)] == [second]
    ok(api.subscription_delete(queue, second), 204)
    assert subscriptions(api, queue) == []
    post(api, queue, "nobody hears this")
    assert subscribe(api, queue) not in (first, second)


@mirrored
def test_subscriptions_outlive_their_queue(api: Api, queue: str) -> None:
    identifier = subscribe(api, queue)
    ok(api.queue_delete(queue), 204)
    assert [it["id"] for it in subscriptions(api, queue)] == [identifier]
    ok(api.subscription_confirm(queue, identifier, {"confirmed": True}), 204)
    assert not exists(api, queue)
    post(api, queue, "in a new queue of the name")
    refused(api.subscription_create(queue, {"subscriber": HOOK}), 409, "Resource conflict")
    ok(api.queue_delete(queue), 204)
    ok(api.subscription_delete(queue, identifier), 204)
    assert subscriptions(api, queue) == []


@mirrored
def test_purge_takes_what_it_names(api: Api, queue: str) -> None:
    for number in range(22):
        subscribe(api, queue, f"http://hook-{number}.example")
    post(api, queue, 1)
    ok(api.queue_purge(queue, {"resource_types": ["messages"]}), 204)
    assert (len(subscriptions(api, queue)), messages(api, queue)) == (20, [])
    post(api, queue, 1)
    ok(api.queue_purge(queue, {"resource_types": []}), 204)
    assert len(subscriptions(api, queue)) == 20
    ok(api.queue_purge(queue, {"resource_types": ["subscriptions"]}), 204)
    assert subscriptions(api, queue) == []
    assert [it["body"] for it in messages(api, queue)] == [1]
    subscribe(api, queue)
    ok(api.queue_purge(queue), 204)
    assert (subscriptions(api, queue), messages(api, queue)) == ([], [])
    subscribe(api, queue)
    ok(api.queue_delete(queue), 204)
    ok(api.queue_purge(queue), 204)
    assert subscriptions(api, queue) == []
    assert not exists(api, queue)


# Listing


@mirrored
def test_pages_are_in_the_order_of_ids(api: Api, queue: str) -> None:
    made = [subscribe(api, queue, f"http://hook-{number}.example") for number in range(12)]
    answer = api.subscription_list(queue)
    page = ok(answer, 200)
    assert [it["id"] for it in page["subscriptions"]] == sorted(made)[:10]
    assert [it["id"] for it in follow(api, answer, "subscriptions")] == sorted(made)
    answer = api.subscription_list(queue, limit=5)
    assert [it["id"] for it in follow(api, answer, "subscriptions")] == sorted(made)
    third = sorted(made)[2]
    ok(api.subscription_delete(queue, third), 204)
    page = ok(api.subscription_list(queue, marker=third, limit=2), 200)
    assert [it["id"] for it in page["subscriptions"]] == sorted(made)[3:5]
    for marker, count in (("0", 11), ("z", 0), ("é", 0), (f"{third}x", 9)):
        page = ok(api.subscription_list(queue, marker=marker, limit=20), 200)
        assert len(page["subscriptions"]) == count


def test_the_limit_of_a_page(api: Api, queue: str) -> None:
    subscribe(api, queue)
    for good in (1, 20):
        assert len(ok(api.subscription_list(queue, limit=good), 200)["subscriptions"]) == 1
    for bad in (0, 21, -1):
        refused(api.subscription_list(queue, limit=bad), 400, "Invalid API request")


@mirrored
def test_links_and_unknown_parameters(api: Api, queue: str) -> None:
    identifier = subscribe(api, queue)
    page = ok(api.subscription_list(queue, detailed="False", limit=20), 200)
    href = f"{api.path(queue)}/subscriptions?limit=20&marker={identifier}"
    assert page["links"] == [{"rel": "next", "href": href}]
    refused(api.subscription_list(queue, limit="x"), 400, "Invalid parameter")


# Updating


@mirrored
def test_what_is_given_is_replaced(api: Api, queue: str, clock: TestClock) -> None:
    identifier = subscribe(api, queue, ttl=100, options={"a": 1, "b": 2})
    clock.advance(50)
    answer = api.subscription_update(queue, identifier, {"ttl": 70, "unknown": 1})
    ok(answer, 204)
    assert answer.headers["location"] == f"{api.path(queue)}/subscriptions/{identifier}"
    shown = ok(api.subscription_get(queue, identifier), 200)
    assert shown["age"] in (50, 51)
    assert (shown["ttl"], shown["options"]) == (70, {"a": 1, "b": 2})
    clock.advance(60)  # the ttl runs from the change on
    body = {"subscriber": None, "ttl": None, "options": {"c": 3}}
    ok(api.subscription_update(queue, identifier, body), 204)
    assert ok(api.subscription_get(queue, identifier), 200)["options"] == {"c": 3}
    ok(api.subscription_update(queue, identifier, {"options": {}}), 204)
    ok(api.subscription_update(queue, identifier, {"subscriber": "http://other.example"}), 204)
    shown = ok(api.subscription_get(queue, identifier), 200)
    assert (shown["subscriber"], shown["options"]) == ("http://other.example", {})
    clock.advance(10)
    refused(api.subscription_get(queue, identifier), 404, "Not found")


@mirrored
def test_updates_without_anything_to_do(api: Api, queue: str) -> None:
    identifier = subscribe(api, queue)
    for body in ({"unknown": 1}, {"subscriber": None, "ttl": None, "options": None}):
        answer = api.subscription_update(queue, identifier, body)
        refused(answer, 400, "Unable to update subscription")
    for empty in ({}, []):
        refused(api.subscription_update(queue, identifier, empty), 400, "Invalid API request")
    refused(api.subscription_update(queue, identifier), 400, "Invalid API request")
    answer = api.subscription_update(queue, identifier, [{"ttl": 60}])
    refused(answer, 400, "Invalid API request")
    assert answer.description == "Subscriptions must be a dict."
    refused(api.subscription_update(queue, identifier, b"["), 400, "Invalid request body")


@mirrored
def test_the_body_of_an_update_comes_before_its_existence(api: Api, queue: str) -> None:
    refused(api.subscription_update(queue, "unknown", {"ttl": 1}), 400, "Invalid API request")
    refused(api.subscription_update(queue, "unknown", {"ttl": 60}), 404, "Not found")
    refused(api.subscription_update(queue, "a b", {"ttl": 60}), 404, "Not found")
    assert not exists(api, queue)


@mirrored
def test_an_update_to_the_subscriber_of_another_is_a_conflict(api: Api, queue: str) -> None:
    first, second = subscribe(api, queue), subscribe(api, queue, "http://second.example")
    answer = api.subscription_update(queue, second, {"subscriber": HOOK, "ttl": 99})
    refused(answer, 409, "Resource conflict")
    shown = {it["id"]: (it["subscriber"], it["ttl"]) for it in subscriptions(api, queue)}
    assert shown == {first: (HOOK, 3600), second: ("http://second.example", 3600)}
    ok(api.subscription_update(queue, first, {"subscriber": HOOK}), 204)


# Confirming


@mirrored
def test_confirming_and_taking_it_back(api: Api, queue: str) -> None:
    identifier = subscribe(api, queue)
    for confirmed in (True, True, False, False, True):
        answer = api.subscription_confirm(queue, identifier, {"confirmed": confirmed})
        ok(answer, 204)
        path = f"{api.path(queue)}/subscriptions/{identifier}/confirm"
        assert answer.headers["location"] == path
        assert ok(api.subscription_get(queue, identifier), 200)["confirmed"] is confirmed
    # Where confirmation is not required, another address needs none.
    ok(api.subscription_update(queue, identifier, {"subscriber": "http://other.example"}), 204)
    assert ok(api.subscription_get(queue, identifier), 200)["confirmed"] is True


@mirrored
def test_bad_confirmations(api: Api, queue: str) -> None:
    for bad in ({}, {"confirmed": 1}, {"confirmed": "true"}, {"confirmed": None}, {"other": True}):
        answer = refused(
            api.subscription_confirm(queue, "unknown", bad), 400, "Invalid API request"
        )
        assert answer.description == "The 'confirmed' should be boolean."
    title = "Unable to confirm subscription"
    refused(api.subscription_confirm(queue, "unknown", [True]), 400, title)
    refused(api.subscription_confirm(queue, "unknown"), 400, "Invalid API request")
    answer = refused(api.subscription_confirm(queue, "unknown", b"{"), 400, "Invalid request body")
    assert "body could not be parsed" in answer.description
    refused(api.subscription_confirm(queue, "unknown", {"confirmed": True}), 404, "Not found")
    assert not exists(api, queue)


# Secrets


SECRETS: list[Any] = ["whsec_c2VjcmV0IG9mIHRoZSBvcmNoYXJk", ["whsec_b2xkIG9sZCBvbGQgb2xk"] * 2]


@pytest.mark.parametrize("secret", SECRETS, ids=["one", "two"])
def test_a_signing_secret_is_never_shown(api: Api, queue: str, secret: Any) -> None:
    identifier = subscribe(api, queue, options={"_signing_secret": secret, "a": 1})
    for options in ({"a": 2}, {"a": 3, "_signing_secret": secret}):
        listed = api.subscription_list(queue)
        shown = api.subscription_get(queue, identifier)
        for answer in (listed, shown):
            assert "whsec" not in str((answer.body, answer.headers))
        ok(api.subscription_update(queue, identifier, {"options": options}), 204)
    assert ok(api.subscription_get(queue, identifier), 200)["options"] == {"a": 3}


# Whose they are


@mirrored
def test_subscriptions_of_others_are_unknown(api: Api, queue: str) -> None:
    """Of another project, another queue, and a topic of the same name."""
    identifier = subscribe(api, queue)
    before = {**ok(api.subscription_get(queue, identifier), 200), "age": 0}
    others = (
        (api.other_project(), queue),
        (api, f"{queue}-2"),
        (api.of("topic" if api.kind == "queue" else "queue"), queue),
    )
    for other, name in others:
        own = subscribe(other, name)
        assert own != identifier
        assert [it["id"] for it in subscriptions(other, name)] == [own]
        refused(other.subscription_get(name, identifier), 404, "Not found")
        refused(other.subscription_update(name, identifier, {"ttl": 60}), 404, "Not found")
        confirmation = other.subscription_confirm(name, identifier, {"confirmed": True})
        refused(confirmation, 404, "Not found")
        ok(other.subscription_delete(name, identifier), 204)
        ok(other.queue_purge(name), 204)
        ok(other.queue_delete(name), 204)
        assert subscriptions(other, name) == []
    assert {**ok(api.subscription_get(queue, identifier), 200), "age": 0} == before


@mirrored
def test_empty_ids(api: Api, queue: str) -> None:
    path = f"{api.path(queue)}/subscriptions/"
    refused(api.call("GET", path), 404, "Not found")
    ok(api.call("DELETE", path), 204)
    refused(api.call("PATCH", path, {"ttl": 1}), 400, "Invalid API request")
    refused(api.call("PATCH", path, {"ttl": 60}), 404, "Not found")
    refused(api.call("POST", path, {}), 405, "405 Method Not Allowed")


def test_the_confirm_resource_has_one_method(api: Api, queue: str) -> None:
    path = f"{api.path(queue)}/subscriptions/unknown/confirm"
    for method in ("GET", "POST", "PATCH", "DELETE"):
        answer = refused(api.call(method, path), 405, "405 Method Not Allowed")
        assert answer.headers["allow"] == "PUT, OPTIONS"
