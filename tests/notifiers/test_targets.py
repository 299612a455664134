"""No request into the operator's network (``notifications.md`` 3).

There is no name server here, so names that resolve to chosen addresses replace
``socket.getaddrinfo``, and nothing else.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from angarium.config import options as kernel_options
from angarium.errors import InvalidRequest
from angarium.notifications.connections import Connector, TargetDenied
from angarium.notifications.notifier import Delivered, GivenUp, TryAgain
from angarium.notifications.subscribers import Subscribers
from angarium_notifiers.push import PushNotifier
from angarium_notifiers.webhook import WebhookNotifier
from tests.notifiers.deliveries import configuration, delivery, networks, notifier, registration
from tests.notifiers.receiver import answer, receiving

DENIED = [it.strip() for it in kernel_options._DENIED.split(",")]
HOSTILE = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7F.1",
    "0x7f.0x0.0x0.0x1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.0x1",
    "00000177.1",
    "0",
    "0.0.0.0",
    "0x0",
    "0x",
    "0.",
    "1",
    "10.0.0.1",
    "10.255.255.255",
    "167772161",
    "0xa.1",
    "012.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.168.257",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "100.127.255.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:10.0.0.1]",
    "[::127.0.0.1]",
    "[::10.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b:1::10.0.0.1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[2002:c0a8:101::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001:0:7f00:1::3fff:fdd2]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[febf::1]",
    "[ff02::1]",
    "example.org@127.0.0.1",
    "user:password@10.0.0.1",
    "127.0.0.1@192.168.0.1",
]
UNREADABLE = [
    "http://%31%32%37.0.0.1/", "http://127.0.0%2e1/", "http://①②⑦.0.0.1/", "http://127。0。0。1/",
    "http://127.0.0.1\\@example.org/", "http://example.org\\.127.0.0.1/", "http://127.0.0.\uff11/",
    "http://256.0.0.1/", "http://127.0.0.0.1/", "http://127.0.0.1.1/", "http://08.1/",
    "http://127..1/", "http://4294967296/", "http://0xg.1/", "http://1.2.3.256/", "http://x.0x7f/",
    "http://[127.0.0.1]/", "http://[example.org]/", "http://::1/", "http://[::1/", "http://::1]/",
    "http://[::g]/", "http://[v1.fe80]/", "http://[]/", "http:///hook", "http://", "http:", "http",
    "http:hooks.example.org", "http:/127.0.0.1/", "http://:80/", "http://user@/", "http://a@b@c/",
    "http://example.org:0/", "http://example.org:65536/", "http://example.org:8a/",
    "http://example.org:80:80/", "http://example.org:-1/", "http://example.org#@127.0.0.1/",
    "http://example.org/#fragment", "http://exa mple.org/", "http://example.org/a b",
    "http://example.org/\r\nHost: a", "http://example.org/\x00", "http://example.org\t/",
    " http://example.org/", "http://example.org/\n", "http://example.org/größe", "http://größe.de/",
    "http://-.a..b/", "http://.example.org/", "http://example.org../", f"http://{'a' * 64}.org/",
    f"http://{'a.' * 127}org/", f"http://example.org/{'a' * 2048}", "http://exa$mple.org/",
    "http://[::1]a/", "http://a[::1]/", "http://[fe80::1%25]b/", "http://a:b:c@[/",
]  # fmt: skip


@pytest.fixture(scope="module")
def subscribers() -> Subscribers:
    connector = Connector(networks(*DENIED), networks("10.9.0.0/16", "fd99::/16"))
    hooks = notifier(WebhookNotifier)
    types = frozenset({"http", "https"})
    return Subscribers({"http": hooks, "https": hooks, "websocket": hooks}, types, connector)


@pytest.mark.parametrize("host", HOSTILE)
def test_literal_addresses_of_denied_networks_are_refused(
    subscribers: Subscribers, host: str
) -> None:
    for url in (f"http://{host}/hook", f"https://{host}:8443/hook", f"HTTP://{host}"):
        with pytest.raises(InvalidRequest, match=r"^subscriber has .*subscriber_allow_networks"):
            subscribers.check(registration(url))


@pytest.mark.parametrize("url", UNREADABLE)
def test_addresses_that_can_be_misread_are_refused(subscribers: Subscribers, url: str) -> None:
    with pytest.raises(InvalidRequest, match="subscriber"):
        subscribers.check(registration(url))


@pytest.mark.parametrize(
    "url", ["http://①②⑦.0.0.1/", "http://%31%32%37.0.0.1/", "http://127.0.0.1\\@example.org/"]
)
def test_disguised_addresses_name_the_option_too(subscribers: Subscribers, url: str) -> None:
    with pytest.raises(InvalidRequest, match="subscriber_allow_networks"):
        subscribers.check(registration(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org", "https://hooks.example.org:8443/plums?ripe=1&a={b}",
        "http://localhost/", "http://metadata.internal/", "http://my_service:8080/", "http://a.b./",
        "http://8.8.8.8/", "http://134744072/", "http://[2606:4700::1111]/", "http://1.2.3.4.de/",
        "http://10.9.0.1/", "http://[fd99::1]:8080/", "http://[::ffff:10.9.0.1]/",
        "http://[64:ff9b::8.8.8.8]/", "http://[2002:808:808::1]/", "http://user:pass@example.org/",
        "http://xn--gre-6ka8i.de/", "http://example.org:/", "http://example.org?a", "hTTp://a.de/%20",
        "http://0x7f.example.org/", "http://1e100.net/", "http://dead.beef/",
    ],
)  # fmt: skip
def test_others_are_accepted_without_a_look_up(
    subscribers: Subscribers, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    subscribers.check(registration(url))


def test_a_socket_is_exempt(subscribers: Subscribers) -> None:
    notifier(PushNotifier).check(registration("http://127.0.0.1:1/x"))
    sockets = notifier(PushNotifier)
    Subscribers({"websocket": sockets}, frozenset(), Connector(networks(*DENIED), ())).check(
        registration("http://127.0.0.1:1/x"), is_socket=True
    )


@pytest.mark.parametrize("host", [it for it in HOSTILE if "%" not in it and "@" not in it])
def test_literal_addresses_of_denied_networks_are_not_contacted(host: str) -> None:
    """Whatever was stored before the operator denied it."""
    hooks = notifier(WebhookNotifier, denied=DENIED, webhook_connect_timeout=0.5)
    verdict = hooks.deliver(delivery(f"http://{host}:9/"))
    assert isinstance(verdict, GivenUp)
    assert "subscriber_deny_networks" in verdict.reason


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to; each look-up takes the first answer, as long as there are several."""
    answers: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **given: Any) -> list[Any]:
        if host not in answers:
            return real(host, port, **given)
        said = answers[host]
        addresses = (said.pop(0) if len(said) > 1 else said[0]).split()
        return [found for it in addresses for found in real(it, port, **given)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answers


@pytest.mark.parametrize(
    "addresses",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1",
     "64:ff9b::a00:1", "8.8.8.8 127.0.0.1", "127.0.0.1 8.8.8.8"],
)  # fmt: skip
def test_names_of_denied_addresses_are_not_contacted(
    names: dict[str, list[str]], addresses: str
) -> None:
    names["hooks.example.org"] = [addresses]
    verdict = notifier(WebhookNotifier, denied=DENIED).deliver(
        delivery("http://hooks.example.org/")
    )
    assert verdict == GivenUp(
        "hooks.example.org has an address that subscriber_deny_networks denies"
    )


