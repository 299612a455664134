"""Bad input under options that change the rules: other client ids, deletions that name claims."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.badinput.wire import CLIENT_ID
from tests.badinput.world import World
from tests.kernel.installation import Installation

TRANSPORT = {
    "client_id_uuid_safe": "off",
    "min_length_client_id": 5,
    "max_length_client_id": 40,
    "message_delete_with_claim_id": True,
    "max_messages_per_page": 3,
    "max_queues_per_page": 2,
    "max_messages_per_claim_or_pop": 2,
    "max_message_ttl": 100_000,
    "max_claim_ttl": 500,
    "max_claim_grace": 400,
    "max_messages_post_size": 300,
    "max_queue_metadata": 200,
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("variants")
    with Installation(directory, {"transport": TRANSPORT}) as made:
        yield made


@pytest.fixture
def world(installation: Installation) -> World:
    return World(installation.open())


@pytest.mark.parametrize("client_id", ["", "abcd", "a" * 41, "é" * 41, "😀" * 41])
def test_a_client_id_of_the_wrong_length_is_refused(world: World, client_id: str) -> None:
    answer = world.send("GET", "/v2/queues", {"Client-ID": client_id})
    assert (answer.status, answer.title) == (400, "Wrong UUID value")
    assert "Client-ID" in answer.description


@pytest.mark.parametrize("client_id", ["abcde", "a" * 40, "é" * 5, "😀" * 40, CLIENT_ID, "\0" * 5])
def test_any_other_text_names_a_client(world: World, client_id: str) -> None:
    path = "/v2/queues/own/messages"
    mine = {"Client-ID": client_id}
    assert world.send("POST", path, mine, body=b'{"messages": [{"body": 1}]}').status == 201
    assert world.send("GET", path, mine).document["messages"] == []
    assert len(world.send("GET", path, {"Client-ID": "another"}).document["messages"]) == 1


@pytest.mark.parametrize("query", ["ids=a", "claim_ids=a", "pop=1&claim_ids=a", "ids=a&claim_ids="])
def test_ids_and_claim_ids_need_each_other(world: World, query: str) -> None:
    before = world.fingerprint()
    answer = world.send("DELETE", "/v2/queues/plums/messages", query=query)
    assert (answer.status, answer.title) == (400, "Invalid API request")
    assert "ids" in answer.description
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "claim_ids", ["unknown", "%00", "%FF,a%20b", "a," * 500, ",", "%F0%9F%98%80"]
)
def test_odd_claim_ids_delete_nothing(world: World, claim_ids: str) -> None:
    before = world.fingerprint()
    listed = world.send("GET", "/v2/queues/plums/messages", query="echo=1&include_claimed=1")
    for message in listed.document["messages"]:
        query = f"ids={message['id']}&claim_ids={claim_ids}"
        answer = world.send("DELETE", "/v2/queues/plums/messages", query=query)
        is_claimed = "claim_id" in message["href"]
        assert (answer.status, answer.title) == (403 if is_claimed else 400, "Unable to delete")
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "field"),
    [
        ("GET", "/v2/queues", "limit=3", None, "limit"),
        ("GET", "/v2/queues/plums/messages", "limit=4", None, "limit"),
        ("GET", "/v2/queues/plums/messages", "ids=a,b,c,d", None, "ids"),
        ("DELETE", "/v2/queues/plums/messages", "ids=a,b,c,d&claim_ids=a", None, "ids"),
        ("DELETE", "/v2/queues/plums/messages", "pop=3", None, "pop"),
        ("POST", "/v2/queues/plums/claims", "limit=3", b"{}", "limit"),
        ("POST", "/v2/queues/plums/claims", "", b'{"ttl": 501}', "ttl"),
        ("POST", "/v2/queues/plums/claims", "", b'{"grace": 401}', "grace"),
        ("POST", "/v2/queues/plums/claims", "", b" " * 201, "200"),
        ("POST", "/v2/queues/plums/messages", "", b" " * 301, "300"),
        (
            "POST",
            "/v2/queues/plums/messages",
            "",
            b'{"messages": [{"body": 1, "ttl": 100001}]}',
            "ttl",
        ),
        (
            "PUT",
            "/v2/queues/new",
            "",
            b'{"_max_messages_post_size": 301}',
            "_max_messages_post_size",
        ),
        ("PUT", "/v2/queues/new", "", b'{"_default_message_ttl": 100001}', "_default_message_ttl"),
        ("PUT", "/v2/queues/new", "", b" " * 201, "200"),
    ],
)
def test_configured_limits_count(
    world: World, method: str, path: str, query: str, body: bytes | None, field: str
) -> None:
    before = world.fingerprint()
    answer = world.send(method, path, query=query, body=body)
    assert (answer.status, answer.title) == (400, "Invalid API request"), answer
    assert field in answer.description
    assert world.fingerprint() == before
