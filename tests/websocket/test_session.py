"""Who a client is, from message to message (``websocket-v2.md`` 4, 5 and 12)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from angarium import clock as clocks
from angarium import config, kernel
from angarium.ids import new_claim_id, new_message_id, new_subscription_id
from angarium.signatures import normalise_expiry
from tests.websocket.conftest import SECRET
from tests.websocket.conversation import MINE, Conversation, Tokens

NOT_AUTHENTICATED = (403, {"error": "Not authentified."})


POLICY = {"queues:delete": "role:admin", "messages:get_all": "!"}


@pytest.fixture
def clock() -> clocks.Clock:
    return clocks.Clock()


@pytest.fixture
def service(tmp_path: Path, clock: clocks.Clock) -> Iterator[kernel.Kernel]:
    """A service on a file of SQLite, in which policy forbids a few things."""
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(POLICY))
    file = tmp_path / "angarium.conf"
    file.write_text(
        f"[DEFAULT]\nstate_path = {tmp_path}\n[oslo_policy]\npolicy_file = {policy}\n"
        f"[signed_url]\nsecret_key = {SECRET}\n"
    )
    built = kernel.build(config.load(["--config-file", str(file)]), clock)
    built.prepare()
    yield built
    built.close()


@pytest.fixture
def guarded(service: kernel.Kernel) -> kernel.Kernel:
    """The same where a token is needed."""
    tokens = Tokens(service.conf, service.services.clock.now)
    return replace(service, identity=tokens)


@pytest.fixture
def talk(guarded: kernel.Kernel) -> Conversation:
    return Conversation(guarded)


AUTHENTICATED = (200, {"message": "Authentified."})
FAILED = {"error": "Authentication failed."}


def test_a_token_opens_the_door(talk: Conversation) -> None:
    assert talk.ask("queue_list") == NOT_AUTHENTICATED
    assert talk.authenticate("member") == AUTHENTICATED
    assert talk.ask("queue_list") == (200, {"queues": []})


@pytest.mark.parametrize(("token", "status"), [("wrong", 401), ("", 401), ("unreachable", 503)])
def test_a_failed_authentication(talk: Conversation, token: str, status: int) -> None:
    assert talk.authenticate(token) == (status, FAILED)
    assert talk.ask("queue_list") == NOT_AUTHENTICATED
    assert talk.authenticate("member") == AUTHENTICATED
    assert talk.authenticate(token) == (status, FAILED)
    assert talk.ask("queue_list")[0] == 200, "the previous one stays in force"


def test_only_the_token_is_shown_to_the_identity_layer(guarded: kernel.Kernel) -> None:
    headers = {"X-Roles": "admin", "x-project-id": "theirs", "X-User-Id": "root"}
    Conversation(guarded).authenticate("member", **headers)
    assert isinstance(guarded.identity, Tokens)
    assert guarded.identity.shown == [{"x-auth-token": "member"}]


def test_the_project_is_that_of_the_token(talk: Conversation) -> None:
    talk.authenticate("admin")
    assert talk.ask("queue_create", {**MINE, "X-Project-ID": "theirs"}, queue_name="q") == (
        NOT_AUTHENTICATED
    )


def test_the_schema_comes_first_and_the_policy_before_names(talk: Conversation) -> None:
    assert talk.ask("queue_delete")[0] == 400
    assert talk.ask("queue_delete", queue_name="a b") == NOT_AUTHENTICATED
    talk.authenticate("member")
    status, body = talk.ask("queue_delete", queue_name="a b")
    assert (status, set(body)) == (403, {"error"})
    talk.authenticate("admin")
    assert talk.ask("queue_delete", queue_name="a b")[0] == 400
    assert talk.ask("queue_delete", queue_name="q")[0] == 204


@pytest.mark.parametrize("action", ["message_list", "message_get_many"])
def test_a_rule_of_several_actions(talk: Conversation, action: str) -> None:
    talk.authenticate("admin")
    status, body = talk.ask(action, queue_name="q", message_ids=["a"])
    assert (status, set(body)) == (403, {"error"})


def test_what_nothing_executes_needs_a_token_too(talk: Conversation) -> None:
    assert talk.ask("check_node_health", {}) == NOT_AUTHENTICATED
    talk.authenticate("member")
    assert talk.ask("check_node_health", {})[0] == 501


def test_a_token_expires(talk: Conversation, clock: clocks.Clock) -> None:
    assert talk.session.lifetime is None
    talk.authenticate("admin")
    lifetime = talk.session.lifetime
    assert lifetime is not None
    assert 98 <= lifetime <= 100
    clock.offset = 90
    assert talk.ask("queue_list")[0] == 200
    clock.offset = 100
    assert talk.ask("queue_list") == NOT_AUTHENTICATED
    talk.authenticate("member")
    assert talk.session.lifetime is None


def test_open_mode_believes_the_project_and_no_roles(service: kernel.Kernel) -> None:
    talk = Conversation(service)
    assert talk.authenticate("anything") == AUTHENTICATED
    assert talk.ask("queue_create", queue_name="q")[0] == 201
    theirs = {**MINE, "X-Project-ID": "theirs", "X-Roles": "admin"}
    assert talk.ask("queue_list", theirs) == (200, {"queues": []})
    assert talk.ask("queue_delete", theirs, queue_name="q")[0] == 403


def signed(
    service: kernel.Kernel,
    paths: tuple[str, ...] = ("/v2/queues/q/messages",),
    methods: tuple[str, ...] = ("GET", "POST", "DELETE"),
    **changed: Any,
) -> dict[str, Any]:
    """Headers with a credential, of which some may be changed afterwards."""
    now = service.services.clock.now()
    expires = normalise_expiry("2100-01-01T00:00:00", now)
    credential = service.services.signer.issue(paths, methods, "mine", expires)
    headers = {
        **MINE,
        "URL-Signature": credential.signature,
        "URL-Expires": expires,
        "URL-Methods": list(methods),
        "URL-Paths": list(paths),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in headers.items() if value is not None}


def test_a_credential_replaces_the_token_request_by_request(guarded: kernel.Kernel) -> None:
    talk, headers = Conversation(guarded), signed(guarded)
    status, body = talk.ask("message_post", headers, queue_name="q", messages=[{"body": 1}])
    assert status == 201
    [message_id] = body["message_ids"]
    assert talk.ask("message_get", headers, queue_name="q", message_id=message_id)[0] == 200
    assert talk.ask("message_delete", headers, queue_name="q", message_id=message_id)[0] == 204
    assert talk.ask("message_delete_many", headers, queue_name="q", pop=1)[0] == 200
    assert talk.ask("message_list", headers, queue_name="q")[0] == 403, "by the policy"
    assert talk.ask("message_get", queue_name="q", message_id=message_id) == NOT_AUTHENTICATED


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({}, "message_get", "other"),
    ({}, "claim_create", "q"),
    ({}, "queue_get", "q"),
    ({"methods": ("POST",)}, "message_get", "q"),
    ({"paths": ("/v2/queues/q",)}, "queue_get", "q"),
    ({"paths": ("/v2/queues/q/mess",)}, "message_get", "q"),
    ({"URL_Signature": "0" * 64}, "message_get", "q"),
    ({"URL_Signature": "ü"}, "message_get", "q"),
    ({"URL_Expires": "2101-01-01T00:00:00"}, "message_get", "q"),
    ({"URL_Expires": "2001-01-01T00:00:00"}, "message_get", "q"),
    ({"URL_Expires": "nonsense"}, "message_get", "q"),
    ({"URL_Expires": None}, "message_get", "q"),
    ({"URL_Methods": None}, "message_get", "q"),
    ({"URL_Methods": []}, "message_get", "q"),
    ({"URL_Paths": None}, "message_get", "q"),
    ({"URL_Paths": []}, "message_get", "q"),
    ({"URL_Paths": ["/v2/queues/q/messages", "/v2/queues/r/messages"]}, "message_get", "q"),
    ({"X_Project_ID": "theirs"}, "message_get", "q"),
    ({"URL_Signature": ""}, "message_get", "q"),
]


@pytest.mark.parametrize(("changed", "action", "queue"), BAD, ids=range(len(BAD)))
def test_a_credential_that_does_not_hold(
    guarded: kernel.Kernel, changed: dict[str, Any], action: str, queue: str
) -> None:
    headers = signed(guarded, **changed)
    talk = Conversation(guarded)
    assert talk.ask(action, headers, queue_name=queue, message_id="m") == NOT_AUTHENTICATED


def test_in_open_mode_a_credential_is_verified_if_there_is_one(service: kernel.Kernel) -> None:
    talk = Conversation(service)
    wanted = {"queue_name": "q", "message_id": "m"}
    assert talk.ask("message_get", signed(service), **wanted)[0] == 404
    wrong = signed(service, URL_Signature="0" * 64)
    assert talk.ask("message_get", wrong, **wanted) == NOT_AUTHENTICATED
    assert talk.ask("message_get", signed(service, URL_Signature=""), **wanted)[0] == 404


BODIES: dict[str, dict[str, Any]] = {
    "message_post": {"messages": [{"body": 1}]},
    "message_get": {"message_id": new_message_id()},
    "message_get_many": {"message_ids": [new_message_id()]},
    "message_delete": {"message_id": new_message_id()},
    "message_delete_many": {"pop": 1},
    "claim_get": {"claim_id": new_claim_id()},
    "claim_update": {"claim_id": new_claim_id()},
    "claim_delete": {"claim_id": new_claim_id()},
    "subscription_create": {"subscriber": "http://hooks.example.org/"},
    "subscription_get": {"subscription_id": new_subscription_id()},
    "subscription_delete": {"subscription_id": new_subscription_id()},
}


def test_a_store_that_does_not_answer_is_503_in_every_action(tmp_path: Path) -> None:
    file, url = tmp_path / "angarium.conf", "postgresql+psycopg://nobody@127.0.0.1:1/none"
    stores = ("message_store", "management_store")
    lines = [f"[drivers:{store}:sqlalchemy]\nuri = {url}\n" for store in stores]
    file.write_text("".join(lines))
    service = kernel.build(config.load(["--config-file", str(file)]))
    talk = Conversation(service)
    for action in service.dispatcher.actions.values():
        if action.socket is None or action.name == "get_home_doc":
            continue
        body = BODIES.get(action.name, {})
        status, answered = talk.ask(action.name, queue_name="q", **body)
        assert (status, set(answered)) == (503, {"exception", "error"}), action.name
    service.close()


def test_a_bug(service: kernel.Kernel) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError("secret internals")

    actions = service.dispatcher.actions
    actions["queue_list"] = replace(actions["queue_list"], handler=broken)
    status, body = Conversation(service).ask("queue_list")
    assert (status, body["error"]) == (500, "Unexpected error.")
    assert "secret" not in body["exception"]
