"""Several messages at once: get and delete by ids, pop (``rest-v2.md`` 7.4 and 7.7)."""

from __future__ import annotations

import uuid

import pytest

from tests.api.client import Api
from tests.api.helpers import (
    bodies,
    claim,
    exists,
    messages,
    ok,
    post,
    refused,
    totals,
)
from tests.api.kinds import mirrored


@mirrored
def test_get_several_in_the_order_asked_for(api: Api, queue: str) -> None:
    ids = post(api, queue, *"ABCD")
    wanted = [ids[2], "unknown", ids[0], ids[2], str(uuid.uuid4()), ids[3], ids[0]]
    page = ok(api.message_get_many(queue, wanted), 200)
    assert set(page) == {"messages"}
    assert bodies(page["messages"]) == ["C", "A", "D"]


def test_other_parameters_are_ignored(api: Api, queue: str) -> None:
    ids = post(api, queue, "A", "B")
    claim_id, _ = claim(api, queue, limit=1)
    answer = api.message_get_many(
        queue, ids, limit=1, marker="zzz", echo="false", include_claimed="false"
    )
    first, second = ok(answer, 200)["messages"]
    assert (first["body"], second["body"]) == ("A", "B")
    assert first["href"].endswith(f"?claim_id={claim_id}")
    assert "?" not in second["href"]


@mirrored
def test_none_of_them_exists(api: Api, queue: str) -> None:
    refused(api.message_get_many(queue, ["unknown"]), 404, "Not found")
    [elsewhere] = post(api, f"{queue}-other", 1)
    refused(api.message_get_many(queue, [elsewhere, "x"]), 404, "Not found")
    assert not exists(api, queue)


@mirrored
@pytest.mark.parametrize("count", [1, 20])
def test_how_many_ids(api: Api, queue: str, count: int) -> None:
    ids = post(api, queue, *range(count))
    assert bodies(ok(api.message_get_many(queue, ids), 200)["messages"]) == list(range(count))
    ok(api.message_delete_many(queue, ids=",".join(ids)), 204)
    assert totals(api, queue) == (0, 0, 0)


@mirrored
def test_too_many_ids(api: Api, queue: str) -> None:
    ids = post(api, queue, *range(21))
    refused(api.message_get_many(queue, ids), 400, "Invalid API request")
    refused(api.message_delete_many(queue, ids=ids), 400, "Invalid API request")
    assert totals(api, queue)[2] == 21


@mirrored
def test_the_number_of_ids_comes_from_the_options(limited: Api, queue: str) -> None:
    ids = post(limited, queue, *range(6))
    refused(limited.message_get_many(queue, ids), 400, "Invalid API request")
    refused(limited.message_delete_many(queue, ids=ids), 400, "Invalid API request")
    ok(limited.message_get_many(queue, ids[:5]), 200)
    ok(limited.message_delete_many(queue, ids=ids[:5]), 204)


def test_delete_several_ignores_claims_and_skips_what_is_missing(api: Api, queue: str) -> None:
    ids = post(api, queue, *"ABCD")
    claim_id, _ = claim(api, queue, limit=2)
    ok(api.message_delete_many(queue, ids=[ids[0], "unknown", ids[2], ids[2]]), 204)
    assert bodies(messages(api, queue)) == ["B", "D"]
    assert bodies(ok(api.claim_get(queue, claim_id), 200)["messages"]) == ["B"]
    ok(api.message_delete_many(queue, ids="unknown", claim_ids="x"), 204)
    ok(api.message_delete_many(f"{queue}-other", ids=ids[1]), 204)
    assert not exists(api, f"{queue}-other")
    assert totals(api, queue) == (1, 1, 2)


@mirrored
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"ids": ""},
        {"ids": ","},
        {"pop": ""},
        {"ids": "a", "pop": "1"},
        {"pop": "0"},
        {"pop": "21"},
        {"pop": "-1"},
        {"other": "1"},
    ],
)
def test_exactly_one_of_ids_and_pop(api: Api, queue: str, query: dict[str, str]) -> None:
    post(api, queue, 1)
    refused(api.message_delete_many(queue, **query), 400, "Invalid API request")
    assert totals(api, queue)[2] == 1


def test_pop_takes_available_messages_from_the_front(api: Api, queue: str) -> None:
    ids = post(api, queue, *"ABCDE")
    claim(api, queue, limit=1)
    popped = ok(api.message_delete_many(queue, pop=3), 200)
    assert set(popped) == {"messages"}
    assert bodies(popped["messages"]) == ["B", "C", "D"]
    assert [it["id"] for it in popped["messages"]] == ids[1:4]
    assert bodies(messages(api, queue)) == ["A", "E"]
    assert bodies(ok(api.message_delete_many(queue, pop=20), 200)["messages"]) == ["E"]
    assert ok(api.message_delete_many(queue, pop=1), 200) == {"messages": []}


