"""What clients say and hear, action by action (``websocket-v2.md`` 2, 4, 7 and 13)."""

from __future__ import annotations

import json
import uuid

import msgpack
import pytest

from tests.websocket.client import Client, Reply, connected


def test_the_worked_conversation(client: Client) -> None:
    headers = client.headers
    authenticate = {"X-Project-ID": headers["X-Project-ID"], "X-Auth-Token": "gAAA"}
    reply = client.ask("authenticate", authenticate)
    assert reply.raw == {
        "request": {"action": "authenticate", "body": {}, "headers": {}, "api": "v2"},
        "body": {"message": "Authentified."},
        "headers": {"status": 200},
    }
    body = {"queue_name": "plums", "messages": [{"body": "ripe", "ttl": 120}], "my-ref": 17}
    reply = client.ask("message_post", **body)
    assert reply.request == {
        "action": "message_post",
        "body": body,
        "headers": headers,
        "api": "v2",
    }
    [message_id] = reply.ok(201)["message_ids"]
    claimed = client.ask("claim_create", queue_name="plums", limit=5).ok(201)
    claim_id = claimed["claim_id"]
    [message] = claimed["messages"]
    assert 0 <= message.pop("age") <= 2
    assert message == {"id": message_id, "claim_id": claim_id, "ttl": 360, "body": "ripe"}
    target = {"queue_name": "plums", "message_id": message_id}
    refused = client.ask("message_delete", **target).ok(403)
    assert set(refused) == {"exception", "error"}
    assert "claim" in refused["error"]
    assert client.ask("message_delete", **target, claim_id=claim_id).ok(204) == {}


def test_queues(client: Client, queue: str) -> None:
    metadata = {"_default_message_ttl": 300, "näme": [1.5, None]}
    created = f"Queue {queue} created."
    assert client.ask("queue_create", queue_name=queue, metadata=metadata).ok(201) == created
    assert client.ask("queue_create", queue_name=queue).ok(204) == created
    assert client.ask("queue_create", queue_name=f"{queue}-2", metadata=None).ok(201)
    assert client.ask("queue_get", queue_name=queue).ok(200) == metadata
    assert client.ask("queue_get", queue_name="absent").ok(200) == {}
    names = {"queues": [{"name": queue}, {"name": f"{queue}-2"}]}
    assert client.ask("queue_list").ok(200) == names
    assert client.ask("queue_list", name="nothing", n=5).ok(200) == names
    assert client.ask("queue_list", marker=queue, detailed=True).ok(200) == {
        "queues": [{"name": f"{queue}-2", "metadata": {}}]
    }
    assert len(client.ask("queue_list", limit=1).ok(200)["queues"]) == 1
    for _ in range(2):
        removed = client.ask("queue_delete", queue_name=queue).ok(204)
        assert removed == f"Queue {queue} removed."


def test_statistics_and_purge(client: Client, queue: str) -> None:
    zeros = {"messages": {"claimed": 0, "free": 0, "total": 0}}
    assert client.ask("queue_get_stats", queue_name=queue).ok(404) == zeros
    assert client.ask("queue_purge", queue_name=queue).ok(204) == {}
    client.ask("message_post", queue_name=queue, messages=[{"body": 1}, {"body": 2}]).ok(201)
    numbers = client.ask("queue_get_stats", queue_name=queue).ok(200)["messages"]
    assert (numbers["free"], numbers["total"]) == (2, 2)
    assert set(numbers["oldest"]) == set(numbers["newest"]) == {"id", "age", "created"}
    kinds = ["subscriptions"]
    assert client.ask("queue_purge", queue_name=queue, resource_types=kinds).ok(204) == {}
    assert client.ask("queue_get_stats", queue_name=queue).ok(200)["messages"]["total"] == 2
    assert client.ask("queue_purge", queue_name=queue).ok(204) == {}
    assert client.ask("queue_get_stats", queue_name=queue).ok(200) == zeros
    assert client.ask("queue_purge", queue_name=queue, resource_types=["all"]).ok(400)["exception"]


def test_messages(client: Client, queue: str) -> None:
    bodies = [{"a": [1, 2.5, "ü", None, True]}, None, "text", -(2**63), 2**63 - 1, []]
    posted = [{"body": body, "ttl": 600, "other": "dropped"} for body in bodies]
    ids = client.ask("message_post", queue_name=queue, messages=posted).ok(201)["message_ids"]
    assert client.ask("message_list", queue_name=queue).ok(200) == {"messages": []}
    first = client.ask("message_list", queue_name=queue, echo=True, limit=4).ok(200)
    rest = client.ask("message_list", queue_name=queue, echo=True, marker=first["marker"]).ok(200)
    listed = first["messages"] + rest["messages"]
    assert [message["body"] for message in listed] == bodies
    assert [message["id"] for message in listed] == ids
    assert all(set(it) == {"id", "claim_id", "ttl", "age", "body"} for it in listed)
    assert all(it["claim_id"] is None and it["ttl"] == 600 for it in listed)
    one = client.ask("message_get", queue_name=queue, message_id=ids[2]).ok(200)["messages"]
    assert (one["id"], one["body"]) == (ids[2], "text")
    wanted = [ids[3], "nonsense", ids[1], ids[3]]
    several = client.ask("message_get_many", queue_name=queue, message_ids=wanted).ok(200)
    assert [it["id"] for it in several["messages"]] == [ids[3], ids[1]]
    assert client.ask("message_delete_many", queue_name=queue, message_ids=ids[2:]).ok(204) == {}
    popped = client.ask("message_delete_many", queue_name=queue, pop=20).ok(200)["messages"]
    assert [it["body"] for it in popped] == bodies[:2]
    assert (popped[0]["claim_id"], popped[0]["claim_count"]) == (None, 0)
    assert popped[0]["checksum"].startswith("MD5:")
    assert "checksum" not in popped[1], "a null body has none"


