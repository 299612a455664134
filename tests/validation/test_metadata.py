"""The reserved keys of queue metadata (rest-v2.md 5.0, notifications.md 7.2)."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.errors import InvalidBody, InvalidRequest
from angarium.validation import SchemaLibrary
from tests.validation.samples import METADATA


def one(key: str, value: Any) -> dict[str, Any]:
    return {key: value}


NO_INTEGERS: tuple[Any, ...] = (False, "", "60", [], {}, 60.0)
BACKOFF = 'must be one of "linear", "arithmetic", "geometric", "exponential", null.'
QUEUE_NAME = "must be a queue name: 1 to 64 ASCII letters, digits, underscores, hyphens or dots."
BAD_METADATA: list[tuple[dict[str, Any], str]] = [
    *(
        (one(key, value), f"{key} must be an integer or null.")
        for key in (
            "_max_messages_post_size",
            "_default_message_ttl",
            "_default_message_delay",
            "_dead_letter_queue_messages_ttl",
            "_max_claim_count",
        )
        for value in NO_INTEGERS
    ),
    (one("_max_messages_post_size", 0), "_max_messages_post_size must lie between 1 and 262144."),
    (one("_default_message_ttl", 0), "_default_message_ttl must lie between 60 and 1209600."),
    (one("_default_message_delay", -1), "_default_message_delay must lie between 0 and 900."),
    (one("_dead_letter_queue", ""), f"_dead_letter_queue {QUEUE_NAME}"),
    (one("_dead_letter_queue", "a\n"), f"_dead_letter_queue {QUEUE_NAME}"),
    (one("_dead_letter_queue", "q" * 65), f"_dead_letter_queue {QUEUE_NAME}"),
    (one("_dead_letter_queue", 0), "_dead_letter_queue must be a string or null."),
    (one("_enable_encrypt_messages", 0), "_enable_encrypt_messages must be true, false or null."),
    (
        one("_enable_encrypt_messages", True),
        "_enable_encrypt_messages cannot be true: this service has no key for message encryption.",
    ),
    (one("_flavor", 0), "_flavor must be a string or null."),
    (one("_retry_policy", []), "_retry_policy must be an object or null."),
    (one("_retry_policy", ""), "_retry_policy must be an object or null."),
    *(
        (one("_retry_policy", one(key, value)), f"_retry_policy.{key} {rule}")
        for key in (
            "retries_with_no_delay",
            "minimum_delay_retries",
            "minimum_delay",
            "maximum_delay",
            "maximum_delay_retries",
        )
        for value, rule in (
            (-1, "must be at least 0."),
            (5.0, "must be an integer or null."),
            (True, "must be an integer or null."),
        )
    ),
    (
        one("_retry_policy", one("retry_backoff_function", "square")),
        f"_retry_policy.retry_backoff_function {BACKOFF}",
    ),
    (
        one("_retry_policy", one("ignore_subscription_override", 1)),
        "_retry_policy.ignore_subscription_override must be true, false or null.",
    ),
    *(
        (
            one("_retry_policy", {"retry_backoff_function": name, "minimum_delay": 0}),
            "_retry_policy.minimum_delay must be at least 1.",
        )
        for name in ("geometric", "exponential")
    ),
]


@pytest.mark.parametrize(("metadata", "description"), BAD_METADATA)
def test_bad_reserved_keys(
    library: SchemaLibrary, metadata: dict[str, Any], description: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        library.part(METADATA).check(metadata)
    assert caught.value.description == description


@pytest.mark.parametrize(("metadata", "description"), BAD_METADATA)
def test_they_are_as_bad_when_a_queue_is_created(
    library: SchemaLibrary, metadata: dict[str, Any], description: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        library.request("queue_create").check({}, {"other": 1, **metadata})
    assert caught.value.description == description


def test_the_caller_may_choose_the_error(library: SchemaLibrary) -> None:
    with pytest.raises(InvalidBody, match=r"^_max_claim_count must be at least 0\.$"):
        library.part(METADATA).check({"_max_claim_count": -1}, InvalidBody)


@pytest.mark.parametrize(
    "metadata",
    [
        {"_other": 1.5, "plain": [None]},
        {"_max_claim_count": 0, "_default_message_delay": 0, "_enable_encrypt_messages": False},
        {"_retry_policy": {"unknown": -1, "minimum_delay": 0}},
        {"_retry_policy": {"retry_backoff_function": "geometric"}},
    ],
)
def test_good(library: SchemaLibrary, metadata: dict[str, Any]) -> None:
    library.part(METADATA).check(metadata)
