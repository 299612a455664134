"""Webhooks, against a receiver that does all that receivers do (``notifications.md`` 5 and 6)."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from angarium.errors import InvalidRequest, StartError
from angarium.notifications.notifier import Delivered, GivenUp, MessageType, TryAgain
from angarium.notifications.subscribers import Subscribers
from angarium.storage.models import Kind, Scope
from angarium_notifiers.outcomes import LONGEST_WAIT
from angarium_notifiers.webhook import WebhookNotifier
from tests.notifiers.deliveries import (
    DOCUMENT,
    MESSAGE_ID,
    POSTED,
    delivery,
    notifier,
    registration,
)
from tests.notifiers.receiver import Misbehaviour, answer, receiving
from tests.ports import free_port

URL = "https://hooks.example.org/plums"
TEMPLATE = '{"workflow": "größe", "input": {"msg": "$zaqar_message$"}, "again": "$zaqar_message$"}'


def test_the_document_is_posted() -> None:
    with receiving(answer(200)) as receiver:
        assert notifier(WebhookNotifier).deliver(delivery(receiver.url("/hook?a=b"))) == Delivered()
    (request,) = receiver.requests
    assert request.line == "POST /hook?a=b HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.body.isascii()
    assert json.loads(request.body) == DOCUMENT


def test_headers_of_the_options_add_and_override() -> None:
    headers = {"X-Flow": "prune", "content-type": "text/x-plum", "X-Size": "größe"}
    with receiving(answer(200)) as receiver:
        notifier(WebhookNotifier).deliver(
            delivery(receiver.url(), options={"post_headers": headers})
        )
    (request,) = receiver.requests
    assert request.headers["x-flow"] == "prune"
    assert request.headers["content-type"] == "text/x-plum"
    assert request.headers["x-size"] == "größe"


@pytest.mark.parametrize("type_", list(MessageType))
def test_a_template_takes_the_document_in(type_: MessageType) -> None:
    with receiving(answer(200)) as receiver:
        notifier(WebhookNotifier).deliver(
            delivery(receiver.url(), options={"post_data": TEMPLATE}, type=type_)
        )
    sent = json.loads(receiver.requests[0].body)
    assert sent == {"workflow": "größe", "input": {"msg": DOCUMENT}, "again": DOCUMENT}


@pytest.mark.parametrize("template", ["ripe", "$zaqar_message$", "'$zaqar_message$'", ""])
def test_a_template_without_the_placeholder_is_sent_as_it_is(template: str) -> None:
    with receiving(answer(200)) as receiver:
        notifier(WebhookNotifier).deliver(delivery(receiver.url(), options={"post_data": template}))
    assert receiver.requests[0].body == template.encode()


@pytest.mark.parametrize(
    ("scope", "source"),
    [
        (Scope("f00d", "plums"), "/v2/queues/plums"),
        (Scope("f00d", "plums", Kind.TOPIC), "/v2/topics/plums"),
    ],
)
def test_an_envelope_is_a_cloudevent(scope: Scope, source: str) -> None:
    options = {"_envelope": "cloudevents"}
    with receiving(answer(200)) as receiver:
        notifier(WebhookNotifier).deliver(delivery(receiver.url(), options=options, scope=scope))
    (request,) = receiver.requests
    assert request.headers["content-type"] == "application/cloudevents+json"
    event = json.loads(request.body)
    assert all(name.isalnum() and name.islower() for name in event)
    assert event == {
        "specversion": "1.0",
        "id": MESSAGE_ID,
        "source": source,
        "type": "angarium.message.posted",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(POSTED)),
        "datacontenttype": "application/json",
        "data": DOCUMENT["body"],
    }


def test_a_confirmation_has_no_envelope() -> None:
    asked = {"_envelope": "cloudevents"}
    type_ = MessageType.SUBSCRIPTION_CONFIRMATION
    with receiving(answer(200)) as receiver:
        notifier(WebhookNotifier).deliver(delivery(receiver.url(), options=asked, type=type_))
    (request,) = receiver.requests
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == DOCUMENT


def test_credentials_in_the_address_are_sent_as_such() -> None:
    with receiving(answer(200)) as receiver:
        notifier(WebhookNotifier).deliver(delivery(receiver.url(userinfo="plum:r%69pe@")))
    assert receiver.requests[0].headers["authorization"] == "Basic cGx1bTpyaXBl"


def test_the_environment_names_no_proxy_and_no_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with receiving(answer(200)) as receiver:
        assert notifier(WebhookNotifier).deliver(delivery(receiver.url())) == Delivered()
    assert "authorization" not in receiver.requests[0].headers


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299, 303])
def test_what_counts_as_delivered(status: int) -> None:
    with receiving(answer(status, "Location: http://127.0.0.1:1/")) as receiver:
        assert notifier(WebhookNotifier).deliver(delivery(receiver.url())) == Delivered()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_what_is_tried_again(status: int) -> None:
    with receiving(answer(status)) as receiver:
        verdict = notifier(WebhookNotifier).deliver(delivery(receiver.url()))
    assert verdict == TryAgain(f"answered {status}")


@pytest.mark.parametrize("status", [300, 304, 305, 400, 401, 404, 410, 499])
def test_what_is_final(status: int) -> None:
    with receiving(answer(status)) as receiver:
        verdict = notifier(WebhookNotifier).deliver(delivery(receiver.url()))
    assert verdict == GivenUp(f"answered {status}")


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("120", 120, 120),
        ("0", 0, 0),
        ("9" * 400, LONGEST_WAIT, LONGEST_WAIT),
        ("soon", 0, 0),
        ("-5", 0, 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT, LONGEST_WAIT),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_put_us_off(status: int, value: str, least: int, most: int) -> None:
    with receiving(answer(status, f"Retry-After: {value}")) as receiver:
        verdict = notifier(WebhookNotifier).deliver(delivery(receiver.url()))
    assert isinstance(verdict, TryAgain)
    assert least <= verdict.not_before <= most


def test_a_receiver_may_put_us_off_until_a_date() -> None:
    date = formatdate(time.time() + 300, usegmt=True)
    with receiving(answer(503, f"Retry-After: {date}")) as receiver:
        verdict = notifier(WebhookNotifier).deliver(delivery(receiver.url()))
    assert 280 <= verdict.not_before <= 300


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Misbehaviour.HANG, "timed out"),
        (Misbehaviour.DRIP, "timed out"),
        (Misbehaviour.RESET, "connection failure"),
        (Misbehaviour.CLOSE, "connection failure"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "connection failure"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, "connection failure"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 10_000, "connection failure"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000 + b"HTTP/1.1 103 Early\r\n\r\n", "answered 103"),
    ],
)
def test_a_receiver_that_gives_no_answer_is_tried_again(
    said: bytes | Misbehaviour, reason: str
) -> None:
    hooks = notifier(WebhookNotifier, webhook_connect_timeout=0.2, webhook_read_timeout=0.3)
    with receiving(said) as receiver:
        verdict = hooks.deliver(delivery(receiver.url()))
    assert isinstance(verdict, TryAgain)
    assert reason in verdict.reason


def test_nobody_listens() -> None:
    verdict = notifier(WebhookNotifier).deliver(delivery(f"http://127.0.0.1:{free_port()}/"))
    assert isinstance(verdict, TryAgain)
    assert "refused" in verdict.reason


def test_an_endless_body_does_not_spoil_a_delivery() -> None:
    """What is asked for is the status; the connection is not used again."""
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n" + b"a" * 200_000
    hooks = notifier(WebhookNotifier)
    with receiving(endless) as receiver:
        assert [hooks.deliver(delivery(receiver.url())) for _ in range(2)] == [Delivered()] * 2
    assert [request.connection for request in receiver.requests] == [0, 1]


def test_connections_are_kept() -> None:
    hooks = notifier(WebhookNotifier)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with receiving([answer(200, body=b"ok"), chunked, answer(500), answer(204)]) as receiver:
        for _ in range(4):
            hooks.deliver(delivery(receiver.url()))
    assert [request.connection for request in receiver.requests] == [0, 0, 0, 0]


def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    hooks = notifier(WebhookNotifier)
    with receiving([answer(200), Misbehaviour.CLOSE, answer(200), answer(200)]) as receiver:
        for _ in range(2):  # the second finds it closed only when the request is sent
            assert hooks.deliver(delivery(receiver.url())) == Delivered()
        receiver.drop_connections()
        assert hooks.deliver(delivery(receiver.url())) == Delivered()
    assert [request.connection for request in receiver.requests] == [0, 0, 1, 2]


def test_a_kept_connection_is_closed_with_the_notifier() -> None:
    hooks = notifier(WebhookNotifier)
    with receiving(answer(200)) as receiver:
        hooks.deliver(delivery(receiver.url()))
        hooks.close()
        hooks.deliver(delivery(receiver.url()))
    assert receiver.connections == 2


@pytest.mark.parametrize(
    "options",
    [
        {"post_data": 3},
        {"post_headers": ["x"]},
        {"post_headers": {"ß": "x"}},
        {"post_headers": {"x": "a\nb"}},
        {"_signing_secret": "whsec_%"},
    ],
)
def test_a_request_that_cannot_be_built_is_given_up(options: dict[str, Any]) -> None:
    with receiving(answer(200)) as receiver:
        verdict = notifier(WebhookNotifier).deliver(delivery(receiver.url(), options=options))
    assert isinstance(verdict, GivenUp)
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"post_data": 3}, "options.post_data must be a string"),
        ({"post_headers": "x"}, "options.post_headers must be an object"),
        ({"post_headers": {"X": 1}}, "options.post_headers.X must be a string"),
        ({"post_headers": {"X": "a\r\nY: b"}}, "options.post_headers.X must not have line breaks"),
        ({"post_headers": {"X": "a\n"}}, "options.post_headers.X must not have line breaks"),
        ({"post_headers": {"X": "a\x00"}}, "options.post_headers.X must not have line breaks"),
        ({"post_headers": {"X\n": "a"}}, "options.post_headers must have names that HTTP allows"),
        ({"post_headers": {"X: Y": "a"}}, "options.post_headers must have names that HTTP allows"),
        ({"post_headers": {"": "a"}}, "options.post_headers must have names that HTTP allows"),
        ({"post_headers": {"Host": "a"}}, "options.post_headers must not have Host"),
        ({"post_headers": {"content-LENGTH": "1"}}, "must not have content-LENGTH"),
        ({"post_headers": {"Transfer-Encoding": "x"}}, "must not have Transfer-Encoding"),
        ({"post_headers": {"Connection": "x"}}, "must not have Connection"),
        ({"post_headers": {"x-delivery-signature": "x"}}, "must not have x-delivery-signature"),
        ({"_envelope": "soap"}, 'options._envelope must be one of "cloudevents"'),
        ({"_signing_secret": 3}, "options._signing_secret must be a string or an array"),
        ({"_signing_secret": ""}, "options._signing_secret must not be empty"),
        ({"_signing_secret": ["a"]}, "options._signing_secret must have between 2 and 2 entries"),
        ({"_signing_secret": ["a", 3]}, "options._signing_secret[1] must be a string"),
        ({"_signing_secret": "whsec_?"}, "options._signing_secret must be text, or base64"),
        ({"_signing_secret": ["a", "whsec_"]}, "options._signing_secret must be text, or base64"),
    ],
)
@pytest.mark.parametrize("is_socket", [False, True])
def test_options_that_cannot_be_used_are_refused(
    options: dict[str, Any], text: str, is_socket: bool
) -> None:
    hooks = notifier(WebhookNotifier)
    subscribers = Subscribers({"https": hooks, "websocket": hooks}, frozenset({"https"}))
    with pytest.raises(InvalidRequest) as refusal:
        subscribers.check(registration(URL, **options), is_socket=is_socket)
    assert text in str(refusal.value)


def test_other_options_are_free() -> None:
    subscribers = Subscribers({"https": notifier(WebhookNotifier)}, frozenset({"https"}))
    subscribers.check(
        registration(
            URL,
            post_data="x",
            post_headers={"X-Flow": "größe\t"},
            _envelope="cloudevents",
            _signing_secret=["raw", "whsec_cGx1bQ=="],
            subject=3,
            anything={"of": ["any", None]},
        )
    )


def test_a_file_of_authorities_that_is_none_stops_the_start(tmp_path: Any) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing of the kind")
    for name in (str(file), str(tmp_path / "missing.pem")):
        with pytest.raises(StartError, match="webhook_ca_file"):
            notifier(WebhookNotifier, webhook_ca_file=name)
