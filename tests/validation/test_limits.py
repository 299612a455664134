"""Limits and options of the configuration enter the schemas."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.errors import ApiError, InvalidBody, InvalidRequest, WrongClientId
from angarium.limits import Limits
from angarium.validation import MISSING, RequestSchema, SchemaLibrary
from tests.validation import samples

SMALL = Limits(
    max_queues_per_page=2,
    max_messages_per_page=3,
    max_messages_per_claim_or_pop=4,
    max_queue_metadata=50,
    max_messages_post_size=60,
    max_message_ttl=70,
    max_message_delay=8,
    max_claim_ttl=90,
    max_claim_grace=100,
)


@pytest.fixture(scope="module")
def small() -> SchemaLibrary:
    return SchemaLibrary(SMALL)


CASES: list[tuple[str, str, int]] = [
    ("queue_list", "limit", 2),
    ("message_list", "limit", 3),
    ("message_delete_many", "pop", 4),
    ("claim_create", "limit", 4),
]


@pytest.mark.parametrize(("action", "parameter", "maximum"), CASES)
def test_a_query_parameter(small: SchemaLibrary, action: str, parameter: str, maximum: int) -> None:
    request = small.request(action)
    request.check({parameter: maximum})
    with pytest.raises(InvalidRequest, match=f"^{parameter} must lie between 1 and {maximum}.$"):
        request.check({parameter: maximum + 1})


@pytest.mark.parametrize("action", ["message_get_many", "message_delete_many"])
def test_the_number_of_ids(small: SchemaLibrary, action: str) -> None:
    small.request(action).check({"ids": ["a", "b", "c"]})
    with pytest.raises(InvalidRequest, match="ids must have between 1 and 3 entries"):
        small.request(action).check({"ids": ["a", "b", "c", "d"]})


@pytest.mark.parametrize(
    ("action", "member", "minimum", "maximum"),
    [
        ("claim_create", "ttl", 60, 90),
        ("claim_create", "grace", 60, 100),
        ("claim_update", "ttl", 60, 90),
        ("queue_create", "_max_messages_post_size", 1, 60),
        ("queue_create", "_default_message_ttl", 60, 70),
        ("queue_create", "_default_message_delay", 0, 8),
        ("queue_create", "_dead_letter_queue_messages_ttl", 60, 70),
    ],
)
def test_a_member(
    small: SchemaLibrary, action: str, member: str, minimum: int, maximum: int
) -> None:
    request = small.request(action)
    for value in (minimum, maximum, None):
        request.check({}, {member: value})
    for value in (minimum - 1, maximum + 1):
        with pytest.raises(
            InvalidRequest, match=f"^{member} must lie between {minimum} and {maximum}.$"
        ):
            request.check({}, {member: value})


def test_messages(small: SchemaLibrary) -> None:
    request, delayed = small.request("message_post"), small.part(samples.DELAYED_BODY)
    request.check({}, {"messages": [{"body": 1, "ttl": 70, "delay": 99}]})
    delayed.check({"messages": [{"body": 1, "ttl": 70, "delay": 8}]})
    with pytest.raises(InvalidRequest, match="ttl must lie between 60 and 70"):
        request.check({}, {"messages": [{"body": 1, "ttl": 71}]})
    with pytest.raises(InvalidRequest, match="delay must lie between 0 and 8"):
        delayed.check({"messages": [{"body": 1, "delay": 9}]})


@pytest.mark.parametrize(
    ("action", "size", "error"),
    [
        ("message_post", 60, InvalidRequest),
        ("queue_create", 50, InvalidRequest),
        ("queue_update", 50, InvalidBody),
        ("queue_purge", 50, InvalidRequest),
        ("queue_share", 50, InvalidRequest),
        ("claim_create", 50, InvalidRequest),
        ("claim_update", 50, InvalidRequest),
    ],
)
def test_the_size_of_a_body(
    small: SchemaLibrary, action: str, size: int, error: type[ApiError]
) -> None:
    request = small.request(action)
    assert request.takes_body
    assert request.max_body == size
    assert request.body_error is error


class TestClientId:
    UUIDS = (
        samples.CLIENT_ID,
        samples.CLIENT_ID.upper(),
        samples.CLIENT_ID.replace("-", ""),
        f"{{{samples.CLIENT_ID}}}",
        f"urn:uuid:{samples.CLIENT_ID}",
        "00000000-0000-0000-0000-000000000000",
    )

    @staticmethod
    def check(library: SchemaLibrary, client_id: str) -> None:
        library.request("queue_get").check_headers({"Client-ID": client_id, "X-Project-Id": "p"})

    @pytest.mark.parametrize("client_id", UUIDS)
    def test_strict_takes_every_spelling_of_a_uuid(
        self, library: SchemaLibrary, client_id: str
    ) -> None:
        self.check(library, client_id)

    @pytest.mark.parametrize("client_id", ["", "abc", "a-text-of-28-characters-here", "0" * 33])
    def test_strict_refuses_the_rest(self, library: SchemaLibrary, client_id: str) -> None:
        with pytest.raises(WrongClientId, match=r"^The Client-ID header must be a UUID\.$"):
            self.check(library, client_id)

    @pytest.mark.parametrize(("length", "good"), [(0, 0), (4, 0), (5, 1), (9, 1), (10, 0)])
    def test_off_counts_characters(self, length: int, good: int) -> None:
        limits = Limits(client_id_uuid_safe="off", min_length_client_id=5, max_length_client_id=9)
        library = SchemaLibrary(limits)
        if good:
            self.check(library, "é" * length)
        else:
            with pytest.raises(WrongClientId, match="must have between 5 and 9 characters"):
                self.check(library, "é" * length)


@pytest.fixture(scope="module")
def request_schema() -> RequestSchema:
    limits = Limits(message_delete_with_claim_id=True)
    return SchemaLibrary(limits).request("message_delete_many")


class TestDeletionWithClaimId:
    @pytest.mark.parametrize("query", [{"ids": ["a"], "claim_ids": ["b"]}, {"pop": 1}])
    def test_good(self, request_schema: RequestSchema, query: dict[str, Any]) -> None:
        request_schema.check(query, MISSING)

    @pytest.mark.parametrize("query", [{"ids": ["a"]}, {"pop": 1, "claim_ids": ["b"]}])
    def test_bad(self, request_schema: RequestSchema, query: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest, match=r"^Here ids and claim_ids are needed together\.$"):
            request_schema.check(query)

    @pytest.mark.parametrize("query", [{"ids": ["a"]}, {"pop": 1, "claim_ids": ["b"]}])
    def test_without_the_option_claim_ids_are_ignored(
        self, library: SchemaLibrary, query: dict[str, Any]
    ) -> None:
        library.request("message_delete_many").check(query)