@pytest.mark.parametrize(("value", "found"), [(1, 1), ("x", 1), (True, 1), (0, 0), (None, 0)])
def test_delayed_messages_are_shown_to_whoever_asks(
    client: Client, queue: str, value: object, found: int
) -> None:
    client.ask("queue_create", queue_name=queue, metadata={"_default_message_delay": 60})
    client.ask("message_post", queue_name=queue, messages=[{"body": 1}]).ok(201)
    shown = client.ask("message_list", queue_name=queue, echo=True, include_delayed=value).ok(200)
    assert len(shown["messages"]) == found


def test_absent_queues(client: Client, queue: str) -> None:
    assert client.ask("message_list", queue_name=queue).ok(200) == {"messages": []}
    many = client.ask("message_get_many", queue_name=queue, message_ids=["a"]).ok(200)
    assert many == {"messages": []}
    client.ask("message_get", queue_name=queue, message_id="a").ok(404)
    assert client.ask("message_delete", queue_name=queue, message_id="a").ok(204) == {}
    assert client.ask("message_delete_many", queue_name=queue, pop=1).ok(200) == {"messages": []}
    assert client.ask("claim_create", queue_name=queue).ok(204) == {"claim_id": None}
    unknown = str(uuid.uuid4())
    assert unknown in client.ask("claim_get", queue_name=queue, claim_id=unknown).ok(404)["error"]
    assert client.ask("claim_update", queue_name=queue, claim_id=unknown).ok(404)
    released = client.ask("claim_delete", queue_name=queue, claim_id=unknown).ok(204)
    assert released == f"Claim {unknown} deleted."


def test_claims(client: Client, queue: str) -> None:
    client.ask("message_post", queue_name=queue, messages=[{"body": 1}, {"body": 2}]).ok(201)
    made = client.ask("claim_create", queue_name=queue, limit=1, ttl=100, grace=60).ok(201)
    claim = {"queue_name": queue, "claim_id": made["claim_id"]}
    assert client.ask("claim_update", **claim).ok(204) == f"Claim {made['claim_id']} updated."
    shown = client.ask("claim_get", **claim).ok(200)
    assert set(shown) == {"age", "ttl", "messages"}
    assert (shown["ttl"], shown["age"] <= 2) == (300, True)
    assert shown["messages"][0]["claim_id"] == made["claim_id"]
    listed = client.ask("message_list", queue_name=queue, echo=True, include_claimed=True).ok(200)
    assert [it["claim_id"] for it in listed["messages"]] == [None, None]
    assert client.ask("claim_delete", **claim).ok(204) == f"Claim {made['claim_id']} deleted."
    client.ask("claim_get", **claim).ok(404)


def test_the_encoding_is_chosen_message_by_message(port: int) -> None:
    with connected(port, path="/v1.1//anything?x=1") as connection:
        client = Client(connection)
        message = {"action": "queue_list", "headers": client.headers}
        for payload in (json.dumps(message), msgpack.packb(message), json.dumps(message)):
            assert client.send_raw(payload).ok(200) == {"queues": []}


def test_what_is_posted_here_is_read_there(port: int) -> None:
    with connected(port) as one, connected(port) as other:
        first, second = Client(one), Client(other, is_text=False)
        second.headers["X-Project-ID"] = first.headers["X-Project-ID"]
        body = {"ключ": [1, -1.5, {"deep": None}], "": "\u0000\U0001f600"}
        first.ask("message_post", queue_name="q", messages=[{"body": body}]).ok(201)
        [message] = second.ask("message_list", queue_name="q").ok(200)["messages"]
        assert message["body"] == body


def test_answers_come_in_the_order_of_the_requests(client: Client, queue: str) -> None:
    for number in range(50):
        body = {"queue_name": queue, "messages": [{"body": number}], "ref": number}
        message = {"action": "message_post", "headers": client.headers, "body": body}
        client.connection.send(json.dumps(message) if client.is_text else msgpack.packb(message))
    replies = [client.receive() for _ in range(50)]
    assert [reply.request["body"]["ref"] for reply in replies] == list(range(50))
    popped: list[Reply] = [
        client.ask("message_delete_many", queue_name=queue, pop=20) for _ in range(3)
    ]
    bodies = [it["body"] for reply in popped for it in reply.ok(200)["messages"]]
    assert bodies == list(range(50))
