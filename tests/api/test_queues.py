"""Queues: create, show, delete (``rest-v2.md`` 5.0, 5.2, 5.3, 5.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import UNSET, Api
from tests.api.helpers import DEFAULTS, claim, defaults, exists, messages, ok, post, refused, totals
from tests.api.kinds import mirrored
from tests.servers import TestClock


@mirrored
@pytest.mark.parametrize("metadata", [UNSET, {}, b"", b"  {}  "])
def test_create_without_metadata(api: Api, queue: str, metadata: Any) -> None:
    status, body, headers = api.queue_create(queue, metadata)
    assert (status, body) == (201, None)
    assert headers["location"] == api.path(queue)
    assert headers["content-length"] == "0"
    assert ok(api.queue_get(queue), 200) == defaults(api)
    assert exists(api, queue)


@mirrored
def test_create_with_metadata(api: Api, queue: str) -> None:
    metadata = {"_default_message_ttl": 900, "_max_claim_count": 3, "team": "billing", "n": [1]}
    ok(api.queue_create(queue, metadata), 201)
    assert ok(api.queue_get(queue), 200) == {**defaults(api), **metadata}


@mirrored
def test_creating_again_changes_nothing(api: Api, queue: str) -> None:
    ok(api.queue_create(queue, {"a": 1, "_default_message_ttl": 60}), 201)
    post(api, queue, "kept")
    for metadata in (UNSET, {}, {"a": 2, "b": 3, "_default_message_ttl": 70}):
        status, body, headers = api.queue_create(queue, metadata)
        assert (status, body) == (204, None)
        assert headers["location"] == api.path(queue)
    assert ok(api.queue_get(queue), 200) == {**defaults(api), "a": 1, "_default_message_ttl": 60}
    assert totals(api, queue) == (1, 0, 1)


@mirrored
def test_the_body_of_a_repeated_create_is_validated(api: Api, queue: str) -> None:
    ok(api.queue_create(queue), 201)
    refused(api.queue_create(queue, {"_max_claim_count": -1}), 400, "Invalid API request")
    refused(api.queue_create(queue, []), 400, "Invalid request body")


@mirrored
def test_a_queue_made_by_a_post_has_no_metadata(api: Api, queue: str) -> None:
    post(api, queue, 1)
    assert ok(api.queue_get(queue), 200) == defaults(api)
    assert api.queue_create(queue, {"a": 1}).status == 204
    assert ok(api.queue_get(queue), 200) == defaults(api)


@mirrored
def test_an_unknown_queue_reads_as_an_unconfigured_one_and_is_not_created(
    api: Api, queue: str
) -> None:
    assert ok(api.queue_get(queue), 200) == defaults(api)
    assert not exists(api, queue)


@mirrored
def test_defaults_shown_come_from_the_options(limited: Api, queue: str) -> None:
    expected = {
        **defaults(limited),
        "_max_messages_post_size": 600,
        "_default_message_ttl": 120,
        "_default_message_delay": 7,
    }
    assert ok(limited.queue_get(queue), 200) == expected
    ok(limited.queue_create(queue), 201)
    assert ok(limited.queue_get(queue), 200) == expected


RESERVED: dict[str, tuple[list[Any], list[Any]]] = {
    "_max_messages_post_size": (
        [1, 262144, None],
        [0, -1, 262145, "1", 1.0, 1.5, True, False, [], {}, "", 2**63 - 1],
    ),
    "_default_message_ttl": (
        [60, 3600, 1209600, None],
        [59, 0, -60, 1209601, "60", 60.0, True, False, "", [], {}],
    ),
    "_default_message_delay": (
        [0, 1, 900, None],
        [-1, 901, "0", 0.0, 1.5, True, False, "", [], {}],
    ),
    "_dead_letter_queue": (
        ["other", "q" * 64, "a.b", None],
        ["", "no good", "q" * 65, "a\n", "é", 5, 0, True, False, [], {}, ["other"]],
    ),
    "_dead_letter_queue_messages_ttl": (
        [60, 1209600, None],
        [59, 0, 1209601, "60", 60.0, True, False, "", [], {}],
    ),
    "_max_claim_count": (
        [0, 1, 1000000, None],
        [-1, "1", 1.0, 1.5, True, False, "", [], {}],
    ),
    "_enable_encrypt_messages": (
        [False, None],
        [True, 0, 1, "", "false", "true", [], {}],
    ),
    "_flavor": ([None], [0, 5, True, False, [], {}, ["gold"]]),
    "_retry_policy": (
        [
            None,
            {},
            {"retries_with_no_delay": 0, "minimum_delay_retries": 9},
            {"minimum_delay": 20, "maximum_delay": 30, "maximum_delay_retries": 0},
            {"retry_backoff_function": "exponential", "minimum_delay": 1},
            {"ignore_subscription_override": True, "anything": "else"},
            {"retries_with_no_delay": None, "retry_backoff_function": None},
        ],
        [
            0,
            1,
            "",
            "linear",
            True,
            False,
            [],
            {"retries_with_no_delay": -1},
            {"retries_with_no_delay": "3"},
            {"retries_with_no_delay": 3.0},
            {"minimum_delay_retries": True},
            {"maximum_delay": 12},
            {"minimum_delay": 21},
            {"minimum_delay": 5, "maximum_delay": 14},
            {"maximum_delay_retries": -1},
            {"retry_backoff_function": "cubic"},
            {"retry_backoff_function": 1},
            {"retry_backoff_function": "geometric", "minimum_delay": 0},
            {"retry_backoff_function": "exponential", "minimum_delay": 0},
            {"ignore_subscription_override": "true"},
            {"ignore_subscription_override": 0},
        ],
    ),
}


@mirrored
@pytest.mark.parametrize("key", RESERVED)
def test_reserved_keys_take_what_the_table_permits(api: Api, queue: str, key: str) -> None:
    good, _ = RESERVED[key]
    for number, value in enumerate(good):
        name = f"{queue}-{number}"
        ok(api.queue_create(name, {key: value}), 201)
        shown = ok(api.queue_get(name), 200)
        assert shown.get(key) == (value or defaults(api).get(key, value)), value


@mirrored
@pytest.mark.parametrize("key", RESERVED)
def test_reserved_keys_refuse_everything_else(api: Api, queue: str, key: str) -> None:
    _, bad = RESERVED[key]
    for value in bad:
        answer = refused(api.queue_create(queue, {key: value}), 400, "Invalid API request")
        assert key in answer.description, (value, answer.description)
    assert not exists(api, queue)


@mirrored
def test_a_queue_cannot_name_itself_as_its_dead_letter_queue(api: Api, queue: str) -> None:
    answer = api.queue_create(queue, {"_dead_letter_queue": queue})
    refused(answer, 400, "Invalid API request")
    ok(api.queue_create(queue, {"_dead_letter_queue": f"{queue}-dead"}), 201)


@mirrored
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_max_messages_post_size", 601),
        ("_default_message_ttl", 1001),
        ("_default_message_delay", 51),
        ("_dead_letter_queue_messages_ttl", 1001),
    ],
)
def test_ranges_of_reserved_keys_come_from_the_options(
    limited: Api, queue: str, key: str, value: int
) -> None:
    refused(limited.queue_create(queue, {key: value}), 400, "Invalid API request")
    ok(limited.queue_create(queue, {key: value - 1}), 201)


def test_falsy_values_of_reserved_keys_are_shown_as_the_defaults(api: Api, queue: str) -> None:
    stored = {
        "_max_messages_post_size": None,
        "_default_message_ttl": None,
        "_default_message_delay": 0,
        "_dead_letter_queue": None,
        "_dead_letter_queue_messages_ttl": None,
        "_max_claim_count": 0,
        "_enable_encrypt_messages": False,
    }
    ok(api.queue_create(queue, stored), 201)
    assert ok(api.queue_get(queue), 200) == DEFAULTS


@mirrored
def test_delete_is_idempotent(api: Api, queue: str) -> None:
    ok(api.queue_delete(queue), 204)
    ok(api.queue_create(queue, {"a": 1}), 201)
    for _ in range(3):
        ok(api.queue_delete(queue), 204)
    assert not exists(api, queue)
    assert ok(api.queue_get(queue), 200) == defaults(api)


def test_delete_takes_messages_and_claims_along(api: Api, queue: str) -> None:
    ids = post(api, queue, 1, 2, 3)
    claim_id, _ = claim(api, queue, limit=2)
    ok(api.queue_delete(queue), 204)
    refused(api.claim_get(queue, claim_id), 404, "Not found")
    refused(api.claim_update(queue, claim_id, {}), 404, "Not found")
    ok(api.claim_delete(queue, claim_id), 204)
    refused(api.message_get_many(queue, ids), 404, "Not found")
    assert totals(api, queue) == (0, 0, 0)
    assert not exists(api, queue)


def test_a_queue_made_again_is_empty(api: Api, queue: str) -> None:
    ok(api.queue_create(queue, {"a": 1}), 201)
    ids = post(api, queue, 1, 2)
    claim_id, _ = claim(api, queue, limit=1)
    ok(api.queue_delete(queue), 204)
    ok(api.queue_create(queue, {"b": 2}), 201)
    assert ok(api.queue_get(queue), 200) == {**DEFAULTS, "b": 2}
    assert totals(api, queue) == (0, 0, 0)
    assert messages(api, queue) == []
    refused(api.claim_get(queue, claim_id), 404, "Not found")
    refused(api.message_get(queue, ids[0]), 404, "Not found")
    [new] = post(api, queue, "new")
    assert [it["id"] for it in claim(api, queue)[1]] == [new]


@mirrored
def test_metadata_is_no_message_of_the_past(api: Api, queue: str, clock: TestClock) -> None:
    """A queue has no ttl: it stays however long nobody uses it."""
    ok(api.queue_create(queue, {"a": 1}), 201)
    clock.advance(30 * 86400)
    assert ok(api.queue_get(queue), 200)["a"] == 1
    assert exists(api, queue)
