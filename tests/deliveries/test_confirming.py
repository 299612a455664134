"""Confirmation over running servers, by webhook, mail and socket (``notifications.md`` 11)."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

from tests.api.client import Api, Rest
from tests.api.helpers import Document, ok, post, refused
from tests.api.wire import Answer
from tests.deliveries.conftest import DELIVERING
from tests.deliveries.inbox import PATIENCE, documents, subscribe, wait_for
from tests.notifiers.mail_server import Post, mail_server, parsed
from tests.notifiers.receiver import Receiver
from tests.servers import BOTH_DOORS, Options, Server, ServerPark, TestClock
from tests.websocket.client import Client, connected

PAGE: Final = "https://pages.example.org/confirm"
ASKED: Final = "SubscriptionConfirmation"
ENDED: Final = "UnsubscribeConfirmation"
YES: Final = {"confirmed": True}
NO: Final = {"confirmed": False}


@pytest.fixture(scope="session")
def mailbox() -> Post:
    """What the mail server has got."""
    return Post()


@pytest.fixture(scope="session")
def mail_options(
    mailbox: Post, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The options that lead to a running mail server."""
    directory: Path = tmp_path_factory.mktemp("mail")
    with mail_server(mailbox, trustme.CA(), directory) as options:
        yield options


@pytest.fixture(scope="session")
def confirming(mail_options: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Options:
    """The options of an installation of its own that sends nothing to who has not confirmed."""
    notification = {
        **DELIVERING["notification"],
        **mail_options,
        "require_confirmation": True,
        "public_endpoint": "https://mq.example.net/base",
        "public_websocket_endpoint": "wss://push.example.net",
        "external_confirmation_url": PAGE,
    }
    signed_url = {"secret_key": "paper-boat-42"}
    return {
        **BOTH_DOORS,
        "DEFAULT": {"state_path": tmp_path_factory.mktemp("confirming")},
        "notification": notification,
        "signed_url": signed_url,
    }


@pytest.fixture
def server(park: ServerPark, confirming: Options) -> Server:
    """A server with both doors."""
    return park.get("sqlite", "confirming", confirming)


@pytest.fixture
def api(server: Server) -> Api:
    """A client of a project of its own, over HTTP."""
    return Api(server, headers={})


@dataclass(frozen=True)
class Credential:
    """What only a subscriber was sent: the headers that stand for a token, and a URL."""

    signature: str
    methods: str
    paths: str
    expires: str
    project: str
    url: str

    @classmethod
    def of(cls, document: Document) -> Credential:
        """That of a document."""
        members = ("URL-Signature", "URL-Methods", "URL-Paths", "URL-Expires", "X-Project-ID")
        return cls(*(document[name] for name in members), document["WSGISubscribeURL"])

    def put(self, server: Server, body: Document, path: str = "", method: str = "PUT") -> Answer:
        """Say so, as somebody without any account.

        :param path: another one than that of the URL.
        """
        headers: dict[str, str | bytes] = {
            "Content-Type": "application/json",
            "Client-ID": str(uuid.uuid4()),
            "X-Project-ID": self.project,
            "URL-Signature": self.signature,
            "URL-Methods": self.methods,
            "URL-Paths": self.paths,
            "URL-Expires": self.expires,
        }
        return Rest(server, headers).call(method, path or urlsplit(self.url).path, body)


class Witness:
    """A subscriber that has confirmed, so that a test knows when a message was announced."""

    def __init__(self, api: Api, queue: str, receiver: Receiver) -> None:
        self._api, self._queue, self._receiver = api, queue, receiver
        identifier = subscribe(api, queue, receiver.url("/witness"))
        wait_for(receiver, 1, "/witness")
        ok(api.subscription_confirm(queue, identifier, YES), 204)
        self._seen = 1

    def post(self, body: str) -> None:
        """Post, and wait until those who are to hear of it are known."""
        post(self._api, self._queue, body)
        self._seen += 1
        assert wait_for(self._receiver, self._seen, "/witness")[-1]["body"] == body


def is_confirmed(api: Api, queue: str, identifier: str) -> bool:
    return bool(ok(api.subscription_get(queue, identifier), 200)["confirmed"])


@pytest.mark.parametrize("kind", ["queue", "topic"])
def test_the_request_has_all_that_is_needed(
    api: Api, queue: str, receiver: Receiver, kind: str
) -> None:
    client = api.of(kind)
    template = '{"hook": "$zaqar_message$"}'
    plain = subscribe(client, queue, receiver.url())
    subscribe(client, queue, receiver.url("/inside"), post_data=template)
    [document] = wait_for(receiver, 1)
    [inside] = wait_for(receiver, 1, "/inside")
    path = f"{client.path(queue)}/subscriptions/{plain}/confirm"
    assert re.fullmatch("[0-9a-f]{64}", document.pop("URL-Signature"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", document.pop("URL-Expires"))
    assert queue in document.pop("Message")
    assert document == {
        "Message_Type": ASKED,
        "URL-Methods": "PUT",
        "URL-Paths": path,
        "X-Project-ID": api.project,
        "SubscribeBody": YES,
        "UnsubscribeBody": NO,
        "WSGISubscribeURL": f"https://mq.example.net{path}",
        "WebSocketSubscribeURL": f"wss://push.example.net{path}",
        "queue_name": queue,
    }
    assert inside["hook"]["Message_Type"] == ASKED


@pytest.mark.parametrize("kind", ["queue", "topic"])
def test_messages_go_to_those_who_want_them_while_they_do(
    api: Api, queue: str, receiver: Receiver, kind: str
) -> None:
    client, server = api.of(kind), api.server
    witness = Witness(client, queue, receiver)
    identifier = subscribe(client, queue, receiver.url())
    [asked] = wait_for(receiver, 1)
    witness.post("before")
    answer = Credential.of(asked).put(server, asked["SubscribeBody"])
    ok(answer, 204)
    assert answer.headers["location"] == asked["URL-Paths"]
    assert is_confirmed(client, queue, identifier)
    witness.post("wanted")
    assert [it.get("body") for it in wait_for(receiver, 2)] == [None, "wanted"]
    ok(Credential.of(asked).put(server, asked["UnsubscribeBody"]), 204)
    [*_, ended] = wait_for(receiver, 3)
    assert (ended["Message_Type"], ended["URL-Paths"]) == (ENDED, asked["URL-Paths"])
    witness.post("unwanted")
    ok(Credential.of(ended).put(server, ended["SubscribeBody"]), 204)
    witness.post("wanted again")
    assert wait_for(receiver, 4)[-1]["body"] == "wanted again"


def test_who_subscribes_again_is_asked_again(api: Api, queue: str, receiver: Receiver) -> None:
    identifier = subscribe(api, queue, receiver.url())
    wait_for(receiver, 1)
    assert subscribe(api, queue, receiver.url(), ttl=90) == identifier
    [_, again] = wait_for(receiver, 2)
    assert again["Message_Type"] == ASKED
    ok(Credential.of(again).put(api.server, YES), 204)
    answer = api.subscription_create(queue, {"subscriber": receiver.url()})
    assert answer.status == 409
    post(api, queue, "and not asked any more")
    assert wait_for(receiver, 3)[-1]["body"] == "and not asked any more"


def test_a_new_address_has_to_confirm_anew(api: Api, queue: str, receiver: Receiver) -> None:
    witness = Witness(api, queue, receiver)
    identifier = subscribe(api, queue, receiver.url("/old"))
    [asked] = wait_for(receiver, 1, "/old")
    ok(Credential.of(asked).put(api.server, YES), 204)
    ok(api.subscription_update(queue, identifier, {"ttl": 7200}), 204)
    assert is_confirmed(api, queue, identifier), "it is the same address"
    ok(api.subscription_update(queue, identifier, {"subscriber": receiver.url("/new")}), 204)
    assert not is_confirmed(api, queue, identifier)
    [asked] = wait_for(receiver, 1, "/new")
    assert asked["Message_Type"] == ASKED
    witness.post("before")
    ok(Credential.of(asked).put(api.server, YES), 204)
    witness.post("after")
    assert wait_for(receiver, 2, "/new")[-1]["body"] == "after"
    assert len(documents(receiver, "/old")) == 1


def test_nothing_else_opens_it(api: Api, queue: str, receiver: Receiver, clock: TestClock) -> None:
    identifier = subscribe(api, queue, receiver.url(), ttl=60)
    other = subscribe(api, queue, receiver.url("/other"))
    [asked] = wait_for(receiver, 1)
    good = Credential.of(asked)
    ok(api.subscription_update(queue, identifier, {"ttl": 3600}), 204)

    def is_refused(document: Document, **how: str) -> None:
        answer = Credential.of(document).put(api.server, YES, **how)
        assert (answer.status, answer.body) == (404, {"title": "404 Not Found"})

    last = "0" if good.signature[-1] != "0" else "1"
    is_refused({**asked, "URL-Signature": good.signature[:-1] + last})
    is_refused({**asked, "URL-Expires": "2999-01-01T00:00:00"})
    is_refused({**asked, "X-Project-ID": "another"})
    is_refused(asked, path=good.paths.replace(identifier, other))
    is_refused({**asked, "URL-Paths": good.paths.replace(identifier, other)}, path="")
    is_refused(asked, path=good.paths.removesuffix("/confirm"), method="PATCH")
    is_refused(asked, method="POST")
    clock.advance(61)
    is_refused(asked)
    assert not is_confirmed(api, queue, identifier)
    assert not is_confirmed(api, queue, other)


def test_a_credential_is_no_way_around_the_rules(api: Api, queue: str, receiver: Receiver) -> None:
    identifier = subscribe(api, queue, receiver.url())
    [asked] = wait_for(receiver, 1)
    answer = Credential.of(asked).put(api.server, {"confirmed": "true"})
    refused(answer, 400, "Invalid API request")
    ok(api.subscription_delete(queue, identifier), 204)
    refused(Credential.of(asked).put(api.server, YES), 404, "Not found")


# By mail


def mail_to(mailbox: Post, address: str, number: int) -> EmailMessage:
    """One of the mails to an address, by number, as soon as it is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [it for it in mailbox.envelopes if it.rcpt_tos == [address]]
        if len(found) > number:
            return parsed(found[number])
        assert time.monotonic() < deadline, "no mail came"
        time.sleep(0.02)


def link_in(mail: EmailMessage) -> Credential:
    """What the page behind the link in a mail gets to know."""
    [link] = re.findall(rf"{re.escape(PAGE)}\?\S+", mail.get_content())
    values = dict(parse_qsl(urlsplit(link).query, strict_parsing=True))
    names = ("Signature", "Methods", "Paths", "Expires", "Project", "Url")
    return Credential(*(values[name] for name in names))


def test_the_link_in_a_mail_confirms(server: Server, queue: str, mailbox: Post) -> None:
    api = Api(server, project=f"f00d & sons {queue}", headers={})
    address = f"{queue}@example.org"
    subscribe(api, queue, f"mailto:{address}")
    credential = link_in(mail_to(mailbox, address, 0))
    assert credential.url == f"https://mq.example.net{credential.paths}"
    ok(credential.put(server, YES), 204)
    post(api, queue, "by mail")
    assert '"body":"by mail"' in mail_to(mailbox, address, 1).get_content()
    ok(credential.put(server, NO), 204)
    post(api, queue, "unwanted")
    ok(link_in(mail_to(mailbox, address, 2)).put(server, YES), 204)
    post(api, queue, "again")
    assert '"body":"again"' in mail_to(mailbox, address, 3).get_content()


# Over a socket


@pytest.fixture
def socket(server: Server) -> Iterator[Client]:
    """A client with an open socket."""
    assert server.socket_port is not None
    with connected(server.socket_port) as connection:
        yield Client(connection)


def test_over_a_socket_subscribers_are_asked_too(
    server: Server, socket: Client, queue: str, receiver: Receiver
) -> None:
    body = {"queue_name": queue, "subscriber": receiver.url()}
    socket.ask("subscription_create", **body).ok(201)
    wait_for(receiver, 1)
    socket.ask("subscription_create", **body).ok(409)
    [_, asked] = wait_for(receiver, 2)
    assert asked["Message_Type"] == ASKED
    ok(Credential.of(asked).put(server, YES), 204)
    socket.ask("subscription_create", **body).ok(409)
    socket.ask("message_post", queue_name=queue, messages=[{"body": "wanted"}]).ok(201)
    assert wait_for(receiver, 3)[-1]["body"] == "wanted"


def test_a_socket_of_the_subscriber_itself_is_not_asked(socket: Client, queue: str) -> None:
    made = socket.ask("subscription_create", queue_name=queue).ok(201)["subscription_id"]
    body = {"queue_name": queue, "subscription_id": made}
    assert socket.ask("subscription_get", **body).ok(200)["confirmed"] is True
    socket.ask("message_post", queue_name=queue, messages=[{"body": "ripe"}]).ok(201)
    assert '"ripe"' in str(socket.connection.recv(PATIENCE))
