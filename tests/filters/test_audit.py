"""The audit filter, in a running server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import HEADERS, Program, serving

Lines = list[dict[str, str]]


@pytest.fixture
def audited(tmp_path: Path) -> Iterator[Program]:
    kinds = ("queue", "topic", "message", "claim", "subscription")
    pipelines = {f"{kind}_pipeline": "audit" for kind in kinds}
    with serving(tmp_path, {"storage": pipelines}) as program:
        yield program


def lines(program: Program) -> Lines:
    found = [line.split(" audit ")[1] for line in program.output.splitlines() if " audit " in line]
    return [dict(pair.split("=", 1) for pair in line.split()) for line in found]


def test_a_subscription_is_one_line_without_its_secrets(audited: Program) -> None:
    secret = "whsec_c2VjcmV0"
    options = {"_signing_secret": secret}
    body = json.dumps({"subscriber": "https://hooks.example.org/", "options": options})
    assert audited.send("POST", "/v2/queues/q/subscriptions", body)[0] == 201
    assert audited.send("GET", "/v2/queues/q/subscriptions", None)[0] == 200
    purged = json.dumps({"resource_types": ["subscriptions"]})
    assert audited.send("POST", "/v2/queues/q/purge", purged)[0] == 204
    operations = [it["operation"] for it in lines(audited)]
    assert operations == ["create_subscription", "purge_subscriptions"]
    assert secret not in audited.output


def test_each_change_is_one_line(audited: Program) -> None:
    def send(method: str, path: str, body: object = None) -> dict[str, object]:
        text = None if body is None else json.dumps(body)
        status, answer = audited.send(method, f"/v2/queues{path}", text, {"X-User-Id": "ann"})
        assert status < 300, answer
        return json.loads(answer) if answer else {}

    send("PUT", "/q", {})
    bodies = [{"ttl": 300, "body": f"secret {number}"} for number in range(4)]
    posted = send("POST", "/q/messages", {"messages": bodies})
    ids = [str(path).rpartition("/")[2] for path in posted["resources"]]  # type: ignore[attr-defined] # a list
    claim = send("POST", "/q/claims?limit=1", {"ttl": 60, "grace": 60})
    message = claim["messages"][0]  # type: ignore[index] # a list of objects
    claim_id = message["href"].rpartition("=")[2]
    send("GET", "/q/messages?echo=true")
    send("PATCH", f"/q/claims/{claim_id}", {"ttl": 70, "grace": 60})
    send("DELETE", f"/q/messages/{ids[0]}?claim_id={claim_id}")
    send("DELETE", f"/q/claims/{claim_id}")
    send("DELETE", f"/q/messages?ids={ids[1]},{ids[2]}")
    send("DELETE", "/q/messages?pop=5")
    send("DELETE", "/q/messages?pop=5")
    send("POST", "/q/purge", {"resource_types": ["messages"]})
    send("DELETE", "/q")

    found = lines(audited)
    assert [(it["operation"], it.get("messages")) for it in found] == [
        ("create_queue", None),
        ("post_messages", "4"),
        ("create_claim", "1"),
        ("renew_claim", None),
        ("delete_message", "1"),
        ("release_claim", None),
        ("delete_messages", "2"),
        ("pop_messages", "1"),
        ("purge_messages", None),
        ("delete_queue", None),
    ]
    who = {(it["project"], it["queue"], it["user_id"], it["client_id"]) for it in found}
    assert who == {("p", "q", "ann", HEADERS["Client-ID"])}
    assert {it["claim_id"] for it in found if "claim_id" in it} == {claim_id}
    assert all(it["request_id"].startswith("req-") for it in found)
    assert "secret" not in audited.output


def test_topics_are_told_from_queues(audited: Program) -> None:
    assert audited.send("PUT", "/v2/topics/t", "{}")[0] == 201
    body = json.dumps({"messages": [{"body": 1}]})
    assert audited.send("POST", "/v2/topics/t/messages", body)[0] == 201
    assert audited.send("DELETE", "/v2/topics/t", None)[0] == 204
    found = lines(audited)
    operations = [it["operation"] for it in found]
    assert operations == ["create_queue", "post_messages", "delete_queue"]
    assert all(it["topic"] == "t" and "queue" not in it for it in found)


def test_a_refused_change_is_none(audited: Program) -> None:
    assert audited.send("POST", "/v2/queues/q/messages", '{"messages": []}')[0] == 400
    assert lines(audited) == []
