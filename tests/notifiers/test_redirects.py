"""Where redirects lead, and what they take along (``notifications.md`` 3 and 6)."""

from __future__ import annotations

import ssl
import threading
from typing import Any

import pytest
import trustme

from angarium.notifications.notifier import Delivered, GivenUp, TryAgain
from angarium_notifiers.redirects import MOST_HOPS
from angarium_notifiers.webhook import WebhookNotifier
from tests.notifiers.deliveries import delivery, notifier
from tests.notifiers.receiver import Received, answer, receiving

SECRETS = {
    "post_headers": {"X-Api-Key": "k", "Authorization": "Bearer t", "Content-Type": "text/plum"},
    "_signing_secret": "s3cret",
}


def moved(location: str, status: int = 302) -> bytes:
    return answer(status, f"Location: {location}")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_post_is_repeated_at_the_new_address(status: int) -> None:
    def chosen(request: Received) -> bytes:
        return answer(200) if request.path == "/new?a=b" else moved("../new?a=b#top", status)

    with receiving(chosen) as receiver:
        verdict = notifier(WebhookNotifier).deliver(
            delivery(receiver.url("/old/hook"), options=SECRETS)
        )
    assert verdict == Delivered()
    first, second = receiver.requests
    assert second.line == "POST /new?a=b HTTP/1.1"
    assert second.body == first.body
    assert second.headers == first.headers, "it is the same origin"


def test_redirects_end_after_some_hops() -> None:
    def chosen(request: Received) -> bytes:
        left = int(request.path.removeprefix("/"))
        return moved(f"/{left - 1}") if left else answer(200)

    with receiving(chosen) as receiver:
        hooks = notifier(WebhookNotifier)
        assert hooks.deliver(delivery(receiver.url(f"/{MOST_HOPS}"))) == Delivered()
        verdict = hooks.deliver(delivery(receiver.url(f"/{MOST_HOPS + 1}")))
    assert verdict == GivenUp("redirected more than 5 times")


def test_a_loop_is_given_up() -> None:
    with receiving(moved("/hook")) as receiver:
        verdict = notifier(WebhookNotifier).deliver(delivery(receiver.url()))
    assert isinstance(verdict, GivenUp)
    assert len(receiver.requests) == MOST_HOPS + 1


def test_slow_redirects_share_the_time_of_one_delivery() -> None:
    def chosen(request: Received) -> bytes:
        stalled.wait(0.25)
        return moved("/hook")

    stalled = threading.Event()
    hooks = notifier(WebhookNotifier, webhook_connect_timeout=0.3, webhook_read_timeout=0.3)
    with receiving(chosen) as receiver:
        assert hooks.deliver(delivery(receiver.url())) == TryAgain("timed out")
    assert len(receiver.requests) <= 3


