from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from zaqarclient.queues.v2 import core
from zaqarclient.transport import errors

from tests.clients.zaqar import Zaqar, bodies, ids_of
from tests.servers import Server, ServerPark, TestClock

BODIES: list[Any] = [
    None,
    True,
    0,
    -(2**63),
    2**63 - 1,
    0.1,
    -1.5e-300,
    "",
    "plain",
    "ünïcödé ☃ 𝄞 \u0000 \u2028",
    [],
    {},
    [[[]], {"a": [None]}],
    {"$ref": "a.b", "_id": 1, "a.b": {"": 0}, "claim_id": "x", "ünï": "ö"},
]


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"body": number, "ttl": 300} for number in range(count)]


def test_one_message_is_posted_and_read_back(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    (posted,) = ids_of(queue.post({"body": {"event": "created"}, "ttl": 300}))
    message = queue.message(posted)
    assert message.id == posted
    assert message.body == {"event": "created"}
    assert message.ttl == 300
    assert 0 <= message.age < 60
    assert message.href == f"/v2/queues/{queue.name}/messages/{posted}"
    assert message.claim_id is None
    assert message.checksum is None


def test_posting_creates_the_queue_and_uses_its_default_ttl(zaqar: Zaqar) -> None:
    queue = zaqar.queue()
    (first,) = ids_of(queue.post([{"body": 1}]))
    assert [found.name for found in zaqar.client.queues()[0]] == [queue.name]
    assert queue.message(first).ttl == 3600
    queue.metadata(new_meta={"_default_message_ttl": 77})
    (second,) = ids_of(queue.post([{"body": 2}]))
    assert queue.message(second).ttl == 77


def test_every_kind_of_body_comes_back_equal_in_posting_order(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    posted = ids_of(queue.post([{"body": body} for body in BODIES]))
    listed = list(queue.messages(echo=True, limit=20))
    assert [message.id for message in listed] == posted
    assert json.dumps(bodies(listed)) == json.dumps(BODIES)
    claimed = queue.claim(limit=20)
    assert json.dumps(bodies(claimed)) == json.dumps(BODIES)


@pytest.mark.parametrize(
    "refused",
    [
        [],
        [{"ttl": 60}],
        [{"body": 1, "ttl": 59}],
        [{"body": 1, "ttl": 1209601}],
        [{"body": 1, "ttl": "60"}],
        [{"body": 1}, {"body": 2, "ttl": True}],
        [{"body": "x" * 262144}],
        [{"body": float("nan")}],
        ["no message"],
    ],
    ids=lambda messages: json.dumps(messages)[:40],
)
def test_a_refused_post_stores_nothing(zaqar: Zaqar, refused: list[Any]) -> None:
    queue = zaqar.queue()
    with pytest.raises(errors.MalformedRequest, match=r"Title: .+\. Description: .+\."):
        queue.post(refused)
    assert list(zaqar.client.queues()[0]) == []


def test_a_post_of_exactly_the_limit_is_taken(zaqar: Zaqar) -> None:
    empty = len(json.dumps({"messages": [{"body": ""}]}))
    body = "x" * (262144 - empty)
    queue = zaqar.queue()
    with pytest.raises(errors.MalformedRequest):
        queue.post({"body": body + "x"})
    (posted,) = ids_of(queue.post({"body": body}))
    assert queue.message(posted).body == body


def test_own_messages_are_hidden_unless_echo_is_asked_for(zaqar: Zaqar, server: Server) -> None:
    queue = zaqar.created_queue()
    queue.post(numbered(3))
    other = Zaqar(server, zaqar.project).queue(queue.name)
    other.post({"body": "theirs"})
    assert bodies(queue.messages()) == ["theirs"]
    assert bodies(other.messages()) == [0, 1, 2]
    assert bodies(queue.messages(echo=True)) == [0, 1, 2, "theirs"]
    assert bodies(queue.messages(echo=False)) == ["theirs"]


def test_listing_streams_over_all_pages(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post(numbered(47))
    assert bodies(queue.messages(echo=True)) == list(range(10))
    assert bodies(queue.messages(echo=True, limit=3)) == list(range(3))
    assert bodies(queue.messages(echo=True, limit=7).stream()) == list(range(47))
    assert bodies(queue.messages(limit=7).stream()) == []


def test_listing_from_an_unusable_marker_is_empty(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post(numbered(2))
    assert bodies(queue.messages(echo=True, marker="no marker").stream()) == []
    with pytest.raises(errors.MalformedRequest):
        queue.messages(limit=21)


def test_claimed_messages_are_listed_only_when_asked_for(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post(numbered(6))
    claim = queue.claim(limit=4)
    assert bodies(queue.messages(echo=True)) == [4, 5]
    everything = list(queue.messages(echo=True, include_claimed=True, limit=2).stream())
    assert bodies(everything) == list(range(6))
    assert [message.claim_id for message in everything] == [claim.id] * 4 + [None] * 2


def test_delayed_messages_are_listed_only_when_asked_for(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.created_queue({"_default_message_delay": 30})
    queue.post([{"body": "at once", "delay": 0}, {"body": "later"}])
    assert bodies(queue.messages(echo=True)) == ["at once"]
    assert bodies(queue.messages(echo=True, include_delayed=True)) == ["at once", "later"]
    clock.advance(31)
    assert bodies(queue.messages(echo=True)) == ["at once", "later"]


def test_expired_messages_are_gone(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.created_queue()
    short, long = ids_of(queue.post([{"body": "short", "ttl": 60}, {"body": "long", "ttl": 600}]))
    clock.advance(61)
    assert bodies(queue.messages(echo=True)) == ["long"]
    with pytest.raises(errors.ResourceNotFound):
        queue.message(short)
    assert queue.message(long).age >= 61


def test_messages_are_read_by_ids_in_the_order_asked_for(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    posted = ids_of(queue.post(numbered(5)))
    queue.claim(limit=2)
    wanted = [posted[4], posted[0], "unknown", posted[2]]
    assert bodies(queue.messages(*wanted)) == [4, 0, 2]
    assert [message.id for message in queue.messages(*wanted)] == [posted[4], posted[0], posted[2]]
    with pytest.raises(errors.ResourceNotFound):
        queue.messages("unknown", "-1")
    with pytest.raises(errors.MalformedRequest):
        queue.messages(*map(str, range(21)))


def test_ids_of_another_queue_name_nothing(zaqar: Zaqar) -> None:
    queue, other = zaqar.created_queue(), zaqar.created_queue()
    (posted,) = ids_of(queue.post({"body": 1}))
    for look_up in (other.message, other.messages):
        with pytest.raises(errors.ResourceNotFound):
            look_up(posted)
    other.delete_messages(posted)
    assert queue.message(posted).body == 1


def test_a_free_message_is_deleted_and_may_be_deleted_again(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    first, second = ids_of(queue.post(numbered(2)))
    message = queue.message(first)
    message.delete()
    message.delete()
    with pytest.raises(errors.ResourceNotFound):
        queue.message(first)
    assert [found.id for found in queue.messages(echo=True)] == [second]


def test_a_claimed_message_is_deleted_with_its_claim_only(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    (posted,) = ids_of(queue.post({"body": "work"}))
    unclaimed = queue.message(posted)
    claim = queue.claim(ttl=60, grace=60)
    with pytest.raises(errors.ForbiddenError):
        unclaimed.delete()
    queue.post({"body": "other work"})
    foreign = queue.claim(ttl=60, grace=60)
    request, transport = zaqar.client._request_and_transport()
    with pytest.raises(errors.ForbiddenError):
        core.message_delete(transport, request, queue.name, posted, foreign.id)
    (claimed,) = claim
    assert claimed.claim_id == claim.id
    claimed.delete()
    with pytest.raises(errors.ResourceNotFound):
        queue.message(posted)


def test_a_lapsed_claim_deletes_nothing(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": "work", "ttl": 3600})
    (message,) = queue.claim(ttl=60, grace=60)
    clock.advance(61)
    with pytest.raises(errors.MalformedRequest):
        message.delete()
    assert queue.message(message.id).body == "work"


def test_several_messages_are_deleted_at_once_claimed_or_not(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    posted = ids_of(queue.post(numbered(5)))
    queue.claim(limit=2)
    queue.delete_messages(posted[1], posted[3], "unknown")
    left = queue.messages(echo=True, include_claimed=True)
    assert bodies(left) == [0, 2, 4]
    with pytest.raises(errors.MalformedRequest):
        queue.delete_messages(*map(str, range(21)))


def test_pop_takes_the_oldest_available_messages_away(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    posted = ids_of(queue.post(numbered(8)))
    queue.claim(limit=1).delete()
    queue.claim(limit=2)
    (first,) = queue.pop()
    assert (first.id, first.body, first.claim_count) == (posted[2], 2, 0)
    assert bodies(queue.pop(count=3)) == [3, 4, 5]
    assert bodies(queue.pop(count=20)) == [6, 7]
    assert bodies(queue.pop(count=20)) == []
    assert queue.stats["messages"]["total"] == 2
    for count in (0, 21):
        with pytest.raises(errors.MalformedRequest):
            queue.pop(count=count)


def test_pop_tells_how_often_a_message_was_claimed(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": 1})
    for _ in range(3):
        queue.claim(ttl=60, grace=60).delete()
    (message,) = queue.pop()
    assert message.claim_count == 3


def test_reading_a_queue_that_does_not_exist_finds_nothing(zaqar: Zaqar) -> None:
    queue = zaqar.queue()
    assert bodies(queue.messages(echo=True).stream()) == []
    assert bodies(queue.pop(count=5)) == []
    queue.delete_messages("some-id")
    with pytest.raises(errors.ResourceNotFound):
        queue.message("some-id")
    assert list(zaqar.client.queues()[0]) == []


def test_checksums_let_the_reader_verify_the_body(
    park: ServerPark, store: str, project: str
) -> None:
    server = park.get(store, "checksum", {"DEFAULT": {"enable_checksum": True}})
    queue = Zaqar(server, project).created_queue()
    queue.post([{"body": body} for body in BODIES])
    for message in queue.messages(echo=True, limit=20):
        text = json.dumps(message.body)
        expected = "MD5:" + hashlib.md5(text.encode()).hexdigest()
        assert message.checksum == (None if message.body is None else expected)
