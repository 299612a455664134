"""Mail, to a real server with TLS and by a real command (``notifications.md`` 9 and 11.5)."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import trustme

from angarium.errors import InvalidRequest, StartError
from angarium.notifications.notifier import Delivered, GivenUp, MessageType, TryAgain
from angarium.notifications.subscribers import Subscribers
from angarium_notifiers.mail import MailNotifier
from tests.notifiers.deliveries import DOCUMENT, configuration, delivery, notifier, registration
from tests.notifiers.mail_server import Post, mail_server
from tests.ports import free_port

TO = "mailto:gardener@example.org"
CONFIRMATION = {
    "Message_Type": "SubscriptionConfirmation",
    "Message": "Please confirm.",
    "URL-Signature": "93a1",
    "URL-Methods": "PUT",
    "URL-Paths": "/v2/queues/plums/subscriptions/7c1e/confirm",
    "URL-Expires": "2031-05-06T07:08:09",
    "X-Project-ID": "f00d & sons",
    "SubscribeBody": {"confirmed": True},
    "UnsubscribeBody": {"confirmed": False},
    "WSGISubscribeURL": "https://m.example.org/v2/queues/plums/subscriptions/7c1e/confirm",
    "queue_name": "plums",
}
LINK = (
    "https://pages.example.org/confirm?Signature=93a1&Methods=PUT"
    "&Paths=/v2/queues/plums/subscriptions/7c1e/confirm&Project=f00d%20%26%20sons"
    "&Expires=2031-05-06T07:08:09"
    "&Url=https://m.example.org/v2/queues/plums/subscriptions/7c1e/confirm&Queue=plums"
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def server(post: Post, authority: trustme.CA, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A mail server; yields the options that lead there."""
    with mail_server(post, authority, tmp_path) as options:
        yield options


def command(tmp_path: Path, script: str) -> str:
    path = tmp_path / "sendmail"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_mail_arrives_at_a_server(server: dict[str, Any], post: Post) -> None:
    options = {"from": "Orchard <orchard@example.org>", "subject": "Pflaumen für alle"}
    verdict = notifier(MailNotifier, **server).deliver(delivery(TO, options=options))
    assert verdict == Delivered()
    (envelope,) = post.envelopes
    assert envelope.mail_from == "orchard@example.org"
    assert envelope.rcpt_tos == ["gardener@example.org"]
    mail = post.mail()
    assert (mail["To"], mail["From"]) == ("gardener@example.org", options["from"])
    assert mail["Subject"] == "Pflaumen für alle"
    assert (mail.get_content_type(), mail.get_content_charset()) == ("text/plain", "us-ascii")
    assert mail["Content-Transfer-Encoding"] == "7bit"
    assert envelope.content.isascii()
    assert json.loads(mail.get_content()) == DOCUMENT


def test_sender_and_subject_may_be_empty(server: dict[str, Any], post: Post) -> None:
    assert notifier(MailNotifier, **server).deliver(delivery(TO)) == Delivered()
    assert post.envelopes[0].mail_from == "<>"
    assert (post.mail()["From"], post.mail()["Subject"]) == ("", "")


def test_the_subject_of_the_uri_comes_first(server: dict[str, Any], post: Post) -> None:
    uri = f"{TO}?cc-not=1&subject=Ripe%20plums%3F&subject=Other&body=x"
    options = {"subject": "of the options"}
    assert notifier(MailNotifier, **server).deliver(delivery(uri, options=options)) == Delivered()
    assert post.mail()["Subject"] == "Ripe plums?"


def test_a_large_document_has_lines_that_mail_servers_take(
    server: dict[str, Any], post: Post
) -> None:
    large = {**DOCUMENT, "body": ["plum"] * 5000}
    assert notifier(MailNotifier, **server).deliver(delivery(TO, document=large)) == Delivered()
    assert json.loads(post.mail().get_content()) == large


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("451 later", TryAgain("the mail server refused the mail with 451")),
        ("552 too large", GivenUp("the mail server refused the mail with 552")),
    ],
)
def test_what_a_server_calls_temporary_is_tried_again(
    server: dict[str, Any], post: Post, said: str, expected: object
) -> None:
    post.said = said
    assert notifier(MailNotifier, **server).deliver(delivery(TO)) == expected


def test_a_failed_login_skips_the_mail(server: dict[str, Any], post: Post) -> None:
    mails = notifier(MailNotifier, **{**server, "smtp_user_password": "wrong"})
    verdict = mails.deliver(delivery(TO))
    assert verdict == GivenUp("the mail server refused the login with 535")
    assert post.envelopes == []


