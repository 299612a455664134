"""Databases for the conformance kit: one for each suite and test process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from angarium.testing.control.subscribed import SubscribedCases
from angarium.testing.control.subscribing import SubscribingCases
from tests import stores

collect_ignore = [] if os.environ.get(stores.MYSQL_VARIABLE) else ["test_sql_mysql.py"]


@pytest.fixture(scope="class")
def postgresql_database(postgresql: Callable[[], str]) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with stores.database(postgresql()) as url:
        yield url


@pytest.fixture(scope="class")
def mysql_database() -> Iterator[str]:
    """The URL of an empty MySQL or MariaDB database."""
    with stores.database(os.environ[stores.MYSQL_VARIABLE]) as url:
        yield url


@pytest.fixture(scope="class")
def redis_uri(redis: Callable[[], str]) -> Iterator[str]:
    """The uri of an empty store on Redis."""
    with stores.redis_store(redis()) as uri:
        yield uri


_OWED: Final = frozenset(
    {
        "test_batch_leaves_one_notice",
        "test_debt_outlives_messages_and_queue[deleted]",
        "test_deletion_and_subscription_at_the_same_moment",
        "test_change_finds_the_subscription_as_it_was_read[options]",
        "test_change_to_a_subscriber_in_use_is_refused",
        "test_expansion_page_by_page",
        "test_id_of_another_source_does_not_exist[project]",
        "test_lane_is_kept_for_more",
        "test_last_word_on_order_counts",
        "test_new_ttl_runs_from_now",
        "test_note_and_subscription_at_the_same_moment",
        "test_note_stays_while_there_is_a_subscription",
        "test_one_of_all_who_want_a_subscriber_gets_it",
        "test_one_of_concurrent_owners_gets_a_queue",
        "test_ordered_lane_is_kept_duty_by_duty",
        "test_page_of_who_lost_the_lease_is_void",
        "test_queue_has_to_expect_a_subscription[not-noted]",
        "test_queue_has_to_expect_a_subscription[deleting]",
        "test_repeated_creation_counts_as_created",
        "test_report_is_ignored_when_somebody_took_the_lane",
        "test_subscriptions_outlive_their_queue",
    }
)
"""What SecantusDB gets by default of the cases about subscriptions and duties."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the long suites, SecantusDB gets a part by default.

    That is the numbered scenarios of the contract, a few cases about subscriptions and duties, and
    all others of the management store. It is written in Python, and takes minutes for all of the
    suites and hours for their full counts: ``ANGARIUM_TEST_MONGODB_WHOLE=1`` has all of them run,
    with the small ones. Your own MongoDB gets what the other stores get.
    """
    if any(os.environ.get(it) for it in (stores.MONGODB_VARIABLE, stores.MONGODB_WHOLE_VARIABLE)):
        return
    left_out = [it for it in items if "::TestMongodb" in it.nodeid and not _is_short(it)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [it for it in items if it not in left_out]


def _is_short(item: pytest.Item) -> bool:
    name = item.name
    if name in _OWED:
        return True
    if "::TestMongodbControl::" in item.nodeid:
        case = name.partition("[")[0]
        return not any(hasattr(it, case) for it in (SubscribingCases, SubscribedCases))
    return name.startswith("test_scenario_") and not name.startswith(
        ("test_scenario_01_", "test_scenario_21_")
    )