def test_another_origin_gets_no_credentials() -> None:
    with receiving(answer(200)) as other, receiving(lambda _: moved(other.url())) as receiver:
        url = receiver.url(userinfo="plum:ripe@")
        assert notifier(WebhookNotifier).deliver(delivery(url, options=SECRETS)) == Delivered()
    (first,), (second,) = receiver.requests, other.requests
    assert {"x-api-key", "authorization"} <= first.headers.keys()
    assert second.headers.keys() == {
        "host", "content-length", "content-type", "user-agent",
        "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip
    assert second.headers["content-type"] == "text/plum"
    assert second.body == first.body


def test_credentials_do_not_come_back_from_another_origin() -> None:
    def back(_: Received) -> bytes:
        return moved(receiver.url("/chosen-by-the-other"))

    def chosen(request: Received) -> bytes:
        return moved(other.url()) if request.path == "/hook" else answer(200)

    with receiving(back) as other, receiving(chosen) as receiver:
        url = receiver.url(userinfo="plum:ripe@")
        assert notifier(WebhookNotifier).deliver(delivery(url, options=SECRETS)) == Delivered()
    assert "authorization" in receiver.requests[0].headers
    assert "authorization" not in receiver.requests[1].headers
    assert "x-api-key" not in receiver.requests[1].headers


def test_credentials_of_a_redirect_are_not_used() -> None:
    with (
        receiving(answer(200)) as other,
        receiving(moved(other.url(userinfo="a:b@"))) as receiver,
    ):
        assert notifier(WebhookNotifier).deliver(delivery(receiver.url())) == Delivered()
    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://10.0.0.1/", "10.0.0.1 has an address that subscriber_deny_networks denies"),
        ("http://0xa000001/", "10.0.0.1 has an address that subscriber_deny_networks denies"),
        ("//[::ffff:10.0.0.1]/", "::ffff:a00:1 has an address that"),
        ("http://10.0.0.1:99999/", "an address that cannot be used"),
        ("http://exa mple.org/", "an address that cannot be used"),
        ("http://example.org\\@10.0.0.1/", "an address that cannot be used"),
        ("file:///etc/passwd", "an address that cannot be used"),
        ("ftp://example.org/", "neither http nor https"),
        ("gopher://example.org:70/_x", "neither http nor https"),
        ("", "without a Location"),
    ],
)
def test_redirects_to_what_cannot_be_contacted_are_final(location: str, reason: str) -> None:
    hooks = notifier(WebhookNotifier, denied=["10.0.0.0/8"])
    with receiving(moved(location)) as receiver:
        verdict = hooks.deliver(delivery(receiver.url()))
    assert isinstance(verdict, GivenUp)
    assert reason in verdict.reason


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA, tmp_path: Any) -> Any:
    """A TLS context of a server on 127.0.0.1, and the file of who vouches for it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, str(file)


def test_encryption_is_never_left(secure: Any) -> None:
    context, file = secure
    with receiving(answer(200)) as clear, receiving(moved(clear.url()), context) as receiver:
        hooks = notifier(WebhookNotifier, webhook_ca_file=file)
        verdict = hooks.deliver(delivery(receiver.url()))
    assert verdict == GivenUp("redirected from https to http")
    assert clear.requests == []


def test_encryption_may_be_gained(secure: Any) -> None:
    context, file = secure
    with receiving(answer(200), context) as safe, receiving(moved(safe.url())) as receiver:
        hooks = notifier(WebhookNotifier, webhook_ca_file=file)
        assert hooks.deliver(delivery(receiver.url())) == Delivered()
    assert len(safe.requests) == 1


def test_a_receiver_is_verified(secure: Any) -> None:
    context, file = secure
    with receiving(answer(200), context) as receiver:
        hooks = notifier(WebhookNotifier, webhook_ca_file=file)
        for host in ("127.0.0.1", "127.1", "localhost"):
            assert hooks.deliver(delivery(receiver.url(host=host))) == Delivered()
        assert hooks.deliver(delivery(receiver.url(host="LocalHost"))) == Delivered()
    assert [request.connection for request in receiver.requests] == [0, 0, 1, 1]


def test_a_certificate_of_nobody_we_know_is_a_failure(secure: Any) -> None:
    context, _ = secure
    with receiving(answer(200), context) as receiver:
        verdict = notifier(WebhookNotifier).deliver(delivery(receiver.url()))
    assert isinstance(verdict, TryAgain)
    assert "TLS failure" in verdict.reason
    assert receiver.requests == []


def test_a_certificate_for_another_host_is_a_failure(authority: trustme.CA, secure: Any) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example.org").configure_cert(context)
    with receiving(answer(200), context) as receiver:
        verdict = notifier(WebhookNotifier, webhook_ca_file=secure[1]).deliver(
            delivery(receiver.url(host="localhost"))
        )
    assert isinstance(verdict, TryAgain)
    assert "localhost" in verdict.reason
    assert receiver.requests == []


def test_a_receiver_that_speaks_no_tls_is_a_failure() -> None:
    with receiving(answer(200)) as receiver:
        hooks = notifier(WebhookNotifier, webhook_connect_timeout=0.3)
        verdict = hooks.deliver(delivery(receiver.url().replace("http:", "https:")))
    assert isinstance(verdict, TryAgain)
