"""Queries and bodies: which problem decides, and in which words (each operation's order)."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.errors import ApiError, InvalidBody, InvalidParameter, InvalidRequest
from angarium.validation import MISSING, SchemaLibrary
from tests.validation.samples import DELAYED_BODY

Case = tuple[str, dict[str, Any], Any, type[ApiError], str]

MESSAGES = "message_post"
NO_INTEGERS: tuple[Any, ...] = (None, "60", 300.0, 60.5, True, [], {}, -1.0)
POSTS: list[Case] = [
    (MESSAGES, {}, MISSING, InvalidBody, "This request needs a body."),
    (MESSAGES, {}, [], InvalidRequest, "The request body must be an object."),
    (MESSAGES, {}, {}, InvalidRequest, "The request body must have the member messages."),
    (MESSAGES, {}, {"messages": {}}, InvalidBody, "messages must be an array."),
    (MESSAGES, {}, {"messages": None}, InvalidBody, "messages must be an array."),
    (MESSAGES, {}, {"messages": []}, InvalidRequest, "messages must not be empty."),
    (MESSAGES, {}, {"messages": [1]}, InvalidBody, "messages[0] must be an object."),
    (MESSAGES, {}, {"messages": [[]]}, InvalidBody, "messages[0] must be an object."),
    (
        MESSAGES,
        {},
        {"messages": [{"body": 1}, {"ttl": 60}]},
        InvalidBody,
        "messages[1] must have the member body.",
    ),
    *(
        (
            MESSAGES,
            {},
            {"messages": [{"body": 1, "ttl": ttl}]},
            InvalidBody,
            "messages[0].ttl must be an integer.",
        )
        for ttl in NO_INTEGERS
    ),
    *(
        (
            MESSAGES,
            {},
            {"messages": [{"body": 1, "ttl": ttl}]},
            InvalidRequest,
            "messages[0].ttl must lie between 60 and 1209600.",
        )
        for ttl in (59, 0, -1, 1209601, 2**63 - 1, 10**400)
    ),
    # types come before ranges, wherever they stand
    (
        MESSAGES,
        {},
        {"messages": [{"body": 1, "ttl": 1}, {"body": 1, "ttl": 1}, {"body": 1, "ttl": "x"}]},
        InvalidBody,
        "messages[2].ttl must be an integer.",
    ),
    (
        MESSAGES,
        {},
        {"messages": [{"body": 1, "ttl": 1}, {}]},
        InvalidBody,
        "messages[1] must have the member body.",
    ),
    # among equals the first
    (
        MESSAGES,
        {},
        {"messages": [{"body": 1}, {"body": 1, "ttl": 2}, {"body": 1, "ttl": 3}]},
        InvalidRequest,
        "messages[1].ttl must lie between 60 and 1209600.",
    ),
]

CLAIM_TTL = "ttl must lie between 60 and 43200."
CLAIM_GRACE = "grace must lie between 60 and 43200."
CLAIM_LIMIT = "limit must lie between 1 and 20."
CLAIMS: list[Case] = [
    ("claim_create", {}, [], InvalidBody, "The request body must be an object."),
    ("claim_create", {}, {"ttl": "x"}, InvalidBody, "ttl must be an integer or null."),
    ("claim_create", {}, {"ttl": False}, InvalidBody, "ttl must be an integer or null."),
    ("claim_create", {}, {"grace": 300.0}, InvalidBody, "grace must be an integer or null."),
    ("claim_create", {}, {"ttl": 59}, InvalidRequest, CLAIM_TTL),
    ("claim_create", {}, {"ttl": 0}, InvalidRequest, CLAIM_TTL),
    ("claim_create", {}, {"grace": 43201}, InvalidRequest, CLAIM_GRACE),
    ("claim_create", {"limit": 0}, MISSING, InvalidRequest, CLAIM_LIMIT),
    ("claim_create", {"limit": 21}, {}, InvalidRequest, CLAIM_LIMIT),
    # body types, ttl range, limit range, grace range
    (
        "claim_create",
        {"limit": 0},
        {"ttl": 1, "grace": "x"},
        InvalidBody,
        "grace must be an integer or null.",
    ),
    ("claim_create", {"limit": 0}, [], InvalidBody, "The request body must be an object."),
    ("claim_create", {"limit": 0}, {"grace": 1, "ttl": 1}, InvalidRequest, CLAIM_TTL),
    ("claim_create", {"limit": 0}, {"grace": 1}, InvalidRequest, CLAIM_LIMIT),
    ("claim_update", {}, MISSING, InvalidBody, "This request needs a body."),
    ("claim_update", {}, [], InvalidBody, "The request body must be an object."),
    ("claim_update", {}, {"ttl": 43201}, InvalidRequest, CLAIM_TTL),
    ("claim_update", {}, {"grace": "1"}, InvalidBody, "grace must be an integer or null."),
    (
        "claim_update",
        {},
        {"ttl": 1, "grace": 1.0},
        InvalidBody,
        "grace must be an integer or null.",
    ),
]

QUEUES: list[Case] = [
    ("queue_list", {"limit": 0}, MISSING, InvalidRequest, "limit must lie between 1 and 20."),
    ("queue_list", {"limit": 10**100}, MISSING, InvalidRequest, "limit must lie between 1 and 20."),
    ("queue_list", {"limit": "x"}, MISSING, InvalidParameter, "limit must be an integer."),
    ("queue_list", {"detailed": 1}, MISSING, InvalidParameter, "detailed must be true or false."),
    ("queue_create", {}, [], InvalidBody, "The request body must be an object."),
    (
        "queue_create",
        {},
        {"_max_claim_count": -1},
        InvalidRequest,
        "_max_claim_count must be at least 0.",
    ),
    ("queue_update", {}, MISSING, InvalidBody, "This request needs a body."),
    ("queue_update", {}, {}, InvalidBody, "The request body must be an array."),
    ("queue_update", {}, [1], InvalidBody, "[0] must be an object."),
    ("queue_update", {}, [{}], InvalidBody, "[0] must have the members op and path."),
    (
        "queue_update",
        {},
        [{"op": "remove", "path": "/metadata/a"}, {"op": "add", "path": "/metadata/a"}],
        InvalidBody,
        "[1] must have the member value.",
    ),
    (
        "queue_update",
        {},
        [{"op": "replace", "path": "/metadata/a"}],
        InvalidBody,
        "[0] must have the member value.",
    ),
    (
        "queue_update",
        {},
        [{"op": "move", "path": "/metadata/a"}],
        InvalidBody,
        '[0].op must be one of "add", "replace", "remove".',
    ),
    ("queue_update", {}, [{"op": None, "path": "a"}], InvalidBody, "[0].op must be a string."),
    ("queue_update", {}, [{"op": "remove", "path": 7}], InvalidBody, "[0].path must be a string."),
    ("queue_purge", {}, [], InvalidBody, "The request body must be an object."),
    (
        "queue_purge",
        {},
        {},
        InvalidRequest,
        "The request body must have the member resource_types.",
    ),
    (
        "queue_purge",
        {},
        {"resource_types": "messages"},
        InvalidRequest,
        "resource_types must be an array.",
    ),
    (
        "queue_purge",
        {},
        {"resource_types": None},
        InvalidRequest,
        "resource_types must be an array.",
    ),
    (
        "queue_purge",
        {},
        {"resource_types": ["messages", "claims"]},
        InvalidRequest,
        'resource_types[1] must be one of "messages", "subscriptions".',
    ),
    (
        "queue_purge",
        {},
        {"resource_types": [1]},
        InvalidRequest,
        "resource_types[0] must be a string.",
    ),
    ("queue_share", {}, MISSING, InvalidBody, "This request needs a body."),
    ("queue_share", {}, [], InvalidBody, "The request body must be an object."),
    (
        "queue_share",
        {},
        {"path": []},
        InvalidRequest,
        "The request body has the unknown member path; known are paths, methods, expires.",
    ),
    ("queue_share", {}, {"paths": "messages"}, InvalidRequest, "paths must be an array or null."),
    (
        "queue_share",
        {},
        {"paths": ["messages", "stats"]},
        InvalidRequest,
        'paths[1] must be one of "messages", "subscriptions", "claims".',
    ),
    ("queue_share", {}, {"methods": {}}, InvalidRequest, "methods must be an array or null."),
    ("queue_share", {}, {"methods": [1]}, InvalidRequest, "methods[0] must be a string."),
    ("queue_share", {}, {"expires": 9999999999}, InvalidRequest, "expires must be a string."),
    ("queue_share", {}, {"expires": None}, InvalidRequest, "expires must be a string."),
]

ONE_OF_BOTH = "Give exactly one of ids and pop."
READING: list[Case] = [
    ("message_list", {"limit": 21}, MISSING, InvalidRequest, "limit must lie between 1 and 20."),
    ("message_list", {"echo": "x"}, MISSING, InvalidParameter, "echo must be true or false."),
    (
        "message_get_many",
        {"ids": []},
        MISSING,
        InvalidRequest,
        "ids must have between 1 and 20 entries.",
    ),
    (
        "message_get_many",
        {"ids": ["a"] * 21},
        MISSING,
        InvalidRequest,
        "ids must have between 1 and 20 entries.",
    ),
    ("message_delete_many", {}, MISSING, InvalidRequest, ONE_OF_BOTH),
    ("message_delete_many", {"claim_ids": ["a"]}, MISSING, InvalidRequest, ONE_OF_BOTH),
    ("message_delete_many", {"ids": ["a"], "pop": 1}, MISSING, InvalidRequest, ONE_OF_BOTH),
    (
        "message_delete_many",
        {"pop": 0},
        MISSING,
        InvalidRequest,
        "pop must lie between 1 and 20.",
    ),
    (
        "message_delete_many",
        {"ids": []},
        MISSING,
        InvalidRequest,
        "ids must have between 1 and 20 entries.",
    ),
]

CASES = [*POSTS, *CLAIMS, *QUEUES, *READING]


@pytest.mark.parametrize(
    ("action", "query", "body", "error", "description"),
    CASES,
    ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)],
)
def test_refusals(
    library: SchemaLibrary,
    action: str,
    query: dict[str, Any],
    body: Any,
    error: type[ApiError],
    description: str,
) -> None:
    with pytest.raises(ApiError) as caught:
        library.request(action).check(query, body)
    assert type(caught.value) is error
    assert caught.value.description == description


class TestDelayedQueues:
    @pytest.mark.parametrize(
        ("messages", "error", "description"),
        [
            ([{"body": 1, "delay": "x"}], InvalidBody, "messages[0].delay must be an integer."),
            ([{"body": 1, "delay": None}], InvalidBody, "messages[0].delay must be an integer."),
            ([{"body": 1, "delay": 1.0}], InvalidBody, "messages[0].delay must be an integer."),
            (
                [{"body": 1}, {"body": 1, "delay": 901}],
                InvalidRequest,
                "messages[1].delay must lie between 0 and 900.",
            ),
            (
                [{"body": 1, "ttl": 1}, {"body": 1, "delay": "x"}],
                InvalidBody,
                "messages[1].delay must be an integer.",
            ),
        ],
    )
    def test_the_delay_is_checked(
        self,
        library: SchemaLibrary,
        messages: list[Any],
        error: type[ApiError],
        description: str,
    ) -> None:
        with pytest.raises(ApiError) as caught:
            library.part(DELAYED_BODY).check({"messages": messages})
        assert type(caught.value) is error
        assert caught.value.description == description

    @pytest.mark.parametrize("delay", [None, "x", -1, 1.5, [], 10**20])
    def test_elsewhere_it_is_not_looked_at(self, library: SchemaLibrary, delay: Any) -> None:
        library.request("message_post").check({}, {"messages": [{"body": 1, "delay": delay}]})
