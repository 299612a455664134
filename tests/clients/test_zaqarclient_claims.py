from __future__ import annotations

import pytest
from zaqarclient.transport import errors

from tests.clients.zaqar import Zaqar, bodies, ids_of
from tests.servers import TestClock


def test_a_claim_takes_the_oldest_messages_and_hides_them(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    posted = ids_of(queue.post([{"body": number} for number in range(7)]))
    claim = queue.claim(ttl=120, grace=60, limit=3)
    messages = list(claim)
    assert bodies(messages) == [0, 1, 2]
    assert [message.id for message in messages] == posted[:3]
    assert {message.claim_id for message in messages} == {claim.id}
    assert bodies(queue.messages(echo=True)) == [3, 4, 5, 6]
    assert bodies(queue.claim(limit=20)) == [3, 4, 5, 6]


def test_a_claim_without_wishes_gets_the_defaults(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post([{"body": number, "ttl": 60} for number in range(12)])
    claim = queue.claim()
    messages = list(claim)
    assert bodies(messages) == list(range(10))
    assert claim.ttl == 300
    assert {message.ttl for message in messages} == {360}


def test_ttl_and_grace_extend_the_messages_that_need_it(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.created_queue()
    queue.post([{"body": "short", "ttl": 60}, {"body": "long", "ttl": 3600}])
    claim = queue.claim(ttl=100, grace=90)
    assert [(message.body, message.ttl) for message in claim] == [("short", 190), ("long", 3600)]
    clock.advance(150)
    assert bodies(queue.messages(echo=True)) == ["short", "long"]
    clock.advance(41)
    assert bodies(queue.messages(echo=True)) == ["long"]


def test_a_claim_on_nothing_has_no_id_and_no_messages(zaqar: Zaqar) -> None:
    for queue in (zaqar.created_queue(), zaqar.queue()):
        claim = queue.claim(ttl=60, grace=60)
        assert claim.id is None
        assert list(claim) == []


@pytest.mark.parametrize(
    "wishes",
    [
        {"ttl": 59},
        {"ttl": 43201},
        {"grace": 59},
        {"grace": 43201},
        {"limit": 0},
        {"limit": 21},
        {"ttl": "60"},
    ],
    ids=str,
)
def test_refused_wishes_claim_nothing(zaqar: Zaqar, wishes: dict[str, object]) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": 1})
    with pytest.raises(errors.MalformedRequest):
        queue.claim(**wishes)
    assert queue.stats["messages"]["claimed"] == 0


def test_a_claim_is_found_by_its_id(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.created_queue()
    queue.post([{"body": "a"}, {"body": "b"}])
    made = queue.claim(ttl=200, grace=60)
    clock.advance(20)
    found = queue.claim(id=made.id)
    assert bodies(found) == ["a", "b"]
    assert found.ttl == 200
    assert 20 <= found.age < 80


def test_a_claim_outlives_its_messages(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post([{"body": "a"}, {"body": "b"}])
    made = queue.claim(ttl=200, grace=60)
    first, second = made
    first.delete()
    assert bodies(queue.claim(id=made.id)) == ["b"]
    second.delete()
    assert bodies(queue.claim(id=made.id)) == []


def test_renewing_starts_the_time_anew(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": "slow work", "ttl": 3600})
    claim = queue.claim(ttl=60, grace=60)
    for _ in range(3):
        clock.advance(50)
        claim.update(ttl=60, grace=60)
        assert claim.age < 50
        assert list(queue.claim()) == []
    claim.update(ttl=120)
    assert queue.claim(id=claim.id).ttl == 120
    claim.update(grace=60)
    assert queue.claim(id=claim.id).ttl == 300
    with pytest.raises(errors.MalformedRequest):
        claim.update(ttl=59)


def test_releasing_returns_the_messages_to_their_places(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post([{"body": number} for number in range(5)])
    claim = queue.claim(limit=3)
    claim.delete()
    claim.delete()
    assert bodies(queue.messages(echo=True)) == [0, 1, 2, 3, 4]
    with pytest.raises(errors.ResourceNotFound):
        claim.update(ttl=60, grace=60)
    assert bodies(queue.claim(limit=2)) == [0, 1]


def test_a_lapsed_claim_is_gone_and_its_messages_are_free(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.created_queue()
    queue.post([{"body": "a"}, {"body": "b"}])
    claim = queue.claim(ttl=60, grace=60, limit=1)
    clock.advance(61)
    with pytest.raises(errors.ResourceNotFound):
        list(queue.claim(id=claim.id))
    with pytest.raises(errors.ResourceNotFound):
        claim.update(ttl=60, grace=60)
    claim.delete()
    assert bodies(queue.claim(ttl=60, grace=60)) == ["a", "b"]


def test_an_unknown_claim_does_not_exist(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": 1})
    known = queue.claim()
    for claim in (queue.claim(id="unknown"), zaqar.created_queue().claim(id=known.id)):
        with pytest.raises(errors.ResourceNotFound):
            list(claim)
        with pytest.raises(errors.ResourceNotFound):
            claim.update(ttl=60)
        claim.delete()
    assert queue.stats["messages"]["claimed"] == 1


def test_messages_claimed_too_often_become_dead_letters(zaqar: Zaqar, clock: TestClock) -> None:
    graveyard = zaqar.queue()
    queue = zaqar.created_queue(
        {
            "_dead_letter_queue": graveyard.name,
            "_max_claim_count": 2,
            "_dead_letter_queue_messages_ttl": 500,
        }
    )
    (posted,) = ids_of(queue.post({"body": "poison", "ttl": 3600}))
    for _ in range(2):
        assert bodies(queue.claim(ttl=60, grace=60)) == ["poison"]
        clock.advance(61)
    assert queue.claim(ttl=60, grace=60).id is None
    assert queue.stats["messages"]["total"] == 0
    (dead,) = graveyard.messages(echo=True)
    assert (dead.id, dead.body, dead.ttl) == (posted, "poison", 500)
    (popped,) = graveyard.pop()
    assert popped.claim_count == 0
