"""Claims: create, query, renew, release, expiry (``rest-v2.md`` 8.1 to 8.5 and 8.7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import UNSET, Api
from tests.api.helpers import (
    bodies,
    claim,
    exists,
    last_segment,
    messages,
    ok,
    post,
    refused,
    totals,
)
from tests.servers import TestClock


def test_create(api: Api, queue: str) -> None:
    ids = post(api, queue, "A", "B", "C")
    status, body, headers = api.claim_create(queue, {"ttl": 720, "grace": 300}, limit=2)
    assert status == 201
    claim_id = last_segment(headers["location"])
    assert headers["location"] == f"/v2/queues/{queue}/claims/{claim_id}"
    assert not set(claim_id) & set("/?&=, \t")
    assert set(body) == {"messages"}
    for document, identifier, text in zip(body["messages"], ids[:2], "AB", strict=True):
        assert 0 <= document.pop("age") <= 2
        assert document == {
            "id": identifier,
            "href": f"/v2/queues/{queue}/messages/{identifier}?claim_id={claim_id}",
            "ttl": 3600,
            "body": text,
        }


@pytest.mark.parametrize("body", [UNSET, b"", {}, {"ttl": None, "grace": None}, {"ttl": 60}])
def test_the_body_is_optional(api: Api, queue: str, body: Any) -> None:
    post(api, queue, 1)
    answer = api.claim_create(queue, body)
    claim_id = last_segment(ok(answer, 201) and answer.headers["location"])
    expected = 60 if body == {"ttl": 60} else 300
    assert ok(api.claim_get(queue, claim_id), 200)["ttl"] == expected


def test_nothing_to_claim(api: Api, queue: str) -> None:
    for _ in range(2):
        status, body, headers = api.claim_create(queue, {})
        assert (status, body) == (204, None)
        assert "location" not in headers
        assert not exists(api, queue)
    post(api, queue, 1)
    claim(api, queue)
    answer = api.claim_create(queue, {})
    assert (answer.status, answer.headers.get("location")) == (204, None)
    ok(api.queue_create(f"{queue}-empty"), 201)
    ok(api.claim_create(f"{queue}-empty"), 204)


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"ttl": 59}, "Invalid API request"),
        ({"ttl": 0}, "Invalid API request"),
        ({"ttl": -1}, "Invalid API request"),
        ({"ttl": 43201}, "Invalid API request"),
        ({"grace": 59}, "Invalid API request"),
        ({"grace": 0}, "Invalid API request"),
        ({"grace": 43201}, "Invalid API request"),
        ({"ttl": "300"}, "Invalid request body"),
        ({"ttl": False}, "Invalid request body"),
        ({"grace": []}, "Invalid request body"),
        ({"grace": 60.5}, "Invalid request body"),
    ],
)
def test_bad_bodies(api: Api, queue: str, body: Any, title: str) -> None:
    post(api, queue, 1)
    refused(api.claim_create(queue, body), 400, title)
    assert totals(api, queue) == (1, 0, 1)


@pytest.mark.parametrize("body", [{"ttl": 43200, "grace": 43200}, {"ttl": 60, "grace": 60}])
def test_the_ends_of_the_ranges(api: Api, queue: str, body: dict[str, int]) -> None:
    post(api, queue, 1)
    claim_id, _ = claim(api, queue, **body)
    assert ok(api.claim_get(queue, claim_id), 200)["ttl"] == body["ttl"]


def test_defaults_and_ranges_come_from_the_options(limited: Api, queue: str) -> None:
    post(limited, queue, *range(6))
    for body in ({"ttl": 201}, {"grace": 151}):
        refused(limited.claim_create(queue, body), 400, "Invalid API request")
    claim_id, claimed = claim(limited, queue, limit=1)
    assert ok(limited.claim_get(queue, claim_id), 200)["ttl"] == 90
    assert claimed[0]["ttl"] == 120
    assert len(ok(limited.claim_create(queue), 201)["messages"]) == 3
    _, [extended] = claim(limited, queue, limit=1, ttl=200)
    assert extended["ttl"] == 200 + 70


def test_the_size_of_a_claim(api: Api, queue: str) -> None:
    post(api, queue, *range(35))
    assert bodies(ok(api.claim_create(queue), 201)["messages"]) == list(range(10))
    assert bodies(claim(api, queue, limit=20)[1]) == list(range(10, 30))
    assert bodies(claim(api, queue, limit=20)[1]) == list(range(30, 35))
    ok(api.claim_create(queue), 204)


def test_claims_are_disjoint_and_hide_their_messages(api: Api, queue: str) -> None:
    post(api, queue, *range(5))
    first, claimed = claim(api, queue, limit=2)
    second, more = claim(api.other_client(), queue, limit=2)
    assert first != second
    assert (bodies(claimed), bodies(more)) == ([0, 1], [2, 3])
    assert totals(api, queue) == (1, 4, 5)
    assert bodies(messages(api, queue, include_claimed="false")) == [4]
    assert bodies(messages(api, queue)) == [0, 1, 2, 3, 4]
    assert bodies(ok(api.message_delete_many(queue, pop=5), 200)["messages"]) == [4]


def test_messages_of_the_client_itself_are_claimed(api: Api, queue: str) -> None:
    post(api, queue, "mine")
    assert bodies(claim(api, queue)[1]) == ["mine"]


def test_query(api: Api, queue: str, clock: TestClock) -> None:
    ids = post(api, queue, "A", "B")
    claim_id, claimed = claim(api, queue, ttl=720, grace=300)
    clock.advance(45)
    document = ok(api.claim_get(queue, claim_id), 200)
    assert set(document) == {"age", "ttl", "href", "messages"}
    assert 45 <= document["age"] <= 47
    assert document["ttl"] == 720
    assert document["href"] == f"/v2/queues/{queue}/claims/{claim_id}"
    assert [it["id"] for it in document["messages"]] == ids
    assert [it["href"] for it in document["messages"]] == [it["href"] for it in claimed]


def test_a_claim_whose_messages_were_deleted_lives_on(
    api: Api, queue: str, clock: TestClock
) -> None:
    ids = post(api, queue, "A", "B")
    claim_id, _ = claim(api, queue, ttl=100)
    ok(api.message_delete(queue, ids[0], claim_id), 204)
    assert bodies(ok(api.claim_get(queue, claim_id), 200)["messages"]) == ["B"]
    ok(api.message_delete(queue, ids[1], claim_id), 204)
    assert ok(api.claim_get(queue, claim_id), 200)["messages"] == []
    ok(api.claim_update(queue, claim_id, {"ttl": 200}), 204)
    clock.advance(150)
    assert ok(api.claim_get(queue, claim_id), 200)["messages"] == []
    clock.advance(50)
    refused(api.claim_get(queue, claim_id), 404, "Not found")


def test_no_such_claim(api: Api, queue: str) -> None:
    for name in (queue, f"{queue}-2"):
        refused(api.claim_get(name, "unknown"), 404, "Not found")
        refused(api.claim_update(name, "unknown", {}), 404, "Not found")
        ok(api.claim_delete(name, "unknown"), 204)
        assert not exists(api, name)
        post(api, queue, 1)


def test_release(api: Api, queue: str) -> None:
    """Storage conformance scenario 2."""
    post(api, queue, *range(10))
    first, claimed = claim(api, queue, limit=5)
    second, others = claim(api, queue, limit=5)
    ok(api.claim_delete(queue, first), 204)
    _, again = claim(api, queue, limit=10)
    assert [it["id"] for it in again] == [it["id"] for it in claimed]
    intact = ok(api.claim_get(queue, second), 200)["messages"]
    assert [it["id"] for it in intact] == [it["id"] for it in others]
    refused(api.claim_get(queue, first), 404, "Not found")
    refused(api.claim_update(queue, first, {}), 404, "Not found")
    ok(api.claim_delete(queue, first), 204)
    assert totals(api, queue) == (0, 10, 10)


def test_messages_return_to_their_place(api: Api, queue: str, clock: TestClock) -> None:
    post(api, queue, *"ABC")
    first, _ = claim(api, queue, limit=1)
    claim(api, queue, limit=1, ttl=60)
    post(api, queue, "D")
    ok(api.claim_delete(queue, first), 204)
    assert bodies(messages(api, queue, include_claimed="false")) == ["A", "C", "D"]
    clock.advance(60)
    assert bodies(messages(api, queue, include_claimed="false")) == ["A", "B", "C", "D"]
    assert bodies(ok(api.message_delete_many(queue, pop=2), 200)["messages"]) == ["A", "B"]


def test_release_changes_neither_ttl_nor_expiry(api: Api, queue: str, clock: TestClock) -> None:
    [message_id] = post(api, queue, 1, ttl=300)
    claim_id, [claimed] = claim(api, queue, ttl=60)
    assert claimed["ttl"] == 300
    clock.advance(30)
    ok(api.claim_delete(queue, claim_id), 204)
    assert ok(api.message_get(queue, message_id), 200)["ttl"] == 300
    clock.advance(270)
    refused(api.message_get(queue, message_id), 404, "Not found")


def test_a_claim_ends_by_itself(api: Api, queue: str, clock: TestClock) -> None:
    """Storage conformance scenarios 3 and 5; ``rest-v2.md`` 8.7."""
    post(api, queue, *range(4))
    lapsing, claimed = claim(api, queue, limit=2, ttl=60)
    living, _ = claim(api, queue, limit=1, ttl=600)
    clock.advance(60)
    assert totals(api, queue) == (3, 1, 4)
    refused(api.claim_get(queue, lapsing), 404, "Not found")
    refused(api.claim_update(queue, lapsing, {"ttl": 60}), 404, "Not found")
    ok(api.claim_delete(queue, lapsing), 204)
    assert totals(api, queue) == (3, 1, 4)
    listed = messages(api, queue)
    assert [("claim_id" in it["href"]) for it in listed] == [False, False, True, False]
    assert bodies(ok(api.claim_get(queue, living), 200)["messages"]) == [2]
    _, again = claim(api, queue, limit=10)
    assert bodies(again) == [0, 1, 3]
    assert [it["id"] for it in again[:2]] == [it["id"] for it in claimed]


def test_a_claim_lives_until_its_ttl_is_over(api: Api, queue: str, clock: TestClock) -> None:
    post(api, queue, 1)
    claim_id, _ = claim(api, queue, ttl=100)
    clock.advance(90)
    ok(api.claim_get(queue, claim_id), 200)
    ok(api.claim_create(queue), 204)
    clock.advance(10)
    refused(api.claim_get(queue, claim_id), 404, "Not found")
    claim(api, queue)


class TestLifetimeExtension:
    """A claimed message outlives its claim by the grace (8.2)."""

    def test_the_worked_example(self, api: Api, queue: str, clock: TestClock) -> None:
        """Posted with ttl 60, claimed at 50 for 300 with grace 60: ttl 360, gone at 410."""
        [message_id] = post(api, queue, 1, ttl=60)
        clock.advance(50)
        claim_id, [claimed] = claim(api, queue, ttl=300, grace=60)
        assert claimed["ttl"] == 360
        assert 50 <= claimed["age"] <= 52
        clock.advance(290)
        assert len(ok(api.claim_get(queue, claim_id), 200)["messages"]) == 1
        clock.advance(10)
        refused(api.claim_get(queue, claim_id), 404, "Not found")
        clock.advance(50)
        document = ok(api.message_get(queue, message_id), 200)
        assert document["ttl"] == 360
        assert "claim_id" not in document["href"]
        clock.advance(10)
        refused(api.message_get(queue, message_id), 404, "Not found")
        assert totals(api, queue) == (0, 0, 0)

    def test_messages_that_outlive_the_claim_are_untouched(self, api: Api, queue: str) -> None:
        ok(api.message_post(queue, {"body": "short", "ttl": 60}, {"body": "long"}), 201)
        _, claimed = claim(api, queue, ttl=300, grace=100)
        assert [it["ttl"] for it in claimed] == [400, 3600]

    def test_the_longest_claim_and_grace(self, api: Api, queue: str, clock: TestClock) -> None:
        [message_id] = post(api, queue, 1, ttl=60)
        claim_id, _ = claim(api, queue, ttl=43200, grace=43200)
        clock.advance(43190)
        ok(api.claim_get(queue, claim_id), 200)
        clock.advance(43200)
        ok(api.message_get(queue, message_id), 200)
        clock.advance(10)
        refused(api.message_get(queue, message_id), 404, "Not found")

    def test_an_extended_message_stays_so_after_a_release(
        self, api: Api, queue: str, clock: TestClock
    ) -> None:
        [message_id] = post(api, queue, 1, ttl=60)
        claim_id, _ = claim(api, queue, ttl=300, grace=60)
        ok(api.claim_delete(queue, claim_id), 204)
        assert ok(api.message_get(queue, message_id), 200)["ttl"] == 360
        clock.advance(350)
        ok(api.message_get(queue, message_id), 200)
        clock.advance(10)
        refused(api.message_get(queue, message_id), 404, "Not found")

    def test_without_grace_a_message_ends_with_its_claim(
        self, api: Api, queue: str, clock: TestClock
    ) -> None:
        """A renewal takes any grace, 0 too; the other message of the claim is not concerned."""
        [first] = post(api, queue, "first", ttl=60)
        post(api, queue, "second", ttl=3600)
        claim_id, _ = claim(api, queue, ttl=60, grace=60)
        ok(api.claim_update(queue, claim_id, {"ttl": 300, "grace": 0}), 204)
        clock.advance(290)
        assert len(ok(api.claim_get(queue, claim_id), 200)["messages"]) == 2
        clock.advance(10)
        ok(api.message_delete(queue, first, claim_id), 204)
        refused(api.claim_update(queue, claim_id, {}), 404, "Not found")
        assert bodies(claim(api, queue)[1]) == ["second"]


class TestRenewal:
    """PATCH of a claim (8.4)."""

    def test_it_starts_anew(self, api: Api, queue: str, clock: TestClock) -> None:
        post(api, queue, 1)
        claim_id, _ = claim(api, queue, ttl=100)
        clock.advance(80)
        status, body, headers = api.claim_update(queue, claim_id, {"ttl": 120, "grace": 60})
        assert (status, body) == (204, None)
        assert "location" not in headers
        document = ok(api.claim_get(queue, claim_id), 200)
        assert document["age"] <= 2
        assert document["ttl"] == 120
        clock.advance(110)
        ok(api.claim_get(queue, claim_id), 200)
        clock.advance(10)
        refused(api.claim_get(queue, claim_id), 404, "Not found")

    @pytest.mark.parametrize("body", [{}, {"grace": 60}, {"ttl": None}, {"ttl": None, "x": 1}])
    def test_missing_members_take_the_configured_defaults(
        self, api: Api, queue: str, body: dict[str, Any]
    ) -> None:
        post(api, queue, 1)
        claim_id, _ = claim(api, queue, ttl=1000)
        ok(api.claim_update(queue, claim_id, body), 204)
        assert ok(api.claim_get(queue, claim_id), 200)["ttl"] == 300

    def test_a_missing_grace_takes_the_configured_default(self, api: Api, queue: str) -> None:
        [message_id] = post(api, queue, 1, ttl=60)
        claim_id, _ = claim(api, queue, ttl=60, grace=600)
        ok(api.claim_update(queue, claim_id, {"ttl": 1000}), 204)
        assert ok(api.message_get(queue, message_id), 200)["ttl"] == 1060

    @pytest.mark.parametrize(
        ("body", "title"),
        [
            (UNSET, "Invalid request body"),
            ([], "Invalid request body"),
            ({"ttl": "60"}, "Invalid request body"),
            ({"ttl": 60.0}, "Invalid request body"),
            ({"grace": "60"}, "Invalid request body"),
            ({"grace": 1.5}, "Invalid request body"),
            ({"grace": True}, "Invalid request body"),
            ({"ttl": 59}, "Invalid API request"),
            ({"ttl": 43201}, "Invalid API request"),
            ({"ttl": 0, "grace": 60}, "Invalid API request"),
        ],
    )
    def test_bad_bodies(self, api: Api, queue: str, body: Any, title: str) -> None:
        post(api, queue, 1)
        claim_id, _ = claim(api, queue, ttl=1000)
        refused(api.claim_update(queue, claim_id, body), 400, title)
        assert ok(api.claim_get(queue, claim_id), 200)["ttl"] == 1000

    @pytest.mark.parametrize(
        ("grace", "counts_as"),
        [
            (0, 0),
            (-1, 0),
            (-(2**63), 0),
            (1, 1),
            (43200, 43200),
            (43201, 43200),
            (2**63 - 1, 43200),
        ],
    )
    def test_the_grace_is_not_range_checked(
        self, api: Api, queue: str, grace: int, counts_as: int
    ) -> None:
        [message_id] = post(api, queue, 1, ttl=60)
        claim_id, _ = claim(api, queue, ttl=60, grace=60)
        ok(api.claim_update(queue, claim_id, {"ttl": 43200, "grace": grace}), 204)
        assert ok(api.message_get(queue, message_id), 200)["ttl"] == 43200 + counts_as

    def test_it_never_shortens_a_life(self, api: Api, queue: str, clock: TestClock) -> None:
        [message_id] = post(api, queue, 1, ttl=60)
        claim_id, _ = claim(api, queue, ttl=600, grace=600)
        ok(api.claim_update(queue, claim_id, {"ttl": 60, "grace": -5}), 204)
        assert ok(api.message_get(queue, message_id), 200)["ttl"] == 1200
        clock.advance(1190)
        ok(api.message_get(queue, message_id), 200)
        clock.advance(10)
        refused(api.message_get(queue, message_id), 404, "Not found")

    def test_it_extends_the_messages_again(self, api: Api, queue: str, clock: TestClock) -> None:
        """Storage conformance scenario 6, with renewals."""
        [message_id] = post(api, queue, 1, ttl=60)
        claim_id, _ = claim(api, queue, ttl=100, grace=60)
        for _ in range(5):
            clock.advance(50)
            ok(api.claim_update(queue, claim_id, {"ttl": 100, "grace": 60}), 204)
        document = ok(api.message_get(queue, message_id), 200)
        assert document["age"] >= 250
        assert len(ok(api.claim_get(queue, claim_id), 200)["messages"]) == 1
        clock.advance(100)
        refused(api.claim_get(queue, claim_id), 404, "Not found")
        ok(api.message_get(queue, message_id), 200)
        clock.advance(60)
        refused(api.message_get(queue, message_id), 404, "Not found")

    def test_it_does_not_count(self, api: Api, queue: str) -> None:
        post(api, queue, 1)
        claim_id, _ = claim(api, queue)
        for _ in range(3):
            ok(api.claim_update(queue, claim_id, {}), 204)
        ok(api.claim_delete(queue, claim_id), 204)
        [popped] = ok(api.message_delete_many(queue, pop=1), 200)["messages"]
        assert popped["claim_count"] == 1

    def test_it_takes_no_new_messages(self, api: Api, queue: str) -> None:
        post(api, queue, 1)
        claim_id, _ = claim(api, queue)
        post(api, queue, 2)
        ok(api.claim_update(queue, claim_id, {}), 204)
        assert bodies(ok(api.claim_get(queue, claim_id), 200)["messages"]) == [1]


def test_claims_are_counted_always(api: Api, queue: str, clock: TestClock) -> None:
    post(api, queue, 1)
    released, _ = claim(api, queue)
    ok(api.claim_delete(queue, released), 204)
    claim(api, queue, ttl=60)
    clock.advance(60)
    renewed, _ = claim(api, queue)
    ok(api.claim_update(queue, renewed, {}), 204)
    ok(api.claim_delete(queue, renewed), 204)
    [popped] = ok(api.message_delete_many(queue, pop=1), 200)["messages"]
    assert popped["claim_count"] == 3