def test_a_server_that_is_not_there_is_asked_again(server: dict[str, Any]) -> None:
    mails = notifier(MailNotifier, **{**server, "smtp_port": free_port()})
    assert isinstance(mails.deliver(delivery(TO)), TryAgain)


def test_a_server_that_nobody_vouches_for_gets_nothing(server: dict[str, Any], post: Post) -> None:
    verdict = notifier(MailNotifier, **{**server, "smtp_ca_file": None}).deliver(delivery(TO))
    assert isinstance(verdict, TryAgain)
    assert "certificate" in verdict.reason
    assert post.envelopes == []


def test_a_command_gets_the_mail_on_its_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "mail"
    script = command(tmp_path, f'echo "$@" > {file}; cat >> {file}')
    mails = notifier(MailNotifier, smtp_command=f"{script} -t $(touch-nothing)")
    assert mails.deliver(delivery(TO, options={"from": "a@example.org"})) == Delivered()
    arguments, _, mail = file.read_bytes().partition(b"\n")
    assert arguments == b"-t $(touch-nothing)", "no shell reads the option"
    read = message_from_bytes(mail, policy=policy.default)
    assert (read["To"], read["From"]) == ("gardener@example.org", "a@example.org")
    assert json.loads(read.get_content()) == DOCUMENT  # type: ignore[attr-defined]


def test_every_attempt_is_the_same_mail_to_those_who_keep_count(tmp_path: Path) -> None:
    file = tmp_path / "mails"
    mails = notifier(MailNotifier, smtp_command=command(tmp_path, f"grep -i message-id >> {file}"))
    for _ in range(2):
        assert mails.deliver(delivery(TO)) == Delivered()
    first, second = file.read_text().splitlines()
    assert first == second


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 75", TryAgain("smtp_command ended with status 75")),
        ("exit 67", GivenUp("smtp_command ended with status 67")),
        ("exec sleep 60", TryAgain("smtp_command took too long")),
    ],
)
def test_a_command_that_fails(tmp_path: Path, script: str, expected: object) -> None:
    mails = notifier(MailNotifier, smtp_command=command(tmp_path, script), smtp_timeout=0.5)
    assert mails.deliver(delivery(TO)) == expected


def test_a_missing_command_gives_up() -> None:
    mails = notifier(MailNotifier, smtp_command="/nowhere/sendmail -t")
    assert mails.deliver(delivery(TO)) == GivenUp(
        "smtp_command cannot be run: No such file or directory"
    )


def test_the_retry_policy_is_not_for_mail() -> None:
    assert MailNotifier.obeys_retry_policy is False


@pytest.mark.parametrize(
    "uri",
    [
        "mailto:",
        "mailto:gardener",
        "mailto:a@example.org,b@example.org",
        "mailto:a@example.org%2Cb@example.org",
        "mailto:a@example.org%0ABcc:b@example.org",
        "mailto:a@example.org%00",
        "mailto:%22a%20b%22@example.org",
        "mailto:a@[127.0.0.1]",
        "mailto:g%C3%A4rtner@example.org",
        "mailto://a@example.org/",
        "mailto:a@example.org?cc=b@example.org",
        "mailto:a@example.org?subject=x&BCC=b@example.org",
        "mailto:a@example.org?to=b@example.org",
        "mailto:a@example.org?subject=x%0d%0aBcc:%20b@example.org",
        "mailto:a@example.org?subject=%C2%85",
        "mailto:a@example.org?subject=%ff",
        "mailto:a@example.org#b",
    ],
)
def test_odd_addresses_are_refused(uri: str) -> None:
    mails = notifier(MailNotifier)
    with pytest.raises(InvalidRequest, match=r"^subscriber must"):
        mails.check(registration(uri))


@pytest.mark.parametrize("name", ["from", "subject"])
@pytest.mark.parametrize("value", ["x\nBcc: b@example.org", "x\r\n", "x\x00", "x\u2028y"])
def test_headers_cannot_be_injected(name: str, value: str) -> None:
    mails = notifier(MailNotifier)
    with pytest.raises(InvalidRequest, match=rf"^options\.{name} must not have line breaks"):
        mails.check(registration(TO, **{name: value}))