def test_pop_documents(api: Api, queue: str) -> None:
    """They differ from all others: no ``href``, but ``claim_id`` and ``claim_count``."""
    post(api, queue, "claimed before", "fresh", ttl=500)
    claim_id, _ = claim(api, queue, limit=1)
    ok(api.claim_delete(queue, claim_id), 204)
    first, second = ok(api.message_delete_many(queue, pop=2), 200)["messages"]
    assert set(first) == {"id", "age", "ttl", "body", "claim_id", "claim_count"}
    assert (first["claim_id"], first["claim_count"], first["body"]) == (None, 1, "claimed before")
    assert (second["claim_id"], second["claim_count"], second["ttl"]) == (None, 0, 500)


@mirrored
def test_pop_of_an_unknown_queue(api: Api, queue: str) -> None:
    assert ok(api.message_delete_many(queue, pop=1), 200) == {"messages": []}
    assert not exists(api, queue)


def test_pop_skips_what_is_claimed_or_delayed(api: Api, queue: str) -> None:
    """Storage conformance scenario 22."""
    ok(api.queue_create(queue, {"_default_message_delay": 1}), 201)
    for body, delay in (("B", 0), ("A", 0), ("C", 300), ("D", 0)):
        ok(api.message_post(queue, {"body": body, "delay": delay}), 201)
    assert bodies(claim(api, queue, limit=1)[1]) == ["B"]
    assert bodies(ok(api.message_delete_many(queue, pop=3), 200)["messages"]) == ["A", "D"]
    assert totals(api, queue) == (1, 1, 2)


def test_pop_is_no_claim(api: Api, queue: str) -> None:
    """It neither counts nor dead-letters."""
    dead = f"{queue}-dead"
    ok(api.queue_create(queue, {"_max_claim_count": 1, "_dead_letter_queue": dead}), 201)
    post(api, queue, 1)
    claim_id, _ = claim(api, queue)
    ok(api.claim_delete(queue, claim_id), 204)
    [popped] = ok(api.message_delete_many(queue, pop=1), 200)["messages"]
    assert popped["claim_count"] == 1
    assert not exists(api, dead)


class TestMessageDeleteWithClaimId:
    """Bulk deletion where ``message_delete_with_claim_id`` is on."""

    def test_ids_and_claim_ids_are_needed_together(self, strict: Api, queue: str) -> None:
        ids = post(strict, queue, 1)
        claim_id, _ = claim(strict, queue)
        title = "Invalid API request"
        refused(strict.message_delete_many(queue, ids=ids), 400, title)
        refused(strict.message_delete_many(queue, claim_ids=claim_id), 400, title)
        refused(strict.message_delete_many(queue, claim_ids=claim_id, pop=1), 400, title)
        assert totals(strict, queue) == (0, 1, 1)
        ok(strict.message_delete_many(queue, ids=ids, claim_ids=claim_id), 204)
        assert totals(strict, queue) == (0, 0, 0)

    def test_several_claims(self, strict: Api, queue: str) -> None:
        ids = post(strict, queue, *range(4))
        first, _ = claim(strict, queue, limit=2)
        second, _ = claim(strict, queue, limit=2)
        both = f"{first},unknown,{second}"
        ok(strict.message_delete_many(queue, ids=[*ids, "unknown"], claim_ids=both), 204)
        assert totals(strict, queue) == (0, 0, 0)

    def test_a_message_that_is_not_claimed_spoils_it_all(self, strict: Api, queue: str) -> None:
        ids = post(strict, queue, *range(3))
        claim_id, _ = claim(strict, queue, limit=2)
        answer = strict.message_delete_many(queue, ids=ids, claim_ids=claim_id)
        refused(answer, 400, "Unable to delete")
        assert totals(strict, queue) == (1, 2, 3)

    def test_a_message_under_another_claim_spoils_it_all(self, strict: Api, queue: str) -> None:
        ids = post(strict, queue, *range(3))
        first, _ = claim(strict, queue, limit=2)
        claim(strict, queue, limit=1)
        answer = strict.message_delete_many(queue, ids=ids, claim_ids=first)
        refused(answer, 403, "Unable to delete")
        assert totals(strict, queue) == (0, 3, 3)

    def test_ids_that_do_not_exist_are_skipped(self, strict: Api, queue: str) -> None:
        ok(strict.message_delete_many(queue, ids="a,b", claim_ids="c"), 204)
        post(strict, queue, 1)
        claim_id, _ = claim(strict, queue)
        ok(strict.message_delete_many(queue, ids="a,b", claim_ids=claim_id), 204)

    def test_pop_and_single_delete_are_as_ever(self, strict: Api, queue: str) -> None:
        [first, _] = post(strict, queue, 1, 2)
        ok(strict.message_delete(queue, first), 204)
        assert bodies(ok(strict.message_delete_many(queue, pop=1), 200)["messages"]) == [2]


def test_claim_ids_are_ignored_by_default(api: Api, queue: str) -> None:
    ids = post(api, queue, 1, 2)
    claim(api, queue, limit=1)
    ok(api.message_delete_many(queue, ids=ids, claim_ids="unknown"), 204)
    assert totals(api, queue) == (0, 0, 0)
    post(api, queue, 3)
    popped = ok(api.message_delete_many(queue, pop=1, claim_ids="unknown"), 200)
    assert bodies(popped["messages"]) == [3]
