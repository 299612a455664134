"""Things that do not exist, and doing things twice (``rest-v2.md`` 13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.client import UNSET, Api
from tests.api.helpers import claim, defaults, exists, ok, post
from tests.api.kinds import mirrored
from tests.api.wire import Answer

POST = {"messages": [{"body": 1}]}
ZEROS = {"messages": {"free": 0, "claimed": 0, "total": 0}}
EMPTY: object = {"messages": [], "links": []}
PATCH = [{"op": "add", "path": "/metadata/a", "value": 1}]

Ask = Callable[[Api, str], Answer]
Expected = dict[str, tuple[Ask, int, object, bool]]
UNKNOWN: Expected = {
    "PUT": (lambda api, queue: api.queue_create(queue), 201, None, True),
    "GET": (lambda api, queue: api.queue_get(queue), 200, UNSET, False),
    "PATCH": (lambda api, queue: api.queue_update(queue, PATCH), 404, UNSET, False),
    "DELETE": (lambda api, queue: api.queue_delete(queue), 204, None, False),
    "GET stats": (lambda api, queue: api.queue_get_stats(queue), 200, ZEROS, False),
    "POST purge": (lambda api, queue: api.queue_purge(queue), 204, None, False),
    "POST messages": (lambda api, queue: api.message_post(queue, {"body": 1}), 201, UNSET, True),
    "POST bad messages": (lambda api, queue: api.message_post(queue, {}), 400, UNSET, False),
    "GET messages": (lambda api, queue: api.message_list(queue), 200, EMPTY, False),
    "GET messages?ids": (lambda api, queue: api.message_get_many(queue, ["x"]), 404, UNSET, False),
    "GET message": (lambda api, queue: api.message_get(queue, "x"), 404, UNSET, False),
    "DELETE message": (lambda api, queue: api.message_delete(queue, "x"), 204, None, False),
    "DELETE message with a claim": (
        lambda api, queue: api.message_delete(queue, "x", "c"),
        204,
        None,
        False,
    ),
    "DELETE messages?ids": (
        lambda api, queue: api.message_delete_many(queue, ids="x"),
        204,
        None,
        False,
    ),
    "DELETE messages?pop": (
        lambda api, queue: api.message_delete_many(queue, pop=1),
        200,
        {"messages": []},
        False,
    ),
}
QUEUES_ONLY: Expected = {
    "POST share": (lambda api, queue: api.queue_share(queue, {}), 200, UNSET, False),
    "POST claims": (lambda api, queue: api.claim_create(queue, {}), 204, None, False),
    "GET claim": (lambda api, queue: api.claim_get(queue, "x"), 404, UNSET, False),
    "PATCH claim": (lambda api, queue: api.claim_update(queue, "x", {}), 404, UNSET, False),
    "DELETE claim": (lambda api, queue: api.claim_delete(queue, "x"), 204, None, False),
}


@mirrored
@pytest.mark.parametrize("operation", UNKNOWN)
@pytest.mark.parametrize("was_deleted", [False, True])
def test_operations_on_a_queue_that_does_not_exist(
    features: Api, queue: str, operation: str, was_deleted: bool
) -> None:
    """One that never did, and one that did before."""
    if was_deleted:
        ok(features.queue_create(queue, {"a": 1}), 201)
        post(features, queue, 1, 2)
        ok(features.queue_delete(queue), 204)
    check(features, queue, *UNKNOWN[operation])


@mirrored
@pytest.mark.parametrize("was_deleted", [False, True])
def test_it_shows_the_defaults(api: Api, queue: str, was_deleted: bool) -> None:
    if was_deleted:
        ok(api.queue_create(queue, {"a": 1}), 201)
        ok(api.queue_delete(queue), 204)
    assert ok(api.queue_get(queue), 200) == defaults(api)


@pytest.mark.parametrize("operation", QUEUES_ONLY)
@pytest.mark.parametrize("was_deleted", [False, True])
def test_claims_and_shares_of_a_queue_that_does_not_exist(
    features: Api, queue: str, operation: str, was_deleted: bool
) -> None:
    if was_deleted:
        post(features, queue, 1, 2)
        claim(features, queue, limit=1)
        ok(features.queue_delete(queue), 204)
    check(features, queue, *QUEUES_ONLY[operation])


def check(api: Api, queue: str, ask: Ask, status: int, body: object, creates: bool) -> None:
    """Hold the answer to what is expected, and see whether the queue is there now."""
    answer = ask(api, queue)
    assert answer.status == status
    if body is not UNSET:
        assert answer.body == body
    if status == 404:
        assert answer.title == "Not found"
    assert exists(api, queue) == creates


def test_every_delete_is_idempotent(api: Api, queue: str) -> None:
    first, second = post(api, queue, 1, 2)
    claim_id, _ = claim(api, queue, limit=1)
    for _ in range(3):
        ok(api.message_delete(queue, first, claim_id), 204)
        ok(api.message_delete_many(queue, ids=second), 204)
        ok(api.claim_delete(queue, claim_id), 204)
    for _ in range(3):
        ok(api.queue_delete(queue), 204)


def test_posts_are_not_idempotent(api: Api, queue: str) -> None:
    """The same document twice makes two messages with ids of their own."""
    ids = post(api, queue, "same", "same") + post(api, queue, "same", "same")
    assert len(set(ids)) == 4
    first, _ = claim(api, queue, limit=1)
    second, _ = claim(api, queue, limit=1)
    assert first != second


@mirrored
def test_ids_are_never_used_again(api: Api, queue: str) -> None:
    seen: set[str] = set()
    for _ in range(5):
        ids = post(api, queue, 1, 2)
        assert not seen & set(ids)
        seen |= set(ids)
        ok(api.queue_delete(queue), 204)
