"""Retry policies and their schedules (contract, ``notifications.md`` 7)."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.notifications.retrying import RetryPolicy

# 7.4: m, M, linear, arithmetic, geometric and exponential.
TABLE = [
    (5, 30, "5 10 15 20 25", "5 7 12 20 30", "5 7 12 19 30"),
    (
        10,
        60,
        "10 15 20 25 30 35 40 45 50 55",
        "10 11 13 16 21 26 33 41 50 60",
        "10 12 14 18 22 27 33 40 49 60",
    ),
    (2, 40, "2 7 12 17 22 27 32 37", "2 3 7 12 20 29 40", "2 3 5 8 14 24 40"),
]
QUEUE = {
    "retries_with_no_delay": 0,
    "minimum_delay_retries": 1,
    "minimum_delay": 2,
    "maximum_delay": 40,
    "maximum_delay_retries": 0,
}
SUBSCRIPTION = {"retries_with_no_delay": 1}
OVERRIDE = {"ignore_subscription_override": True}


@pytest.mark.parametrize(("least", "most", "linear", "arithmetic", "geometric"), TABLE)
def test_the_backoff_sequences_are_those_of_the_table(
    least: int, most: int, linear: str, arithmetic: str, geometric: str
) -> None:
    expected = {
        "linear": linear,
        "arithmetic": arithmetic,
        "geometric": geometric,
        "exponential": geometric,
    }
    for function, sequence in expected.items():
        policy = RetryPolicy(
            minimum_delay=least, maximum_delay=most, retry_backoff_function=function
        )
        assert " ".join(map(str, policy.backoff())) == sequence, function


def test_the_defaults_make_fifteen_attempts_in_three_minutes() -> None:
    delays = list(RetryPolicy().delays())
    assert len(delays) + 1 == 15
    assert [delays[:3], delays[3:6], delays[6:11], delays[11:]] == [
        [0, 0, 0],
        [5, 5, 5],
        [5, 10, 15, 20, 25],
        [30, 30, 30],
    ]
    assert sum(delays) == 180


def test_the_delay_of_each_attempt_is_found_by_how_many_failed() -> None:
    policy = RetryPolicy.of(QUEUE)
    found = [policy.delay(attempts) for attempts in range(1, 12)]
    assert found == [2, 2, 7, 12, 17, 22, 27, 32, 37, None, None]


@pytest.mark.parametrize(
    ("queue", "subscription", "chosen"),
    [
        (QUEUE, SUBSCRIPTION, SUBSCRIPTION),
        (QUEUE, {}, QUEUE),
        (QUEUE, None, QUEUE),
        ({}, SUBSCRIPTION, SUBSCRIPTION),
        (None, None, {}),
        ({**QUEUE, **OVERRIDE}, SUBSCRIPTION, QUEUE),
        (QUEUE, {**SUBSCRIPTION, **OVERRIDE}, QUEUE),
        ({}, {**SUBSCRIPTION, **OVERRIDE}, {}),
        (OVERRIDE, SUBSCRIPTION, {}),
        ({**QUEUE, "ignore_subscription_override": False}, SUBSCRIPTION, SUBSCRIPTION),
    ],
)
def test_one_of_the_two_policies_counts_as_a_whole(
    queue: Any, subscription: Any, chosen: Any
) -> None:
    assert RetryPolicy.choose(queue, subscription) == RetryPolicy.of(chosen)


def test_null_counts_as_absent_and_unknown_keys_are_ignored() -> None:
    assert RetryPolicy.of({"minimum_delay": None, "colour": "blue"}) == RetryPolicy()


def test_the_smallest_distance_of_the_two_delays_makes_two_steps() -> None:
    for function in ("linear", "arithmetic", "geometric", "exponential"):
        policy = RetryPolicy(minimum_delay=5, maximum_delay=15, retry_backoff_function=function)
        assert list(policy.backoff()) == ([5, 10] if function == "linear" else [5, 15])
