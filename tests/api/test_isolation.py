"""Nothing leaks between projects or between queues (``README.md``, security rule 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, claim, exists, messages, ok, post, refused, totals


@dataclass
class Owned:
    """What somebody has in a queue: two messages, the first under a claim."""

    api: Api
    queue: str
    claimed: str
    free: str
    claim: str

    def state(self) -> tuple[Any, ...]:
        """All that an intruder could have changed."""
        held = ok(self.api.claim_get(self.queue, self.claim), 200)
        documents = messages(self.api, self.queue)
        return (
            totals(self.api, self.queue),
            held["ttl"],
            [(it["id"], it["href"], it["ttl"]) for it in documents],
            [it["id"] for it in held["messages"]],
            ok(self.api.queue_get(self.queue), 200),
        )


@dataclass
class Intruder:
    """Somebody who knows all ids and asks in a scope of their own."""

    api: Api
    queue: str


@pytest.fixture
def owned(api: Api, queue: str) -> Owned:
    ok(api.queue_create(queue, {"owner": "me"}), 201)
    claimed, free = post(api, queue, "claimed", "free")
    claim_id, _ = claim(api, queue, limit=1, ttl=1000)
    return Owned(api, queue, claimed, free, claim_id)


@pytest.fixture(params=["another project", "another queue", "another name"])
def intruder(request: pytest.FixtureRequest, owned: Owned) -> Intruder:
    if request.param == "another project":
        other = Intruder(owned.api.other_project(), owned.queue)
    elif request.param == "another queue":
        other = Intruder(owned.api, f"{owned.queue}-2")
    else:
        other = Intruder(owned.api.other_project(), f"{owned.queue}.")
    post(other.api, other.queue, "own")
    return other


def test_foreign_ids_do_not_exist(owned: Owned, intruder: Intruder) -> None:
    """Every action that takes an id (storage conformance scenario 11)."""
    api, queue = intruder.api, intruder.queue
    before = owned.state()
    for identifier in (owned.claimed, owned.free):
        refused(api.message_get(queue, identifier), 404, "Not found")
        refused(api.message_get_many(queue, [identifier]), 404, "Not found")
        for claim_id in (None, owned.claim):
            ok(api.message_delete(queue, identifier, claim_id), 204)
        ok(api.message_delete_many(queue, ids=identifier), 204)
    refused(api.claim_get(queue, owned.claim), 404, "Not found")
    refused(api.claim_update(queue, owned.claim, {"ttl": 60}), 404, "Not found")
    ok(api.claim_delete(queue, owned.claim), 204)
    assert owned.state() == before


def test_a_foreign_claim_opens_nothing(owned: Owned, intruder: Intruder) -> None:
    api, queue = intruder.api, intruder.queue
    [free] = post(api, queue, "free")
    refused(api.message_delete(queue, free, owned.claim), 400, "Unable to delete")
    claim_id, claimed = claim(api, queue)
    for document in claimed:
        answer = api.message_delete(queue, document["id"], owned.claim)
        refused(answer, 400, "Unable to delete")
        answer = owned.api.message_delete(owned.queue, owned.claimed, claim_id)
        refused(answer, 400, "Unable to delete")


def test_whole_queue_operations_stay_in_their_queue(owned: Owned, intruder: Intruder) -> None:
    api, queue = intruder.api, intruder.queue
    before = owned.state()
    assert bodies(messages(api, queue)) == ["own"]
    assert totals(api, queue) == (1, 0, 1)
    assert bodies(claim(api, queue, limit=20)[1]) == ["own"]
    post(api, queue, "second")
    assert bodies(ok(api.message_delete_many(queue, pop=20), 200)["messages"]) == ["second"]
    ok(api.queue_purge(queue), 204)
    operations = [{"op": "add", "path": "/metadata/owner", "value": "intruder"}]
    ok(api.queue_update(queue, operations), 200)
    ok(api.queue_delete(queue), 204)
    assert not exists(api, queue)
    assert owned.state() == before


def test_what_a_claim_takes_is_not_taken_elsewhere(owned: Owned, intruder: Intruder) -> None:
    """Deleting the messages of one's own claim by number does not reach foreign ones."""
    api, queue = intruder.api, intruder.queue
    before = owned.state()
    claim_id, claimed = claim(api, queue)
    ids = [document["id"] for document in claimed]
    ok(api.message_delete_many(queue, ids=[*ids, owned.claimed, owned.free]), 204)
    assert ok(api.claim_get(queue, claim_id), 200)["messages"] == []
    assert owned.state() == before


def test_foreign_subscriptions_do_not_exist(owned: Owned, intruder: Intruder) -> None:
    api, queue = intruder.api, intruder.queue
    subscriber = "https://hooks.example.org/render"
    given = {"subscriber": subscriber, "options": {"post_headers": {"X-Key": "secret"}}}
    identifier = ok(owned.api.subscription_create(owned.queue, given), 201)["subscription_id"]
    ok(owned.api.subscription_confirm(owned.queue, identifier, {"confirmed": True}), 204)
    before = ok(owned.api.subscription_get(owned.queue, identifier), 200)

    assert ok(api.subscription_list(queue), 200)["subscriptions"] == []
    refused(api.subscription_get(queue, identifier), 404, "Not found")
    changes = {"subscriber": "https://intruder.example.org/", "ttl": 60}
    refused(api.subscription_update(queue, identifier, changes), 404, "Not found")
    refused(api.subscription_confirm(queue, identifier, {"confirmed": False}), 404, "Not found")
    ok(api.subscription_delete(queue, identifier), 204)
    own = ok(api.subscription_create(queue, {"subscriber": subscriber}), 201)["subscription_id"]
    assert own != identifier, "the same subscriber is somebody else here"
    [listed] = ok(api.subscription_list(queue), 200)["subscriptions"]
    assert (listed["id"], listed["options"], listed["confirmed"]) == (own, {}, False)
    ok(api.queue_delete(queue), 204)

    after = ok(owned.api.subscription_get(owned.queue, identifier), 200)
    assert {**after, "age": 0} == {**before, "age": 0}
    [only] = ok(owned.api.subscription_list(owned.queue), 200)["subscriptions"]
    assert only["id"] == identifier
