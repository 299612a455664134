"""Signatures, verified by the library of Standard Webhooks, not by the code that made them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from angarium.notifications.notifier import Delivered, GivenUp, TryAgain
from angarium_notifiers.push import PushNotifier
from angarium_notifiers.signing import signature_headers
from angarium_notifiers.webhook import WebhookNotifier
from tests.notifiers.deliveries import DOCUMENT, MESSAGE_ID, delivery, notifier
from tests.notifiers.receiver import Received, answer, receiving

NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
RAW = "a secret in plain text, größe 3"


def signed(secret: str | list[str], **options: object) -> Received:
    with receiving(answer(200)) as receiver:
        verdict = notifier(WebhookNotifier).deliver(
            delivery(receiver.url(), options={"_signing_secret": secret, **options})
        )
    assert verdict == Delivered()
    return receiver.requests[0]


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> object:
    return Webhook(secret).verify(body, dict(headers))


def test_the_signature_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    made = signature_headers([NEW], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_signed_request_can_be_verified() -> None:
    request = signed(NEW)
    assert verify(NEW, request.headers, request.body) == DOCUMENT
    assert request.headers["webhook-id"] == MESSAGE_ID
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 30


def test_what_was_altered_cannot() -> None:
    request = signed(NEW)
    with pytest.raises(WebhookVerificationError):
        verify(NEW, request.headers, request.body + b" ")
    with pytest.raises(WebhookVerificationError):
        verify(OLD, request.headers, request.body)
    with pytest.raises(WebhookVerificationError):
        verify(NEW, {**request.headers, "webhook-id": "another"}, request.body)


def test_both_secrets_verify_while_they_are_rotated() -> None:
    request = signed([NEW, OLD])
    for secret in (NEW, OLD):
        assert verify(secret, request.headers, request.body) == DOCUMENT
    assert len(request.headers["webhook-signature"].split()) == 2


def test_a_secret_may_be_plain_text() -> None:
    request = signed(RAW)
    as_base64 = base64.b64encode(RAW.encode()).decode()
    assert verify(as_base64, request.headers, request.body) == DOCUMENT


def test_what_is_signed_is_what_is_sent() -> None:
    request = signed(NEW, post_data='{"in": "$zaqar_message$"}')
    assert verify(NEW, request.headers, request.body) == {"in": DOCUMENT}


def test_headers_of_the_options_cannot_replace_a_signature() -> None:
    request = signed(NEW, post_headers={"Webhook-Signature": "v1,x", "webhook-id": "x"})
    assert verify(NEW, request.headers, request.body) == DOCUMENT


def test_without_a_secret_nothing_is_signed() -> None:
    with receiving(answer(200)) as receiver:
        notifier(WebhookNotifier).deliver(delivery(receiver.url()))
    assert not any(name.startswith("webhook-") for name in receiver.requests[0].headers)


SECRET = "the secret of a connection"


def test_a_push_proves_its_origin() -> None:
    options = {"post_headers": {"X-Flow": "prune"}, "post_data": '{"in": "$zaqar_message$"}'}
    pushes = notifier(PushNotifier)
    with receiving(answer(200)) as receiver:
        url = receiver.url("/0c3e0f5a")
        for _ in range(2):
            assert pushes.deliver(delivery(url, SECRET, options=options)) == Delivered()
    request, again = receiver.requests
    moment, _, digest = request.headers["x-delivery-signature"].partition(",v=")
    moment = moment.removeprefix("t=")
    text = b"\n".join((b"0c3e0f5a", moment.encode(), request.body))
    assert digest == hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert abs(int(moment) - time.time()) < 30
    assert json.loads(request.body) == {"in": DOCUMENT}
    assert request.headers["x-flow"] == "prune"
    assert again.connection == request.connection == 0, "the connection is kept"


def test_a_push_to_a_connection_that_has_gone_ends_its_subscription() -> None:
    with receiving(answer(404)) as receiver:
        verdict = notifier(PushNotifier).deliver(delivery(receiver.url("/a"), SECRET))
    assert verdict == GivenUp("the socket was closed", is_gone=True)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, GivenUp("answered 403")),
        (413, GivenUp("answered 413")),
        (302, GivenUp("answered 302")),
        (503, TryAgain("answered 503")),
    ],
)
def test_other_answers_to_a_push(status: int, expected: object) -> None:
    with receiving(answer(status, "Location: /b")) as receiver:
        assert notifier(PushNotifier).deliver(delivery(receiver.url("/a"), SECRET)) == expected
    assert len(receiver.requests) == 1


def test_a_push_without_a_secret_goes_nowhere() -> None:
    with receiving(answer(200)) as receiver:
        assert isinstance(notifier(PushNotifier).deliver(delivery(receiver.url("/a"))), GivenUp)
    assert receiver.requests == []


def test_a_webhook_that_points_at_a_delivery_endpoint_has_no_proof() -> None:
    with receiving(answer(403)) as receiver:
        notifier(WebhookNotifier).deliver(delivery(receiver.url("/a")))
    assert "x-delivery-signature" not in receiver.requests[0].headers