@pytest.mark.parametrize("name", ["from", "subject"])
def test_headers_that_were_stored_all_the_same_send_no_mail(tmp_path: Path, name: str) -> None:
    file = tmp_path / "mail"
    mails = notifier(MailNotifier, smtp_command=command(tmp_path, f"cat > {file}"))
    verdict = mails.deliver(delivery(TO, options={name: "x\nBcc: b@example.org"}))
    assert isinstance(verdict, GivenUp)
    assert not file.exists()


def test_options_have_types() -> None:
    subscribers = Subscribers({"mailto": notifier(MailNotifier)}, frozenset({"mailto"}))
    subscribers.check(registration(TO, subject="Plums", anything=3))
    with pytest.raises(InvalidRequest, match=r"^options\.subject must be a string"):
        subscribers.check(registration(TO, subject=3))


def confirmation(kind: MessageType = MessageType.SUBSCRIPTION_CONFIRMATION) -> Any:
    return delivery(TO, type=kind, document=CONFIRMATION)


@pytest.mark.parametrize(
    "kind", [MessageType.SUBSCRIPTION_CONFIRMATION, MessageType.UNSUBSCRIBE_CONFIRMATION]
)
def test_a_confirmation_mail_has_the_link(tmp_path: Path, kind: MessageType) -> None:
    file = tmp_path / "mail"
    mails = notifier(
        MailNotifier,
        smtp_command=command(tmp_path, f"cat > {file}"),
        external_confirmation_url="https://pages.example.org/confirm",
    )
    assert mails.deliver(confirmation(kind)) == Delivered()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    text = mail.get_content()  # type: ignore[attr-defined]
    assert LINK in text.split("\n")
    assert "plums" in text
    assert "the project f00d" in text
    assert mail["To"] == "gardener@example.org"


def test_the_operator_words_the_confirmation_mail(tmp_path: Path) -> None:
    file = tmp_path / "mail"
    mails = notifier(
        MailNotifier,
        smtp_command=command(tmp_path, f"cat > {file}"),
        external_confirmation_url="https://pages.example.org/confirm",
        subscription_confirmation_email_template=(
            "topic:Hallo,sender:post@example.org,body:'Für {0}, {{brace}}: {2}'"
        ),
    )
    assert mails.deliver(confirmation()) == Delivered()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (mail["Subject"], mail["From"]) == ("Hallo", "post@example.org")
    assert mail.get_content() == f"Für plums, {{brace}}: {LINK}\n"  # type: ignore[attr-defined]


def test_without_an_endpoint_the_link_has_an_empty_url(tmp_path: Path) -> None:
    file = tmp_path / "mail"
    mails = notifier(
        MailNotifier,
        smtp_command=command(tmp_path, f"cat > {file}"),
        external_confirmation_url="https://pages.example.org/confirm",
    )
    document = {name: it for name, it in CONFIRMATION.items() if name != "WSGISubscribeURL"}
    asked = delivery(TO, type=MessageType.SUBSCRIPTION_CONFIRMATION, document=document)
    assert mails.deliver(asked) == Delivered()
    assert "&Url=&Queue=plums" in file.read_text()


def test_without_a_page_no_confirmation_mail_goes_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "mail"
    mails = notifier(MailNotifier, smtp_command=command(tmp_path, f"cat > {file}"))
    assert isinstance(mails.deliver(confirmation()), GivenUp)
    assert not file.exists()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "external_confirmation_url" in caplog.text


@pytest.mark.parametrize(
    "template",
    [
        {"body": "{3}"},
        {"body": "{}"},
        {"body": "{queue}"},
        {"body": "{0.__class__}"},
        {"body": "{0!r}"},
        {"body": "{0:>99}"},
        {"body": "{"},
        {"topic": "a\nb"},
        {"title": "a"},
    ],
)
@pytest.mark.parametrize("occasion", ["subscription", "unsubscribe"])
def test_a_template_that_cannot_be_filled_stops_the_start(
    template: dict[str, str], occasion: str
) -> None:
    option = f"{occasion}_confirmation_email_template"
    with pytest.raises(StartError, match=option):
        notifier(MailNotifier, **{option: template})


def test_a_server_without_an_address_stops_the_start() -> None:
    with pytest.raises(StartError, match="smtp_host and smtp_port"):
        notifier(MailNotifier, smtp_mode="self_local")


def test_passwords_are_secret() -> None:
    conf = configuration(smtp_user_password="s3cret")
    option = conf._get_opt_info("smtp_user_password", "notification")["opt"]
    assert option.secret