def test_localhost_is_not_contacted() -> None:
    with receiving(answer(200)) as receiver:
        hooks = notifier(WebhookNotifier, denied=DENIED)
        assert isinstance(hooks.deliver(delivery(receiver.url(host="localhost"))), GivenUp)
    assert receiver.connections == 0


def test_a_name_is_looked_up_once_for_check_and_use(names: dict[str, list[str]]) -> None:
    """A name that changes its mind between the two has no chance to."""
    with receiving(answer(200)) as receiver:
        names["hooks.example.org"] = ["127.0.0.2", "127.0.0.1"]
        hooks = notifier(WebhookNotifier, denied=["127.0.0.1/32"], webhook_connect_timeout=0.3)
        url = receiver.url(host="hooks.example.org")
        assert isinstance(hooks.deliver(delivery(url)), TryAgain), "127.0.0.2 does not listen"
        assert isinstance(hooks.deliver(delivery(url)), GivenUp), "the next attempt looks anew"
    assert receiver.connections == 0


def test_every_hop_is_looked_up_and_checked_anew(names: dict[str, list[str]]) -> None:
    with receiving(answer(200)) as inner:
        names["inner.example.org"] = ["127.0.0.1"]
        target = inner.url(host="inner.example.org")
        with receiving(answer(307, f"Location: {target}"), host="127.0.0.2") as receiver:
            names["hooks.example.org"] = ["127.0.0.2"]
            hooks = notifier(WebhookNotifier, denied=["127.0.0.1/32"])
            verdict = hooks.deliver(delivery(receiver.url(host="hooks.example.org")))
    assert len(receiver.requests) == 1
    assert verdict == GivenUp(
        "inner.example.org has an address that subscriber_deny_networks denies"
    )
    assert inner.connections == 0


def test_an_exception_is_contacted(names: dict[str, list[str]]) -> None:
    with receiving(answer(200)) as receiver:
        names["hooks.example.org"] = ["127.0.0.1"]
        hooks = notifier(WebhookNotifier, denied=DENIED, allowed=["127.0.0.1/32"])
        for host in ("127.0.0.1", "hooks.example.org"):
            assert hooks.deliver(delivery(receiver.url(host=host))) == Delivered()
    assert receiver.requests[1].headers["host"] == f"hooks.example.org:{receiver.port}"


def test_a_silent_address_leaves_time_for_the_next(names: dict[str, list[str]]) -> None:
    with receiving(answer(200)) as receiver:
        names["hooks.example.org"] = ["127.0.0.2 127.0.0.1"]
        hooks = notifier(WebhookNotifier)
        url = receiver.url(host="hooks.example.org")
        assert hooks.deliver(delivery(url)) == Delivered()


def test_a_look_up_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait() and [])
    hooks = notifier(WebhookNotifier, webhook_connect_timeout=0.2)
    assert hooks.deliver(delivery("http://hooks.example.org/")) == TryAgain("timed out")
    ended.set()


def test_a_name_that_does_not_resolve_may_do_so_later() -> None:
    verdict = notifier(WebhookNotifier).deliver(delivery("http://nowhere.invalid/"))
    assert isinstance(verdict, TryAgain)
    assert "cannot be resolved" in verdict.reason


def test_the_connector_says_who_is_denied() -> None:
    with pytest.raises(TargetDenied, match=r"^localhost has an address"):
        Connector(networks(*DENIED), ()).connect("localhost", 9, 1)


def test_the_defaults_are_those_of_the_contract() -> None:
    group = configuration().notification
    assert [str(it) for it in group.subscriber_deny_networks] == DENIED
    assert group.subscriber_allow_networks == []
