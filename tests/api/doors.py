"""Which cases are run over which doors."""

from __future__ import annotations

from typing import Final

import pytest

WSGI: Final = "wsgi"
WEBSOCKET: Final = "websocket"

_BOTH: Final = frozenset(
    f"tests.api.test_{name}"
    for name in (
        "bulk",
        "claims",
        "dead_letters",
        "delays",
        "isolation",
        "messages",
        "metadata",
        "queue_list",
        "queues",
        "stats",
        "subscriptions",
    )
)
"""The modules whose cases ask for actions and are not about HTTP."""

_ABOUT_HTTP: Final = frozenset(
    {
        # Over a socket only claim actions tell which claim a message is under.
        "test_a_claim_ends_by_itself",
        "test_claimed_messages_are_listed_on_demand",
        "test_other_parameters_are_ignored",
        "test_own_claimed_and_delayed_messages_can_be_read_by_id",
        "test_bodies_that_name_no_subscriber",  # over a socket that means the connection
        # headers of answers, and links
        "test_create_without_metadata",
        "test_empty_ids",
        "test_links_and_unknown_parameters",
        "test_options_that_are_no_object_are_refused_in_the_words_of_the_contract",
        "test_the_confirm_resource_has_one_method",
        "test_the_next_link_repeats_the_parameters",
    }
)
"""Cases among them that are."""


def doors_of(metafunc: pytest.Metafunc) -> list[str]:
    """The doors over which a case is run."""
    is_for_both = (
        metafunc.module.__name__ in _BOTH and metafunc.function.__name__ not in _ABOUT_HTTP
    )
    return [WSGI, WEBSOCKET] if is_for_both else [WSGI]
