"""Subscriptions of sockets: who is told of what, over which door (``websocket-v2.md`` 7, 9, 13)."""

from __future__ import annotations

import http.client
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgpack
import pytest

from tests.servers import BOTH_DOORS, Server, ServerPark
from tests.websocket.client import TIMEOUT, Client, connected

NOTIFICATION = "Notification"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture
def server(park: ServerPark) -> Server:
    """A server with both doors that delivers."""
    return park.get("sqlite", "pushing", {**BOTH_DOORS, "notification": {}})


def another(client: Client, connection: Any, *, is_text: bool = True) -> Client:
    """A second client of the same project."""
    made = Client(connection, is_text=is_text)
    made.headers["X-Project-ID"] = client.headers["X-Project-ID"]
    return made


def push(client: Client) -> Any:
    """The next message, which is no answer."""
    raw = client.connection.recv(TIMEOUT)
    assert isinstance(raw, str) is client.is_text, "the push is in another encoding"
    document = json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw)
    assert "request" not in document, document
    return document


def rest(
    server: Server, client: Client, method: str, path: str, document: Any, media_type: str = ""
) -> int:
    """Ask for something over HTTP; the status."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
    headers = {
        "Client-ID": str(uuid.uuid4()),
        "X-Project-Id": client.headers["X-Project-ID"],
        "Content-Type": media_type or "application/json",
    }
    try:
        connection.request(method, f"/v2/queues/{path}", json.dumps(document), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def subscribers(client: Client, queue: str) -> list[str]:
    found = client.ask("subscription_list", queue_name=queue, limit=20).ok(200)["subscriptions"]
    return [it["subscriber"] for it in found]


def test_the_worked_conversation_with_its_push(client: Client, queue: str) -> None:
    reply = client.ask("subscription_create", queue_name=queue, ttl=900, **{"my-ref": 17})
    assert reply.request["body"] == {"queue_name": queue, "ttl": 900, "my-ref": 17}
    made = reply.ok(201)
    assert made == {
        "subscription_id": made["subscription_id"],
        "message": f"Subscription {queue} created.",
    }
    messages = [{"body": "ripe", "ttl": 120}]
    posted = client.ask("message_post", queue_name=queue, messages=messages).ok(201)
    [message_id] = posted["message_ids"]
    assert push(client) == {
        "body": "ripe",
        "ttl": 120,
        "queue_name": queue,
        "Message_Type": NOTIFICATION,
    }
    claimed = client.ask("claim_create", queue_name=queue, limit=5).ok(201)
    assert [it["id"] for it in claimed["messages"]] == [message_id]
    target = {"queue_name": queue, "message_id": message_id}
    assert client.ask("message_delete", **target).status == 403
    claim_id = claimed["claim_id"]
    assert client.ask("message_delete", **target, claim_id=claim_id).ok(204) == {}


def test_a_batch_is_pushed_message_by_message_and_in_order(client: Client, queue: str) -> None:
    client.ask("subscription_create", queue_name=queue).ok(201)
    bodies = [{"ключ": [1, -1.5, None, True]}, None, "\u0000\U0001f600", -(2**63), 2**63 - 1, []]
    messages = [{"body": body} for body in bodies]
    client.ask("message_post", queue_name=queue, messages=messages).ok(201)
    assert [push(client)["body"] for _ in bodies] == bodies


def test_how_it_is_listed(client: Client, queue: str) -> None:
    created = client.ask("subscription_create", queue_name=queue, ttl=900, options={"note": "x"})
    id_ = created.ok(201)["subscription_id"]
    [listed] = client.ask("subscription_list", queue_name=queue).ok(200)["subscriptions"]
    assert re.fullmatch(rf"http://127\.0\.0\.1:[0-9]+/{UUID}", listed.pop("subscriber"))
    assert 0 <= listed.pop("age") <= 5
    assert listed == {
        "id": id_,
        "source": queue,
        "ttl": 900,
        "options": {"note": "x"},
        "confirmed": True,
    }
    shown = client.ask("subscription_get", queue_name=queue, subscription_id=id_).ok(200)
    assert "secret" not in json.dumps(shown)


@pytest.mark.parametrize("subscriber", [None, ""])
def test_a_connection_subscribes_to_a_queue_once(
    client: Client, queue: str, subscriber: str | None
) -> None:
    more = {} if subscriber is None else {"subscriber": subscriber}
    client.ask("subscription_create", queue_name=queue).ok(201)
    again = client.ask("subscription_create", queue_name=queue, **more).ok(409)
    assert again == f"Subscription {queue} not created."
    client.ask("subscription_create", queue_name=f"{queue}-2", **more).ok(201)


def test_messages_of_the_other_door_are_pushed_to_every_subscriber(
    server: Server, client: Client, port: int, queue: str
) -> None:
    with connected(port) as connection:
        other = another(client, connection, is_text=not client.is_text)
        for each in (client, other):
            each.ask("subscription_create", queue_name=queue).ok(201)
        document = {"messages": [{"body": {"n": 1}, "ttl": 300}]}
        assert rest(server, client, "POST", f"{queue}/messages", document) == 201
        assert push(client) == push(other)


def test_the_encoding_is_that_of_the_message_that_subscribed(client: Client, queue: str) -> None:
    client.ask("subscription_create", queue_name=queue).ok(201)
    is_text, client.is_text = client.is_text, not client.is_text
    client.ask("subscription_create", queue_name=queue).ok(409)
    messages = [{"body": 1}]
    client.ask("message_post", queue_name=queue, messages=messages).ok(201)
    client.is_text = is_text
    push(client)
    client.is_text = not is_text
    client.ask("subscription_create", queue_name=f"{queue}-2").ok(201)
    client.ask("message_post", queue_name=queue, messages=messages).ok(201)
    push(client)


def test_nothing_is_pushed_after_the_end_of_a_subscription(
    server: Server, client: Client, queue: str
) -> None:
    for name in (queue, f"{queue}-2"):
        id_ = client.ask("subscription_create", queue_name=name).ok(201)["subscription_id"]
        end = {"queue_name": name, "subscription_id": id_}
        if name == queue:
            assert (
                client.ask("subscription_delete", **end).ok(204) == f"Subscription {id_} removed."
            )
        else:
            assert rest(server, client, "DELETE", f"{name}/subscriptions/{id_}", None) == 204
    client.ask("subscription_create", queue_name=f"{queue}-3").ok(201)
    for name in (queue, f"{queue}-2", f"{queue}-3"):
        client.ask("message_post", queue_name=name, messages=[{"body": name}]).ok(201)
    assert push(client)["body"] == f"{queue}-3"


def test_a_subscription_ends_with_its_connection_and_no_other_does(
    server: Server, client: Client, port: int, queue: str
) -> None:
    hook = "http://hook.example.net/"
    with connected(port) as connection:
        leaving = another(client, connection)
        for name in (queue, f"{queue}-2"):
            leaving.ask("subscription_create", queue_name=name).ok(201)
        leaving.ask("subscription_create", queue_name=queue, subscriber=hook).ok(201)
        moved = leaving.ask("subscription_create", queue_name=f"{queue}-3").ok(201)
        path = f"{queue}-3/subscriptions/{moved['subscription_id']}"
        assert rest(server, client, "PATCH", path, {"subscriber": hook}) == 204
        client.ask("subscription_create", queue_name=queue).ok(201)
        assert len(subscribers(client, queue)) == 3
    until(lambda: len(subscribers(client, queue)) == 2)
    until(lambda: subscribers(client, f"{queue}-2") == [])
    assert hook in subscribers(client, queue)
    assert subscribers(client, f"{queue}-3") == [hook], "it is no longer the connection's"
    client.ask("message_post", queue_name=queue, messages=[{"body": "still here"}]).ok(201)
    assert push(client)["body"] == "still here"


def test_however_a_client_leaves(client: Client, port: int, queue: str) -> None:
    with leaving_clients(client, port, queue) as (one, other):
        one.connection.send(b"\xc1" * 2_000_000)  # more than is taken
        other.connection.socket.close()
        until(lambda: subscribers(client, queue) == [])


@contextmanager
def leaving_clients(client: Client, port: int, queue: str) -> Iterator[tuple[Client, Client]]:
    with connected(port) as first, connected(port) as second:
        made = another(client, first), another(client, second)
        for each in made:
            each.ask("subscription_create", queue_name=queue).ok(201)
        assert len(subscribers(client, queue)) == 2
        yield made


def test_the_endpoint_takes_nothing_from_others(client: Client, queue: str) -> None:
    client.ask("subscription_create", queue_name=queue).ok(201)
    [uri] = subscribers(client, queue)
    where = urlsplit(uri)
    connection = http.client.HTTPConnection(where.netloc, timeout=TIMEOUT)
    for header in ({}, {"X-Delivery-Signature": f"t={int(time.time())},v={'0' * 64}"}):
        connection.request("POST", where.path, b'{"body": "forged"}', header)
        assert connection.getresponse().read() == b""
    connection.close()
    client.ask("message_post", queue_name=queue, messages=[{"body": "genuine"}]).ok(201)
    assert push(client)["body"] == "genuine"


def test_an_endpoint_named_by_a_client_is_no_subscriber(client: Client, queue: str) -> None:
    client.ask("subscription_create", queue_name=queue).ok(201)
    [uri] = subscribers(client, queue)
    refused = client.ask("subscription_create", queue_name=f"{queue}-2", subscriber=uri).ok(400)
    assert "subscriber_allow_networks" in refused["exception"]


def test_an_option_of_the_server_cannot_be_set(client: Client, queue: str) -> None:
    options = {"_delivery_secret": "mine"}
    refused = client.ask("subscription_create", queue_name=queue, options=options).ok(400)
    assert "_delivery_secret" in refused["exception"]
    assert subscribers(client, queue) == []


def test_a_large_message_is_pushed_among_the_answers(client: Client, queue: str) -> None:
    client.ask("subscription_create", queue_name=queue).ok(201)
    text = "x" * 200_000
    for number in range(5):
        messages = [{"body": f"{number}{text}"}]
        reply = client.ask("message_post", queue_name=queue, messages=messages)
        assert len(reply.ok(201)["message_ids"]) == 1
        assert push(client)["body"] == f"{number}{text}"


def test_pushes_follow_a_template(client: Client, queue: str) -> None:
    options = {"post_data": '{"wrapped": "$zaqar_message$", "n": 1}'}
    client.ask("subscription_create", queue_name=queue, options=options).ok(201)
    client.ask("message_post", queue_name=queue, messages=[{"body": 5}]).ok(201)
    pushed = push(client)
    assert (pushed["n"], pushed["wrapped"]["body"]) == (1, 5)
